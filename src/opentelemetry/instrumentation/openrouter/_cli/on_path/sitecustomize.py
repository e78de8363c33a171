"""Python imports this when it starts, in each process below `run`; then the `sitecustomize` that it hides.

https://docs.python.org/3/library/site.html#module-sitecustomize. The folder is on `PYTHONPATH` for this file only.
"""

import sys
from contextlib import suppress
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path

_FOLDER = str(Path(__file__).parent)
sys.path[:] = [entry for entry in sys.path if entry != _FOLDER]

with suppress(ImportError):  # another interpreter, without this package
    import_module("opentelemetry.instrumentation.openrouter._cli.startup").start()

_hidden = PathFinder.find_spec(__name__, sys.path)
if _hidden is not None and _hidden.loader is not None:
    _module = module_from_spec(_hidden)
    sys.modules[__name__] = _module
    _hidden.loader.exec_module(_module)
