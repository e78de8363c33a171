"""The clients of HTTP libraries that callers create: with options, hooks, connections of their own, or subclasses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .describe import kind
from .http_clients import HEADERS, Setup

Make = Callable[[Setup], Any]


def timeout(seconds: float) -> Callable[[Setup], Mapping[str, Any]]:
    """Return a function that returns the argument of a request."""

    def arguments(setup: Setup) -> Mapping[str, Any]:
        is_aiohttp = setup.library == "aiohttp"
        return {"timeout": setup.module.ClientTimeout(total=seconds) if is_aiohttp else seconds}

    return arguments


def no_redirects(setup: Setup) -> Mapping[str, Any]:
    """Return the argument of a request that must not follow redirects."""
    return {} if setup.library.startswith("httpx") else {"allow_redirects": False}


def following_redirects(setup: Setup) -> Any:
    """Return a client that follows redirects, at most two."""
    if setup.library.startswith("httpx"):
        return setup.make(follow_redirects=True, max_redirects=2)
    client = setup.make()
    if setup.library == "requests":
        client.max_redirects = 2
    return client


def with_options(setup: Setup) -> Any:
    """Return a client with headers, cookies and other options."""
    headers = {"X-Title": "Client", "X-Session-Id": "s-1"}
    if setup.library == "requests":
        session = setup.make()
        session.headers.update(headers)
        session.params = {"client": "1"}
        session.cookies.set("c", "d")
        session.trust_env = False
        return session
    if setup.library == "aiohttp":
        cookie_jar = setup.module.DummyCookieJar()
        return setup.make(headers=headers, cookie_jar=cookie_jar, skip_auto_headers=["User-Agent"], trust_env=False)
    return setup.make(headers=headers, params={"client": "1"}, cookies={"c": "d"}, timeout=20, trust_env=False)


def with_credentials(setup: Setup) -> Any:
    """Return a client whose own credentials replace the header."""
    if setup.library == "requests":
        session = setup.make()
        session.auth = ("user", "canary")
        return session
    if setup.library == "aiohttp":
        return setup.make(headers={"Authorization": "Basic canary"})
    return setup.make(auth=("user", "canary"))


def with_base_url(setup: Setup) -> Any:
    """Return a client with a base URL."""
    if setup.library == "aiohttp":  # older releases take no path
        return setup.kind("/".join(setup.url.split("/")[:3]))
    return setup.make(base_url=setup.url)


def _on_events(setup: Setup, on_request: Callable[[Any], None], on_response: Callable[[Any], Any]) -> Any:
    """Return a client that calls a function with each request and with each response."""
    if setup.library == "requests":
        session = setup.make()

        def hook(response: Any, **_: Any) -> None:
            on_request(response.request)
            on_response(response)

        session.hooks["response"].append(hook)
        return session
    if setup.library == "aiohttp":
        config = setup.module.TraceConfig()

        async def request_started(_: Any, __: Any, params: Any) -> None:
            on_request(params)

        async def request_ended(_: Any, __: Any, params: Any) -> None:
            await params.response.content.wait_eof()  # else the connection depends on how much has arrived
            on_response(params.response)

        config.on_request_start.append(request_started)
        config.on_request_end.append(request_ended)
        return setup.make(trace_configs=[config])

    async def on_request_async(request: Any) -> None:
        on_request(request)

    async def on_response_async(response: Any) -> None:
        result = on_response(response)
        if hasattr(result, "__await__"):
            await result

    is_async = setup.asynchronous
    request_hooks, response_hooks = (
        ([on_request_async], [on_response_async]) if is_async else ([on_request], [on_response])
    )
    return setup.make(event_hooks={"request": request_hooks, "response": response_hooks})


def hooked(setup: Setup) -> Any:
    """Return a client with hooks that receive each request and each response."""

    def receive(thing: Any) -> None:
        setup.note(f"hook receives {type(thing).__name__}", kind(thing), getattr(thing, "status_code", None))

    return _on_events(setup, receive, receive)


def raising(error: Callable[[], BaseException]) -> Make:
    """Return a factory of clients whose hook raises when there is a response."""

    def make(setup: Setup) -> Any:
        def fail(_: Any) -> None:
            raise error()

        return _on_events(setup, lambda _: None, fail)

    return make


def raising_for_status(setup: Setup) -> Any:
    """Return a client whose hook raises for the status, before the body is read."""
    return _on_events(setup, lambda _: None, lambda response: response.raise_for_status() and None)


def reading(setup: Setup) -> Any:
    """Return a client whose hook reads the body."""

    def read(response: Any) -> Any:
        if setup.library == "requests":
            return setup.note("hook read", response.content)
        return response.aread() if setup.asynchronous else response.read()

    return _on_events(setup, lambda _: None, read)


def with_one_connection(setup: Setup) -> Any:
    """Return a client with a transport of the caller that has a single connection."""
    module = setup.module
    if setup.library == "requests":
        return _with_adapter(setup)
    if setup.library == "aiohttp":
        return setup.make(connector=module.TCPConnector(limit=1, force_close=True))
    limits = module.Limits(max_connections=1, max_keepalive_connections=1)

    class Transport(module.HTTPTransport):  # type: ignore[misc] - httpx or httpx2
        def handle_request(self, request: Any) -> Any:
            setup.note("transport receives", request)
            return super().handle_request(request)

    class AsyncTransport(module.AsyncHTTPTransport):  # type: ignore[misc] - the same
        async def handle_async_request(self, request: Any) -> Any:
            setup.note("transport receives", request)
            return await super().handle_async_request(request)

    return setup.make(transport=(AsyncTransport if setup.asynchronous else Transport)(limits=limits))


def _with_adapter(setup: Setup) -> Any:
    class Adapter(setup.module.adapters.HTTPAdapter):  # type: ignore[misc] - requests need not be installed
        def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            setup.note("adapter receives", request, len(args), sorted(kwargs))
            response = super().send(request, *args, **kwargs)
            setup.note("adapter returns", response.status_code, kind(response.raw))
            return response

    session = setup.make()
    session.mount("http://", Adapter(pool_connections=1, pool_maxsize=1))
    return session


def subclassed(setup: Setup) -> Any:
    """Return a client of a subclass that overrides the method through which requests pass, and changes the response."""

    def changed(response: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        setup.note("override", [kind(each) for each in args], sorted(kwargs))
        if setup.library != "aiohttp":
            response.custom = "custom"
        return response

    class Client(setup.kind):  # type: ignore[misc] - of any library
        def send(self, *args: Any, **kwargs: Any) -> Any:
            return changed(super().send(*args, **kwargs), args, kwargs)

    class AsyncClient(setup.kind):  # type: ignore[misc] - of any library
        async def send(self, *args: Any, **kwargs: Any) -> Any:
            return changed(await super().send(*args, **kwargs), args, kwargs)

        async def _request(self, *args: Any, **kwargs: Any) -> Any:
            return changed(await super()._request(*args, **kwargs), args, kwargs)

    return setup.make(AsyncClient if setup.asynchronous else Client)


def retrying(setup: Setup) -> Any:
    """Return a session whose adapter retries errors of the server."""
    from urllib3.util.retry import Retry  # noqa: PLC0415 - only where requests is installed

    names = ("allowed_methods", "method_whitelist")  # since urllib3 1.26, and before
    name = next(each for each in names if hasattr(Retry(), each))
    methods: dict[str, Any] = {name: None}
    retries = Retry(total=3, status_forcelist=[503], backoff_factor=0, **methods)
    session = setup.make()
    session.mount("http://", setup.module.adapters.HTTPAdapter(max_retries=retries))
    return session


def streaming(setup: Setup) -> Any:
    """Return a session that leaves all bodies unread."""
    session = setup.make()
    session.stream = True
    return session


def checking(setup: Setup) -> Any:
    """Return a client that raises for an error status."""
    return setup.make(raise_for_status=True)


def not_decompressing(setup: Setup) -> Any:
    """Return a client that leaves bodies compressed."""
    return setup.make(auto_decompress=False, headers=HEADERS)


def module(setup: Setup) -> Any:
    """Return the library as the client."""
    return setup.module


async def closed(setup: Setup) -> Any:
    """Return a client that is closed before the request."""
    client = setup.make()
    result = (client.aclose if hasattr(client, "aclose") else client.close)()
    if hasattr(result, "__await__"):
        await result
    return client
