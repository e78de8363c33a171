"""Starts a call: chooses its attributes, its metrics and its captured content from the operation and the request.

`call` has the rest of its life.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from .. import attributes as names
from .._operations import Operation
from .._wire.fields import Attributes
from .call import Call, Settle
from .call_context import CallContext
from .captured_content import CapturedContent
from .jobs import JOBS
from .metrics import CallMetrics
from .recorder import Recorder

_NONE: Final[frozenset[str]] = frozenset()


def start_call(  # noqa: PLR0913, PLR0917 - all that is known at the start
    recorder: Recorder,
    operation: Operation,
    server: Attributes,
    request: Attributes,
    body: Mapping[str, object],
    context: CallContext,
    settle: Settle | None = None,
    *,
    create: Callable[..., Call] = Call,
) -> Call:
    """Start the span of a call, or update the enclosing one, with all attributes of its request: samplers see them.

    Args:
        recorder: records the call.
        operation: the operation of the request's path.
        server: `server.address` and `server.port`.
        request: the attributes of the request.
        body: the merged request body; read only where content is captured.
        context: the context of the call.
        settle: fetches the usage of a stream that ends without it, in the background.
        create: creates the call.
    """
    name = operation.name
    model = request.get(names.GEN_AI_REQUEST_MODEL)
    shared: Attributes = {names.GEN_AI_OPERATION_NAME: name, names.GEN_AI_PROVIDER_NAME: "openrouter"}
    attributes = {**shared, **server, **operation.implied, **context.baggage_attributes, **request}
    if model is not None:
        shared[names.GEN_AI_REQUEST_MODEL] = model
        name = f"{name} {model}"
    for chosen in recorder.metric_attributes:
        if chosen in attributes:
            shared[chosen] = attributes[chosen]
    skipped = _NONE if context.enclosing is None else context.enclosing.recorded_metrics
    metrics = CallMetrics(recorder.instruments, shared, server, skipped)
    is_submission = operation.job is not None
    call = create(recorder, name, attributes, metrics, context, None if is_submission else settle)
    if is_submission:  # `record` is complete when the call has ended; the call itself would be a cycle
        paid_for = {**context.baggage_attributes, **request}
        call.on_end = partial(JOBS.add_submission, call.record, call.span_context, paid_for)
    capture = recorder.capture
    if capture is not None and (capture.on_event or call.is_recording):
        call.content = CapturedContent(capture, operation, body, call.record)
    return call
