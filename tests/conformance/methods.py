"""A public method of an SDK that sends a request, with its arguments."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final

from .sdks import OPENAI, SDK


@dataclass(frozen=True)
class Method:
    """One method of a resource."""

    name: str
    resource: str
    verb: str
    request: Mapping[str, Any]
    is_covered: bool = True
    """Whether its calls use a path that is instrumented."""
    representative: tuple[str, ...] = ()
    """The access patterns that are combined with options that are not combined with all of them."""
    scenario: str = "hello"
    streams: bool = False
    """Whether it takes `stream=True`."""
    is_helper: bool = False
    """Whether it returns a stream manager."""
    sdk: SDK = OPENAI

    def exists(self, client: Any, view: str) -> bool:
        """Return whether the installed SDK has the method, also in the view."""
        try:
            verb = getattr(self._resource(client), self.verb)
            if view:
                getattr(getattr(self._resource(client), view), self.verb)
        except AttributeError:
            return False
        return not self.streams or "stream" in inspect.signature(verb).parameters

    def call(self, client: Any, view: str, arguments: Mapping[str, Any]) -> Any:
        """Call it directly, or through the view `with_raw_response` or `with_streaming_response`."""
        resource = self._resource(client)
        if view:
            resource = getattr(resource, view)
        return getattr(resource, self.verb)(**{**_fresh(self.request), **arguments})

    def _resource(self, client: Any) -> Any:
        for name in filter(None, self.resource.split(".")):
            client = getattr(client, name)
        return client


@dataclass(frozen=True)
class Posted(Method):
    """`client.post`, `client.get` or `client.request`, which have no views but accept the header that views set."""

    path: str = ""
    cast_to: Callable[[SDK], Any] = lambda _: object
    chunk: Callable[[SDK], Any] = lambda _: None
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def exists(self, client: Any, view: str) -> bool:  # noqa: ARG002 - the views are headers
        """Return whether the client has the method."""
        return hasattr(client, self.verb)

    def call(self, client: Any, view: str, arguments: Mapping[str, Any]) -> Any:
        """Call it, with the header of the view."""
        arguments = dict(arguments)
        stream, body = arguments.pop("stream", False), dict(self.body)
        headers = {**arguments.pop("extra_headers", {}), **_VIEWS[view]}
        make_options = self.sdk.private("_base_client", "make_request_options")
        options: Any = make_options(**arguments, extra_headers=headers or None)
        streaming: dict[str, Any] = {}
        if stream:
            body["stream"] = True
            module = self.sdk.module
            is_async = isinstance(client, self.sdk.client(asynchronous=True))
            kind: Any = module.AsyncStream if is_async else module.Stream
            streaming = {"stream": True, "stream_cls": kind[self.chunk(self.sdk)]}
        cast_to = self.cast_to(self.sdk)
        if self.verb == "request":
            model = self.sdk.private("_models", "FinalRequestOptions")
            return client.request(
                cast_to, model.construct(method="post", url=self.path, json_data=body, **options), **streaming
            )
        if self.verb == "post":
            streaming["body"] = body
        return getattr(client, self.verb)(self.path, cast_to=cast_to, options=options, **streaming)


_VIEWS: Final[Mapping[str, Mapping[str, str]]] = {
    "": {},
    "with_raw_response": {"X-Stainless-Raw-Response": "true"},
    "with_streaming_response": {"X-Stainless-Raw-Response": "stream"},
}


def _fresh(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with new files, because a call reads its files."""
    return {name: value() if value is audio_file else value for name, value in request.items()}


def audio_file() -> BytesIO:
    """Return a new file."""
    file = BytesIO(b"RIFF" + bytes(64))
    file.name = "speech.wav"
    return file
