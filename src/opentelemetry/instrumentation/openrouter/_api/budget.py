"""The credit limit of each API key as gauges: fetched when metrics are collected, once a minute at most.

https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key. A key without a limit has no points for it.
"""

import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final
from weakref import WeakKeyDictionary

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from .. import attributes as names
from .._guard import logger
from .._wire.base_urls import server_attributes
from .._wire.fields import Attributes, double, printable
from .client import ApiClient

Clock = Callable[[], float]

_MINUTE: Final = 60.0
_MAX_KEYS: Final = 16
_GAUGES: Final = (
    (names.METRIC_KEY_LIMIT, "limit", "Credit limit of the API key"),
    (names.METRIC_KEY_LIMIT_REMAINING, "limit_remaining", "Remaining credit limit of the API key"),
    (names.METRIC_KEY_USAGE_DAILY, "usage_daily", "Credits used with the API key since midnight UTC"),
)


class Budget:
    """The API keys that calls were made with."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._keys: dict[tuple[str, str], _Key] = {}

    def add(self, client: ApiClient) -> None:
        """Add the key of *client*; the last sixteen are kept."""
        identity = client.base_url, client.key
        if identity not in self._keys:
            while len(self._keys) >= _MAX_KEYS:
                self._keys.pop(next(iter(self._keys)), None)
            self._keys[identity] = _Key(client, self._clock)

    def clear(self) -> None:
        """Forget all keys, so that nothing is fetched any more."""
        self._keys.clear()

    def observe(self, field: str, _: CallbackOptions) -> Iterable[Observation]:
        """Yield one point a key for *field* of `GET /key`; the callback of a gauge."""
        for key in list(self._keys.values()):
            value = double(key.snapshot().get(field))
            if value is not None:
                yield Observation(value, key.attributes())


class _Key:
    """One API key, and the last response for it."""

    def __init__(self, client: ApiClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._lock = threading.Lock()
        self._fetched_at: float | None = None
        self._snapshot: dict[str, object] = {}
        self._has_failed = False

    def snapshot(self) -> dict[str, object]:
        """Return the key's data, fetched a minute ago at most; empty if OpenRouter does not answer."""
        if self._is_due():
            try:
                self._snapshot = self._client.get_data("/key")
            except Exception as error:
                self._snapshot = {}
                self._log_failure(error)
        return self._snapshot

    def attributes(self) -> Attributes:
        """Return the attributes that identify the key: OpenRouter's label for it masks the key itself."""
        label = printable(self._snapshot.get("label"))
        server = server_attributes(self._client.base_url) or {}
        return server if label is None else {**server, names.OPENROUTER_KEY_LABEL: label}

    def _is_due(self) -> bool:
        with self._lock:  # of two readers, one fetches
            now = self._clock()
            if self._fetched_at is not None and now - self._fetched_at < _MINUTE:
                return False
            self._fetched_at = now
            return True

    def _log_failure(self, error: Exception) -> None:
        # The class only: the text of an HTTP error may contain the request.
        level = logger.debug if self._has_failed else logger.warning
        self._has_failed = True
        level("budget: GET /key failed with %s; it is retried each minute.", type(error).__qualname__)


def get_budget(meter: Meter) -> Budget:
    """Return the one budget of *meter*: gauges stay registered, and a second registration would be ignored."""
    budget = _BUDGETS.get(meter)
    if budget is None:
        budget = _BUDGETS[meter] = Budget()
        for name, field, description in _GAUGES:
            meter.create_observable_gauge(name, [partial(budget.observe, field)], "USD", description)
    return budget


_BUDGETS: Final[WeakKeyDictionary[Meter, Budget]] = WeakKeyDictionary()
