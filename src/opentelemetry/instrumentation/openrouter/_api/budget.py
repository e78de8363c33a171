"""The limits of each API key as gauges: requested in the background, once a minute at most; a collection never waits.

https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key. The fields of budgets and of free requests:
`openrouter` 1.3.84, components/keybudget.py and components/freemodeldailyrequests.py.
"""

import contextlib
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakSet

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from .. import attributes as names
from .._guard import logger
from .._wire.base_urls import server_attributes
from .._wire.fields import Attributes, double, mapping, printable
from .client import TIMEOUT, ApiClient
from .request_threads import REQUEST_THREADS

Clock = Callable[[], float]

REQUEST_INTERVAL: Final = 60.0
"""Seconds between two requests for one key, at least."""
MAX_AGE: Final = 300.0
"""Seconds that the last response for a key is reported while newer requests fail."""
MAX_KEYS: Final = 16

_BUDGET: Final = "effective_budget"  # of all budgets that apply to the key, the one that blocks its calls first
_FREE: Final = "free_model_daily_requests"  # of the account that owns the key
_GAUGES: Final = (
    (names.METRIC_KEY_LIMIT, "USD", ("limit",), "Credit limit of the API key"),
    (names.METRIC_KEY_LIMIT_REMAINING, "USD", ("limit_remaining",), "Remaining credit limit of the API key"),
    (names.METRIC_KEY_USAGE_DAILY, "USD", ("usage_daily",), "Credits used with the API key since midnight UTC"),
    (names.METRIC_KEY_BUDGET_LIMIT, "USD", (_BUDGET, "limit_usd"), "Limit of the API key's tightest budget"),
    (names.METRIC_KEY_BUDGET_REMAINING, "USD", (_BUDGET, "remaining_usd"), "Rest of the API key's tightest budget"),
    (names.METRIC_KEY_FREE_LIMIT, "{request}", (_FREE, "limit"), "Requests to free models allowed per UTC day"),
    (names.METRIC_KEY_FREE_REMAINING, "{request}", (_FREE, "remaining"), "Requests to free models left today"),
)


class Budget:
    """The API keys that calls were made with, and one thread at most that requests their limits."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._keys: dict[tuple[str, str], _Key] = {}
        self._was_collected = False
        self.reset_after_fork()
        _ALL.add(self)

    def reset_after_fork(self) -> None:
        """Forget the thread: a forked child has none. The keys and their responses stay."""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, client: ApiClient) -> None:
        """Add the key of *client*; the last sixteen are kept.

        The first key is requested at once, so that a program that collects only once, when it ends, has points; and
        again at the first collection, when the call has been charged.
        """
        identity = client.base_url, client.key
        if identity in self._keys:
            return
        with self._lock:
            is_first = not self._keys
            while len(self._keys) >= MAX_KEYS:
                del self._keys[next(iter(self._keys))]
            self._keys[identity] = _Key(client)
        if is_first:
            self._request_due()

    def clear(self) -> None:
        """Forget all keys, so that nothing is requested any more."""
        with self._lock:
            self._keys.clear()
            self._was_collected = False
        REQUEST_THREADS.stop()

    def observe(self, path: tuple[str, ...], _: CallbackOptions) -> Iterable[Observation]:
        """Return one point a key for a field of `GET /key`, and request what is due; the callback of a gauge.

        Args:
            path: the name of the field, after those of the fields that contain it.
        """
        if not self._was_collected:
            self._was_collected = True
            for key in list(self._keys.values()):
                key.requested_at = -math.inf
        self._request_due()
        oldest = self._clock() - MAX_AGE
        points: list[Observation] = []
        for key in list(self._keys.values()):
            requested_at, data = key.response
            value = _field(data, path) if requested_at >= oldest else None
            if value is not None:
                points.append(Observation(value, key.attributes(data, path)))
        return points

    def _request_due(self) -> None:
        """Start the thread, if a key is due and it does not run."""
        with self._lock:
            if self._thread is None and self._next_due() is not None:
                thread = threading.Thread(target=self._run, name="openrouter-budget", daemon=True)
                with contextlib.suppress(RuntimeError):  # no thread can start while the interpreter exits
                    thread.start()
                    self._thread = thread

    def _run(self) -> None:
        while True:
            with self._lock:
                key = self._next_due()
                if key is None:
                    self._thread = None
                    return
                key.requested_at = self._clock()
            key.request(self._clock)

    def _next_due(self) -> "_Key | None":
        now = self._clock()
        due = (key for key in self._keys.values() if now - key.requested_at >= REQUEST_INTERVAL)
        return next(due, None)


class _Key:
    """One API key, and the last response for it."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._has_failed = False
        self.requested_at = -math.inf
        self.response: tuple[float, Mapping[str, Any]] = -math.inf, {}
        """The data of the last response, and when it was requested."""

    def request(self, clock: Clock) -> None:
        """Request the data; a failure keeps the last response."""
        try:
            self.response = clock(), self._client.get_data("/key", TIMEOUT)  # a response is as old as its request
        except Exception as error:
            # The class only: the text of an HTTP error may contain the request.
            level = logger.debug if self._has_failed else logger.warning
            self._has_failed = True
            level("budget: GET /key failed with %s; it is retried each minute.", type(error).__qualname__)

    def attributes(self, data: Mapping[str, Any], path: tuple[str, ...]) -> Attributes:
        """Return the attributes of a point: OpenRouter's label for the key masks the key itself."""
        attributes = dict(server_attributes(self._client.base_url) or {})
        found = {names.OPENROUTER_KEY_LABEL: data.get("label")}
        if path[0] == _BUDGET:
            found[names.OPENROUTER_KEY_BUDGET_SCOPE] = mapping(data[_BUDGET]).get("scope")
        for name, value in found.items():
            text = printable(value)
            if text is not None:
                attributes[name] = text
        return attributes


def _field(data: Mapping[str, Any], path: tuple[str, ...]) -> float | None:
    value: object = data
    for name in path:
        value = mapping(value).get(name)
    return double(value)


def get_budget(meter: Meter) -> Budget:
    """Return the one budget of *meter*: gauges stay registered, and a second registration would be ignored."""
    budget = _BUDGETS.get(meter)
    if budget is None:
        budget = _BUDGETS[meter] = Budget()
        for name, unit, path, description in _GAUGES:
            meter.create_observable_gauge(name, [partial(budget.observe, path)], unit, description)
    return budget


def _reset_all_after_fork() -> None:
    for budget in list(_ALL):
        budget.reset_after_fork()


_BUDGETS: Final[WeakKeyDictionary[Meter, Budget]] = WeakKeyDictionary()
_ALL: Final[WeakSet[Budget]] = WeakSet()
if sys.platform != "win32":  # pragma: no branch
    os.register_at_fork(after_in_child=_reset_all_after_fork)
