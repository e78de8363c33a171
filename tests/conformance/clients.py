"""The clients that callers create: of the SDK's classes or of subclasses, with custom HTTP clients, or the module.

Each function creates a client for a setup. The overrides of the caller note what they receive, which is compared too.
"""

import copy
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from .describe import attempt, describe, kind
from .sdks import SDK
from .sync_async import resolve

KEY: Final = "sk-or-canary"


@dataclass(frozen=True)
class ClientSetup:
    """The parameters of a client."""

    sdk: SDK
    url: str
    asynchronous: bool
    note: Callable[..., None]

    @property
    def kind(self) -> Any:
        """Return the SDK's client class."""
        return self.sdk.client(asynchronous=self.asynchronous)

    @property
    def http(self) -> Any:
        """Return the HTTP library's client class."""
        return self.sdk.http.AsyncClient if self.asynchronous else self.sdk.http.Client

    def make(self, kind: Any = None, **options: Any) -> Any:
        """Return a client of the given class, by default of the SDK's."""
        merged: dict[str, Any] = {"base_url": self.sdk.base_url(self.url), "api_key": KEY, "max_retries": 0, **options}
        return (kind or self.kind)(**merged)


Make = Callable[[ClientSetup], Any]


def plain(**options: Any) -> Make:
    """Return a factory of clients with these options; a callable option is called with the setup."""

    def make(setup: ClientSetup) -> Any:
        return setup.make(**{name: value(setup) if callable(value) else value for name, value in options.items()})

    return make


def derived(**options: Any) -> Make:
    """Return a factory of clients made by `copy` and then `with_options`."""

    def make(setup: ClientSetup) -> Any:
        return setup.make(timeout=30).copy(max_retries=0).with_options(**options)

    return make


def retargeted(setup: ClientSetup) -> Any:
    """Return a client whose base URL is set after its creation."""
    client = setup.make(base_url="http://127.0.0.1:9/api/v1")
    client.base_url = setup.sdk.base_url(setup.url)
    return client


def hooked(setup: ClientSetup) -> Any:
    """Return a client with an HTTP client whose event hooks receive each request and each response."""

    def receive(thing: Any) -> None:
        setup.note(f"hook receives {type(thing).__name__}", thing)

    async def receive_async(thing: Any) -> None:
        receive(thing)

    hook = receive_async if setup.asynchronous else receive
    return setup.make(http_client=setup.http(event_hooks={"request": [hook], "response": [hook]}))


def raising(error: Callable[[], BaseException]) -> Make:
    """Return a factory of clients with an HTTP client whose hook raises."""

    def make(setup: ClientSetup) -> Any:
        def fail(_: Any) -> None:
            raise error()

        async def fail_async(_: Any) -> None:
            raise error()

        return setup.make(http_client=setup.http(event_hooks={"request": [fail_async if setup.asynchronous else fail]}))

    return make


def transported(setup: ClientSetup) -> Any:
    """Return a client with an HTTP client that has a custom transport with a single connection."""
    httpx = setup.sdk.http
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)

    class Transport(httpx.HTTPTransport):  # type: ignore[misc] - httpx or httpx2
        def handle_request(self, request: Any) -> Any:
            setup.note("transport receives", request)
            return super().handle_request(request)

    class AsyncTransport(httpx.AsyncHTTPTransport):  # type: ignore[misc] - the same
        async def handle_async_request(self, request: Any) -> Any:
            setup.note("transport receives", request)
            return await super().handle_async_request(request)

    transport = (AsyncTransport if setup.asynchronous else Transport)(limits=limits)
    return setup.make(http_client=setup.http(transport=transport, headers={"X-Theirs": "1"}, timeout=9))


def subclassed_http(setup: ClientSetup) -> Any:
    """Return a client with an HTTP client subclass that overrides `send` and sets an attribute on the response."""

    def changed(response: Any, kwargs: dict[str, Any]) -> Any:
        setup.note("send", {name: kind(value) for name, value in kwargs.items()})
        response.custom = "custom"
        return response

    httpx = setup.sdk.http

    class Client(httpx.Client):  # type: ignore[misc] - httpx or httpx2
        def send(self, *args: Any, **kwargs: Any) -> Any:
            return changed(super().send(*args, **kwargs), kwargs)

    class AsyncClient(httpx.AsyncClient):  # type: ignore[misc] - the same
        async def send(self, *args: Any, **kwargs: Any) -> Any:
            return changed(await super().send(*args, **kwargs), kwargs)

    return setup.make(http_client=AsyncClient() if setup.asynchronous else Client())


