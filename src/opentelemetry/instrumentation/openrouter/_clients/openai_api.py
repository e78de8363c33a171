"""How an OpenAI client asks OpenRouter for itself: through its own HTTP client, or through a sync twin.

The client is held weakly: what is asked for the user's dashboards must not keep alive what the user let go.
"""

import os
import weakref
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import openai

from .._api.client import Account


def account_of(client: Any) -> Account:
    """The key and the host of *client*, an `OpenAI` or an `AsyncOpenAI`."""
    own: weakref.ref[Any] = weakref.ref(client)
    key, base_url, headers = client.api_key, str(client.base_url), _flat(client._custom_headers)

    def get(path: str, timeout: float) -> object:
        alive = own()
        # An async client has no loop here, and one that is closed sends no more.
        is_fit = isinstance(alive, openai.OpenAI) and not alive.is_closed()
        # A redirect is not followed: the key is for this host.
        options: Any = {"timeout": timeout, "max_retries": 0, "follow_redirects": False}
        asking: Any = alive if is_fit else _twin(os.getpid(), key, base_url, headers)
        return asking.get(path, cast_to=object, options=options)

    return Account(base_url, key, get)


def _flat(headers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in headers.items() if isinstance(value, str))


@lru_cache(maxsize=4)  # to make one takes a hundredth of a second of the host's time
def _twin(_: int, key: str, base_url: str, headers: tuple[tuple[str, str], ...]) -> openai.OpenAI:
    """A client for one process that keeps no connection open."""
    return openai.OpenAI(api_key=key, base_url=base_url, default_headers={**dict(headers), "Connection": "close"})
