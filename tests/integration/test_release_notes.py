"""The script of the release workflow: the section of the changelog, and the tags that it refuses."""

import subprocess
import sys
from pathlib import Path

from opentelemetry.instrumentation.openrouter import __version__

from tests.environments import ROOT

SCRIPT: Path = ROOT / ".github" / "release_notes.py"


def _run(tag: str, script: Path = SCRIPT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, script, tag], capture_output=True, text=True, check=False)


def test_section_of_the_version() -> None:
    """The notes are the section of the version, without its heading, other sections and the links."""
    done = _run(f"v{__version__}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("### ")
    assert "\n## " not in done.stdout
    assert "]: https://" not in done.stdout
    assert done.stdout.strip() in (ROOT / "CHANGELOG.md").read_text()


def test_other_tag() -> None:
    done = _run("v9.9.9")
    assert (done.returncode, done.stdout) == (1, "")
    assert __version__ in done.stderr


def test_no_section(tmp_path: Path) -> None:
    """A version without a dated section is not released."""
    script = tmp_path / ".github" / "release_notes.py"
    version = tmp_path / "src" / "opentelemetry" / "instrumentation" / "openrouter" / "version.py"
    for file, text in ((script, SCRIPT.read_text()), (version, '__version__ = "1.2.3"\n')):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text("## [Unreleased]\n\n## [1.2.3]\n\n- a\n\n[Unreleased]: https://x\n")
    assert "no section" in _run("v1.2.3", script).stderr
    changelog.write_text("## [Unreleased]\n\n## [1.2.3] - 2026-01-01\n\n- a\n\n[Unreleased]: https://x\n")
    assert _run("v1.2.3", script).stdout == "- a\n"
