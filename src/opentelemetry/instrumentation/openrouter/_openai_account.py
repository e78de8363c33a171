"""How an OpenAI client asks OpenRouter for itself: through its own HTTP client, or through a sync twin.

The client is held weakly: what is asked for the user's dashboards must not keep alive what the user let go.
"""

import weakref
from typing import Any

import openai

from ._account import PATIENCE, Account


def account_of(client: Any) -> Account:
    """The key and the host of *client*, an `OpenAI` or an `AsyncOpenAI`."""
    own: weakref.ref[Any] = weakref.ref(client)
    key, base_url, headers = client.api_key, client.base_url, client._custom_headers

    def get(path: str) -> object:
        alive = own()
        if isinstance(alive, openai.OpenAI) and not alive.is_closed():
            return alive.get(path, cast_to=object, options={"timeout": PATIENCE, "max_retries": 0})
        # An async client has no loop here, and one that is closed sends no more.
        with openai.OpenAI(
            api_key=key, base_url=base_url, default_headers=headers, timeout=PATIENCE, max_retries=0
        ) as twin:
            return twin.get(path, cast_to=object)

    return Account(str(base_url), key, get)
