"""Compares what other instrumentations of the OpenAI SDK emit for a call with what this one emits; for docs/moving.md.

`python -m tests.interop.instrumentors.moving` makes the same call with each instrumentation alone, with this one alone,
and with both. It exits with 1 if an attribute has no row in `MOVES`, if a row names an attribute that is not emitted,
or if an attribute changes when both are enabled. `--write-docs` writes the tables into docs/moving.md; without it the
tables on that page must equal the generated ones.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.doc_tables import DOCS, check_table
from tests.environments import ROOT, environment

from .known import INSTRUMENTORS
from .run import ALSO

PAGE = DOCS / "moving.md"
BEGIN, END = "<!-- moving: made by `make interop` -->", "<!-- /moving -->"
Attributes = dict[str, Any]
LONGEST: Final = 30
"""Characters of a value that the table shows."""
MESSAGES: Final = "gen_ai.input.messages", "gen_ai.output.messages"
SETTINGS: Final = "gen_ai.request.temperature", "gen_ai.request.max_tokens", "user.id"


@dataclass(frozen=True)
class Move:
    """One other instrumentation, and where each of its attributes goes."""

    title: str
    renamed: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Its attributes that have other names here."""
    dropped: Mapping[str, str] = field(default_factory=dict[str, str])
    """Its attributes that have no equivalent, and why."""
    dialect: str = ""
    """The dialect that adds its names."""
    rewritten: frozenset[str] = frozenset({"gen_ai.provider.name"})
    """Its attributes that have another value if both are enabled."""


MOVES: Final[Mapping[str, Move]] = {
    "openinference": Move(
        "OpenInference",
        {
            "openinference.span.kind": ("gen_ai.operation.name",),
            "llm.system": ("gen_ai.provider.name",),
            "llm.model_name": ("gen_ai.response.model",),
            "llm.invocation_parameters": SETTINGS,
            "llm.token_count.prompt": ("gen_ai.usage.input_tokens",),
            "llm.token_count.prompt_details.cache_read": ("gen_ai.usage.cache_read.input_tokens",),
            "llm.token_count.prompt_details.cache_write": ("gen_ai.usage.cache_write.input_tokens",),
            "llm.token_count.prompt_details.audio": ("gen_ai.usage.audio.input_tokens",),
            "llm.token_count.completion": ("gen_ai.usage.output_tokens",),
            "llm.token_count.completion_details.reasoning": ("gen_ai.usage.reasoning.output_tokens",),
            "llm.token_count.completion_details.audio": ("gen_ai.usage.audio.output_tokens",),
            "llm.finish_reason": ("gen_ai.response.finish_reasons",),
            "input.value": MESSAGES[:1],
            "output.value": MESSAGES[1:],
            "llm.input_messages": MESSAGES[:1],
            "llm.output_messages": MESSAGES[1:],
            "llm.tools": ("gen_ai.tool.definitions",),
        },
        {
            "llm.token_count.total": "the sum of input and output tokens",
            "input.mime_type": "always JSON",
            "output.mime_type": "always JSON",
        },
        dialect="arize",
    ),
    "openllmetry": Move(
        "OpenLLMetry",
        {
            "gen_ai.user": ("user.id",),
            "gen_ai.openai.api_base": ("server.address", "server.port"),
            "gen_ai.usage.reasoning_tokens": ("gen_ai.usage.reasoning.output_tokens",),
        },
        {
            "gen_ai.usage.total_tokens": "the sum of input and output tokens",
            "gen_ai.is_streaming": "`gen_ai.request.stream`, for streams only",
        },
    ),
    "official": Move("the official instrumentation"),
}


def emitted(name: str, *which: str) -> tuple[Attributes, list[str]]:
    """Return the attributes of the only span of the call, and the names of the metrics."""
    python = environment(f".venv-frameworks/beside-{name}", ("opentelemetry-sdk", *INSTRUMENTORS[name].requires, *ALSO))
    command = [python, "-m", "tests.interop.instrumentors.emitted", name, *which]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout)
    (span,) = found["spans"]
    return {key: _normal(key, value) for key, value in span.items()}, found["metrics"]


