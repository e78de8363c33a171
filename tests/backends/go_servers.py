"""Builds the servers that are written in Go, each once per machine and version, from the modules in `go/`.

A module pins the release (`go.mod`) and the hashes of all its dependencies (`go.sum`); Go's module proxy serves them.
`python -m tests.backends.go_servers` builds all of them ahead, so that CI can do it beside other work.
"""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.environments import InstallationError

MODULES: Final = Path(__file__).with_name("go")
# The package of each program; "." is the module itself.
_PACKAGES: Final[Mapping[str, str]] = {
    "jaeger": "github.com/jaegertracing/jaeger/cmd/jaeger",
    "collector": ".",
    "prometheus": "github.com/prometheus/prometheus/cmd/prometheus",
    "promtool": "github.com/prometheus/prometheus/cmd/promtool",
}
_FOLDERS: Final[Mapping[str, str]] = {"promtool": "prometheus"}
# The module whose version is the program's release.
_RELEASES: Final[Mapping[str, str]] = {
    "jaeger": "github.com/jaegertracing/jaeger",
    "collector": "go.opentelemetry.io/collector/otelcol",
    "prometheus": "github.com/prometheus/prometheus",
}
# Prometheus without service discovery (plugins/*.go of Prometheus) has a third fewer packages to compile.
_FLAGS: Final = ("-buildvcs=false", "-mod=readonly", "-tags=remove_all_sd", "-ldflags=-s -w")


def version(name: str) -> str:
    """Return the release that a module pins, for example 1.76.0."""
    text = (MODULES / name / "go.mod").read_text()
    found = re.search(rf"\s{re.escape(_RELEASES[name])} v(\S+)", text)
    assert found is not None
    return found[1]


def program(name: str) -> Path:
    """Return a program, which is built if this machine has not built this version yet.

    Raises:
        InstallationError: Go is missing, or the program cannot be built here.
    """
    folder = MODULES / _FOLDERS.get(name, name)
    go = shutil.which("go")
    if go is None:
        raise InstallationError(f"Go is not installed: {name} is built from source")
    cached = _cache() / _key(folder) / name
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        # Renamed when complete: an interrupted build leaves nothing that looks finished.
        partial = cached.with_name(f"{name}.{os.getpid()}")
        print(f"building {name}, which takes minutes the first time", flush=True)
        command = [go, "build", *_FLAGS, "-o", partial, _PACKAGES[name]]
        # A compiler that collects garbage less often takes 15 % less time.
        variables = {"GOGC": "400", **os.environ}
        done = subprocess.run(command, cwd=folder, env=variables, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise InstallationError(f"{name} cannot be built: {' '.join(done.stderr.split())[-300:]}")
        partial.replace(cached)
    return cached


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "opentelemetry-instrumentation-openrouter"


def _key(folder: Path) -> str:
    state = hashlib.sha256(" ".join(_FLAGS).encode())
    for file in sorted(folder.iterdir()):
        state.update(file.read_bytes())
    return f"{folder.name}-{version(folder.name)}-{state.hexdigest()[:12]}"


def main() -> None:
    """Build all programs, and print their paths."""
    for name in _PACKAGES:
        print(program(name), flush=True)


if __name__ == "__main__":
    main()
