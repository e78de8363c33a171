"""Runs real backends on loopback and compares what they show with the simulator's bill; generates docs/backends.md.

`python -m tests.backends.run [name ...]` installs the releases of `pins.py` into `.venv-backends/<name>`, once for
each version of the list. It exits with 1 where a check fails or a documented limit no longer exists. A backend that
cannot be installed is skipped, except where CI is set. `--write-docs` writes the table into docs/backends.md; without
it the table on that page must equal the generated one.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.doc_tables import DOCS, check_table
from tests.environments import NotToBeHad

from . import datadog, mlflow, phoenix, prometheus
from .servers import Fact

PAGE = DOCS / "backends.md"
BEGIN, END = "<!-- backends -->", "<!-- /backends -->"


@dataclass(frozen=True)
class Backend:
    """A backend as it is run; both may find that it is not to be had."""

    release: Callable[[], str]
    """Name and version, as the table shows them."""
    facts: Callable[[], Iterator[Fact]]


@dataclass
class Outcome:
    """What came of a backend."""

    release: str = ""
    facts: list[Fact] = field(default_factory=list[Fact])
    skipped: str = ""

    @property
    def faults(self) -> list[Fact]:
        """What is wrong."""
        return [fact for fact in self.facts if fact.fault]


def _prometheus_release() -> str:
    # The table is not to change with the machine: Debian's releases differ in the rest.
    found = re.search(r"version (\d+)", prometheus.release())
    return f"Prometheus {found.group(1) if found else ''}".strip()


def _prometheus_facts() -> Iterator[Fact]:
    topic = "each panel, variable, recording rule and alert of [`dashboards/`](../dashboards/README.md)"
    for claim, fault in prometheus.facts():
        yield Fact(topic, claim, fault)


BACKENDS: Final[Mapping[str, Backend]] = {
    "phoenix": Backend(phoenix.release, phoenix.facts),
    "mlflow": Backend(mlflow.release, mlflow.facts),
    "datadog": Backend(datadog.release, datadog.facts),
    "prometheus": Backend(_prometheus_release, _prometheus_facts),
}


def run(name: str) -> Outcome:
    """Run one, and say each fact as it is found."""
    outcome = Outcome()
    try:
        outcome.release = BACKENDS[name].release()
        print(f"{name}: {outcome.release}")
        for fact in BACKENDS[name].facts():
            outcome.facts.append(fact)
            _say(outcome, fact)
    except NotToBeHad as error:
        if "CI" in os.environ:
            outcome.facts.append(Fact("", "it is to be had", str(error)))
            _say(outcome, outcome.facts[-1])
        else:
            outcome.skipped = str(error)
            print(f"{name}: SKIPPED, {error}", flush=True)
    except Exception as error:  # noqa: BLE001 - the end of one backend is not that of the others
        outcome.facts.append(Fact("", "it runs to the end", f"{type(error).__name__}: {error}"))
        _say(outcome, outcome.facts[-1])
    return outcome


def _say(outcome: Outcome, fact: Fact) -> None:
    word = "FAULT" if fact.fault else f"limit {_limits(outcome).index(fact.limit) + 1}" if fact.limit else "ok"
    print(f"    {word:8} {fact.claim}{': ' + fact.fault if fact.fault else ''}", flush=True)


def _limits(outcome: Outcome) -> list[str]:
    return list(dict.fromkeys(fact.limit for fact in outcome.facts if fact.limit))


def table(found: Mapping[str, Outcome]) -> str:
    """The table of docs/backends.md: what was verified, and by number what the backend cannot show."""
    notes: list[str] = []
    lines = ["| backend | verified | limits |", "|---|---|---|"]
    for name, outcome in found.items():
        if outcome.skipped:
            lines.append(f"| {name} | not run: {outcome.skipped} | |")
            continue
        notes.extend(_limits(outcome))
        topics = dict.fromkeys(fact.topic for fact in outcome.facts if fact.topic and not fact.fault)
        for fault in outcome.faults:
            topics.pop(fault.topic, None)
        numbers = ", ".join(str(notes.index(limit) + 1) for limit in _limits(outcome))
        lines.append(f"| **{outcome.release}** | {'; '.join(topics)} | {numbers or '-'} |")
    return "\n".join([*lines, "", *(f"{number}. {note}." for number, note in enumerate(notes, 1))])


def main() -> int:
    """Run what is asked for, or all, and say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BACKENDS], help="backends; all where none is named")
    parser.add_argument("--write-docs", action="store_true", help="write the table into docs/backends.md")
    options = parser.parse_args()
    names: list[str] = options.names or list(BACKENDS)
    found = {name: run(name) for name in names}
    wrong = sum(len(outcome.faults) for outcome in found.values())
    skipped = sum(bool(outcome.skipped) for outcome in found.values())
    passed = sum(len(outcome.facts) for outcome in found.values()) - wrong
    print(f"\n{table(found)}\n")
    if len(found) == len(BACKENDS) and not wrong and not skipped:
        wrong += check_table(PAGE, BEGIN, table(found), END, write=options.write_docs)
    print(f"{passed} passed, {wrong} failed, {skipped} skipped")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
