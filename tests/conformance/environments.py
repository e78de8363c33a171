"""Which Python a pin's environment is made of, and where it is: `.venv-matrix/<name>`."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.environments import environment

from .releases import NEWEST_PYTHON, OLDEST_PYTHON, Pin

_IS_VERSION: Final = re.compile(r"3\.\d+\n")


def of(name: str, pin: Pin) -> Path:
    """The Python of an environment with what the pin asks for and this project."""
    interpreter = _interpreter(NEWEST_PYTHON if pin.is_newest_python else (OLDEST_PYTHON,))
    return environment(f".venv-matrix/{name}", pin.requires, interpreter=interpreter)


def _interpreter(versions: tuple[str, ...]) -> str:
    """The first of these Pythons that is found and runs; the one that runs this where there is none."""
    for version in versions:
        for found in _found(version):
            asked = [found, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
            if _IS_VERSION.fullmatch(said) and said.strip() == version:
                return found
    return sys.executable


def _found(version: str) -> Iterator[str]:
    yield from (str(path) for path in sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python")))
    # A command that pyenv put in the way may be there and not run.
    for command in (f"/usr/bin/python{version}", shutil.which(f"python{version}")):
        if command is not None and Path(command).exists():
            yield command
