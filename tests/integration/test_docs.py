"""The documentation: tables are complete and have the right types, links have targets, code runs, commands exist."""

import inspect
import re
import textwrap
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor, __version__, attributes, notebook
from opentelemetry.instrumentation.openrouter._telemetry.dialects import DIALECTS
from opentelemetry.instrumentation.openrouter._wire import errors
from opentelemetry.sdk.trace import Span
from packaging.version import Version

from tests.calling_styles import OPTIONS
from tests.doc_tables import DOCS, check_table
from tests.environments import ROOT
from tests.scenarios import REQUEST, SCENARIOS
from tests.simulator import Simulator
from tests.telemetry import Telemetry

README: Final = ROOT / "README.md"
PAGES: Final = [README, *sorted(DOCS.glob("*.md"))]
CONTRIBUTING: Final = ROOT / "CONTRIBUTING.md"
LINKED: Final = [
    *PAGES,
    CONTRIBUTING,
    ROOT / "SECURITY.md",
    ROOT / "CHANGELOG.md",
    ROOT / "examples" / "README.md",
    ROOT / "dashboards" / "README.md",
]
# `test_dashboards.py` and `test_start_page.py` run the code of these pages.
TESTED_ELSEWHERE: Final = (DOCS / "fleet.md", DOCS / "start.md")
SOURCE: Final = ROOT / "src" / "opentelemetry" / "instrumentation" / "openrouter"
TYPES: Final = {"str": str, "int": int, "double": float, "bool": bool, "str[]": tuple, "int[]": tuple}
PREFIXES: Final = (
    attributes.OPENROUTER_REQUEST_METADATA,
    attributes.OPENROUTER_USAGE_SERVER_TOOL_USE,
)
NAMES: Final = {name: value for name, value in vars(attributes).items() if name.isupper()}


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _prose(page: Path) -> str:
    """The text of a page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def _table(page: str, heading: str) -> list[list[str]]:
    section = (DOCS / page).read_text().partition(f"{heading}\n")[2].partition("\n#")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return rows[1:]


# Tables.


def _documented() -> dict[str, type]:
    found: dict[str, type] = {}
    for row in _table("attributes.md", "## Span attributes"):
        names = re.findall(r"`([^`]+)`", row[0])
        types = [TYPES[name] for name in row[1].strip(" |").split(", ")]
        found.update(zip(names, types if len(types) > 1 else types * len(names), strict=True))
    return found


def test_attributes_are_complete() -> None:
    """The table has a row for each attribute that has a name in the code, and no other."""
    named = {value for name, value in NAMES.items() if not name.startswith(("METRIC_", "EVENT_"))} - {
        attributes.GEN_AI_TOKEN_TYPE
    }
    documented = {re.sub(r"\.<\w+>$", "", name) for name in _documented()}
    assert documented == named


def test_attributes_have_the_documented_types() -> None:
    """The attributes that the scenarios emit have the type of their row."""
    documented = _documented()
    for scenario in [each for table in SCENARIOS.values() for each in table.values()]:
        for expected in (scenario.non_streamed, scenario.streamed):
            for name, value in {**scenario.request_attributes, **(expected.attributes if expected else {})}.items():
                prefix = next((prefix for prefix in PREFIXES if name.startswith(prefix)), None)
                row = name if prefix is None else next(known for known in documented if known.startswith(prefix))
                assert type(value) is documented[row], name


def test_metrics_are_complete() -> None:
    """The table has a row for each metric, and no other."""
    rows = {row[0].strip("`") for row in _table("attributes.md", "## Metrics")}
    assert rows == {value for name, value in NAMES.items() if name.startswith("METRIC_")}


def test_error_types_are_complete() -> None:
    """The table has each `error.type` that the code emits, with its HTTP status."""
    table = _table("errors.md", "## Error types")
    rows = {error_type for row in table for error_type in re.findall(r"`([a-z_]+)`", " ".join(row))}
    emitted = {*errors._BY_STATUS.values(), *errors._BY_CODE.values(), *errors._BY_EXCEPTION.values()}
    assert emitted | {errors.EMPTY_RESPONSE.type, "content_policy_violation", "unmapped"} <= rows
    for status, error_type in errors._BY_STATUS.items():
        assert str(status) in next(row[1] for row in table if row[0] == f"`{error_type}`")


def test_options_are_complete() -> None:
    """The table has a row for each option of `instrument()`, and no other."""
    options = inspect.signature(OpenRouterInstrumentor.instrument).parameters.keys() - {"self", "kwargs"}
    rows = {name for row in _table("options.md", "# Options") for name in re.findall(r"`(\w+)`", row[0])}
    assert options == rows - {"instrument"}


def test_dialects_are_complete() -> None:
    """The page names each dialect."""
    (names,) = re.findall(r"Available dialects: ([^.]+)\.", (DOCS / "backends.md").read_text())
    assert re.findall(r"`(\w+)`", names) == sorted(DIALECTS)


def _suites() -> list[Any]:
    """The page and the markers of each table that a suite generates."""
    suites: list[Any] = []
    for file in [*sorted(ROOT.glob("tests/**/*.py")), *sorted(ROOT.glob("benchmarks/*.py"))]:
        found = re.search(
            r'^PAGE = DOCS / "([\w-]+\.md)"\nBEGIN, END = "(.+)", "(.+)"$', file.read_text(), re.MULTILINE
        )
        if found:
            suites.append(pytest.param(DOCS / found[1], found[2], found[3], id=_name(file)))
    return suites


@pytest.mark.parametrize(("page", "begin", "end"), _suites())
def test_generated_table_has_its_markers(page: Path, begin: str, end: str) -> None:
    """The markers of each generated table are on its page once, with a table between them."""
    text = page.read_text()
    assert (text.count(begin), text.count(end)) == (1, 1)
    table = text.partition(f"{begin}\n\n")[2].partition(f"\n\n{end}\n")[0]
    assert table.startswith(("| ", "### "))
    assert "\n|---|" in table


def test_every_suite_has_a_table() -> None:
    """The search of the sources finds every suite."""
    assert len(_suites()) == 7


def test_table_is_compared_or_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`check_table` reports a difference, and replaces the table only with `write=True`."""
    page = tmp_path / "page.md"
    page.write_text("before\n\n<!-- t -->\n\n| old |\n\n<!-- /t -->\n\nafter\n")
    assert check_table(page, "<!-- t -->", "| old |", "<!-- /t -->", write=False) == 0
    assert check_table(page, "<!-- t -->", "| new |", "<!-- /t -->", write=False) == 1
    assert "--write-docs" in capsys.readouterr().out
    assert "| old |" in page.read_text()
    assert check_table(page, "<!-- t -->", "| new |", "<!-- /t -->", write=True) == 0
    assert page.read_text() == "before\n\n<!-- t -->\n\n| new |\n\n<!-- /t -->\n\nafter\n"
    with pytest.raises(ValueError, match=r"page\.md does not contain"):
        check_table(page, "<!-- u -->", "", "<!-- /u -->", write=True)


