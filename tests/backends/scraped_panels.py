"""The expected numbers of each panel of the Grafana dashboard and of each recording rule, from the simulator's bill.

A panel without a number here shows times or rates, which the bill does not contain; it only must return a value.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from .scraped_calls import Call, shares, sums

SERVICE: Final = "shop"
Numbers = dict[str, Decimal]
Expected = Callable[[Sequence[Call]], Numbers]
"""Returns the numbers for some calls, by the label values of their series, joined by a blank."""


def _none(_: Call) -> str:
    return ""


def _count(_: Call) -> int:
    return 1


def _service(_: Call) -> str:
    return SERVICE


def _cost(call: Call) -> Decimal | None:
    return call.cost


def _model(call: Call) -> str:
    return call.canned.model


def _provider(call: Call) -> str:
    return call.provider


def _failed(calls: Sequence[Call]) -> list[Call]:
    return [call for call in calls if call.error]


def _hits(calls: Sequence[Call]) -> list[Call]:
    return [call for call in calls if call.cache == "HIT"]


def _cost_by(by: Callable[[Call], str]) -> Expected:
    return lambda calls: sums(calls, by, _cost)


def _cost_of_a_call(calls: Sequence[Call]) -> Numbers:
    return shares(sums(calls, _none, _cost), sums([call for call in calls if call.cost is not None], _none, _count))


def _share_of_failed(calls: Sequence[Call]) -> Numbers:
    return shares(sums(_failed(calls), _none, _count), sums(calls, _none, _count))


def _share_of_hits(calls: Sequence[Call]) -> Numbers:
    return shares(sums(_hits(calls), _none, _count), sums([call for call in calls if call.cache], _none, _count))


def _tokens(by: Callable[[Call], str]) -> Expected:
    def expected(calls: Sequence[Call]) -> Numbers:
        return {
            f"{group} {direction}".strip(): tokens
            for direction in ("input", "output")
            for group, tokens in sums(calls, by, lambda call: call.tokens[direction]).items()  # noqa: B023 - used at once
        }

    return expected


PANELS: Final[Mapping[str, Expected | None]] = {
    "How much was spent?": _cost_by(_none),
    "What does a call cost?": _cost_of_a_call,
    "How many calls?": lambda calls: sums(calls, _none, _count),
    "How many calls failed?": _share_of_failed,
    "How much comes from the response cache?": _share_of_hits,
    "What does each service spend?": _cost_by(_service),
    "What does each model cost?": _cost_by(_model),
    "What does each upstream provider cost?": _cost_by(_provider),
    "What does each feature cost?": _cost_by(lambda call: call.feature),
    "How much of the limit is left?": None,  # these five do not depend on the round; see KEYS
    "How much is left?": None,
    "What has the key spent today?": None,
    "How much of the tightest budget is left?": None,
    "How many free requests are left today?": None,
    "Calls per second": None,
    "Tokens in and out": _tokens(_none),
    "Which model uses the tokens?": _tokens(_model),
    "How long does a call take?": None,
    "How long until the first chunk?": None,
    "Which upstream provider is slow?": None,
    "Which upstream provider fails?": lambda calls: shares(
        sums(_failed(calls), _provider, _count), sums(calls, _provider, _count)
    ),
    "Why do calls fail?": lambda calls: sums(_failed(calls), lambda call: call.error, _count),
    "How much is cached?": _share_of_hits,
}

# The key that made one call: only OpenRouter's fee counts as its usage, not the upstream provider's charge.
_ONE_CALL: Final = "sk-or-v1...all"
_NEARLY: Final = "sk-or-v1-nea...ent"
KEYS: Final[Mapping[str, Sequence[Numbers]]] = {
    "How much of the limit is left?": [{_ONE_CALL: Decimal("0.99999"), _NEARLY: Decimal("0.04")}],
    "How much is left?": [
        {_ONE_CALL: Decimal("9.9999"), _NEARLY: Decimal("0.4")},
        {_ONE_CALL: Decimal(10), _NEARLY: Decimal(10)},
    ],
    "What has the key spent today?": [{_ONE_CALL: Decimal("0.0001"), _NEARLY: Decimal("9.6")}],
    "How much of the tightest budget is left?": [
        {f"{_ONE_CALL} workspace": Decimal(30)},
        {f"{_ONE_CALL} workspace": Decimal(50)},
    ],
    "How many free requests are left today?": [{_ONE_CALL: Decimal(38)}, {_ONE_CALL: Decimal(50)}],
}

RECORDED: Final[Mapping[str, Expected | None]] = {
    "openrouter:daily_budget_USD": lambda _: {"": Decimal(50)},
    "job:openrouter_cost_USD:increase1h": _cost_by(_service),
    "job:openrouter_cost_USD:increase1d": _cost_by(_service),
    "provider:openrouter_calls:increase15m": lambda calls: sums(calls, _provider, _count),
    "provider:openrouter_failed_calls:increase15m": lambda calls: sums(_failed(calls), _provider, _count),
    "job:openrouter_duration_seconds:p95": None,
    "job:openrouter_first_chunk_seconds:p95": None,
}
# Only the nearly spent key; the other alerts need more cost, more calls or more minutes.
FIRING: Final = {"OpenRouterKeyBudget80": _NEARLY, "OpenRouterKeyBudget95": _NEARLY}
