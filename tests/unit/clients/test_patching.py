"""The place of a wrapper: beneath all that sit there, and nothing is left of it when it is taken out."""

import functools
from collections.abc import Callable
from typing import Any

import pytest
import wrapt
from opentelemetry.instrumentation.openrouter._clients.patching import InnermostWrapper


class Base:
    """Has a method."""

    def ask(self, word: str) -> list[str]:
        return [word]


def _ours(wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
    assert isinstance(instance, Base)
    return ["ours", *wrapped(*args, **kwargs)]


def _theirs(wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
    return ["theirs", *wrapped(*args, **kwargs)]


def _by_wrapt(owner: Any) -> None:
    wrapt.wrap_function_wrapper(owner, "ask", _theirs)


def _by_closure(owner: Any) -> None:
    asked = owner.ask

    @functools.wraps(asked)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return ["theirs", *asked(*args, **kwargs)]

    owner.ask = wrapper


def _owner(*, inherits: bool) -> Any:
    class Owner(Base):
        pass

    if not inherits:

        class Own(Base):
            def ask(self, word: str) -> list[str]:
                return [word]

        return Own
    return Owner


@pytest.mark.parametrize("inherits", [True, False])
def test_alone(inherits: bool) -> None:
    """The class is as it was, whether it inherits the method or has it."""
    owner = _owner(inherits=inherits)
    before = dict(vars(owner))
    entrance = InnermostWrapper(owner, "ask", _ours)
    assert owner().ask("a") == owner.ask(owner(), "a") == ["ours", "a"]
    entrance.remove()
    assert owner().ask("a") == ["a"]
    assert dict(vars(owner)) == before


WRAPPERS = pytest.mark.parametrize("wrap", [_by_wrapt, _by_closure])


@WRAPPERS
@pytest.mark.parametrize("inherits", [True, False])
def test_beneath_what_is_there(wrap: Callable[[Any], None], inherits: bool) -> None:
    """Ours is inside, though it came later; and out again, the other stays."""
    owner = _owner(inherits=inherits)
    wrap(owner)
    entrance = InnermostWrapper(owner, "ask", _ours)
    assert owner().ask("a") == ["theirs", "ours", "a"]
    entrance.remove()
    assert owner().ask("a") == ["theirs", "a"]


@WRAPPERS
def test_beneath_what_comes(wrap: Callable[[Any], None]) -> None:
    """Ours is inside, and stays there when it is told to go, for it cannot: it only passes through then."""
    owner = _owner(inherits=True)
    entrance = InnermostWrapper(owner, "ask", _ours)
    wrap(owner)
    assert owner().ask("a") == ["theirs", "ours", "a"]
    entrance.remove()
    assert owner().ask("a") == ["theirs", "ours", "a"]


@pytest.mark.parametrize("first", [_by_wrapt, _by_closure])
@pytest.mark.parametrize("second", [_by_wrapt, _by_closure])
def test_beneath_several(first: Callable[[Any], None], second: Callable[[Any], None]) -> None:
    """At the bottom of a chain."""
    owner = _owner(inherits=True)
    first(owner)
    second(owner)
    entrance = InnermostWrapper(owner, "ask", _ours)
    assert owner().ask("a") == ["theirs", "theirs", "ours", "a"]
    entrance.remove()
    assert owner().ask("a") == ["theirs", "theirs", "a"]


def test_put_back_by_another() -> None:
    """Who saved `Owner.ask` and puts it back puts a bound method there; we know ours in it, and take it out."""
    owner = _owner(inherits=True)
    entrance = InnermostWrapper(owner, "ask", _ours)
    saved = owner.ask
    wrapt.wrap_function_wrapper(owner, "ask", _theirs)
    owner.ask = saved
    again = InnermostWrapper(owner, "ask", _theirs)
    assert owner().ask("a") == ["ours", "theirs", "a"]
    again.remove()
    assert owner().ask("a") == ["ours", "a"]
    entrance.remove()
    assert "ask" not in vars(owner)
    assert owner().ask("a") == ["a"]


def test_above_what_cannot_be_opened() -> None:
    """A wrapper that does not say what it wraps keeps it; ours goes on top."""
    owner = _owner(inherits=True)
    asked = owner.ask
    owner.ask = lambda *args: ["theirs", *asked(*args)]
    entrance = InnermostWrapper(owner, "ask", _ours)
    assert owner().ask("a") == ["ours", "theirs", "a"]
    entrance.remove()
    assert owner().ask("a") == ["theirs", "a"]
