"""An environment of its own for what does not fit into that of the tests: made once for each state of what is in it."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]


class NotToBeHad(Exception):  # noqa: N818 - for some it is no error: what needs it is skipped
    """What a suite runs cannot be installed here, and why."""


def environment(
    home: str, requirements: Sequence[str], *, ours: bool = True, interpreter: str = sys.executable
) -> Path:
    """The Python of an environment; it is made anew where what is in it has changed.

    Args:
        home: its folder, below the project's.
        requirements: what is installed.
        ours: this project is in it too, as it stands here.
        interpreter: the Python that it is made of.

    Raises:
        NotToBeHad: the requirements cannot be installed.
    """
    folder = ROOT / home
    python, stamp = folder / "bin" / "python", folder / "stamp"
    project = (ROOT / "pyproject.toml").read_text() if ours else ""
    state = hashlib.sha256(json.dumps([interpreter, sys.version, *requirements, project]).encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != state:
        uv = Path(sys.executable).with_name("uv")
        wanted = [*requirements, *(["-e", str(ROOT)] if ours else [])]
        for command in (
            [uv, "venv", "-q", "--clear", "--python", interpreter, folder],
            [uv, "pip", "install", "-q", "--python", python, *wanted],
        ):
            done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
            if done.returncode:
                why = " ".join(done.stderr.split())[:300]
                raise NotToBeHad(f"{', '.join(requirements)} cannot be installed: {why}")
        stamp.write_text(state)
    return python
