"""`InnermostWrapper` wraps a method below all other wrappers, and its removal leaves nothing behind."""

import functools
from collections.abc import Callable
from typing import Any

import pytest
import wrapt
from opentelemetry.instrumentation.openrouter._clients.patching import InnermostWrapper


class Base:
    """A class with the method that the tests wrap."""

    def send(self, value: str) -> list[str]:
        return [value]


def _our_wrapper(wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
    assert isinstance(instance, Base)
    return ["ours", *wrapped(*args, **kwargs)]


def _other_wrapper(wrapped: Callable[..., Any], instance: Any, args: Any, kwargs: Any) -> Any:
    return ["other", *wrapped(*args, **kwargs)]


def _wrap_by_wrapt(owner: Any) -> None:
    wrapt.wrap_function_wrapper(owner, "send", _other_wrapper)


def _wrap_by_closure(owner: Any) -> None:
    method = owner.send

    @functools.wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return ["other", *method(*args, **kwargs)]

    owner.send = wrapper


def _owner(*, inherits: bool) -> Any:
    class Owner(Base):
        pass

    if not inherits:

        class Own(Base):
            def send(self, value: str) -> list[str]:
                return [value]

        return Own
    return Owner


@pytest.mark.parametrize("inherits", [True, False])
def test_alone(inherits: bool) -> None:
    """Removal restores the class, whether it inherits the method or defines it."""
    owner = _owner(inherits=inherits)
    before = dict(vars(owner))
    wrapper = InnermostWrapper(owner, "send", _our_wrapper)
    assert owner().send("a") == owner.send(owner(), "a") == ["ours", "a"]
    wrapper.remove()
    assert owner().send("a") == ["a"]
    assert dict(vars(owner)) == before


WRAPPERS = pytest.mark.parametrize("wrap", [_wrap_by_wrapt, _wrap_by_closure])


@WRAPPERS
@pytest.mark.parametrize("inherits", [True, False])
def test_below_an_existing_wrapper(wrap: Callable[[Any], None], inherits: bool) -> None:
    """Our wrapper goes below a wrapper that is already installed; its removal leaves the other one in place."""
    owner = _owner(inherits=inherits)
    wrap(owner)
    wrapper = InnermostWrapper(owner, "send", _our_wrapper)
    assert owner().send("a") == ["other", "ours", "a"]
    wrapper.remove()
    assert owner().send("a") == ["other", "a"]


@WRAPPERS
def test_below_a_later_wrapper(wrap: Callable[[Any], None]) -> None:
    """Our wrapper stays below a wrapper that was installed later, also after `remove()`, because it cannot be taken out."""
    owner = _owner(inherits=True)
    wrapper = InnermostWrapper(owner, "send", _our_wrapper)
    wrap(owner)
    assert owner().send("a") == ["other", "ours", "a"]
    wrapper.remove()
    assert owner().send("a") == ["other", "ours", "a"]


@pytest.mark.parametrize("first", [_wrap_by_wrapt, _wrap_by_closure])
@pytest.mark.parametrize("second", [_wrap_by_wrapt, _wrap_by_closure])
def test_below_several_wrappers(first: Callable[[Any], None], second: Callable[[Any], None]) -> None:
    """Our wrapper goes to the bottom of a chain of wrappers."""
    owner = _owner(inherits=True)
    first(owner)
    second(owner)
    wrapper = InnermostWrapper(owner, "send", _our_wrapper)
    assert owner().send("a") == ["other", "other", "ours", "a"]
    wrapper.remove()
    assert owner().send("a") == ["other", "other", "a"]


def test_bound_method_assigned_to_the_class() -> None:
    """Another library that saves and restores `Owner.send` assigns a bound method; our wrapper is found in it and removed."""
    owner = _owner(inherits=True)
    wrapper = InnermostWrapper(owner, "send", _our_wrapper)
    saved = owner.send
    wrapt.wrap_function_wrapper(owner, "send", _other_wrapper)
    owner.send = saved
    second = InnermostWrapper(owner, "send", _other_wrapper)
    assert owner().send("a") == ["ours", "other", "a"]
    second.remove()
    assert owner().send("a") == ["ours", "a"]
    wrapper.remove()
    assert "send" not in vars(owner)
    assert owner().send("a") == ["a"]


def test_above_an_opaque_wrapper() -> None:
    """Our wrapper goes above a wrapper that does not expose what it wraps."""
    owner = _owner(inherits=True)
    method = owner.send
    owner.send = lambda *args: ["other", *method(*args)]
    wrapper = InnermostWrapper(owner, "send", _our_wrapper)
    assert owner().send("a") == ["ours", "other", "a"]
    wrapper.remove()
    assert owner().send("a") == ["other", "a"]


def test_ambiguous_closure_is_not_opened() -> None:
    """A closure that holds the wrapped method in two cells stays as it is; the wrapper goes outside of it."""
    owner = _owner(inherits=False)
    method: Any = owner.send
    same: Any = method

    @functools.wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return ["other", *(method if args else same)(*args, **kwargs)]

    owner.send = wrapper
    ours = InnermostWrapper(owner, "send", _our_wrapper)
    assert owner().send("x") == ["ours", "other", "x"]
    ours.remove()
    assert owner.send is wrapper
    assert owner().send("x") == ["other", "x"]
