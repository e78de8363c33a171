"""The architecture: imports go downward, libraries stay in their folders, files have a docstring and stay small."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import opentelemetry.instrumentation.openrouter as package
import pytest

ORDER: Final = (
    ("attributes", "package", "version", "_guard", "_mistakes"),
    ("_wire",),
    ("_content", "_api"),
    ("_operations",),
    ("_telemetry",),
    ("_config",),
    ("_clients", "_enabled_message"),
    ("_loading",),
    ("__init__",),
    ("_openinference",),
    ("_cli",),
    ("__main__", "notebook"),
)
"""A file may import from its own folder and from earlier levels."""

ALLOWED: Final = {
    "attributes": set[str](),
    "package": set[str](),
    "version": set[str](),
    "_guard": set[str](),
    "_mistakes": set[str](),
    "_wire": set[str](),
    "_content": set[str](),
    "_api": {"opentelemetry"},
    "_operations": set[str](),
    "_telemetry": {"opentelemetry"},
    "_config": set[str](),
    "_enabled_message": set[str](),
    "_clients": {"opentelemetry", "wrapt", "httpx"},
    "_loading": {"opentelemetry"},
    "__init__": {"opentelemetry"},
    "_openinference": {"opentelemetry"},
    "_cli": {"opentelemetry", "rich"},
    "__main__": set[str](),
    "notebook": set[str](),
}
"""The libraries that a folder or a file imports, besides the standard library."""

STANDARD_LIBRARY: Final = sys.stdlib_module_names
assert package.__file__ is not None
ROOT: Final = Path(package.__file__).parent
FILES: Final = sorted(ROOT.rglob("*.py"))


def _component(file: Path) -> str:
    """Return the folder of a file, or the file itself if it is at the root."""
    first = file.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def _level(component: str) -> int:
    return next(number for number, components in enumerate(ORDER) if component in components)


def _imports(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the level and the dotted path of each import of a file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            module = node.module.split(".") if node.module else []
            for alias in node.names:
                yield node.level, [*module, alias.name]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield 0, alias.name.split(".")


def _imported_component(file: Path, level: int, path: list[str]) -> str:
    """Return the folder or the root file that a relative import refers to; another name is defined in `__init__`."""
    folder = file.parent
    for _ in range(level - 1):
        folder = folder.parent
    if folder != ROOT:
        return _component(folder)
    return path[0] if path[0] in ALLOWED else "__init__"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_go_down(file: Path) -> None:
    """A file imports only from its own folder and from earlier levels."""
    component = _component(file)
    for level, path in _imports(file):
        if not level:
            assert path[:3] != ["opentelemetry", "instrumentation", "openrouter"], (
                "imports of this package are relative"
            )
            continue
        imported = _imported_component(file, level, path)
        assert imported == component or _level(imported) < _level(component), f"{component} imports {imported}"


@pytest.mark.parametrize("folder", [each for level in ORDER for each in level if (ROOT / each).is_dir()])
def test_no_cycles_in_a_folder(folder: str) -> None:
    """The files of a folder do not import each other in a cycle."""
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
    """Only `_clients` imports wrapt and an HTTP library; SDKs are imported dynamically, at `instrument()`."""
    roots = {path[0] for level, path in _imports(file) if not level}
    assert roots - STANDARD_LIBRARY <= ALLOWED[_component(file)]


def test_every_component_is_in_the_order() -> None:
    """The order lists each file and folder of the package, and no others."""
    assert {_component(file) for file in FILES} == {component for level in ORDER for component in level} == set(ALLOWED)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_summary_and_size(file: Path) -> None:
    """A file opens with a summary and has at most 260 lines, a function 40 without its docstring."""
    source = file.read_text()
    tree = ast.parse(source)
    assert ast.get_docstring(tree)
    assert len(source.splitlines()) <= 260
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            docstring = ast.get_docstring(node, clean=False) or ""
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno - docstring.count("\n") <= 40, node.name