# Pages and links.


def test_readme_is_short() -> None:
    """The README is an overview; everything else is on the pages of docs/."""
    assert len(README.read_text().splitlines()) <= 200


def test_index_lists_each_page() -> None:
    """The index links each page once."""
    index = DOCS / "README.md"
    linked = re.findall(r"^- \[.+?\]\(([\w-]+\.md)\)", index.read_text(), re.MULTILINE)
    assert sorted(linked) == [page.name for page in PAGES if page.parent == DOCS and page != index]


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent == DOCS], ids=_name)
def test_page_has_one_title(page: Path) -> None:
    """A page starts with its only first-level heading; its headings have different anchors."""
    headings = re.findall(r"^(#+) (.+)$", _prose(page), re.MULTILINE)
    assert [level for level, _ in headings].count("#") == 1
    assert page.read_text().startswith("# ")
    assert len(set(_anchors(page))) == len(headings)


def _anchors(page: Path) -> list[str]:
    """The anchors that GitHub generates for the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", _prose(page), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("page", LINKED, ids=_name)
def test_links(page: Path) -> None:
    """Each relative link leads to an existing file, and to an existing heading if it has an anchor."""
    for target in re.findall(r"\]\(([^)\s]+)\)", _prose(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.is_relative_to(ROOT), target
        assert file.exists(), target
        assert not anchor or anchor in _anchors(file), target


def test_changelog_has_the_version() -> None:
    """The version has a section; each section has a link, and they are in order."""
    text = (ROOT / "CHANGELOG.md").read_text()
    sections = re.findall(r"^## \[(.+?)\](?: - \d{4}-\d{2}-\d{2})?$", text, re.MULTILINE)
    assert sections[:2] == ["Unreleased", __version__]
    assert re.findall(r"^\[(.+?)\]: https://github\.com/\S+$", text, re.MULTILINE) == sections
    versions = [Version(section) for section in sections[1:]]
    assert versions == sorted(versions, reverse=True)


# Code and commands.


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(block, id=f"{_name(page)}-{number}")
        for page in PAGES
        if page not in TESTED_ELSEWHERE
        for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL), 1)
    ],
)
def test_code_runs(openrouter: Simulator, monkeypatch: pytest.MonkeyPatch, block: str) -> None:
    """The code blocks run, and the calls are traced."""
    for module in re.findall(r"^(?:import|from) (\w+)", block, re.MULTILINE):
        pytest.importorskip(module)
    telemetry = Telemetry()
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", telemetry.tracer_provider)
    monkeypatch.setenv("OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS", openrouter.url)
    monkeypatch.setattr(Span, "end", Span.end)  # `record_costs()` replaces it, once
    notebook._recorded.cache_clear()
    monkeypatch.setenv("OPENROUTER_API_KEY", OPTIONS["api_key"])
    if "from openrouter import" in block:  # its programs have no base URL
        monkeypatch.setitem(import_module("openrouter.sdkconfiguration").SERVERS, "production", _api(openrouter, "/v1"))
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(block.replace("https://openrouter.ai/api", _api(openrouter)), scope)
    if not telemetry.raw_spans:  # a block that only enables the instrumentation
        with openai.OpenAI(base_url=openrouter.base_url("hello"), **OPTIONS) as client:
            client.chat.completions.create(**REQUEST)
    OpenRouterInstrumentor().uninstrument()
    notebook._recorded.cache_clear()
    attributes = telemetry.one_span().attributes or {}
    assert attributes["gen_ai.usage.cost"] == 0.00014
    assert ("gen_ai.input.messages" in attributes) is ("capture_content" in block)
    assert (attributes.get("tenant.id") == "acme") is ("baggage_keys" in block)
    if "client" in scope and hasattr(scope["client"], "close"):
        scope["client"].close()


def _api(openrouter: Simulator, rest: str = "") -> str:
    """The address of the simulator in place of https://openrouter.ai/api."""
    return openrouter.base_url("hello").removesuffix("/v1") + rest


