"""Prints the section of CHANGELOG.md of a release: `python .github/release_notes.py v0.2.0`.

It fails if the tag is not the version of the package, or if the version has no section with a date.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION = ROOT / "src" / "opentelemetry" / "instrumentation" / "openrouter" / "version.py"


def release_notes(tag: str) -> str:
    """Return the section of the version that *tag* names, without its heading."""
    (version,) = re.findall(r'^__version__ = "(.+)"$', VERSION.read_text(), re.MULTILINE)
    if tag != f"v{version}":
        raise SystemExit(f"The tag is {tag}, but version.py has {version}.")
    heading = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d{{2}}-\d{{2}}\n(.*?)(?=^## \[|^\[Unreleased\]: )"
    section = re.search(heading, (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE | re.DOTALL)
    if section is None:
        raise SystemExit(f"CHANGELOG.md has no section [{version}] with a date.")
    return section[1].strip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(release_notes(*sys.argv[1:]))
