"""Makes the pictures of Phoenix in `docs/pictures/`: a shop's calls, what they cost, and one trace of them.

`python -m tests.backends.pictures` needs Debian's `chromium`. The questions, answers and prices are invented, and of the
sizes that such calls have; the costs that Phoenix shows come from the spans, by `examples/phoenix_costs.py`.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tests.environments import ROOT
from tests.simulator import CannedReply, Chat, Reply, Simulator
from tests.simulator.canned_reply import usage
from tests.simulator.results import Result

from .calls import Call, tell
from .phoenix import Server, aimed, run_costs, running
from .servers import SECONDS, plain_environ, soon, working_folder

PICTURES: Final = ROOT / "docs" / "pictures"
PROJECT: Final = "shop"
TURN: Final = "answer a customer"
WIDTH: Final = 1280
WIDER: Final = 1.12
"""The list has more columns than go into that width, so it is drawn that much smaller."""
OURS: Final = "attributes['gen_ai']['provider']['name'] == 'openrouter'"
# What a user does by hand: fold the panels at the sides, and choose the columns. The names are Phoenix 20.26.1's.
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
    """One call, and what it is answered."""

    call: Call
    exchange: CannedReply

    @property
    def reply(self) -> Reply:
        """The answer on the wire."""
        if self.call.way == "embeddings":
            return Result("embeddings", {"input": self.call.question}).reply(self.exchange, stream=False)
        return self.exchange.reply(Chat(), stream=self.call.way == "stream")


def _scene(  # noqa: PLR0913 - what there is to say of a call
    asked: str,
    question: str,
    answer: str,
    used: dict[str, Any],
    *,
    provider: str,
    answered: str = "",
    thought: str = "",
    way: str = "chat",
    turn: str = "",
    seconds: float = 0.4,
    failed: str = "",
) -> Scene:
    name = f"scene-{len(question)}-{len(answer)}"
    call = Call(name, name, asked, way, "order-20431", "customer-118", turn, question=question)
    thoughts = [{"content": "", "reasoning": piece} for piece in _words(thought)]
    exchange = CannedReply(
        id=f"gen-1763720{len(question):03}-{len(answer):03}",
        model=answered or asked,
        provider=provider,
        deltas=(*thoughts, *({"content": piece} for piece in _words(answer))),
        usage=used or None,
        pause=seconds / 10 if way == "stream" else seconds,
        status=502 if failed else 200,
        error={"message": failed, "code": 502, "metadata": {"provider_name": provider}} if failed else None,
    )
    return Scene(call, exchange)


def _words(text: str) -> list[str]:
    words = text.split(" ")
    return [" ".join(words[start : start + 4]) + " " for start in range(0, len(words), 4)] if text else []


SCENES: Final = (
    _scene(
        "openai/text-embedding-3-small",
        "Which tent is good for two and rain?",
        "",
        {},
        provider="OpenAI",
        answered="text-embedding-3-small",
        way="embeddings",
        turn=TURN,
    ),
    _scene(
        "anthropic/claude-sonnet-4.5",
        "A customer asks: which tent is good for two people and three days of rain? Choose one of Alder 2, Birch 2 and "
        "Cedar 3, and say why in two sentences.",
        "Take the Birch 2: its outer tent has a water column of 5,000 mm, and its porch keeps wet boots outside. The "
        "Cedar 3 is as dry, but a kilogram heavier than two people need.",
        usage(1262, 311, 0.0082986, reasoning=214, cached=1024),
        thought="Three days of rain: the water column matters most, then a porch. Alder 2 has only 2,000 mm.",
        provider="Anthropic",
        way="stream",
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
        answered="deepseek/deepseek-chat-v3.1",
        way="stream",
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
    """Make the calls, and annotate what they cost."""
    with Simulator() as simulator:
        for scene in SCENES:
            simulator.verbatim[scene.call.scenario] = scene.reply
        calls = [scene.call for scene in SCENES]
        tell(aimed(server.url, "http/protobuf", PROJECT), ["phoenix"], calls, simulator=simulator)

    def missing() -> str:
        found = server.project(PROJECT).get("recordCount")
        return "" if found == len(SCENES) + 1 else f"{found} spans"

    if found := soon(missing):
        raise TimeoutError(found)
    said = run_costs(server, PROJECT)
    billed = sum(1 for scene in SCENES if not scene.exchange.error)
    if said != f"{billed} spans annotated":
        raise RuntimeError(said)


def take(chromium: str, url: str, path: Path, height: int, wider: float) -> None:
    """One picture of a page, when it has settled."""
    with working_folder() as home:
        tidy = home / "tidy"
        tidy.mkdir()
        (tidy / "manifest.json").write_text(json.dumps(MANIFEST))
        (tidy / "tidy.css").write_text(STYLE)
        (tidy / "tidy.js").write_text(SCRIPT)
        command = [
            *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"),
            *("--disable-background-networking", "--virtual-time-budget=30000", f"--user-data-dir={home / 'profile'}"),
            f"--load-extension={tidy}",
            *(
                f"--window-size={round(WIDTH * wider)},{round(height * wider)}",
                f"--force-device-scale-factor={1 / wider}",
            ),
            *(f"--screenshot={path}", url),
        ]
        subprocess.run(command, env=plain_environ(), capture_output=True, timeout=SECONDS, check=True)


def main() -> int:
    """Both pictures."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("skipped: there is no chromium")
        return 0
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
            take(chromium, f"{server.url}/{page}", PICTURES / name, height, wider)
            print(f"{name}: {(PICTURES / name).stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
