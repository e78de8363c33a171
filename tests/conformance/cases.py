"""The cases of each installed client."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from .case import Case
from .http_cases import http_cases
from .sdk_cases import sdk_cases
from .sdks import ANTHROPIC, OPENAI, SDK

Cases = tuple[list[Case], int]
"""All cases that the installed release supports, and the number of calling styles that it does not support."""


def _of_sdk(sdk: SDK) -> Cases:
    methods = import_module(f".{sdk.name}_methods", __package__)  # imports the SDK
    return sdk_cases(sdk, getattr(methods, f"{sdk.name.upper()}_METHODS"))


CASES: Final[Mapping[str, Callable[[], Cases]]] = {
    **{sdk.name: partial(_of_sdk, sdk) for sdk in (OPENAI, ANTHROPIC)},
    **{name: partial(http_cases, name) for name in ("httpx", "httpx2", "requests", "aiohttp")},
}
"""By the package of the client."""


def installed_clients() -> list[str]:
    """Return the clients that are installed."""
    return [name for name in CASES if find_spec(name)]
