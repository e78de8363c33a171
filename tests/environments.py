"""Creates virtual environments for suites whose requirements conflict with the tests' own; cached by contents."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]


class InstallationError(Exception):
    """The requirements of a suite cannot be installed here; the message has the reason."""


def environment(
    home: str, requirements: Sequence[str], *, include_project: bool = True, interpreter: str = sys.executable
) -> Path:
    """Return the Python of an environment, which is created again if its requirements have changed.

    Args:
        home: the environment's folder, relative to the project's.
        requirements: the packages to install.
        include_project: also install this project, editable.
        interpreter: the Python to create it with.

    Raises:
        InstallationError: the requirements cannot be installed.
    """
    folder = ROOT / home
    python, stamp = folder / "bin" / "python", folder / "stamp"
    project = (ROOT / "pyproject.toml").read_text() if include_project else ""
    state = hashlib.sha256(json.dumps([interpreter, sys.version, *requirements, project]).encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != state:
        uv = Path(sys.executable).with_name("uv")
        packages = [*requirements, *(["-e", str(ROOT)] if include_project else [])]
        for command in (
            [uv, "venv", "-q", "--clear", "--python", interpreter, folder],
            [uv, "pip", "install", "-q", "--python", python, *packages],
        ):
            completed = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
            if completed.returncode:
                reason = " ".join(completed.stderr.split())[:300]
                raise InstallationError(f"{', '.join(requirements)} cannot be installed: {reason}")
        stamp.write_text(state)
    return python


def interpreter(minimum: tuple[int, int]) -> str:
    """Return the running Python, or an installed one, or a version for uv to find, that is at least *minimum*."""
    if sys.version_info >= minimum:
        return sys.executable
    version = ".".join(map(str, minimum))
    installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    return str(installed[-1]) if installed else version
