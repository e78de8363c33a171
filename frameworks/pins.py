"""The frameworks that are run: which releases, and what the README calls them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Pin:
    """One framework, and what is installed for it."""

    title: str
    requires: tuple[str, ...]
    skip: str = ""
    """Why it is not run."""


PINS: Final[Mapping[str, Pin]] = {
    "instructor": Pin("Instructor", ("instructor == 1.17.0", "openai == 2.54.0")),
}
