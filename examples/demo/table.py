"""Prints spans as a table with one row per call, then totals by model and by provider.

Costs are added as decimals, so the totals are exact.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

Span = dict[str, Any]
MISSING = "-"


def print_table(spans: list[Span]) -> None:
    """Print the calls and their totals; *spans* are in the format of the console exporter."""
    _print(
        ["asked", "answered", "provider", "in", "out", "cost USD", "first token", "duration", "outcome"],
        [_row(span["attributes"], span) for span in sorted(spans, key=lambda span: span["start_time"])],
        right={3, 4, 5, 6, 7},
    )
    by_model = ("gen_ai.response.model", "gen_ai.request.model")  # failed calls have no response model
    for title, names in (("model", by_model), ("provider", ("openrouter.provider.name",))):
        print()
        _print([f"by {title}", "calls", "failed", "in", "out", "cost USD"], _totals(spans, names), {1, 2, 3, 4, 5})


def _row(attributes: dict[str, Any], span: Span) -> list[str]:
    first = attributes.get("openrouter.response.time_to_first_token")
    operation = attributes.get("gen_ai.operation.name", "chat")
    style = "stream" if "gen_ai.request.stream" in attributes else operation
    suffix = "" if style == "chat" else f" ({style})"
    seconds = (_time(span["end_time"]) - _time(span["start_time"])).total_seconds()
    return [
        attributes.get("gen_ai.request.model", MISSING) + suffix,
        attributes.get("gen_ai.response.model", MISSING),
        attributes.get("openrouter.provider.name", MISSING),
        str(attributes.get("gen_ai.usage.input_tokens", MISSING)),
        str(attributes.get("gen_ai.usage.output_tokens", MISSING)),
        _money(_cost(span)),
        MISSING if first is None else f"{first * 1000:.0f} ms",
        f"{seconds * 1000:.0f} ms",
        _outcome(attributes, span),
    ]


def _outcome(attributes: dict[str, Any], span: Span) -> str:
    if "error.type" in attributes:
        message = span["status"].get("description")
        return attributes["error.type"] + (f": {message}" if message else "")
    return "left early" if "openrouter.stream.cancelled" in attributes else "ok"


def _totals(spans: Iterable[Span], names: tuple[str, ...]) -> list[list[str]]:
    groups: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        groups[next((span["attributes"][name] for name in names if name in span["attributes"]), MISSING)].append(span)
    rows = [[group, *_total(of)] for group, of in sorted(groups.items())]
    return [*rows, ["all", *_total(list(spans))]]


def _total(spans: list[Span]) -> list[str]:
    add: Callable[[str], int] = lambda name: sum(span["attributes"].get(name, 0) for span in spans)  # noqa: E731
    return [
        str(len(spans)),
        str(sum("error.type" in span["attributes"] for span in spans)),
        str(add("gen_ai.usage.input_tokens")),
        str(add("gen_ai.usage.output_tokens")),
        _money(sum((cost for span in spans if (cost := _cost(span)) is not None), Decimal(0))),
    ]


def _cost(span: Span) -> Decimal | None:
    cost = span["attributes"].get("gen_ai.usage.cost")
    return None if cost is None else Decimal(repr(cost))


def _money(cost: Decimal | None) -> str:
    return MISSING if cost is None else f"{cost.normalize():f}"


def _time(written: str) -> datetime:
    return datetime.fromisoformat(written.replace("Z", "+00:00"))


def _print(head: list[str], rows: list[list[str]], right: set[int]) -> None:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, ["-" * width for width in widths], *rows]:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
