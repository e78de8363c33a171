"""Puts a wrapper into a method of a class, beneath all wrappers that sit there already, and takes it out again.

Innermost, because then whoever else traces the call has opened its span before we look, in whatever order the two were
switched on. What is wrapped, and why, is not known here.
"""

import inspect
from collections.abc import Callable
from types import CellType, FunctionType
from typing import Any

import wrapt


class Entrance:
    """One wrapper in its place."""

    def __init__(self, owner: type, name: str, wrapper: Callable[..., Any]) -> None:
        """Args: owner, name: the method. wrapper: as wrapt calls it."""
        self._owner, self._name = owner, name
        self._above, self._beneath = _innermost(_unbound(inspect.getattr_static(owner, name)))
        if self._above is None:
            wrapt.wrap_function_wrapper(owner, name, wrapper)
            self._placed: Any = vars(owner)[name]
            return
        self._placed = wrapt.FunctionWrapper(self._beneath, wrapper)
        # Only a wrapper that stands in the class is a descriptor that binds what it wraps.
        binds = issubclass(type(self._above), wrapt.FunctionWrapper)
        _rewrap(self._above, self._placed if binds else self._placed.__get__(None, owner))

    def close(self) -> None:
        """Make the method as it was. Where something else has wrapped ours since, ours stays."""
        if self._above is not None:
            _rewrap(self._above, self._beneath)
        elif _unbound(vars(self._owner).get(self._name)) is self._placed:
            # It may be inherited: without an attribute of its own the class is as it was.
            delattr(self._owner, self._name)
            wrapped = self._placed.__wrapped__
            if wrapped is not getattr(self._owner, self._name, None):
                setattr(self._owner, self._name, wrapped)


def when_imported(module: str, do: Callable[[Any], None]) -> None:
    """Call *do* with a module: now, or when the program imports it."""
    wrapt.register_post_import_hook(do, module)


def _unbound(method: Any) -> Any:
    """What stands in the class; who saved a method with `Class.method` has put it back as a bound one."""
    return method._self_parent if issubclass(type(method), wrapt.BoundFunctionWrapper) else method


def _innermost(method: Any) -> tuple[Any, Any]:
    """The last wrapper of a chain, None where there is none, and what it wraps."""
    above, beneath = None, method
    while True:
        if issubclass(type(beneath), (wrapt.FunctionWrapper, wrapt.BoundFunctionWrapper)):
            above, beneath = beneath, beneath.__wrapped__
        elif (cell := _cell(beneath)) is not None:
            above, beneath = beneath, cell.cell_contents
        else:
            return above, beneath


def _rewrap(wrapper: Any, wrapped: Any) -> None:
    """Let *wrapper* wrap something else."""
    cell = _cell(wrapper)
    if cell is not None:
        cell.cell_contents = wrapped
    wrapper.__wrapped__ = wrapped


def _cell(function: Any) -> CellType | None:
    """Where a function made with `functools.wraps` keeps what it wraps."""
    wrapped = getattr(function, "__wrapped__", None) if type(function) is FunctionType else None
    cells = function.__closure__ or () if wrapped is not None else ()
    return next((cell for cell in cells if cell.cell_contents is wrapped), None)