def default_http(setup: ClientSetup) -> Any:
    """Return a client with the SDK's default HTTP client class, passed explicitly."""
    module = setup.sdk.module
    named: Any = module.DefaultAsyncHttpxClient if setup.asynchronous else module.DefaultHttpxClient
    return setup.make(http_client=named())


def aiohttp(setup: ClientSetup) -> Any:
    """Return a client with the SDK's aiohttp client."""
    return setup.make(http_client=setup.sdk.module.DefaultAioHttpClient())


def with_request(setup: ClientSetup) -> Any:
    """Return a client of a subclass that overrides `request`."""

    def receive(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        setup.note("request arguments", [describe(arg) for arg in args], sorted(kwargs))

    sync_client, async_client = setup.sdk.clients

    class Client(sync_client):  # type: ignore[misc] - of any SDK
        def request(self, *args: Any, **kwargs: Any) -> Any:
            receive(args, kwargs)
            result: Any = super().request(*args, **kwargs)
            setup.note("request result", kind(result))
            return result

    class AsyncClient(async_client):  # type: ignore[misc] - the same
        async def request(self, *args: Any, **kwargs: Any) -> Any:
            receive(args, kwargs)
            result: Any = await super().request(*args, **kwargs)
            setup.note("request result", kind(result))
            return result

    return setup.make(AsyncClient if setup.asynchronous else Client)


def with_prepared_options(setup: ClientSetup) -> Any:
    """Return a client of a subclass that overrides `_prepare_options`: it reads, copies and changes the options."""

    def inspect(options: Any) -> Any:
        setup.note("options", options)
        setup.note("options, copied", attempt(lambda: copy.copy(options)))
        setup.note("options, deep-copied", attempt(lambda: copy.deepcopy(options)))
        setup.note("options, pickled", attempt(lambda: pickle.loads(pickle.dumps(options))))
        setup.note("options, model_copy", attempt(lambda: options.model_copy(deep=True)))
        setup.note("options, model_dump", attempt(lambda: options.model_dump(exclude_unset=True)))
        setup.note("options, as JSON", attempt(lambda: options.model_dump_json(exclude_unset=True)))
        options.headers = {**(options.headers or {}), "X-Prepared": "1"}
        return options

    sync_client, async_client = setup.sdk.clients

    class Client(sync_client):  # type: ignore[misc] - of any SDK
        def _prepare_options(self, options: Any) -> Any:
            # Older releases return None.
            return inspect(super()._prepare_options(options) or options)

    class AsyncClient(async_client):  # type: ignore[misc] - the same
        async def _prepare_options(self, options: Any) -> Any:
            return inspect(await super()._prepare_options(options) or options)

    return setup.make(AsyncClient if setup.asynchronous else Client)


def with_copied_options(setup: ClientSetup) -> Any:
    """Return a client of a subclass that overrides `_prepare_options` and sends a deep copy of the options."""
    sync_client, async_client = setup.sdk.clients

    class Client(sync_client):  # type: ignore[misc] - of any SDK
        def _prepare_options(self, options: Any) -> Any:
            return copy.deepcopy(super()._prepare_options(options) or options)

    class AsyncClient(async_client):  # type: ignore[misc] - the same
        async def _prepare_options(self, options: Any) -> Any:
            return copy.deepcopy(await super()._prepare_options(options) or options)

    return setup.make(AsyncClient if setup.asynchronous else Client)


def with_prepared_request(setup: ClientSetup) -> Any:
    """Return a client of a subclass that overrides `_prepare_request`."""

    def inspect(request: Any) -> None:
        setup.note("request", request)
        request.headers["X-Prepared"] = "1"

    sync_client, async_client = setup.sdk.clients

    class Client(sync_client):  # type: ignore[misc] - of any SDK
        def _prepare_request(self, request: Any) -> None:
            inspect(request)

    class AsyncClient(async_client):  # type: ignore[misc] - the same
        async def _prepare_request(self, request: Any) -> None:
            inspect(request)

    return setup.make(AsyncClient if setup.asynchronous else Client)


def with_processed_response(setup: ClientSetup) -> Any:
    """Return a client of a subclass that overrides `_process_response`, which receives the options and the response."""

    def inspect(kwargs: dict[str, Any]) -> None:
        setup.note("_process_response arguments", {name: kind(value) for name, value in kwargs.items()})

    sync_client, async_client = setup.sdk.clients

    class Client(sync_client):  # type: ignore[misc] - of any SDK
        def _process_response(self, **kwargs: Any) -> Any:
            inspect(kwargs)
            return super()._process_response(**kwargs)

    class AsyncClient(async_client):  # type: ignore[misc] - the same
        async def _process_response(self, **kwargs: Any) -> Any:
            inspect(kwargs)
            return await super()._process_response(**kwargs)

    return setup.make(AsyncClient if setup.asynchronous else Client)


def with_base_url_property(setup: ClientSetup) -> Any:
    """Return a client of a subclass whose base URL is a property that creates a new URL each time."""

    def get(_: Any) -> Any:
        return setup.sdk.http.URL(f"{setup.sdk.base_url(setup.url)}/")

    def put(_: Any, __: Any) -> None:
        """Ignore the value: the SDK sets it when the client is created."""

    own = {"base_url": property(get, put)}
    return setup.make(type("Client", (setup.kind,), own))


def with_idempotency(setup: ClientSetup) -> Any:
    """Return a client of a subclass with a header for idempotency keys, which the SDK's generator supports."""

    class Client(setup.kind):  # type: ignore[misc] - sync or async
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self._idempotency_header = "Idempotency-Key"

    return setup.make(Client, max_retries=1)


def azure_like(setup: ClientSetup) -> Any:
    """Return a client of a subclass that changes the URL by the request's model, as the SDK's Azure client does."""

    class Client(setup.kind):  # type: ignore[misc] - sync or async
        def _build_request(self, options: Any, **kwargs: Any) -> Any:
            if isinstance(options.json_data, dict) and "model" in options.json_data:
                added = {"api-version": "2026-01-01", "deployment": options.json_data["model"]}
                options.params = {**options.params, **added}
            request: Any = super()._build_request(options, **kwargs)
            request.headers["api-key"] = KEY
            return request

    return setup.make(Client)


def azure(setup: ClientSetup) -> Any:
    """Return the SDK's Azure client with OpenRouter's base URL."""
    module = setup.sdk.module
    named: Any = module.AsyncAzureOpenAI if setup.asynchronous else module.AzureOpenAI
    return setup.make(named, api_version="2026-01-01")


def module(setup: ClientSetup) -> Any:
    """Return the `openai` module as the client."""
    anything = setup.sdk.module
    anything.api_key, anything.base_url, anything.max_retries = KEY, setup.url, 0
    anything._reset_client()
    return anything


def closed_before(setup: ClientSetup) -> Any:
    """Return a client that is closed before the call."""
    client = setup.make()
    client.before_use = partial(client.close)
    return client


def callable_key(setup: ClientSetup) -> Any:
    """Return a client with a function as its API key, which the SDK calls for each request."""
    count = 0

    def key() -> str:
        nonlocal count
        count += 1
        setup.note("API key function called", count)
        return f"{KEY}-{count}"

    async def key_async() -> str:
        return key()

    return setup.make(api_key=key_async if setup.asynchronous else key)


def copied(setup: ClientSetup) -> Any:
    """Return a copy of a client, made by the `copy` module."""
    client = setup.make()
    setup.note("deep copy", attempt(lambda: type(copy.deepcopy(client)).__name__))
    setup.note("pickle", attempt(lambda: type(pickle.loads(pickle.dumps(client))).__name__))
    return copy.copy(client)


async def run_before_use(client: Any) -> None:
    """Run the client's `before_use`, if it has one."""
    if hasattr(client, "before_use"):
        await resolve(client.before_use())
