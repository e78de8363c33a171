"""Translates the rules to the names that Prometheus keeps with `NoUTF8EscapingWithSuffixes`: with dots, and quoted.

`python -m tests.backends.utf8_names` writes `dashboards/openrouter-rules-utf8.yaml`. Prometheus 3 is required:
https://prometheus.io/docs/guides/utf8/.
"""

import re
import sys
from pathlib import Path
from typing import Any, Final, cast

import yaml
from opentelemetry.instrumentation.openrouter import attributes

from .prometheus import DASHBOARDS, RULES, RULES_TEST

UTF8_RULES: Final = DASHBOARDS / "openrouter-rules-utf8.yaml"
_METRICS: Final = (
    "gen_ai.usage.cost",
    "gen_ai.client.operation.duration",
    "gen_ai.client.operation.time_to_first_chunk",
    "openrouter.key.limit",
    "openrouter.key.limit_remaining",
    "openrouter.key.budget_limit",
    "openrouter.key.budget_remaining",
)
"""The metrics of the rules."""
_DOTTED: Final = {
    name.replace(".", "_"): name
    for name in (*_METRICS, *(value for key, value in vars(attributes).items() if key.isupper()))
}
# Neither a part of another name, nor one of the rules' own names, which have colons.
_LABEL: Final = re.compile(r"(?<![\w:.\"`$])(" + "|".join(sorted(_DOTTED, key=len, reverse=True)) + r")(?![\w:])")
_SERIES: Final = re.compile(
    r"(?<![\w:])(" + "|".join(name.replace(".", "_") for name in _METRICS) + r")"
    r"((?:_USD|_seconds)(?:_bucket|_sum|_count)?)(?![\w:])(\{)?"
)
_TEMPLATE: Final = re.compile(r"\$labels\.(\w+)")
_HEADER: Final = f"""\
# {RULES.name} for Prometheus 3 with `translation_strategy: NoUTF8EscapingWithSuffixes`, which keeps the dots of
# OpenTelemetry's names. `python -m tests.backends.utf8_names` makes it from that file.
"""


def translated(text: str) -> str:
    """Return a query, a series or a template with dotted names."""
    text = _SERIES.sub(_series, text)
    text = _TEMPLATE.sub(_template, text)
    return _LABEL.sub(lambda found: f'"{_DOTTED[found[1]]}"', text)


def _series(found: re.Match[str]) -> str:
    name = f'{{"{_DOTTED[found[1]]}{found[2]}"'
    return f"{name}, " if found[3] else f"{name}}}"


def _template(found: re.Match[str]) -> str:
    # A raw string of Go's templates: the text is quoted in YAML.
    return f"index $labels `{_DOTTED[found[1]]}`" if found[1] in _DOTTED else found[0]


def utf8_rules() -> str:
    """Return the rules with dotted names."""
    return _HEADER + translated(RULES.read_text())


def utf8_rules_test(rules: Path) -> str:
    """Return the tests of the rules with dotted names, for a file of rules."""
    tests = {
        **cast("dict[str, Any]", _translated_nodes(yaml.safe_load(RULES_TEST.read_text()))),
        "rule_files": [str(rules)],
    }
    return yaml.safe_dump(tests, sort_keys=False)


def _translated_nodes(node: Any) -> Any:
    if isinstance(node, dict):
        members = cast("dict[str, Any]", node).items()
        return {_DOTTED.get(key, key): _translated_nodes(value) for key, value in members}
    if isinstance(node, list):
        return [_translated_nodes(each) for each in cast("list[Any]", node)]
    return translated(node) if isinstance(node, str) else node


if __name__ == "__main__":
    UTF8_RULES.write_text(utf8_rules())
    sys.exit()
