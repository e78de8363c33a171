"""What must hold after a run with faults: for the callers, for the spans, for the metrics.

Nothing here depends on the speed of the machine: the ledgers order the events. The time windows are bounds of the SDK
and of the Collector: how long they hold data in memory.
"""

import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from time import sleep, time
from typing import Any, Final

from tests.backends import jaeger, prometheus
from tests.backends.calls import difference
from tests.backends.servers import Check, eventually

from .drive import BATCH, KILLED, QUEUE, SMALL, SMALL_QUEUE, STYLES, TERMINATED, Faults, Run
from .ledger import Call, Ledger
from .servers import BATCH_SECONDS, DECISION_SECONDS, Servers
from .worker import TASKS

EXPECTED: Final = {"usual": "ok", "dear": "ok", "refused": "RateLimitError"}
KEPT: Final = ("dear", "refused")
"""The kinds of calls whose traces the samplers always keep."""
SHARE: Final = 0.1
SPANS: Final = 2
"""The spans of a trace: the program's and the call's."""
SLACK_SECONDS: Final = 10
COST: Final = "gen_ai.usage.cost"
SURVIVORS: Final = [number for number in range(len(STYLES)) if number != KILLED]


@dataclass(frozen=True)
class Outcome:
    """A run with faults, and what the servers have of it."""

    run: Run
    faults: Faults
    servers: Servers

    @cached_property
    def calls(self) -> Mapping[str, Call]:
        """Return each recorded call by its trace id."""
        return {call.trace: call for ledger in self.run.ledgers for call in ledger.calls}

    @cached_property
    def delivered(self) -> Mapping[str, float]:
        """Return when the last span of each trace was delivered, for recorded calls with all spans delivered."""
        spans, ends = Counter[str](), dict[str, float]()
        for ledger in self.run.ledgers:
            for export in ledger.spans:
                if export.delivered:
                    spans.update(export.traces)
                    ends |= dict.fromkeys(export.traces, export.end)
        return {each: ends[each] for each, count in spans.items() if count >= SPANS and each in self.calls}

    def in_killed_sampler(self, trace: str) -> bool:
        """Whether the killed Collector may have had the trace in memory."""
        killed = self.faults.sampler_killed
        return (
            killed - DECISION_SECONDS - BATCH_SECONDS - SLACK_SECONDS < self.delivered[trace] < killed + SLACK_SECONDS
        )

    def shown(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return the spans that Jaeger has: trace id -> span id -> tags, with those of its process."""
        traces = self.servers.jaeger.api("traces", service="fleet", limit=str(jaeger.MAX_TRACES))
        return {
            trace["traceID"]: {
                span["spanID"]: {
                    tag["key"]: tag["value"] for tag in [*trace["processes"][span["processID"]]["tags"], *span["tags"]]
                }
                for span in trace["spans"]
            }
            for trace in traces
        }

    @cached_property
    def kept(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return the spans that Jaeger has when the samplers have decided on all traces."""
        sleep(DECISION_SECONDS + BATCH_SECONDS)
        eventually(lambda: ", ".join(self._missing(self.shown(), outside=True)))
        return self.shown()

    def missing(self) -> list[str]:
        """Return the delivered traces that had to be kept, and are not in Jaeger."""
        return self._missing(self.kept, outside=False)

    def _missing(self, shown: Mapping[str, Mapping[str, Any]], *, outside: bool) -> list[str]:
        return [
            trace
            for trace in self.delivered
            if self.calls[trace].kind in KEPT
            and len(shown.get(trace, {})) != SPANS
            and not (outside and self.in_killed_sampler(trace))
        ]


def ended(ledger: Ledger) -> int:
    """Return how many spans the calls of a worker have."""
    return SPANS * len(ledger.calls)


def failed(ledger: Ledger) -> int:
    """Return how many spans are in batches that the exporter gave up."""
    return sum(len(export.traces) for export in ledger.spans if not export.delivered)


def never_exported(ledger: Ledger) -> int:
    """Return how many spans the exporter never got: the queue was full, or the process was killed."""
    return ended(ledger) - sum(len(export.traces) for export in ledger.spans)


def checks(outcome: Outcome) -> Iterator[Check]:
    """Yield the result of each claim."""
    yield from _callers(outcome)
    yield from _exports(outcome)
    yield from _traces(outcome)
    yield from _metrics(outcome)


def baseline(run: Run, killed: Mapping[int, int] | None = None) -> Iterator[Check]:
    """Yield what holds of each run, also of one without the instrumentation; *killed* has the other exit codes."""
    topic = f"callers, {run.mode}"
    wrong = Counter(
        (number, call.kind, call.outcome)
        for number, ledger in enumerate(run.ledgers)
        for call in ledger.calls
        if call.outcome != EXPECTED[call.kind]
    )
    yield Check(topic, "each call returns, or raises what the server's reply means", str(wrong or ""))
    expected = {str(number): 0 for number in range(len(STYLES))} | {
        str(key): code for key, code in (killed or {}).items()
    }
    exits = {str(number): code for number, code in enumerate(run.exits)}
    yield Check(topic, "each process ends with its exit code", difference(expected, exits))


def _callers(outcome: Outcome) -> Iterator[Check]:
    topic = "callers"
    ledgers = outcome.run.ledgers
    yield from baseline(outcome.run, {KILLED: -signal.SIGKILL})
    blocked = [number for number in range(len(STYLES)) if not _called_while_exporting(outcome, ledgers[number])]
    yield Check(topic, "calls of each process begin and end while its exporter waits", str(blocked or ""))
    costs = {str(number): outcome.run.bills[number] for number in SURVIVORS}
    seen = {str(number): ledgers[number].cost for number in SURVIVORS}
    yield Check(topic, "the responses have the costs of the bill", prometheus.unequal(costs, seen))


def _called_while_exporting(outcome: Outcome, ledger: Ledger) -> bool:
    begin, end = outcome.faults.outage
    waits = [export for export in ledger.spans if export.begin < end and export.end > begin]
    return any(wait.begin < call.begin and call.end < wait.end for wait in waits for call in ledger.calls)


def _exports(outcome: Outcome) -> Iterator[Check]:
    topic = "export"
    begin, end = outcome.faults.outage
    early_or_late = [
        f"{number}: {len(export.traces)} spans"
        for number, ledger in enumerate(outcome.run.ledgers)
        for export in ledger.spans
        if not export.delivered and not (export.begin < end and export.end > begin)
    ]
    yield Check(topic, "no batch is given up but in the outage", ", ".join(early_or_late))
    for number, ledger in enumerate(outcome.run.ledgers):
        lost, bound = never_exported(ledger), _queue_bound(outcome, number, ledger)
        claim = f"worker {number} ({STYLES[number]}) loses at most what its queue cannot hold"
        yield Check(topic, claim, "" if 0 <= lost <= bound else f"{lost} spans, not at most {bound}")
    lost = never_exported(outcome.run.ledgers[SMALL_QUEUE])
    yield Check(topic, "the small queue is full in the outage", "" if lost else "it has lost nothing")
    terminated = outcome.run.ledgers[TERMINATED]
    last = {call.trace for call in terminated.calls if call.begin > outcome.faults.outage[1]}
    lost_traces = last - outcome.delivered.keys()
    yield Check(topic, "SIGTERM loses nothing", f"{lost_traces}" if lost_traces else "" if last else "no calls")


def _queue_bound(outcome: Outcome, number: int, ledger: Ledger) -> int:
    if number == KILLED:
        return QUEUE + BATCH
    begin, end = outcome.faults.outage
    size = int(SMALL["OTEL_BSP_MAX_QUEUE_SIZE"]) if number == SMALL_QUEUE else QUEUE
    calls = sum(begin < call.end < end for call in ledger.calls)
    return max(0, SPANS * calls - size)


def _traces(outcome: Outcome) -> Iterator[Check]:
    topic = "traces"
    kept = outcome.kept
    unexplained = [trace for trace in outcome.missing() if not outcome.in_killed_sampler(trace)]
    claim = "each failed or dear trace that was delivered is in Jaeger, unless the killed Collector had it in memory"
    yield Check(topic, claim, ", ".join(unexplained[:5]))
    complete = [outcome.calls[trace] for trace, spans in kept.items() if trace in outcome.calls and len(spans) == SPANS]
    expected = {call.trace: Decimal(call.cost) for call in complete if call.cost}
    costs = {trace: Decimal(str(tags[COST])) for trace in expected for tags in kept[trace].values() if COST in tags}
    wrong = difference(expected, costs)
    yield Check(topic, "the costs of all traces are those of the responses", wrong if costs else "no costs")
    foreign = {
        (trace, tags["service.instance.id"])
        for trace in kept.keys() - outcome.calls.keys()
        for tags in kept[trace].values()
    }
    # A call that SIGKILL interrupts has no line in the ledger, but its span may have been exported.
    interrupted = {each for each in foreign if each[1] == str(KILLED)}
    failure = str(foreign) if foreign - interrupted or len(interrupted) > TASKS * SPANS else ""
    yield Check(topic, "no other trace", failure)
    rest = [trace for trace in outcome.delivered if outcome.calls[trace].kind not in KEPT]
    certain = [trace for trace in rest if not outcome.in_killed_sampler(trace)]
    found = sum(trace in kept for trace in certain)
    # Each trace is an independent draw: six standard deviations.
    width = 6 * (len(certain) * SHARE * (1 - SHARE)) ** 0.5
    failure = "" if abs(found - len(certain) * SHARE) < width else f"{found} of {len(certain)}"
    yield Check(topic, "10 % of the others", failure)


def _metrics(outcome: Outcome) -> Iterator[Check]:
    topic = "metrics"
    server = outcome.servers.prometheus
    bill = {str(number): outcome.run.bills[number] for number in SURVIVORS}
    calls = {str(number): Decimal(len(outcome.run.ledgers[number].calls)) for number in SURVIVORS}
    for claim, series, expected in (
        ("the cost of each surviving process is its bill", "gen_ai_usage_cost_USD_sum", bill),
        ("the number of its calls is exact", "gen_ai_client_operation_duration_seconds_count", calls),
    ):

        def wrong(series: str = series, expected: Mapping[str, Decimal] = expected) -> str:
            found = server.numbers(f'sum by (instance) ({series}{{job="fleet", instance!="{KILLED}"}})', time())
            return prometheus.unequal(dict(expected), found)

        yield Check(topic, claim, eventually(wrong))
    least, found, most = _last_export(outcome), killed_cost(outcome), outcome.run.bills[KILLED]
    # The export of the killed process may have arrived without a line in the ledger.
    failure = "" if least * (1 - prometheus.CLOSE) <= found <= most * (1 + prometheus.CLOSE) else f"{found}"
    claim = "the killed process has at least the cost of its last export"
    yield Check(topic, claim, failure and f"{failure} is not between {least} and {most}")


def _last_export(outcome: Outcome) -> Decimal:
    delivered = [export.cost for export in outcome.run.ledgers[KILLED].metrics if export.delivered]
    return Decimal(str(delivered[-1])) if delivered else Decimal(0)


def killed_cost(outcome: Outcome) -> Decimal:
    """Return the cost of the killed process in Prometheus."""
    query = f'sum by (job) (gen_ai_usage_cost_USD_sum{{job="fleet", instance="{KILLED}"}})'
    return outcome.servers.prometheus.numbers(query, time(), ["job"]).get("fleet", Decimal(0))