def test_code_of_each_client_runs() -> None:
    """Each section of the page of clients has one program; the frameworks' suite runs those that no test here runs."""
    sections = (DOCS / "clients.md").read_text().split("\n## ")[1:]
    programs = ROOT / "tests" / "interop" / "frameworks" / "programs"
    for section in sections:
        title = section.partition("\n")[0]
        (skipped,) = re.findall(r"^```python( skip)?$", section, re.MULTILINE)
        if skipped:
            assert f'documented("{title}")' in (programs / f"{title.lower()}.py").read_text()


def test_backends_have_the_commands_of_the_examples() -> None:
    """The page has a section for each row of the examples' table, with the file, its dialect and its commands."""
    page = (DOCS / "backends.md").read_text().partition("\n## Settings of each backend\n")[2].partition("\n## ")[0]
    sections = {section.partition("\n")[0]: section for section in page.split("\n### ")[1:]}
    rows = re.findall(
        r"^\| ([^|]+) \| \[(\w+\.py)\]\(.+?\| (?:`(\w+)`|-) \|",
        (ROOT / "examples" / "README.md").read_text(),
        re.MULTILINE,
    )
    assert [title for title, _, _ in rows] == [*sections]
    for title, name, dialect in rows:
        assert f"](../examples/{name}), {f'dialect `{dialect}`' if dialect else 'no dialect'}." in sections[title]
        commands = (ROOT / "examples" / name).read_text().partition("Without code changes")[2].partition('"""')[0]
        blocks = re.findall(r"(?:^ {4}\S.*\n)+", commands, re.MULTILINE)
        assert blocks
        for block in blocks:
            assert f"```console\n{textwrap.dedent(block)}```" in sections[title], block


