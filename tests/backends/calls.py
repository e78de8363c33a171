"""The calls that each backend is shown, and the bill of them, which is the simulator's.

Nothing here comes from the instrumentor: what a call costs and says, and why it fails, stands in the exchanges.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from tests.environments import ROOT
from tests.simulator import CANNED_REPLIES, CannedReply, Simulator
from tests.simulator.chat import message_of
from tests.simulator.results import Result

from .servers import SECONDS, plain_environ

CALL: Final = "openrouter.request.metadata.call"
"""The attribute by which a call is found again: the program sends its name as metadata."""
QUESTION: Final = "Say hello."
SESSION: Final = "session-7"
USER: Final = "user-42"


@dataclass(frozen=True)
class Call:
    """One call, as the program is told to make it, and what it must come to."""

    name: str
    """Sent as its metadata, by which it is found again."""
    scenario: str
    asked: str
    way: str = "chat"
    """`chat`, `stream`, `responses` or `embeddings`."""
    session: str = ""
    user: str = ""
    turn: str = ""
    """The span of the program that the call is made in, if any."""
    error: str = ""
    """The expected `error.type`, see docs/errors.md."""
    question: str = QUESTION

    @property
    def exchange(self) -> CannedReply:
        """What it is answered."""
        return CANNED_REPLIES[self.scenario]

    @property
    def usage(self) -> Mapping[str, Any]:
        """The usage as the simulator sends it; nothing where a call fails."""
        if self.way == "embeddings":
            return Result("embeddings", {"input": self.question}).whole(self.exchange)["usage"]
        return self.exchange.usage or {}

    @property
    def cost(self) -> Decimal | None:
        """OpenRouter's charge, and what the provider bills for a key of one's own."""
        if not self.usage:
            return None
        upstream = self.usage["cost_details"]["upstream_inference_cost"] if self.usage["is_byok"] else 0
        return Decimal(str(self.usage["cost"])) + Decimal(str(upstream))

    @property
    def asked_tokens(self) -> int:
        """The tokens that went in."""
        return self.usage.get("prompt_tokens", 0)

    @property
    def answered_tokens(self) -> int:
        """The tokens that came out."""
        return self.usage.get("completion_tokens", 0)

    @property
    def cached_tokens(self) -> int | None:
        """Those of the tokens that went in which were in a provider's cache; None where it is not told."""
        return self.usage.get("prompt_tokens_details", {}).get("cached_tokens")

    @property
    def reasoning_tokens(self) -> int | None:
        """Those of the tokens that came out which were thought only; None where it is not told."""
        return self.usage.get("completion_tokens_details", {}).get("reasoning_tokens")

    @property
    def answer(self) -> str:
        """What the model says; nothing where it is asked for numbers, or fails."""
        return "" if self.error or self.way == "embeddings" else message_of(self.exchange, 0)["content"]


CALLS: Final = (
    Call("plain", "hello", "openai/gpt-4o-mini"),
    Call("streamed", "served_elsewhere", "openrouter/auto", "stream"),
    Call("thinking", "reasoning", "anthropic/claude-sonnet-4.5", "stream"),
    Call("from the response cache", "cached", "openai/gpt-4o-mini"),
    Call("own key", "byok", "openai/gpt-4o"),
    Call("free", "free", "minimax/minimax-m2:free"),
    Call("failing", "bad_gateway", "moonshotai/kimi-k2", error="provider_unavailable"),
    Call("embeddings", "embedding", "openai/text-embedding-3-small", "embeddings"),
    Call("responses", "hello", "openai/gpt-4o-mini", "responses"),
    Call("with session and user", "hello", "openai/gpt-4o-mini", session=SESSION, user=USER),
    Call("first of a turn", "hello", "openai/gpt-4o-mini", session="session-8", user=USER, turn="turn"),
    Call("second of a turn", "byok", "openai/gpt-4o", "stream", session="session-8", user=USER, turn="turn"),
)
PROVIDERS_ERROR: Final = "Provider returned error"
"""What the failing call is told."""
assert CANNED_REPLIES["bad_gateway"].error is not None
assert CANNED_REPLIES["bad_gateway"].error["message"] == PROVIDERS_ERROR


def billed(calls: Iterable[Call] = CALLS) -> dict[str, Decimal]:
    """What each call cost that was billed, by its name."""
    return {call.name: call.cost for call in calls if call.cost is not None}


def tell(  # noqa: PLR0913 - each is one thing that differs
    environ: Mapping[str, str],
    dialects: Sequence[str],
    calls: Iterable[Call] = CALLS,
    *,
    python: Sequence[Path | str] = (sys.executable,),
    simulator: Simulator | None = None,
    metrics: bool = False,
) -> None:
    """Run the program: it makes the calls against a simulator, and tells whom *environ* names; it must say nothing."""
    with contextlib.nullcontext(simulator) if simulator else Simulator() as openrouter:
        each = [{**asdict(call), "base_url": openrouter.base_url(call.scenario)} for call in calls]
        told = {"simulator": openrouter.url, "dialects": dialects, "calls": each, "metrics": metrics}
        command = [*map(str, python), "-m", "tests.backends.program"]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=plain_environ(**environ),
            input=json.dumps(told),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    if done.returncode or done.stderr:
        raise RuntimeError(f"the program ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def difference(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """What is another thing than it should be, by name; nothing where all is right."""
    wrong = [name for name in {**wanted, **found} if name not in wanted or found.get(name, ...) != wanted[name]]
    told = [f"{name}: {found.get(name)!r} in place of {wanted.get(name)!r}".removeprefix(": ") for name in wrong[:3]]
    return "; ".join([*told, *([f"and {len(wrong) - 3} more"] if wrong[3:] else [])])
