"""Draws the panels of a dashboard as one HTML page with inline SVG, from the numbers that their queries return.

The page has the layout, titles, units and thresholds of the dashboard. It loads nothing.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape
from typing import Any, Final

from .dashboard_numbers import text, texts, ticks

WIDTH: Final = 1400
COLUMNS: Final = 24
ROW: Final = 29
"""The height of a row of the layout, with the gap below a panel."""
GAP: Final = 8
HEADER: Final = 84
TITLE: Final = 28
LEGEND_LINE: Final = 17
AXIS: Final = (68, 18)
"""The width of the left axis, and the height of the bottom axis."""
RIGHT: Final = 22
"""The room on the right, for half of the last time."""
MANY: Final = 8
"""Bars above this number are thinner."""
COLORS: Final = ("#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#5b9bd5", "#ba6fc8", "#b0b7c3")
NAMED: Final[Mapping[str, str]] = {"green": "#73bf69", "orange": "#ff9830", "red": "#f2495c"}
STYLE: Final = f"""
* {{ box-sizing: border-box; margin: 0; }}
body {{
  width: {WIDTH}px; background: #111217; color: #ccccdc;
  font: 12px "DejaVu Sans", sans-serif; position: relative;
}}
header {{ height: {HEADER}px; padding: 14px {GAP + 4}px; }}
h1 {{ font-size: 18px; font-weight: normal; margin-bottom: 12px; }}
header span {{
  display: inline-block; border: 1px solid #34363d; background: #181b1f; padding: 4px 9px;
  margin-right: 8px;
}}
header b {{ color: #6e9fff; font-weight: normal; }}
h2 {{ position: absolute; font-size: 14px; font-weight: normal; padding-top: 4px; }}
section {{
  position: absolute; background: #181b1f; border: 1px solid #25272d; border-radius: 3px;
  overflow: hidden;
}}
h3 {{ font-size: 12px; font-weight: bold; height: {TITLE}px; padding: 7px 9px 0; }}
.stat {{ text-align: center; font-size: 34px; font-weight: bold; padding-top: 13px; }}
.bars {{
  display: grid; grid-template-columns: max-content 1fr max-content; gap: 6px 10px;
  padding: 2px 12px 10px; grid-auto-rows: minmax(0, 1fr);
}}
.bars div {{ display: flex; align-items: center; white-space: nowrap; }}
.many {{ row-gap: 3px; font-size: 10.5px; }}
.bars .bar {{ background: #24262c; }}
.bars .bar i {{ height: 100%; }}
.legend {{
  display: flex; flex-wrap: wrap; padding: 0 10px; font-size: 11px;
  line-height: {LEGEND_LINE}px; gap: 0 14px;
}}
.legend i {{ display: inline-block; width: 12px; height: 3px; margin: 0 5px 3px 0; }}
.gauges {{ display: flex; justify-content: space-evenly; }}
text {{ fill: #9b9ca8; font-size: 10.5px; }}
"""


@dataclass(frozen=True)
class Series:
    """A series of a panel: its name in the legend, and its points as times and values."""

    name: str
    points: tuple[tuple[float, float], ...]

    @property
    def last(self) -> float:
        """Return the last value."""
        return self.points[-1][1]


@dataclass(frozen=True)
class TimeRange:
    """The selected time range."""

    start: float
    end: float


Panel = Mapping[str, Any]


def page(
    dashboard: Panel, series: Mapping[int, Sequence[Series]], time_range: TimeRange, selected: Sequence[str]
) -> str:
    """Return the page with the series of each panel, by its id, and with what is selected at the top."""
    panels = "\n".join(_panel(each, series.get(each["id"], ()), time_range) for each in dashboard["panels"])
    choices = " ".join(f"<span>{_choice(each)}</span>" for each in selected)
    return (
        f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><style>{STYLE}</style>'
        f"<body><header><h1>{escape(dashboard['title'])}</h1>{choices}</header>{panels}</body></html>"
    )


def height(dashboard: Panel) -> int:
    """Return the height of the page."""
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    return HEADER + rows * ROW + GAP


def _choice(selected: str) -> str:
    name, _, value = selected.partition(": ")
    return f"{escape(name)} <b>{escape(value)}</b>"


def _panel(panel: Panel, series: Sequence[Series], time_range: TimeRange) -> str:
    grid = panel["gridPos"]
    column = (WIDTH - GAP) / COLUMNS
    width, tall = grid["w"] * column - GAP, grid["h"] * ROW - GAP
    place = (
        f"left:{GAP + grid['x'] * column:.1f}px;top:{HEADER + grid['y'] * ROW}px;width:{width:.1f}px;height:{tall}px"
    )
    title = escape(panel["title"])
    if panel["type"] == "row":
        return f'<h2 style="{place};height:{ROW}px">⌄ {title}</h2>'
    if panel["type"] == "timeseries":
        body = _graph(panel, series, time_range, width - 2, tall - TITLE - 2)
    else:
        body = _DRAWN[panel["type"]](panel, series, tall - TITLE - 2)
    return f'<section style="{place}"><h3>{title}</h3>{body}</section>'


def _defaults(panel: Panel) -> Mapping[str, Any]:
    return panel["fieldConfig"]["defaults"]


def _value(panel: Panel, value: float) -> str:
    return text(value, _defaults(panel)["unit"], _defaults(panel).get("decimals"))


def _color(panel: Panel, value: float) -> str:
    """Return the color of the highest threshold below the value."""
    steps = _defaults(panel)["thresholds"]["steps"]
    return NAMED[[step["color"] for step in steps if step["value"] is None or value >= step["value"]][-1]]


def _stat(panel: Panel, series: Sequence[Series], _: float) -> str:
    (only,) = series
    return f'<div class="stat" style="color:{_color(panel, only.last)}">{_value(panel, only.last)}</div>'


def _bars(panel: Panel, series: Sequence[Series], tall: float) -> str:
    longest = max(each.last for each in series) or 1
    rows = "".join(
        f'<div>{escape(each.name)}</div><div class="bar"><i style="width:{100 * each.last / longest:.1f}%;'
        f'background:{_color(panel, each.last)}"></i></div>'
        f'<div style="color:{_color(panel, each.last)}">{_value(panel, each.last)}</div>'
        for each in series
    )
    kind = "bars many" if len(series) > MANY else "bars"
    return f'<div class="{kind}" style="height:{tall}px">{rows}</div>'


def _gauges(panel: Panel, series: Sequence[Series], tall: float) -> str:
    gauges = "".join(_gauge(panel, each) for each in series)
    return f'<div class="gauges" style="padding-top:{(tall - 150) / 2:.0f}px">{gauges}</div>'


def _gauge(panel: Panel, series: Series) -> str:
    steps = _defaults(panel)["thresholds"]["steps"]
    edges = [*(step["value"] or 0 for step in steps), 1]
    outer = "".join(
        _arc(start, end, 66, 4, NAMED[step["color"]])
        for step, start, end in zip(steps, edges[:-1], edges[1:], strict=True)
    )
    color = _color(panel, series.last)
    return (
        f'<svg width="150" height="150" viewBox="-75 -80 150 150">{_arc(0, 1, 53, 18, "#24262c")}'
        f"{_arc(0, min(series.last, 1), 53, 18, color)}{outer}"
        f'<text text-anchor="middle" y="6" style="font-size:20px;fill:{color}">{_value(panel, series.last)}</text>'
        f'<text text-anchor="middle" y="62" style="font-size:11px;fill:#ccccdc">{escape(series.name)}</text></svg>'
    )


def _arc(start: float, end: float, radius: float, wide: float, color: str) -> str:
    """Draw a part of a gauge's arc, which has 240 degrees."""
    places = [math.radians(150 + 240 * share) for share in (start, end)]
    (x1, y1), (x2, y2) = ((radius * math.cos(place), radius * math.sin(place)) for place in places)
    large = int((end - start) * 240 > 180)  # noqa: PLR2004 - SVG's flag for more than half of a circle
    path = f"M{x1:.1f} {y1:.1f}A{radius} {radius} 0 {large} 1 {x2:.1f} {y2:.1f}"
    return f'<path d="{path}" fill="none" stroke="{color}" stroke-width="{wide}"/>'


_DRAWN: Final[Mapping[str, Callable[[Panel, Sequence[Series], float], str]]] = {
    "stat": _stat,
    "bargauge": _bars,
    "gauge": _gauges,
}


def _graph(panel: Panel, series: Sequence[Series], time_range: TimeRange, width: float, tall: float) -> str:
    tall -= LEGEND_LINE * _legend_lines(series, width) + 6
    left, bottom = AXIS
    values = [value for each in series for _, value in each.points if not math.isnan(value)]
    marks = ticks(_defaults(panel).get("max") or max(values, default=1))

    def x(time: float) -> float:
        return left + (time - time_range.start) / (time_range.end - time_range.start) * (width - left - RIGHT)

    def y(value: float) -> float:
        return 6 + (1 - value / marks[-1]) * (tall - bottom - 6)

    grid = "".join(
        f'<path d="M{left} {y(mark):.1f}H{width - RIGHT:.1f}" stroke="#24262c"/>'
        f'<text x="{left - 6}" y="{y(mark) + 3.5:.1f}" text-anchor="end">{mark_text}</text>'
        for mark, mark_text in zip(marks, texts(marks, _defaults(panel)["unit"]), strict=True)
    )
    grid += "".join(
        f'<path d="M{x(time):.1f} 6V{tall - bottom:.1f}" stroke="#24262c"/>'
        f'<text x="{x(time):.1f}" y="{tall - 4:.1f}" text-anchor="middle">{_clock(time)}</text>'
        for time in _hours(time_range, 3600 if width > 500 else 7200)  # noqa: PLR2004 - room for each hour
    )
    lines = "".join(_line(each, color, x, y, tall - bottom) for each, color in _colored(series))
    return f'<svg width="{width:.0f}" height="{tall:.0f}">{grid}{lines}</svg>{_legend(series)}'


def _line(series: Series, color: str, x: Callable[[float], float], y: Callable[[float], float], bottom: float) -> str:
    """Draw a line, interrupted where there is no value, and the area below it."""
    drawn = ""
    for part in _parts(series):
        path = "L".join(f"{x(time):.1f} {y(value):.1f}" for time, value in part)
        drawn += f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="1.4" stroke-linejoin="round"/>'
        area = f"M{x(part[0][0]):.1f} {bottom:.1f}L{path}V{bottom:.1f}Z"
        drawn += f'<path d="{area}" fill="{color}" fill-opacity="0.1"/>'
    return drawn


def _parts(series: Series) -> list[list[tuple[float, float]]]:
    """Return the points between gaps: minutes without a value, or with NaN."""
    parts: list[list[tuple[float, float]]] = []
    previous = -math.inf
    for time, value in series.points:
        if math.isnan(value):
            continue
        if time - previous > 60:  # noqa: PLR2004 - the step of the queries
            parts.append([])
        parts[-1].append((time, value))
        previous = time
    return parts


def _colored(series: Sequence[Series]) -> list[tuple[Series, str]]:
    return [(each, COLORS[number % len(COLORS)]) for number, each in enumerate(series)]


def _legend(series: Sequence[Series]) -> str:
    names = "".join(
        f'<span><i style="background:{color}"></i>{escape(each.name)}</span>' for each, color in _colored(series)
    )
    return f'<div class="legend">{names}</div>'


def _legend_lines(series: Sequence[Series], width: float) -> int:
    """Return how many lines the legend needs, from the usual width of a character."""
    lines, used = 1, 0.0
    for each in series:
        wide = 17 + 7 * len(each.name) + 14
        if used and used + wide > width - 20:
            lines, used = lines + 1, 0.0
        used += wide
    return lines


def _hours(time_range: TimeRange, step: int) -> list[int]:
    first = math.ceil(time_range.start / step) * step
    return list(range(first, math.floor(time_range.end) + 1, step))


def _clock(time: float) -> str:
    return datetime.fromtimestamp(time, timezone.utc).strftime("%H:%M")
