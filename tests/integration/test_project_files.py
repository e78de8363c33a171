"""The files of the project's repository: the distribution has what it needs, and the forms and hooks exist."""

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from opentelemetry.instrumentation.openrouter import __version__

from tests.environments import ROOT

REPOSITORY: Final = (
    "https://github.com/opentelemetry-instrumentation-openrouter/opentelemetry-instrumentation-openrouter"
)
WORKFLOWS: Final = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS: Final = [each for each in sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")) if each.stem != "config"]
INTERNAL: Final = re.compile(r"(^|/)(\.ci|\.git|\.venv[\w-]*|__pycache__|dist|\.[\w]+_cache|\.coverage)(/|$)|\.pyc$")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.stem)
def test_actions_are_pinned(workflow: Path) -> None:
    """Each action is pinned to a commit, with its release in a comment; each make target exists."""
    text = workflow.read_text()
    used = re.findall(r"uses: (\S+)(.*)$", text, re.MULTILINE)
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action
    for target in re.findall(r"run: make ([\w-]+)", text):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), target


@pytest.mark.parametrize("form", FORMS, ids=lambda file: file.stem)
def test_forms_ask_for_the_output_of_doctor(form: Path) -> None:
    """Each form requires the output of the command."""
    document: dict[str, Any] = yaml.safe_load(form.read_text())
    (field,) = [each for each in document["body"] if each.get("id") == "doctor"]
    assert field["validations"]["required"] is True
    assert "`python -m opentelemetry.instrumentation.openrouter doctor`" in field["attributes"]["description"]


def test_hooks_run_make_targets() -> None:
    """The hooks are local, and run targets that CI runs."""
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    makefile = (ROOT / "Makefile").read_text()
    for hook in repository["hooks"]:
        command, target = hook["entry"].split()
        assert command == "make"
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def _check_links(metadata: str) -> None:
    """Each link of the README is one of the repository at the tag of the version; pictures are files, not pages."""
    readme = (ROOT / "README.md").read_text()
    relative = re.findall(r"(!?)\[[^\]]*\]\((?!https://)([^)]+)\)", readme)
    assert relative
    for picture, target in relative:
        folder = f"{'raw' if picture else 'blob'}/v{__version__}"
        assert f"]({REPOSITORY}/{folder}/{target})" in metadata, target
    assert not re.findall(r"\]\((?!https://)", metadata)


def test_distribution(tmp_path: Path) -> None:
    """The wheel has the package alone; the source distribution has what tests and documentation refer to."""
    pytest.importorskip("hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "-d", tmp_path]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,), (source,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        files = archive.namelist()
        (metadata,) = [archive.read(name).decode() for name in files if name.endswith(".dist-info/METADATA")]
    package = "opentelemetry/instrumentation/openrouter/"
    assert f"{package}py.typed" in files
    assert {name for name in files if not name.startswith(package)} == {name for name in files if ".dist-info/" in name}
    assert "opentelemetry/__init__.py" not in files
    _check_links(metadata)
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert not [name for name in {*names, *files} if INTERNAL.search(name)]
    assert {"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE", "Makefile"} <= names
    assert {str(file.relative_to(ROOT)) for file in [*WORKFLOWS, *FORMS, *ROOT.glob("docs/*.md")]} <= names
