"""Catches the instrumentation's own errors: a bug may cost a span, never the caller's call.

Every function through which the host's code enters the instrumentation is `guarded`. Nothing else in this package
swallows an exception.
"""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__package__)
_reported: set[str] = set()


def guarded(function: Callable[P, R]) -> Callable[P, R | None]:
    """Make *function* return None instead of raising an `Exception`.

    `BaseException` passes: an interrupt or a cancellation belongs to the host.
    """

    @functools.wraps(function)
    def guard(*args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return function(*args, **kwargs)
        except Exception:
            report(function.__qualname__)
            return None

    return guard


def report(place: str) -> None:
    """Log the current exception: once a *place* as a warning without its text, every time at DEBUG with traceback."""
    if place not in _reported:
        _reported.add(place)
        logger.warning(
            "OpenRouter instrumentation failed in %s; your call is unaffected but its telemetry may be incomplete. "
            "Logged once; enable DEBUG for the traceback.",
            place,
        )
    logger.debug("OpenRouter instrumentation failed in %s", place, exc_info=True)  # noqa: LOG014 - called from handlers
