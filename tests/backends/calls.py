"""The calls whose telemetry each backend receives, and the simulator's bill for them.

Expected values come from the canned replies, not from the instrumentation: costs, texts and errors.
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

from .servers import TIMEOUT, plain_environ

CALL: Final = "openrouter.request.metadata.call"
"""The attribute that identifies a call: the program sends the call's name as metadata."""
QUESTION: Final = "Say hello."
SESSION: Final = "session-7"
USER: Final = "user-42"


@dataclass(frozen=True)
class Call:
    """One call of the program, and its expected values."""

    name: str
    """Sent as metadata, to identify the call."""
    scenario: str
    model: str
    style: str = "chat"
    """`chat`, `stream`, `responses` or `embeddings`."""
    session: str = ""
    user: str = ""
    turn: str = ""
    """The name of the program's span that encloses the call, if any."""
    error: str = ""
    """The expected `error.type`, see docs/errors.md."""
    question: str = QUESTION

    @property
    def canned(self) -> CannedReply:
        """Return the canned reply to the call."""
        return CANNED_REPLIES[self.scenario]

    @property
    def usage(self) -> Mapping[str, Any]:
        """Return the usage that the simulator sends; empty if the call fails."""
        if self.style == "embeddings":
            return Result("embeddings", {"input": self.question}).body(self.canned)["usage"]
        return self.canned.usage or {}

    @property
    def cost(self) -> Decimal | None:
        """Return OpenRouter's charge plus the upstream provider's charge to the caller's own key."""
        if not self.usage:
            return None
        upstream = self.usage["cost_details"]["upstream_inference_cost"] if self.usage.get("is_byok") else 0
        return Decimal(str(self.usage["cost"])) + Decimal(str(upstream))

    @property
    def input_tokens(self) -> int:
        """Return the number of input tokens."""
        return self.usage.get("prompt_tokens", 0)

    @property
    def output_tokens(self) -> int:
        """Return the number of output tokens."""
        return self.usage.get("completion_tokens", 0)

    @property
    def cached_tokens(self) -> int | None:
        """Return the number of input tokens from the upstream provider's cache; None if not reported."""
        return self.usage.get("prompt_tokens_details", {}).get("cached_tokens")

    @property
    def reasoning_tokens(self) -> int | None:
        """Return the number of output tokens used for reasoning; None if not reported."""
        return self.usage.get("completion_tokens_details", {}).get("reasoning_tokens")

    @property
    def response_text(self) -> str:
        """Return the model's text; empty for embeddings and for failed calls."""
        return "" if self.error or self.style == "embeddings" else message_of(self.canned, 0)["content"]


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
"""The error message of the failing call."""
assert CANNED_REPLIES["bad_gateway"].error is not None
assert CANNED_REPLIES["bad_gateway"].error["message"] == PROVIDERS_ERROR


def billed_costs(calls: Iterable[Call] = CALLS) -> dict[str, Decimal]:
    """Return the cost of each call that was charged, by name."""
    return {call.name: call.cost for call in calls if call.cost is not None}


def run_program(  # noqa: PLR0913 - each argument varies
    environ: Mapping[str, str],
    dialects: Sequence[str],
    calls: Iterable[Call] = CALLS,
    *,
    python: Sequence[Path | str] = (sys.executable,),
    simulator: Simulator | None = None,
    metrics: bool = False,
) -> None:
    """Run the program, which calls a simulator and exports to the endpoint in *environ*; it must not print anything."""
    with contextlib.nullcontext(simulator) if simulator else Simulator() as openrouter:
        given = [{**asdict(call), "base_url": openrouter.base_url(call.scenario)} for call in calls]
        instructions = {"simulator": openrouter.url, "dialects": dialects, "calls": given, "metrics": metrics}
        run_module("program", environ, instructions, python)


def run_module(
    name: str,
    environ: Mapping[str, str],
    instructions: Mapping[str, Any],
    python: Sequence[Path | str] = (sys.executable,),
) -> str:
    """Run a module of this folder with *instructions* as JSON on stdin, and return what it prints.

    Raises:
        RuntimeError: it fails, or writes to stderr.
    """
    done = subprocess.run(
        [*map(str, python), "-m", f"tests.backends.{name}"],
        cwd=ROOT,
        env=plain_environ(**environ),
        input=json.dumps(instructions),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode or done.stderr:
        raise RuntimeError(f"{name} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def difference(expected: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Describe the differences by name; empty if there are none."""
    names = [name for name in {**expected, **found} if name not in expected or found.get(name, ...) != expected[name]]
    first = [f"{name}: {found.get(name)!r} instead of {expected.get(name)!r}".removeprefix(": ") for name in names[:3]]
    return "; ".join([*first, *([f"and {len(names) - 3} more"] if names[3:] else [])])
