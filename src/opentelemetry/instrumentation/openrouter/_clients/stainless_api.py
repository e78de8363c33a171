"""Requests to OpenRouter's own API through a client of a Stainless SDK: with its connections, key, headers and query.

The request is sent by the client's httpx client, because the SDK itself reads the body of an error to its end.
"""

import os
import weakref
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from .._api.client import ApiClient, Response, open_response


def api_client(
    client: Any, sync_class: Any, key: str, client_headers: Mapping[str, object], version: str = ""
) -> ApiClient:
    """Return an API client that sends through *client*, held weakly, or through a sync one with the same key.

    Args:
        client: the client of a call.
        sync_class: the class of the SDK's sync clients.
        key: the API key of the client, which OpenRouter's API takes as a bearer token.
        client_headers: the `default_headers` of the client.
        version: the path between the client's base URL and those of OpenRouter's API.
    """
    reference: weakref.ref[Any] = weakref.ref(client)
    base_url = str(client.base_url)
    headers = tuple((name, value) for name, value in client_headers.items() if isinstance(value, str))

    def stream(path: str, timeout: float) -> AbstractContextManager[Response]:
        alive: Any = reference()
        # An async client has no event loop here, and a closed one cannot send.
        is_usable = isinstance(alive, sync_class) and not alive.is_closed()
        sender: Any = alive if is_usable else _sync_client(sync_class, os.getpid(), key, base_url, headers)
        query = urlencode(_client_query(sender))
        url = base_url.rstrip("/") + version + path + (f"{'&' if '?' in path else '?'}{query}" if query else "")
        return open_response(_http_client(sender), url, _sent_headers(sender, key), timeout)

    return ApiClient(base_url, key, stream)


def _http_client(client: Any) -> Any:
    """Return the httpx client of an SDK's client (_base_client.py)."""
    return client._client


def _client_query(client: Any) -> Mapping[str, object]:
    """Return the `default_query` of an SDK's client (_base_client.py)."""
    return client._custom_query


def _sent_headers(client: Any, key: str) -> dict[str, str]:
    """Return the headers that an SDK's client sends with each request (_base_client.py), and its key as a bearer token.

    The Anthropic SDK sends the key in `x-api-key`; a client may have replaced the header `authorization`.
    """
    headers = {"Authorization": f"Bearer {key}", **client.auth_headers, **client.default_headers}
    return {name.lower(): value for name, value in headers.items() if isinstance(value, str)}  # others are sentinels


@lru_cache(maxsize=4)  # creating a client takes 10 ms of the host's CPU time
def _sync_client(sync_class: Any, _: int, key: str, base_url: str, headers: tuple[tuple[str, str], ...]) -> Any:
    """Return a client for one process that keeps no connection open."""
    return sync_class(api_key=key, base_url=base_url, default_headers={**dict(headers), "Connection": "close"})