def _targets() -> list[Any]:
    mentioned = {target for page in LINKED for target in re.findall(r"make ([a-z]+)[`\n]", page.read_text())}
    return [*sorted(mentioned - {"interop"}), "interop"]


@pytest.mark.parametrize("target", _targets())
def test_make_target_exists(target: str) -> None:
    """Each make target that is mentioned is in the Makefile."""
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("page", LINKED, ids=_name)
def test_paths_and_modules_exist(page: Path) -> None:
    """Each path of the repository, and each module after `python -m`, exists."""
    text = page.read_text()
    for path in re.findall(r"`((?:tests|examples|dashboards|docs|benchmarks|src)/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path
    for module in re.findall(r"python -m (tests[\w.]+)", text):
        file = ROOT / module.replace(".", "/")
        assert file.with_suffix(".py").exists() or (file / "__main__.py").exists(), module
    for path in re.findall(r"\.venv/bin/pytest .*?(tests/[\w./]+)", text):
        assert (ROOT / path).exists(), path


def _symbols(text: str) -> dict[str, set[str]]:
    """The files that a text names in backquotes, with the names that follow each in parentheses."""
    found: dict[str, set[str]] = {}
    for path, names in re.findall(r"`([\w./]+\.\w+)`(?:\s\(((?:`[\w-]+`(?:,\s)?)+)\))?", text):
        found.setdefault(path, set()).update(re.findall(r"`([\w-]+)`", names))
    return found


_NAMED: Final = _symbols(CONTRIBUTING.read_text().replace("`Operation.job`", ""))


@pytest.mark.parametrize("path", _NAMED)
def test_contributing_names_what_exists(path: str) -> None:
    """Each file that CONTRIBUTING.md names exists, in the repository or in the package, and defines the names."""
    file = next(file for file in (ROOT / path, SOURCE / path) if file.is_file())
    for name in _NAMED[path]:
        assert re.search(rf"^ *(?:def |class |async def )?{name}\b *[:=(]", file.read_text(), re.MULTILINE), name


def test_security_policy_supports_the_version() -> None:
    """The table of supported versions has the minor version."""
    minor = __version__.rpartition(".")[0]
    assert f"| {minor}.x | yes |" in (ROOT / "SECURITY.md").read_text()


# The layout in docs/architecture.md.


def _layout() -> set[str]:
    """The files in the tree of docs/architecture.md, relative to the package."""
    text = (DOCS / "architecture.md").read_text()
    tree = text.partition("## Layout")[2].partition("```\n")[2].partition("```")[0]
    found: set[str] = set()
    folder = ""
    for line in filter(None, tree.splitlines()):
        name = line.split()[0]
        if name.endswith("/"):
            folder = name
        else:
            found.add(f"{folder}{name}" if line.startswith(" ") else name)
    return found


def test_layout_has_each_mentioned_file() -> None:
    """Each file that docs/architecture.md mentions is in its tree."""
    text = (DOCS / "architecture.md").read_text()
    layout = _layout()
    for path in re.findall(r"`((?:_\w+/)?\w+\.py)`", text):
        assert path in layout or path in {file.rpartition("/")[2] for file in layout}, path


def test_layout_is_that_of_the_package() -> None:
    """The tree lists each file of the package; the `__init__.py` of a folder may be left out."""
    files = {str(file.relative_to(SOURCE)) for file in SOURCE.glob("**/*.py")}
    listed = _layout()
    assert listed <= files
    assert {file for file in files - listed if not file.endswith("/__init__.py")} == set()
