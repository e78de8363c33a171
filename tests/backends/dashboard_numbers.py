"""Numbers of the dashboard's picture as text, in the units of the panels, and round numbers for an axis."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

_THOUSAND: Final = 1000


def _short(value: float) -> str:
    for suffix in ("", " K", " M"):
        if abs(value) < _THOUSAND:
            return _digits(value) + suffix
        value /= _THOUSAND
    return f"{value:.0f} B"


def _dollars(value: float) -> str:
    return f"${value:.2f}" if value >= 1 else f"${_digits(value)}"


def _seconds(value: float) -> str:
    return f"{_digits(value)} s" if value >= 1 or not value else f"{_digits(value * _THOUSAND)} ms"


def _percent(value: float) -> str:
    return f"{_digits(value * 100)}%"


def _requests(value: float) -> str:
    return f"{_digits(value)} req/s"


_UNITS: Final[Mapping[str, Callable[[float], str]]] = {
    "currencyUSD": _dollars,
    "percentunit": _percent,
    "reqps": _requests,
    "s": _seconds,
    "short": _short,
}


def text(value: float, unit: str, decimals: int | None = None) -> str:
    """Return a value with its unit, with three significant digits or with *decimals*."""
    return f"{value:,.{decimals}f}" if decimals is not None and unit == "short" else _UNITS[unit](value)


def texts(marks: Sequence[float], unit: str) -> list[str]:
    """Return the texts of an axis; amounts have the same number of decimals."""
    if unit != "currencyUSD":
        return [text(mark, unit) for mark in marks]
    places = max(len(_digits(mark).partition(".")[2]) for mark in marks)
    return [f"${mark:.{places}f}" for mark in marks]


def ticks(top: float) -> list[float]:
    """Return round numbers from zero, the last of which is at least *top*."""
    rough = (top or 1) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    return [number * step for number in range(math.ceil(top / step - 0.001) + 1)] if top else [0, 1]


def _digits(value: float) -> str:
    """Return a number with three significant digits, without zeros at the end, never in scientific notation."""
    if not value:
        return "0"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    found = f"{value:.{places}f}"
    return found.rstrip("0").rstrip(".") if "." in found else found
