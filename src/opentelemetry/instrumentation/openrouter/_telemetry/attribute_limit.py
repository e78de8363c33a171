"""The SDK's limit of attributes per span: which attributes remain if there are more.

The SDK drops the attribute that was set first, and setting an attribute again makes it the last one
(opentelemetry-sdk 1.37 to 1.45, `BoundedAttributes`). So the attributes that matter most are set again at the end, but
only on a span that has lost attributes or is likely to.
"""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from opentelemetry.trace import Span

from .. import attributes as names
from .._wire.fields import Attributes

_DEFAULT: Final = 128
"""https://opentelemetry.io/docs/specs/otel/common/#configurable-parameters"""

# The kind of an OpenInference span, if it was not given when the span was started: the wrapper of the span sets it at
# the end, so that it is among the last attributes (openinference-instrumentation 0.1.72, _spans.py).
_PENDING: Final = "_self_important_attributes"

_USEFUL: Final = (
    names.USER_ID,
    names.SESSION_ID,
    names.GEN_AI_USAGE_OUTPUT_TOKENS,
    names.GEN_AI_USAGE_INPUT_TOKENS,
)
_ESSENTIAL: Final = (
    names.OPENROUTER_PROVIDER_NAME,
    names.GEN_AI_PROVIDER_NAME,
    names.GEN_AI_REQUEST_MODEL,
    names.GEN_AI_RESPONSE_MODEL,
    names.ERROR_TYPE,
    names.GEN_AI_OPERATION_NAME,
    names.GEN_AI_USAGE_COST,
)
"""The most important one last: with a limit of one, only that remains."""


def attribute_limit(span: Span) -> int | None:
    """Return how many attributes *span* can have; None if there is no limit."""
    # Only the SDK's private field has the limits that are passed to its provider; another implementation may lack it.
    limits: Any = getattr(span, "_limits", None)
    limit = getattr(limits, "max_span_attributes", _DEFAULT)
    return limit if isinstance(limit, int) else None


def has_dropped(span: Span) -> bool:
    """Return whether *span* has lost an attribute."""
    return bool(getattr(span, "dropped_attributes", 0))


def is_filling(span: Span) -> bool:
    """Return whether *span* may lose attributes soon: another instrumentation adds more after the call."""
    limit = attribute_limit(span)
    return has_dropped(span) or (limit is not None and 2 * len(span_attributes(span)) > limit)


def before_end(span: Span, action: Callable[[], None]) -> None:
    """Call *action* when another instrumentation ends *span*, because it may set attributes until then.

    The method is replaced on this one object, until it is called.
    """
    end = span.end

    def end_after_action(*args: Any, **kwargs: Any) -> None:
        with contextlib.suppress(AttributeError):  # removed already, if there were several calls
            del span.end
        action()
        end(*args, **kwargs)

    with contextlib.suppress(AttributeError):  # a span of another implementation may have slots
        setattr(span, "end", end_after_action)  # noqa: B010 - a type checker accepts no other form


def span_attributes(span: Span) -> Mapping[str, Any]:
    """Return the attributes of *span*, with those that it gets at its end; empty if it cannot be read."""
    present: Mapping[str, Any] = getattr(span, "attributes", None) or {}
    pending: Mapping[str, Any] | None = getattr(span, _PENDING, None)
    return {**present, **pending} if pending else present


def key_attributes(attributes: Mapping[str, Any], costs: Iterable[str] = ()) -> Attributes:
    """Return those of *attributes* that matter most, the most important one last.

    Args:
        attributes: all attributes of a span, with those that it has lost.
        costs: the names of backend-specific costs; they come before what every backend reads.
    """
    return {name: attributes[name] for name in (*_USEFUL, *costs, *_ESSENTIAL) if name in attributes}
