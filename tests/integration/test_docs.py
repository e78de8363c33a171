"""What the README claims: its code runs, its tables are complete and have the right types."""

import inspect
import re
from pathlib import Path
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation import openrouter as package
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor, attributes
from opentelemetry.instrumentation.openrouter._wire import errors as _errors

from tests.calling_styles import OPTIONS
from tests.scenarios import REQUEST, SCENARIOS
from tests.simulator import Simulator
from tests.telemetry import Telemetry

ROOT: Final = Path(__file__).parents[2]
README: Final = (ROOT / "README.md").read_text()
TYPES: Final = {"str": str, "int": int, "double": float, "bool": bool, "str[]": tuple, "int[]": tuple}
PREFIXES: Final = (
    attributes.OPENROUTER_REQUEST_METADATA,
    attributes.OPENROUTER_USAGE_SERVER_TOOL_USE,
)
NAMES: Final = {name: value for name, value in vars(attributes).items() if name.isupper()}


def _table(heading: str) -> list[list[str]]:
    section = README.partition(f"{heading}\n")[2].partition("\n#")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return rows[1:]


def _documented() -> dict[str, type]:
    found: dict[str, type] = {}
    for row in _table("### Attributes"):
        names = re.findall(r"`([^`]+)`", row[0])
        types = [TYPES[name] for name in row[1].strip(" |").split(", ")]
        found.update(zip(names, types if len(types) > 1 else types * len(names), strict=True))
    return found


def test_attributes_are_complete() -> None:
    """Each attribute that has a name in the code has a row, and no other has."""
    named = {value for name, value in NAMES.items() if not name.startswith(("METRIC_", "EVENT_"))} - {
        attributes.GEN_AI_TOKEN_TYPE
    }
    documented = {re.sub(r"\.<\w+>$", "", name) for name in _documented()}
    assert documented == named


def test_attributes_have_the_types_that_are_told() -> None:
    """What the scenarios emit has the type of its row."""
    documented = _documented()
    for scenario in [each for table in SCENARIOS.values() for each in table.values()]:
        for said in (scenario.whole, scenario.streamed):
            for name, value in {**scenario.asked, **(said.attributes if said else {})}.items():
                prefix = next((prefix for prefix in PREFIXES if name.startswith(prefix)), None)
                row = name if prefix is None else next(known for known in documented if known.startswith(prefix))
                assert type(value) is documented[row], name


def test_metrics_are_complete() -> None:
    """Each metric has a row."""
    rows = {row[0].strip("`") for row in _table("### Metrics")}
    assert rows == {value for name, value in NAMES.items() if name.startswith("METRIC_")}


def test_error_vocabulary_is_complete() -> None:
    """Each word that the code can say has a row."""
    rows = {word for row in _table("### Errors") for word in re.findall(r"`([a-z_]+)`", " ".join(row))}
    said = {*_errors._BY_STATUS.values(), *_errors._BY_CODE.values(), *_errors._BY_EXCEPTION.values()}
    assert said | {_errors.EMPTY_RESPONSE.type, "content_policy_violation", "unmapped"} <= rows
    for status, word in _errors._BY_STATUS.items():
        assert str(status) in next(row[1] for row in _table("### Errors") if row[0] == f"`{word}`")


def test_options_are_complete() -> None:
    """Each keyword that the code reads has a row."""
    read = set(re.findall(r'(?:kwargs|given)\.get\("(\w+)"', inspect.getsource(package)))
    assert read == {word for row in _table("## Options") for word in re.findall(r"`(\w+)`", row[0])} - {"instrument"}


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_code_runs(openrouter: Simulator, monkeypatch: pytest.MonkeyPatch, block: str) -> None:
    """The code blocks run, and trace what they call."""
    telemetry = Telemetry()
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", telemetry.tracer_provider)
    monkeypatch.setenv("OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS", openrouter.url)
    scope: dict[str, Any] = {}
    exec(block.replace("https://openrouter.ai/api/v1", openrouter.base_url("hello")), scope)
    if "client" not in scope:  # a block that only switches something on
        scope["client"] = openai.OpenAI(base_url=openrouter.base_url("hello"), **OPTIONS)
        scope["client"].chat.completions.create(**REQUEST)
    OpenRouterInstrumentor().uninstrument()
    attributes = telemetry.one_span().attributes or {}
    assert attributes["gen_ai.usage.cost"] == 0.00014
    assert ("gen_ai.input.messages" in attributes) is ("capture_content" in block)
    assert (attributes.get("tenant.id") == "acme") is ("baggage_keys" in block)
    scope["client"].close()


def test_commands_exist() -> None:
    """What the README tells to type is there."""
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make (\w+)`", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for file in re.findall(r"`(\w+\.py|\w+/\w+\.py)`", README):
        assert list(ROOT.glob(f"src/**/{file}")) or (ROOT / file).exists() or file == "app.py", file
