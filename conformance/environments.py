"""Makes the environment of a pin, once for each state of it: `.venv-matrix/<name>`, by uv."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .pins import NEWEST_PYTHON, OLDEST_PYTHON, Pin

ROOT: Final = Path(__file__).parent.parent
HOME: Final = ROOT / ".venv-matrix"
UV: Final = Path(sys.executable).with_name("uv")
_IS_VERSION: Final = re.compile(r"3\.\d+\n")


def environment(name: str, pin: Pin) -> Path:
    """The Python of an environment with what the pin asks for and this project."""
    wanted = (*pin.requires,)
    interpreter = _interpreter(NEWEST_PYTHON if pin.is_newest_python else (OLDEST_PYTHON,))
    home = HOME / name
    python, stamp = home / "bin" / "python", home / "stamp"
    project = (ROOT / "pyproject.toml").read_text()
    state = hashlib.sha256(json.dumps([wanted, project, interpreter]).encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != state:
        subprocess.run([UV, "venv", "-q", "--clear", "--python", interpreter, home], check=True)
        subprocess.run([UV, "pip", "install", "-q", "--python", python, "-e", ROOT, *wanted], check=True)
        stamp.write_text(state)
    return python


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
