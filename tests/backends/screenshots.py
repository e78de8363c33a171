"""Takes a screenshot of a page with Debian's headless `chromium`, which starts with an empty profile."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.environments import InstallationError

from .servers import TIMEOUT, plain_environ, working_folder

_FLAGS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def chromium() -> str:
    """Return the path of the browser.

    Raises:
        InstallationError: it is missing.
    """
    path = shutil.which("chromium")
    if path is None:
        raise InstallationError("chromium is not installed")
    return path


def take_screenshot(url: str, path: Path, size: tuple[int, int], *flags: str) -> None:
    """Write a PNG of *size* to *path*, with more *flags* for the browser."""
    with working_folder() as profile:
        command = [
            *(chromium(), *_FLAGS, *flags, f"--user-data-dir={profile}"),
            *(f"--window-size={size[0]},{size[1]}", f"--screenshot={path}", url),
        ]
        subprocess.run(command, env=plain_environ(), capture_output=True, timeout=TIMEOUT, check=True)
    print(f"{path.name}: {path.stat().st_size // 1000} kB")
