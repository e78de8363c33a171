"""What is wrong with an option or a variable, as data: `_config` logs it, and the doctor reports it.

A mistake is the argument of its log record, where the doctor finds it without parsing the line.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class WrongValue:
    """A value that an option cannot have."""

    option: str
    requirement: str
    """What the option must do, for example `be true or false`; *known* follows it."""
    got: tuple[object, ...]
    """The wrong values. A type takes the place of a value that must not be logged."""
    consequence: str
    """What happens in its place, for example `it stays off`."""
    known: Sequence[str] = ()
    """The values that the option may have, if it is one of a list."""

    @property
    def rule(self) -> str:
        """Return what the option must do, with the known values."""
        return f"{self.option} must {self.requirement}{' ' if self.known else ''}{', '.join(self.known)}"

    @property
    def values(self) -> list[str]:
        """Return the wrong values, or the names of their types, as text."""
        return [_shown(each, str) for each in self.got]

    def __str__(self) -> str:
        return f"{self.rule}, got {', '.join(_shown(each, repr) for each in self.got)}; {self.consequence}."


def _shown(value: object, as_text: Callable[[object], str]) -> str:
    return value.__name__ if isinstance(value, type) else as_text(value)


@dataclass(frozen=True, slots=True)
class UnknownName:
    """An option or a variable that does not exist."""

    kind: str
    """`option` or `variable`."""
    name: str
    known: Sequence[str]
    similar: str | None
    """The known name that is probably meant."""

    def __str__(self) -> str:
        hint = f", did you mean {self.similar}?" if self.similar else ""
        return f"unknown {self.kind} {self.name!r}{hint}; the {self.kind}s are {', '.join(self.known)}."


def most_similar(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that is most similar to *name*, or None if none is; *cutoff* is that of `difflib`."""
    return next(iter(get_close_matches(name, list(known), n=1, cutoff=cutoff)), None)
