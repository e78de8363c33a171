"""The calls that the scraped program makes, in two rounds, and the bill of them, which is the simulator's.

Nothing here comes from the instrumentor: what a call costs, who served it and why it failed stands in the exchanges.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from tests.simulator import CANNED_REPLIES, CannedReply, Reply, Simulator
from tests.simulator.chat import Chat

ASKED: Final = "openai/gpt-4o-mini"
SEARCH: Final = "search"
SUMMARY: Final = "summary"
KEY: Final = "sk-or-v1-many-calls"
# Each of these makes one call before Prometheus looks, so that what is left of its limit is known to the digit.
KEY_OF_ONE_CALL: Final = "sk-or-v1-one-call"
KEY_NEARLY_SPENT: Final = "sk-or-v1-nearly-spent"
NEARLY_SPENT: Final = (
    b'{"data": {"label": "sk-or-v1-nea...ent", "limit": 10, "limit_remaining": 0.4, "usage_daily": 9.6}}'
)

_MISSED: Final = replace(CANNED_REPLIES["hello"], headers={"X-OpenRouter-Cache-Status": "MISS"})
_OWN: Final[Mapping[str, CannedReply]] = {"missed": _MISSED, "nearly_spent": CANNED_REPLIES["hello"]}


@dataclass(frozen=True)
class Call:
    """One call, as the program is told to make it."""

    scenario: str
    streamed: bool = False
    asked: str = ASKED
    feature: str = ""
    key: str = KEY
    error: str = ""
    """The expected `error.type`, see docs/errors.md."""
    blamed: str = ""
    """The provider that OpenRouter's error names."""

    @property
    def exchange(self) -> CannedReply:
        """What it is answered."""
        return _OWN.get(self.scenario) or CANNED_REPLIES[self.scenario]

    @property
    def cost(self) -> Decimal | None:
        """OpenRouter's charge, and what the provider bills for a key of one's own."""
        usage = self.exchange.usage or {}
        if "cost" not in usage:
            return None
        upstream = usage["cost_details"]["upstream_inference_cost"] if usage.get("is_byok") else 0
        return Decimal(str(usage["cost"])) + Decimal(str(upstream))

    @property
    def tokens(self) -> Mapping[str, int]:
        """By direction."""
        usage = self.exchange.usage or {}
        return {"input": usage.get("prompt_tokens", 0), "output": usage.get("completion_tokens", 0)}

    @property
    def provider(self) -> str:
        """Who served it, or failed it."""
        return self.blamed if self.exchange.usage is None else self.exchange.provider or ""

    @property
    def cache(self) -> str:
        """`HIT`, `MISS`, or nothing."""
        return self.exchange.headers.get("X-OpenRouter-Cache-Status", "")


BEFORE: Final = [
    Call("byok", key=KEY_OF_ONE_CALL),
    Call("nearly_spent", key=KEY_NEARLY_SPENT),
]
FIRST: Final = [
    Call("hello", feature=SEARCH),
    Call("hello", feature=SUMMARY, streamed=True),
    Call("served_elsewhere", feature=SEARCH, streamed=True, asked="openrouter/auto"),
    Call("reasoning", feature=SUMMARY, asked="anthropic/claude-sonnet-4.5"),
    Call("byok", asked="openai/gpt-4o"),
    Call("free", asked="minimax/minimax-m2:free"),
    Call("oldest", asked="google/gemini-flash"),
    Call("rate_limited", asked="google/gemini-flash", error="rate_limit_exceeded", blamed="Google"),
    Call("missed"),
    Call("cached"),
    Call("cached", streamed=True),
]
SECOND: Final = [
    Call("hello", feature=SEARCH),
    Call("hello", feature=SEARCH, streamed=True),
    Call("served_elsewhere", feature=SEARCH, asked="openrouter/auto"),
    Call("server_tools", feature=SUMMARY),
    Call("oldest", asked="google/gemini-flash", streamed=True),
    Call("rate_limited", asked="google/gemini-flash", error="rate_limit_exceeded", blamed="Google"),
    Call("rate_limited", asked="google/gemini-flash", error="rate_limit_exceeded", blamed="Google"),
    Call("bad_gateway", error="provider_unavailable", blamed="Novita"),
    Call("unauthorized", error="authentication"),
    Call("error_in_stream", streamed=True, error="provider_unavailable"),
    Call("cached"),
    Call("missed"),
]


def prepare(simulator: Simulator) -> None:
    """Teach the simulator what only these calls need."""
    for name, exchange in _OWN.items():
        simulator.verbatim[name] = exchange.reply(Chat(), stream=False)
    simulator.verbatim["nearly_spent/key"] = Reply([NEARLY_SPENT])


def sums(
    calls: Iterable[Call], by: Callable[[Call], str], of: Callable[[Call], Decimal | int | None]
) -> dict[str, Decimal]:
    """What the calls come to, in groups; a call of which *of* tells nothing is in none."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for call in calls:
        value = of(call)
        if value is not None:
            found[by(call)] += Decimal(value)
    return dict(found)


def shares(part: Mapping[str, Decimal], whole: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Each group's part of its whole."""
    return {group: part[group] / whole[group] for group in part}