def _normal(name: str, value: Any) -> Any:
    """The value without the port of this run."""
    if name == "server.port":
        return 443
    return (
        re.sub(r"http://openrouter\.ai:\d+/moving", "https://openrouter.ai", value) if isinstance(value, str) else value
    )


def _base(name: str) -> str:
    """The name without the index of a message and what follows it."""
    return re.sub(r"\.\d+\..*", "", name)


def failures(move: Move, before: Attributes, here: Attributes, both: Attributes) -> Iterator[str]:
    """Yield what the table of an instrumentation would state wrongly."""
    for name, value in before.items():
        base = _base(name)
        if name not in here and base not in {**move.renamed, **move.dropped}:
            yield f"{name} has no row"
        if both.get(name) != value and base not in move.rewritten:
            yield f"{name} is {both.get(name)!r} with both instrumentations, and {value!r} with one"
    for base, names in move.renamed.items():
        if base not in map(_base, before):
            yield f"{base} is not emitted"
        yield from (f"{name} is not emitted here" for name in names if name not in here)
    yield from (f"{name} is missing with both instrumentations" for name in here if name not in both)
    if both.get("gen_ai.usage.cost") != here["gen_ai.usage.cost"]:
        yield "the cost is another one with both instrumentations"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))  # type: ignore[arg-type] - JSON
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST else "JSON" if text[0] in "[{" else f"{text[:LONGEST]}…"


def table(move: Move, before: Attributes, here: Attributes, added: Attributes) -> Iterator[str]:
    """Yield the lines of the table of one instrumentation."""
    kept = f" kept by the dialect `{move.dialect}` |" if move.dialect else ""
    yield f"| {move.title} | its value | here | value here |{kept}"
    yield "|---|---|---|---|" + ("---|" if kept else "")
    done: set[str] = set()
    for name, value in before.items():
        base = _base(name)
        if base in done:
            continue
        done.add(base)
        targets = (name,) if name in here else move.renamed.get(base, ())
        shown = "messages" if base != name and "messages" in base else _shown(value)
        cells = [
            f"`{base}`" if base == name else f"`{base}.<n>.…`",
            shown,
            "same name" if name in here else ", ".join(f"`{each}`" for each in targets) or f"- ({move.dropped[base]})",
            ", ".join(_shown(here[target]) for target in targets),
            *(["yes" if base in map(_base, added) else "no"] if kept else []),
        ]
        yield f"| {' | '.join(cells)} |"


def _names(names: list[str]) -> str:
    return ", ".join(f"`{each}`" for each in names) or "none"


def section(name: str, metrics: tuple[list[str], list[str]], lines: Iterator[str], gained: list[str]) -> str:
    """The heading, the table, and what this instrumentation adds."""
    before, here = metrics
    title = MOVES[name].title
    return "\n".join(
        [
            f"### From {title}, attribute by attribute",
            "",
            f"With `{INSTRUMENTORS[name].requires[0]}` and `{INSTRUMENTORS[name].requires[1]}`.",
            "",
            *lines,
            "",
            f"Added: {_names(gained)}.",
            "",
            f"Metrics of {title}: {_names(before)}. Metrics here: {_names(here)}.",
        ]
    )


def main() -> int:
    """Make the calls, and print the failures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write-docs", action="store_true", help="write the tables into docs/moving.md")
    failed, sections = 0, list[str]()
    for name, move in MOVES.items():
        (before, old), (here, new), (both, _) = (emitted(name, which) for which in ("other", "this", "both"))
        added = emitted(name, "this", move.dialect)[0] if move.dialect else {}
        problems = list(failures(move, before, here, both))
        failed += len(problems)
        print(f"{name}: {len(before)} attributes, {'FAILED' if problems else 'ok'}")
        print("".join(f"    {problem}\n" for problem in problems), end="", flush=True)
        if not problems:
            taken = {target for targets in move.renamed.values() for target in targets}
            gained = [each for each in here if each not in {*before, *taken}]
            sections.append(section(name, (old, new), table(move, before, here, added), gained))
    if not failed:
        failed += check_table(PAGE, BEGIN, "\n\n".join(sections), END, write=parser.parse_args().write_docs)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
