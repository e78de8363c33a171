"""Wraps a method innermost, below wrappers that other libraries installed, and removes the wrapper again.

Innermost, because another instrumentation of the same call has then opened its span before ours runs, whichever was
enabled first. Nothing here knows what is wrapped or why.
"""

import inspect
from collections.abc import Callable
from types import CellType, FunctionType
from typing import Any

import wrapt


class InnermostWrapper:
    """One installed wrapper."""

    def __init__(self, owner: type, name: str, wrapper: Callable[..., Any]) -> None:
        """Wrap the method *name* of *owner* with *wrapper*, which has wrapt's signature."""
        self._owner, self._name = owner, name
        self._outer, self._inner = _find_innermost(_unbound(inspect.getattr_static(owner, name)))
        if self._outer is None:
            wrapt.wrap_function_wrapper(owner, name, wrapper)
            self._wrapper: Any = vars(owner)[name]
            return
        self._wrapper = wrapt.FunctionWrapper(self._inner, wrapper)
        # Only a wrapper that is an attribute of the class is a descriptor, and binds what it wraps.
        binds = _is_instance(self._outer, wrapt.FunctionWrapper)
        _set_wrapped(self._outer, self._wrapper if binds else self._wrapper.__get__(None, owner))

    def remove(self) -> None:
        """Restore the method. If another library has wrapped this wrapper since, it stays."""
        if self._outer is not None:
            _set_wrapped(self._outer, self._inner)
        # The outer wrapper may have been removed meanwhile, and has left this one in its place.
        if _unbound(vars(self._owner).get(self._name)) is self._wrapper:
            # The method may be inherited: then the class had no attribute of its own.
            delattr(self._owner, self._name)
            wrapped = self._wrapper.__wrapped__
            if wrapped is not getattr(self._owner, self._name, None):
                setattr(self._owner, self._name, wrapped)


def when_imported(module: str, callback: Callable[[Any], None]) -> None:
    """Call *callback* with a module: now, or when the program imports it."""
    wrapt.register_post_import_hook(callback, module)


def _unbound(method: Any) -> Any:
    """Return the attribute of the class; code that restores `Class.method` has assigned a bound one."""
    return method._self_parent if _is_instance(method, wrapt.BoundFunctionWrapper) else method


def _find_innermost(method: Any) -> tuple[Any, Any]:
    """Return the last wrapper of a chain, or None, and what it wraps."""
    outer, inner = None, method
    while True:
        if _is_instance(inner, (wrapt.FunctionWrapper, wrapt.BoundFunctionWrapper)):
            outer, inner = inner, inner.__wrapped__
        elif (cell := _closure_cell(inner)) is not None:
            outer, inner = inner, cell.cell_contents
        else:
            return outer, inner


def _is_instance(value: Any, kinds: Any) -> bool:
    # `isinstance` would ask `value.__class__`, and a wrapt proxy answers with the class of what it wraps.
    return issubclass(type(value), kinds)


def _set_wrapped(wrapper: Any, wrapped: Any) -> None:
    """Make *wrapper* wrap something else."""
    cell = _closure_cell(wrapper)
    if cell is not None:
        cell.cell_contents = wrapped
    wrapper.__wrapped__ = wrapped


def _closure_cell(function: Any) -> CellType | None:
    """Return the closure cell in which a function made with `functools.wraps` holds what it wraps, if it is unique.

    This edits another library's closure, so it happens only where one cell holds the wrapped function.
    """
    wrapped = getattr(function, "__wrapped__", None) if type(function) is FunctionType else None
    cells = function.__closure__ or () if wrapped is not None else ()
    holders = [cell for cell in cells if cell.cell_contents is wrapped]
    return holders[0] if len(holders) == 1 else None
