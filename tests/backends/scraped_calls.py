"""The calls that the scraped program makes in two rounds, and the simulator's bill for them.

Expected values come from the canned replies, not from the instrumentation: costs, upstream providers and errors.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from tests.simulator import CANNED_REPLIES, CannedReply, Reply, Simulator
from tests.simulator.chat import Chat

MODEL: Final = "openai/gpt-4o-mini"
SEARCH: Final = "search"
SUMMARY: Final = "summary"
KEY: Final = "sk-or-v1-many-calls"
# Each of these keys makes one call before the first scrape, so that its remaining limit is known exactly.
KEY_OF_ONE_CALL: Final = "sk-or-v1-one-call"
KEY_NEARLY_SPENT: Final = "sk-or-v1-nearly-spent"
NEARLY_SPENT: Final = (
    b'{"data": {"label": "sk-or-v1-nea...ent", "limit": 10, "limit_remaining": 0.4, "usage_daily": 9.6}}'
)

_CACHE_MISS: Final = replace(CANNED_REPLIES["hello"], headers={"X-OpenRouter-Cache-Status": "MISS"})
_EXTRA_REPLIES: Final[Mapping[str, CannedReply]] = {"missed": _CACHE_MISS, "nearly_spent": CANNED_REPLIES["hello"]}


@dataclass(frozen=True)
class Call:
    """One call of the program, and its expected values."""

    scenario: str
    streamed: bool = False
    model: str = MODEL
    feature: str = ""
    key: str = KEY
    error: str = ""
    """The expected `error.type`, see docs/errors.md."""
    failing_provider: str = ""
    """The upstream provider that OpenRouter's error names."""

    @property
    def canned(self) -> CannedReply:
        """Return the canned reply to the call."""
        return _EXTRA_REPLIES.get(self.scenario) or CANNED_REPLIES[self.scenario]

    @property
    def cost(self) -> Decimal | None:
        """Return OpenRouter's charge plus the upstream provider's charge to the caller's own key."""
        usage = self.canned.usage or {}
        if "cost" not in usage:
            return None
        upstream = usage["cost_details"]["upstream_inference_cost"] if usage.get("is_byok") else 0
        return Decimal(str(usage["cost"])) + Decimal(str(upstream))

    @property
    def tokens(self) -> Mapping[str, int]:
        """Return the numbers of tokens by direction."""
        usage = self.canned.usage or {}
        return {"input": usage.get("prompt_tokens", 0), "output": usage.get("completion_tokens", 0)}

    @property
    def provider(self) -> str:
        """Return the upstream provider of the call, also of a failed one."""
        return self.failing_provider if self.canned.usage is None else self.canned.provider or ""

    @property
    def cache(self) -> str:
        """Return the cache status: `HIT`, `MISS`, or an empty string."""
        return self.canned.headers.get("X-OpenRouter-Cache-Status", "")


BEFORE: Final = [
    Call("byok", key=KEY_OF_ONE_CALL),
    Call("nearly_spent", key=KEY_NEARLY_SPENT),
]
FIRST: Final = [
    Call("hello", feature=SEARCH),
    Call("hello", feature=SUMMARY, streamed=True),
    Call("served_elsewhere", feature=SEARCH, streamed=True, model="openrouter/auto"),
    Call("reasoning", feature=SUMMARY, model="anthropic/claude-sonnet-4.5"),
    Call("byok", model="openai/gpt-4o"),
    Call("free", model="minimax/minimax-m2:free"),
    Call("oldest", model="google/gemini-flash"),
    Call("rate_limited", model="google/gemini-flash", error="rate_limit_exceeded", failing_provider="Google"),
    Call("missed"),
    Call("cached"),
    Call("cached", streamed=True),
]
SECOND: Final = [
    Call("hello", feature=SEARCH),
    Call("hello", feature=SEARCH, streamed=True),
    Call("served_elsewhere", feature=SEARCH, model="openrouter/auto"),
    Call("server_tools", feature=SUMMARY),
    Call("oldest", model="google/gemini-flash", streamed=True),
    Call("rate_limited", model="google/gemini-flash", error="rate_limit_exceeded", failing_provider="Google"),
    Call("rate_limited", model="google/gemini-flash", error="rate_limit_exceeded", failing_provider="Google"),
    Call("bad_gateway", error="provider_unavailable", failing_provider="Novita"),
    Call("unauthorized", error="authentication"),
    Call("error_in_stream", streamed=True, error="provider_unavailable"),
    Call("cached"),
    Call("missed"),
]


def prepare(simulator: Simulator) -> None:
    """Add the scenarios of these calls to the simulator."""
    for name, canned in _EXTRA_REPLIES.items():
        simulator.verbatim[name] = canned.reply(Chat(), stream=False)
    simulator.verbatim["nearly_spent/key"] = Reply([NEARLY_SPENT])


def sums(
    calls: Iterable[Call], by: Callable[[Call], str], of: Callable[[Call], Decimal | int | None]
) -> dict[str, Decimal]:
    """Sum the values of the calls by group, without the calls whose value is None."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for call in calls:
        value = of(call)
        if value is not None:
            found[by(call)] += Decimal(value)
    return dict(found)


def shares(part: Mapping[str, Decimal], total: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return the share of each group in its total."""
    return {group: part[group] / total[group] for group in part}
