"""Where two descriptions differ, as paths into them."""

from collections.abc import Iterator
from typing import Any, Final

_LONGEST: Final = 160
_BEFORE: Final = 40


def differences(without: Any, with_us: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each place that is another one, and what stood there without us and with us."""
    if without == with_us:
        return
    if isinstance(without, dict) and isinstance(with_us, dict):
        left: dict[str, Any] = without
        right: dict[str, Any] = with_us
        for key in [*left, *(key for key in right if key not in left)]:
            yield from differences(left.get(key, "-"), right.get(key, "-"), f"{path} > {key}" if path else str(key))
    elif isinstance(without, (list, tuple)) and isinstance(with_us, (list, tuple)) and len(without) == len(with_us):  # pyright: ignore[reportUnknownArgumentType]
        for index, (mine, theirs) in enumerate(zip(without, with_us, strict=True)):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            yield from differences(mine, theirs, f"{path} {_title(mine, index)}")
    else:
        yield path, _words(repr(without), repr(with_us))


def _title(entry: Any, index: int) -> str:
    """A note is told by its name, anything else by its place."""
    return f"[{entry[0]}]" if isinstance(entry, list) and entry and isinstance(entry[0], str) else f"[{index}]"


def _words(without: str, with_us: str) -> str:
    """Both, from a little before they part."""
    if max(len(without), len(with_us)) <= _LONGEST:
        return f"{without} without us, {with_us} with us"
    parted = next((at for at, (one, other) in enumerate(zip(without, with_us, strict=False)) if one != other), 0)
    begin = max(parted - _BEFORE, 0)
    one, other = (f"…{text[begin : begin + _LONGEST]}" for text in (without, with_us))
    return f"{one} without us, {other} with us"
