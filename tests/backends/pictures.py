"""Creates the screenshots of Phoenix in `docs/pictures/`: a shop's calls with their costs, and one of the traces.

`python -m tests.backends.pictures` needs Debian's `chromium`. The questions, responses and prices are invented, with
realistic sizes; `examples/phoenix_costs.py` copies the costs that Phoenix shows from the spans.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tests.environments import ROOT
from tests.simulator import CannedReply, Chat, Reply, Simulator
from tests.simulator.canned_reply import usage
from tests.simulator.results import Result

from .calls import Call, run_program
from .phoenix import Server, otlp_environ, run_costs, running
from .screenshots import chromium, take_screenshot
from .servers import eventually, working_folder

PICTURES: Final = ROOT / "docs" / "pictures"
PROJECT: Final = "shop"
TURN: Final = "answer a customer"
WIDTH: Final = 1280
WIDER: Final = 1.12
"""The list has more columns than fit into `WIDTH`, so it is scaled down by this factor."""
OURS: Final = "attributes['gen_ai']['provider']['name'] == 'openrouter'"
# What a user does by hand: collapse the side panels and select the columns. The names are those of Phoenix 20.26.1.
MANIFEST: Final = {
    "manifest_version": 3,
    "name": "tidy",
    "version": "1",
    "content_scripts": [
        {"matches": ["http://127.0.0.1/*"], "css": ["tidy.css"], "js": ["tidy.js"], "run_at": "document_start"}
    ],
}
STYLE: Final = """
[data-testid="application-side-navigation"],
[role="separator"],
[data-panel]:has(> div > .view .chart-panel-strip__scroller),
[data-panel]:has(> div > [data-group] > div > button.panel-title__button) { display: none !important; }
"""
HIDDEN: Final = (
    *("input_value", "output_value", "userId", "startTime", "metadata", "spanNotes", "traceNotes", "spanId", "traceId"),
    *("spanAnnotations", "traceAnnotations", "annotations"),
)
COLUMNS: Final = {
    "columnVisibility": dict.fromkeys(HIDDEN, False),
    "annotationColumnVisibility": {"openrouter_cost_usd": True},
    "columnSizing": {
        "spanKind": 100,
        "name": 280,
        "error": 180,
        "latencyMs": 90,
        "cumulativeTokenCountTotal": 100,
        "tokenCountTotal": 100,
        "costTotal": 90,
        "costSummary_total_cost": 90,
        "cumulativeTokenCostTotal": 90,
    },
}
SCRIPT: Final = f"""
const project = location.pathname.split("/")[2];
localStorage.setItem(`arize-phoenix-tracing-${{project}}-spans`, `{json.dumps({"state": COLUMNS, "version": 0})}`);
"""


@dataclass(frozen=True)
class Scene:
    """One call and the reply to it."""

    call: Call
    canned: CannedReply

    @property
    def reply(self) -> Reply:
        """Return the HTTP response."""
        if self.call.style == "embeddings":
            return Result("embeddings", {"input": self.call.question}).reply(self.canned, stream=False)
        return self.canned.reply(Chat(), stream=self.call.style == "stream")


def _scene(  # noqa: PLR0913 - the parameters of a call
    model: str,
    question: str,
    text: str,
    reported_usage: dict[str, Any],
    *,
    provider: str,
    response_model: str = "",
    reasoning: str = "",
    style: str = "chat",
    turn: str = "",
    seconds: float = 0.4,
    failed: str = "",
) -> Scene:
    name = f"scene-{len(question)}-{len(text)}"
    call = Call(name, name, model, style, "order-20431", "customer-118", turn, question=question)
    reasoning_deltas = [{"content": "", "reasoning": piece} for piece in _pieces(reasoning)]
    canned = CannedReply(
        id=f"gen-1763720{len(question):03}-{len(text):03}",
        model=response_model or model,
        provider=provider,
        deltas=(*reasoning_deltas, *({"content": piece} for piece in _pieces(text))),
        usage=reported_usage or None,
        pause=seconds / 10 if style == "stream" else seconds,
        status=502 if failed else 200,
        error={"message": failed, "code": 502, "metadata": {"provider_name": provider}} if failed else None,
    )
    return Scene(call, canned)


def _pieces(text: str) -> list[str]:
    split = text.split(" ")
    return [" ".join(split[start : start + 4]) + " " for start in range(0, len(split), 4)] if text else []


SCENES: Final = (
    _scene(
        "openai/text-embedding-3-small",
        "Which tent is good for two and rain?",
        "",
        {},
        provider="OpenAI",
        response_model="text-embedding-3-small",
        style="embeddings",
        turn=TURN,
    ),
    _scene(
        "anthropic/claude-sonnet-4.5",
        "A customer asks: which tent is good for two people and three days of rain? Choose one of Alder 2, Birch 2 and "
        "Cedar 3, and say why in two sentences.",
        "Take the Birch 2: its outer tent has a water column of 5,000 mm, and its porch keeps wet boots outside. The "
        "Cedar 3 is as dry, but a kilogram heavier than two people need.",
        usage(1262, 311, 0.0082986, reasoning=214, cached=1024),
        reasoning="Three days of rain: the water column matters most, then a porch. Alder 2 has only 2,000 mm.",
        provider="Anthropic",
        style="stream",
        turn=TURN,
        seconds=0.8,
    ),
    _scene(
        "openai/gpt-4o-mini",
        "Say this in German, politely: Take the Birch 2, its porch keeps wet boots outside.",
        "Wir empfehlen Ihnen das Birch 2: In seinem Vorzelt bleiben nasse Stiefel draußen.",
        usage(61, 26, 0.00002475),
        provider="OpenAI",
        turn=TURN,
    ),
    _scene(
        "openrouter/auto",
        "Write a subject line for an e-mail: order 20431 has been sent.",
        "Your order 20431 is on its way",
        usage(38, 11, 0.0000218),
        provider="DeepInfra",
        response_model="deepseek/deepseek-chat-v3.1",
        style="stream",
    ),
    _scene(
        "minimax/minimax-m2:free",
        "Is this review friendly? 'Arrived late, but what a tent!' Answer yes or no.",
        "Yes",
        usage(52, 4, 0),
        provider="Minimax",
    ),
    _scene(
        "moonshotai/kimi-k2",
        "Sort these reviews by topic.",
        "",
        {},
        provider="Novita",
        failed="Provider returned error",
    ),
    _scene(
        "openai/gpt-4o",
        "Sum up this week's 140 reviews in one sentence.",
        "Customers praise how dry the tents stay and how small they pack, and wish that parcels came a day sooner.",
        usage(
            9120,
            27,
            0.0011535,
            is_byok=True,
            cost_details={"upstream_inference_cost": 0.02307},
        ),
        provider="Azure",
        seconds=1.1,
    ),
)


def fill(server: Server) -> None:
    """Make the calls and annotate their costs."""
    with Simulator() as simulator:
        for scene in SCENES:
            simulator.verbatim[scene.call.scenario] = scene.reply
        calls = [scene.call for scene in SCENES]
        run_program(otlp_environ(server.url, "http/protobuf", PROJECT), ["phoenix"], calls, simulator=simulator)

    def missing() -> str:
        found = server.project(PROJECT).get("recordCount")
        return "" if found == len(SCENES) + 1 else f"{found} spans"

    if found := eventually(missing):
        raise TimeoutError(found)
    output = run_costs(server, PROJECT)
    count = sum(1 for scene in SCENES if not scene.canned.error)
    if output != f"{count} spans annotated":
        raise RuntimeError(output)


def screenshot(url: str, path: Path, height: int, wider: float) -> None:
    """Take a screenshot of a page of Phoenix after it has finished loading."""
    with working_folder() as tidy:
        (tidy / "manifest.json").write_text(json.dumps(MANIFEST))
        (tidy / "tidy.css").write_text(STYLE)
        (tidy / "tidy.js").write_text(SCRIPT)
        size = (round(WIDTH * wider), round(height * wider))
        scale = f"--force-device-scale-factor={1 / wider}"
        take_screenshot(url, path, size, f"--load-extension={tidy}", "--virtual-time-budget=30000", scale)


def main() -> int:
    """Create both screenshots."""
    chromium()  # before the minutes that the rest takes
    PICTURES.mkdir(parents=True, exist_ok=True)
    with running() as server:
        fill(server)
        project = server.project(PROJECT)["id"]
        chosen = server.spans(PROJECT)[SCENES[1].call.name]
        pages = {
            "phoenix-spans.png": (f"projects/{project}/spans?spanFilterCondition={quote(OURS)}", 446, WIDER),
            "phoenix-trace.png": (
                f"projects/{project}/traces/{chosen['trace']['traceId']}?selectedSpanNodeId={chosen['id']}",
                930,
                1.0,
            ),
        }
        for name, (page, height, wider) in pages.items():
            screenshot(f"{server.url}/{page}", PICTURES / name, height, wider)
    return 0


if __name__ == "__main__":
    sys.exit(main())
