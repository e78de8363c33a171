"""Creates the environment of a release, `.venv-matrix/<name>`, with the right Python."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.environments import environment

from .releases import NEWEST_PYTHON, OLDEST_PYTHON, Release

_IS_VERSION: Final = re.compile(r"3\.\d+\n")


def release_environment(name: str, release: Release) -> Path:
    """Return the Python of an environment with the requirements of *release* and of this project."""
    interpreter = _interpreter(NEWEST_PYTHON if release.is_newest_python else (OLDEST_PYTHON,))
    return environment(f".venv-matrix/{name}", release.requires, interpreter=interpreter)


def _interpreter(versions: tuple[str, ...]) -> str:
    """Return the first of these Pythons that is installed and runs, else the current one."""
    for version in versions:
        for found in _found(version):
            command = [found, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            if _IS_VERSION.fullmatch(output) and output.strip() == version:
                return found
    return sys.executable


def _found(version: str) -> Iterator[str]:
    yield from (str(path) for path in sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python")))
    # A shim of pyenv may exist and not run.
    for command in (f"/usr/bin/python{version}", shutil.which(f"python{version}")):
        if command is not None and Path(command).exists():
            yield command
