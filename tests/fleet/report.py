"""The figures of docs/fleet.md: what the instrumentation costs, and what each fault loses."""

import os
import platform
from collections.abc import Iterator, Sequence
from decimal import Decimal
from statistics import median, quantiles

from .claims import KEPT, SPANS, Outcome, ended, failed, killed_cost, never_exported
from .drive import KILLED, SMALL, SMALL_QUEUE, STYLES, TERMINATED, Run
from .ledger import WARM_UP

_MODES = {
    "plain": "the program alone",
    "sdk": "with OpenTelemetry's SDK, and a span of the program around each call",
    "traced": "with this instrumentation, too",
}


def figures(releases: str, quiet: Sequence[Run], outcome: Outcome) -> str:
    """Return both tables."""
    runs = [*((_MODES[run.mode], run) for run in quiet), ("the same, with the faults", outcome.run)]
    calls = sum(len(ledger.calls) for ledger in outcome.run.ledgers)
    lines = [
        f"{len(STYLES)} processes, {calls:,} calls with the faults, on {os.cpu_count()} cores with all servers.",
        f"{releases}, Python {platform.python_version()}.",
        "",
        "| run | calls per second | CPU per call | median | 99 % | longest |",
        "|---|---|---|---|---|---|",
        *(_speed(name, run) for name, run in runs),
        "",
        "| fault | spans lost | of | dollars lost in metrics |",
        "|---|---|---|---|",
        *_losses(outcome),
    ]
    return "\n".join(lines)


def _speed(name: str, run: Run) -> str:
    calls = [call for ledger in run.ledgers for call in ledger.calls[WARM_UP:]]
    seconds = [call.seconds for call in calls]
    rate = len(calls) / (max(call.end for call in calls) - min(call.begin for call in calls))
    known = [(ledger.usage.cpu, len(ledger.calls) - WARM_UP) for ledger in run.ledgers if ledger.usage]
    cpu = sum(used for used, _ in known) / sum(count for _, count in known)
    late = quantiles(seconds, n=100)[-1]
    return f"| {name} | {rate:.0f} | {_ms(cpu)} | {_ms(median(seconds))} | {_ms(late)} | {_ms(max(seconds))} |"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"  # noqa: PLR2004 - digits


def _losses(outcome: Outcome) -> Iterator[str]:
    ledgers = outcome.run.ledgers
    kept = [trace for trace in outcome.delivered if outcome.calls[trace].kind in KEPT]
    missing = outcome.missing()
    yield _loss(
        "a sampling Collector killed, and started again (of the failed and expensive traces)",
        sum(SPANS - len(outcome.kept.get(trace, {})) for trace in missing),
        SPANS * len(kept),
    )
    others = [ledger for number, ledger in enumerate(ledgers) if number != SMALL_QUEUE]
    in_outage = sum(map(failed, others)) + sum(map(never_exported, others)) - never_exported(ledgers[KILLED])
    yield _loss("the endpoint gone for 10 s", in_outage, sum(map(ended, others)))
    small = ledgers[SMALL_QUEUE]
    yield _loss(
        f"the same, with a queue of {SMALL['OTEL_BSP_MAX_QUEUE_SIZE']} spans",
        failed(small) + never_exported(small),
        ended(small),
    )
    killed = outcome.run.bills[KILLED] - killed_cost(outcome)
    yield _loss("a process ended by SIGKILL", never_exported(ledgers[KILLED]), ended(ledgers[KILLED]), killed)
    last = [call for call in ledgers[TERMINATED].calls if call.begin > outcome.faults.outage[1]]
    lost = sum(call.trace not in outcome.delivered for call in last)
    yield _loss("a process ended by SIGTERM", SPANS * lost, SPANS * len(last))


def _loss(fault: str, lost: int, total: int, dollars: Decimal = Decimal(0)) -> str:
    return f"| {fault} | {lost:,} | {total:,} | {dollars.quantize(Decimal('1e-8')).normalize():f} |"
