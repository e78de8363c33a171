"""The house: a file imports only from lower floors, opens with its law, and stays small."""

import ast
from collections.abc import Iterator
from pathlib import Path

import opentelemetry.instrumentation.openrouter as package
import pytest

FLOORS = {
    "attributes": 0,
    "version": 0,
    "_guard": 0,
    "_wire": 0,
    "_account": 1,
    "_broadcast": 1,
    "_endpoints": 1,
    "_errors": 1,
    "_request": 1,
    "_usage": 1,
    "_parts": 1,
    "_sse": 1,
    "_told": 1,
    "_dialects": 2,
    "_settings": 3,
    "_messages": 2,
    "_transcripts": 2,
    "_items": 3,
    "_response": 3,
    "_choices": 4,
    "_events": 4,
    "_results": 4,
    "_operations": 5,
    "_content": 6,
    "_instruments": 6,
    "_budget": 6,
    "_flushes": 6,
    "_generation": 4,
    "_settlement": 7,
    "_neighbours": 6,
    "_outlets": 6,
    "_call": 7,
    "_recorder": 8,
    "_holds": 8,
    "_entrance": 9,
    "_streams": 9,
    "_openai_streams": 10,
    "_openai_account": 10,
    "_seam": 10,
    "_patch": 11,
    "_openrouter_sdk": 11,
    "__init__": 12,
}
assert package.__file__ is not None
HOUSE = Path(package.__file__).parent
FILES = sorted(HOUSE.glob("*.py"))


def _imports(file: Path) -> Iterator[tuple[int, str, list[str]]]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield 0, alias.name, []


def test_every_file_has_a_floor() -> None:
    """No file is nowhere, no floor is empty."""
    assert {file.stem for file in FILES} == set(FLOORS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_imports_go_down(file: Path) -> None:
    """A file imports only from floors below its own."""
    for level, module, imported in _imports(file):
        if level:
            for name in [module] if module else imported:
                assert FLOORS[name] < FLOORS[file.stem], f"{file.stem} imports {name}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_libraries_stay_on_their_floors(file: Path) -> None:
    """Each SDK and wrapt appear in their files only, OpenTelemetry from the recorder's instruments up."""
    roots = {module.partition(".")[0] for level, module, _ in _imports(file) if not level}
    floor = FLOORS[file.stem]
    assert "wrapt" not in roots or file.stem == "_entrance"
    assert "openai" not in roots or file.stem in ("_patch", "_openai_streams", "_openai_account")
    assert "openrouter" not in roots
    assert (
        "opentelemetry" not in roots
        or file.stem in ("_account", "_budget", "_instruments", "_neighbours", "_outlets")
        or floor >= 7
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_law_and_size(file: Path) -> None:
    """A file opens with its law and stays under 260 lines, a function under 45."""
    source = file.read_text()
    tree = ast.parse(source)
    assert ast.get_docstring(tree)
    assert len(source.splitlines()) <= 260
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 45, node.name
