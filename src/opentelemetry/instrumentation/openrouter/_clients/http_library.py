"""Base class of the HTTP libraries: a request to an operation of OpenRouter is a call, whichever client sends it.

A request that an SDK's instrumentation is sending passes through: its call has a span.
"""

import json
import weakref
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Final, NamedTuple

from .._api.client import ApiClient, Response
from .._operations import Operation, split_url
from .._telemetry.job_poll import start_poll
from .._wire.fields import EMPTY, Attributes, mapping, parse_json
from .._wire.response import fold_error_response, fold_headers
from .base import ClientInstrumentation, Exchange, OverrideClose, StartedExchange
from .bodies import ResponseHead, fold_body
from .open_responses import OpenResponse

_MAX_CACHED: Final = 256


class Target(NamedTuple):
    """Where a request goes."""

    operation: Operation
    server: Attributes
    base_url: str
    job: str = ""
    """The id of the job, if the request polls one."""


@dataclass(slots=True)
class UnreadResponse:
    """A response of OpenRouter's own API that an HTTP library other than httpx has opened."""

    status_code: int
    iter_raw: Callable[[], Iterator[bytes]]
    is_stream_consumed: bool = False
    content: bytes = b""


class HTTPExchange(Exchange):
    """One request of an HTTP library."""

    __slots__ = ("decompresses",)

    decompresses: bool
    """Whether the library decompresses the body; of a library whose callers choose that."""

    def _read_whole(self, head: ResponseHead, content: bytes) -> None:
        """Fold a response that has been read."""
        self._fold_status(head)
        if head.is_event_stream:  # it may lack the cost, as one that the caller reads
            self._responses.end_before_flush(self.call)
        fold_body(self._operation, self.call.record, head, content)
        fold_headers(self.call.record, head)

    def _track_by_head(self, response: Any, head: ResponseHead) -> OpenResponse:
        """Return the open response of *response*, which is not httpx's."""
        opened = self._responses.track(response, self.call, self._operation, head)
        self._open_response = weakref.ref(opened)
        return opened

    def _fold_status(self, head: ResponseHead) -> None:
        """Fold an error status: nothing is raised for it."""
        if head.status_code >= 400:  # noqa: PLR2004 - HTTP error statuses
            fold_error_response(self.call.record, head.status_code, None)


class HTTPLibrary(ClientInstrumentation):
    """An HTTP library. A subclass wraps the method through which each request passes once, redirects included."""

    exchange: ClassVar[type[HTTPExchange]]
    """The class of its exchanges."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.other_hosts: set[str] = set()
        """Hosts that are not OpenRouter, so that their requests cost a look-up."""
        self._targets: dict[str, Target | None] = {}

    @abstractmethod
    def _open(self, url: str, key: str, timeout: float) -> AbstractContextManager[Response]:
        """Send GET with a connection of its own, without following redirects, before the body is read.

        Args:
            url: the URL.
            key: the header `authorization`.
            timeout: seconds for each read.
        """

    def _target(self, host: str | None, url: str, method: str = "POST") -> Target | None:
        """Return the target of a request; None if it is not OpenRouter.

        Callers first ask `may_be_traced`, and `is_sending`: a request that is part of a call passes through.

        Args:
            host: the host as the caller looks it up in `other_hosts`, if it does.
            url: the absolute URL without user, query and fragment.
            method: the method in upper case.
        """
        job = ""
        if method == "GET":
            url, _, job = url.rstrip("/").rpartition("/")
        try:
            target = self._targets[url]
        except KeyError:
            target = self._find_target(host, url)
        if target is None or not self.active:
            return None
        operation = target.operation.job
        if job:
            return None if operation is None else target._replace(operation=operation, job=job)
        return target

    def _find_target(self, host: str | None, url: str) -> Target | None:
        found = split_url(url)
        server = None if found is None else self.base_urls.match(found[1])
        target = None if found is None or server is None else Target(found[0], server, found[1])
        if len(self._targets) >= _MAX_CACHED:
            self._targets.clear()
            self.other_hosts.clear()
        self._targets[url] = target
        if host is not None and self.base_urls.is_other_host(url):
            self.other_hosts.add(host)
        return target

    def _start_request(
        self, target: Target, body: Mapping[str, object], headers: Mapping[str, str], override_close: OverrideClose
    ) -> tuple[HTTPExchange, dict[str, object] | None] | None:
        """Start the span of a request.

        Args:
            target: where it goes.
            body: the JSON of its body.
            headers: its headers, with lower-case or case-insensitive names.
            override_close: reports the end of its response.

        Returns:
            The exchange, and the body to send in place of *body*, so that OpenRouter's own spans join our trace.
        """
        if target.job:
            call = start_poll(self.recorder, target.operation, target.server, target.job)
        else:
            api_client = partial(self._api_client, target.base_url, headers)
            call = self._start_call(target.operation, target.server, body, [headers], api_client)
        if call is None:
            return None
        exchange = self.exchange(call, target.operation, self.responses, override_close)
        trace = self._trace_field(call, body) if self._joins and body else None
        return exchange, None if trace is None else {**body, "trace": trace}

    def _start_with_request(  # noqa: PLR0913, PLR0917 - what `_start_exchange` gets, and what it has read
        self,
        request: Any,
        target: Target,
        body: Mapping[str, object],
        headers: Mapping[str, str],
        with_body: Callable[[Any, bytes], Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        override_close: OverrideClose,
    ) -> StartedExchange | None:
        """Start the span of a method whose argument is *request*, and return as `_start_exchange` does.

        Args:
            request: the request of the library.
            target: where it goes.
            body: the JSON of its body.
            headers: its headers, as for `_start_request`.
            with_body: returns a copy of a request with another body.
            args: of the method.
            kwargs: of the method.
            override_close: reports the end of the response.
        """
        started = self._start_request(target, body, headers, override_close)
        if started is None:
            return None
        exchange, joined = started
        if joined is not None:
            args = (with_body(request, json.dumps(joined).encode()),)
            kwargs = {name: value for name, value in kwargs.items() if name != "request"}
        exchange.send()
        return exchange, args, kwargs

    def _api_client(self, base_url: str, headers: Mapping[str, str]) -> ApiClient:
        # The Anthropic wire may have the key in `x-api-key`.
        key = headers.get("authorization") or "Bearer " + headers.get("x-api-key", "")

        def stream(path: str, timeout: float) -> AbstractContextManager[Response]:
            return self._open(base_url + path, key, timeout)

        return ApiClient(base_url, key, stream)


def read_json(body: object) -> Mapping[str, object]:
    """Return the JSON object of a request body; empty for a form, a file, a generator or anything else."""
    content = body.encode() if isinstance(body, str) else body
    if not isinstance(content, (bytes, bytearray)) or not content.lstrip().startswith(b"{"):
        return EMPTY
    try:
        return mapping(parse_json(content))
    except ValueError:
        return EMPTY
