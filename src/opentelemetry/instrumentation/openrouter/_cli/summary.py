"""The totals of calls: of all, and by model, upstream provider, session, user and agent.

Costs are added as decimals, so the totals are exact. The memory that a summary needs has a limit.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from .calls import Call

OTHERS: Final = "(others)"
"""The group of the calls that have no group of their own, because there are too many."""
_MAX_GROUPS: Final = 1000
_SUBMISSIONS: Final = {"video", "batch"}
"""Operations whose cost is that of another span, at the end of the job."""


@dataclass
class Totals:
    """The sums of some calls."""

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = None
    """None if no call has a cost."""
    without_cost: int = 0
    """The number of calls that did not fail and should have a cost, but have none."""

    def add(self, call: Call) -> None:
        """Add one call."""
        cost = call.exact_cost
        lacks_cost = cost is None and call.error is None and call.operation not in _SUBMISSIONS
        self._add(1, call.error is not None, call.input_tokens or 0, call.output_tokens or 0, cost, lacks_cost)

    def add_totals(self, other: "Totals") -> None:
        """Add the calls of *other*."""
        self._add(other.calls, other.failed, other.input_tokens, other.output_tokens, other.cost, other.without_cost)

    def _add(  # noqa: PLR0913, PLR0917 - one argument a field
        self, calls: int, failed: int, input_tokens: int, output_tokens: int, cost: Decimal | None, without_cost: int
    ) -> None:
        self.calls += calls
        self.failed += failed
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens
        if cost is not None:
            self.cost = cost + (self.cost or 0)
        self.without_cost += without_cost


class Summary:
    """The totals of all calls that were added, and the newest calls themselves."""

    def __init__(self, max_calls: int | None = None) -> None:
        """Args: max_calls: the number of calls that are kept; None for all."""
        self._calls: deque[Call] = deque(maxlen=max_calls)
        self.total = Totals()
        self._groups: dict[str, dict[str | None, Totals]] = {title: {} for title in _GROUPS}

    def add(self, call: Call) -> None:
        """Add one call."""
        self._calls.append(call)
        self.total.add(call)
        for title, key in _GROUPS.items():
            groups, name = self._groups[title], key(call)
            if name not in groups and len(groups) >= _MAX_GROUPS:
                name = OTHERS
            groups.setdefault(name, Totals()).add(call)

    @property
    def calls(self) -> list[Call]:
        """The calls that were kept, by start."""
        return sorted(self._calls, key=lambda call: call.start)

    @property
    def groups(self) -> Mapping[str, Iterable[tuple[str | None, Totals]]]:
        """Title -> the groups with their totals, the highest cost first. A title without values is absent."""
        return {
            title: sorted(groups.items(), key=lambda group: (-(group[1].cost or 0), group[0] or ""))
            for title, groups in self._groups.items()
            if groups.keys() - {None}
        }


_GROUPS: Final[Mapping[str, Callable[[Call], str | None]]] = {
    "model": lambda call: call.response_model or call.requested_model,  # failed calls have no response model
    "provider": lambda call: call.provider,
    "session": lambda call: call.session,
    "user": lambda call: call.user,
    "agent": lambda call: call.agent,
}
