"""Runs every case with us and without us, in one process, and tells where anything but the telemetry differs.

`python -m tests.conformance.run [--only TEXT] [--json]`. A case is run without us and then with us; where the two differ it
is run twice more, and what differs again is a fault.
"""

import argparse
import asyncio
import collections
import gc
import json
import logging
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

import openai
from opentelemetry import version
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

from tests.speedups import speed_up
from tests.telemetry import Telemetry

from .cases import Case, cases
from .compare import differences
from .differences import REASONS
from .recording_server import Witness
from .run_case import Trial

LOOKS: Final = 3
_NOWHERE: Final = "http://127.0.0.1:9/api/v1"


@dataclass
class Verdict:
    """What came of a case."""

    case: Case
    faults: list[str] = field(default_factory=list[str])
    reasons: list[str] = field(default_factory=list[str])
    """Why something differs that must."""
    looks: int = 1
    frames: int = 0


class Suite:
    """All cases, one simulator, one set of providers."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._telemetry = Telemetry()
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        """All is done."""
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def judge(self, case: Case) -> Verdict:
        """Run a case until it differs in nothing, or for the last time."""
        verdict = Verdict(case)
        gc.collect()
        gc.freeze()  # what is there already is no matter of this case, and need not be looked through
        for verdict.looks in range(1, LOOKS + 1):
            without, with_us = self._without(case), self._with_us(case)
            found, verdict.reasons = [], []
            left = without.seen["kept until collected"]
            for place, words in differences(without.seen, with_us.seen):
                reason = next((reason for reason in REASONS if reason.holds(place, words, case, left)), None)
                if reason is not None:
                    verdict.reasons.append(reason.why)
                else:
                    found.append(f"{place}: {words}")
            verdict.frames = with_us.frames
            found += (f"we logged: {line}" for line in with_us.logged)
            found += self._spans(case)
            verdict.faults = found
            if not found:
                break
        return verdict

    def _without(self, case: Case) -> Trial:
        trial = Trial(self._witness, case, self._loop)
        trial.run()
        return trial

    def _with_us(self, case: Case) -> Trial:
        self._telemetry.exporter.clear()
        self._telemetry.instrument([self._witness.url, _NOWHERE])
        try:
            return self._without(case)
        finally:
            OpenRouterInstrumentor().uninstrument()

    def _spans(self, case: Case) -> Iterator[str]:
        """That we were there: one span for each call on a covered path, all ended."""
        wanted = case.option.at_once if case.method.is_covered else 0
        found = len(self._telemetry.raw_spans)
        if found != wanted:
            yield f"{found} spans in place of {wanted}"
        if self._telemetry.started.open:
            yield f"{len(self._telemetry.started.open)} spans are open"
            self._telemetry.started.open.clear()
        for kind in (openai.OpenAI, openai.AsyncOpenAI):
            if "request" in vars(kind):
                yield f"{kind.__name__}.request is not as it was"


def main() -> int:
    """Run what is asked for, or all, and say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--json", action="store_true", help="one object at the end, for the matrix")
    asked = parser.parse_args()
    began = time.monotonic()
    chosen, missing = cases()
    chosen = [case for case in chosen if asked.only in case.name]
    logging.getLogger().addHandler(logging.NullHandler())
    speed_up()
    witness = Witness()
    with witness, closing(Suite(witness)) as suite:
        verdicts = [suite.judge(case) for case in chosen]
    wrong = [verdict for verdict in verdicts if verdict.faults]
    told: dict[str, Any] = {
        "openai": openai.__version__,
        "python": platform.python_version(),
        "opentelemetry": version.__version__,
        "ways": len({verdict.case.way for verdict in verdicts}),
        "cases": len(verdicts),
        "missing": missing,
        "looked at again": sum(verdict.looks > 1 for verdict in verdicts),
        "frames": max((verdict.frames for verdict in verdicts), default=0),
        "reasons": dict(collections.Counter(why for verdict in verdicts for why in set(verdict.reasons))),
        "faults": [f"{verdict.case.name}: {fault}" for verdict in wrong for fault in verdict.faults],
        "wrong": len(wrong),
        "seconds": round(time.monotonic() - began, 1),
    }
    if asked.json:
        print(json.dumps(told))
    else:
        _print(told)
    return 1 if wrong else 0


def _print(told: dict[str, Any]) -> None:
    for fault in told["faults"]:
        print(fault)
    for name, value in told.items():
        if name != "faults":
            print(f"{name}: {value}")


if __name__ == "__main__":
    sys.exit(main())
