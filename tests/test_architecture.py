"""The architecture: imports go downward, libraries stay in their folders, files open with a summary and stay small."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import opentelemetry.instrumentation.openrouter as package
import pytest

ORDER: Final = (
    ("attributes", "version", "_guard"),
    ("_wire",),
    ("_content", "_api"),
    ("_operations",),
    ("_telemetry",),
    ("_config",),
    ("_clients",),
    ("__init__",),
)
"""A file imports from its own folder and from the levels before its own."""

ALLOWED: Final = {
    "attributes": set[str](),
    "version": set[str](),
    "_guard": set[str](),
    "_wire": set[str](),
    "_content": set[str](),
    "_api": {"opentelemetry"},
    "_operations": set[str](),
    "_telemetry": {"opentelemetry"},
    "_config": set[str](),
    "_clients": {"opentelemetry", "wrapt", "httpx"},
    "__init__": {"opentelemetry"},
}
"""The libraries that a folder or a file imports, besides the standard library."""

STANDARD_LIBRARY: Final = sys.stdlib_module_names
assert package.__file__ is not None
ROOT: Final = Path(package.__file__).parent
FILES: Final = sorted(ROOT.rglob("*.py"))


def _place(file: Path) -> str:
    """The folder of a file, or the file itself where it is at the root."""
    first = file.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def _level(place: str) -> int:
    return next(number for number, places in enumerate(ORDER) if place in places)


def _imports(file: Path) -> Iterator[tuple[int, list[str]]]:
    """The level and the dotted path of each import of a file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            module = node.module.split(".") if node.module else []
            for alias in node.names:
                yield node.level, [*module, alias.name]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield 0, alias.name.split(".")


def _imported_place(file: Path, level: int, path: list[str]) -> str:
    """The folder or the root file of a relative import."""
    folder = file.parent
    for _ in range(level - 1):
        folder = folder.parent
    return path[0] if folder == ROOT else _place(folder)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_go_down(file: Path) -> None:
    """A file imports from its own folder, and from levels before its own."""
    place = _place(file)
    for level, path in _imports(file):
        if not level:
            assert path[:3] != ["opentelemetry", "instrumentation", "openrouter"], (
                "imports of this package are relative"
            )
            continue
        imported = _imported_place(file, level, path)
        assert imported == place or _level(imported) < _level(place), f"{place} imports {imported}"


@pytest.mark.parametrize("folder", [each for level in ORDER for each in level if (ROOT / each).is_dir()])
def test_no_cycles_in_a_folder(folder: str) -> None:
    """The files of a folder import each other in one order."""
    graph = {
        file.stem: {path[0] for level, path in _imports(file) if level == 1}
        for file in (ROOT / folder).glob("*.py")
        if file.stem != "__init__"
    }
    while graph:
        leaves = [name for name, imported in graph.items() if not imported & graph.keys()]
        assert leaves, f"a cycle among {sorted(graph)}"
        for leaf in leaves:
            del graph[leaf]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_libraries_stay_in_their_folders(file: Path) -> None:
    """Only `_clients` imports wrapt and an HTTP library; an SDK is imported by name, at `instrument()`."""
    roots = {path[0] for level, path in _imports(file) if not level}
    assert roots - STANDARD_LIBRARY <= ALLOWED[_place(file)]


def test_every_place_is_in_the_order() -> None:
    """No file or folder is missing from the order, and none of the order is missing."""
    assert {_place(file) for file in FILES} == {place for level in ORDER for place in level} == set(ALLOWED)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_summary_and_size(file: Path) -> None:
    """A file opens with a summary and has at most 260 lines, a function 45."""
    source = file.read_text()
    tree = ast.parse(source)
    assert ast.get_docstring(tree)
    assert len(source.splitlines()) <= 260
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 45, node.name
