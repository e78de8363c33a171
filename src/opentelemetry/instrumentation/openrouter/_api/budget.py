"""What is left of each key's budget, as gauges: asked of OpenRouter when metrics are collected, once a minute at most.

https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key. A key without a limit has no limit to tell.
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
from .._wire.base_urls import server_of
from .._wire.fields import Attributes, double, printable
from .client import Account

Clock = Callable[[], float]

_MINUTE: Final = 60.0
_MOST_KEYS: Final = 16
_GAUGES: Final = (
    (names.METRIC_KEY_LIMIT, "limit", "What the key may spend until its limit is reset"),
    (names.METRIC_KEY_LIMIT_REMAINING, "limit_remaining", "What is left of that"),
    (names.METRIC_KEY_USAGE_DAILY, "usage_daily", "What the key has spent since midnight UTC"),
)


class Budget:
    """The budgets of the keys that calls were made with."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._keys: dict[tuple[str, str], _Key] = {}

    def know(self, account: Account) -> None:
        """A call is made by *account*; the last sixteen are kept."""
        which = account.base_url, account.key
        if which not in self._keys:
            while len(self._keys) >= _MOST_KEYS:
                self._keys.pop(next(iter(self._keys)), None)
            self._keys[which] = _Key(account, self._clock)

    def forget(self) -> None:
        """Ask no more."""
        self._keys.clear()

    def observe(self, member: str, _: CallbackOptions) -> Iterable[Observation]:
        """One point a key, of what `GET /key` tells under *member*; the callback of a gauge."""
        for key in list(self._keys.values()):
            value = double(key.told().get(member))
            if value is not None:
                yield Observation(value, key.attributes())


class _Key:
    """One key, and what was last told of it."""

    def __init__(self, account: Account, clock: Clock) -> None:
        self._account, self._clock = account, clock
        self._lock = threading.Lock()
        self._asked: float | None = None
        self._told: dict[str, object] = {}
        self._has_failed = False

    def told(self) -> dict[str, object]:
        """What is known of the key, not older than a minute where OpenRouter answers."""
        if self._is_due():
            try:
                self._told = self._account.ask("/key")
            except Exception as error:
                self._told = {}
                self._complain(error)
        return self._told

    def attributes(self) -> Attributes:
        """Which key it is: by the label that OpenRouter shows, which masks the key itself."""
        label = printable(self._told.get("label"))
        server = server_of(self._account.base_url) or {}
        return server if label is None else {**server, names.OPENROUTER_KEY_LABEL: label}

    def _is_due(self) -> bool:
        with self._lock:  # of two readers one asks
            now = self._clock()
            if self._asked is not None and now - self._asked < _MINUTE:
                return False
            self._asked = now
            return True

    def _complain(self, error: Exception) -> None:
        # The class alone: the text of an HTTP error may hold what was sent.
        level = logger.debug if self._has_failed else logger.warning
        self._has_failed = True
        level("budget: GET /key failed with %s; it is tried again each minute.", type(error).__qualname__)


def budget_of(meter: Meter) -> Budget:
    """The one budget of a meter: what is registered there stays, and a second registration would be ignored."""
    budget = _BUDGETS.get(meter)
    if budget is None:
        budget = _BUDGETS[meter] = Budget()
        for name, member, description in _GAUGES:
            meter.create_observable_gauge(name, [partial(budget.observe, member)], "USD", description)
    return budget


_BUDGETS: Final[WeakKeyDictionary[Meter, Budget]] = WeakKeyDictionary()
