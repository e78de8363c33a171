"""The site in a real browser: each page loads by itself, its links lead somewhere, search and dark mode work."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urldefrag

import pytest
from playwright.sync_api import Page, expect

from .conftest import ROOT, SITE

PAGES: Final = sorted(str(file.relative_to(SITE)) for file in SITE.rglob("*.html"))


@dataclass(frozen=True)
class Links:
    """The links of a page, and the anchors that it has."""

    targets: frozenset[str]
    anchors: frozenset[str]


FOUND: Final[dict[str, Links]] = {}


def _open(page: Page, url: str) -> None:
    page.goto(url, wait_until="networkidle")


def test_site_has_pages() -> None:
    """The other tests have something to test."""
    assert {"index.html", "attributes.html", "api.html", "changelog.html", "404.html"} <= set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_page_loads(page: Page, origin: str, name: str) -> None:
    """A page loads without an error, requests nothing from another host, and fits on the screen of a phone."""
    _open(page, f"{origin}/{name}")
    expect(page.locator("h1").first).to_be_visible()
    images: list[str] = page.eval_on_selector_all("img", "all => all.filter(e => !e.naturalWidth).map(e => e.src)")
    assert images == []
    targets: list[str] = page.eval_on_selector_all(
        "a[href], img[src], link[href]", "all => all.map(e => e.href || e.src)"
    )
    anchors: list[str] = page.eval_on_selector_all("[id]", "all => all.map(e => e.id)")
    local = frozenset(target.removeprefix(f"{origin}/") for target in targets if target.startswith(f"{origin}/"))
    FOUND[name] = Links(local, frozenset(anchors))
    page.set_viewport_size({"width": 390, "height": 844})  # tables and code are wider, and scroll by themselves
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("name", PAGES)
def test_links_have_targets(name: str) -> None:
    """Each link to the site leads to a file, and to an element if it has an anchor."""
    if name not in FOUND:
        pytest.skip("the test that loads the page has not run")
    for target in FOUND[name].targets:
        path, anchor = urldefrag(target)
        path = unquote(path) or "index.html"
        assert (SITE / path).is_file(), target
        if anchor and path in FOUND and not anchor.startswith("__"):
            assert unquote(anchor) in FOUND[path].anchors, target


def test_search_finds_an_attribute(page: Page, origin: str) -> None:
    """The search finds the name of an attribute on the page of the attributes, and opens it."""
    _open(page, f"{origin}/index.html")
    field = page.locator("[data-md-component=search-query]")
    field.click()
    field.press_sequentially("gen_ai.usage.cost")  # the search listens to keys
    first = page.locator(".md-search-result__item").first
    expect(first).to_contain_text("Spans, attributes and metrics")
    first.get_by_text("Span attributes", exact=True).click()
    expect(page).to_have_url(re.compile("/attributes.html"))
    expect(page.locator("article mark").first).to_be_visible()


def test_dark_mode_toggles(page: Page, origin: str) -> None:
    """The button switches the colours, which stay so on the next page."""
    _open(page, f"{origin}/index.html")
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "default")
    page.get_by_title("Dark mode").click()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    _open(page, f"{origin}/attributes.html")
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    page.get_by_title("Light mode").click()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "default")


def test_navigation_leads_to_each_page(page: Page, origin: str) -> None:
    """The side bar has the groups of docs/README.md, a link to each page, and one to each backend and each client."""
    _open(page, f"{origin}/index.html")
    links: list[str] = page.eval_on_selector_all(".md-sidebar--primary a[href]", "all => all.map(e => e.href)")
    shown = {link.removeprefix(f"{origin}/") for link in links}
    assert set(PAGES) - {"index.html", "404.html"} <= shown
    assert {"backends.html#arize-ax", "backends.html#jaeger-tempo", "clients.html#openai-sdk"} <= shown
    sidebar = page.locator(".md-sidebar--primary").text_content() or ""
    for group in re.findall("^## (.+)$", (ROOT / "docs" / "README.md").read_text(), re.MULTILINE):
        assert group in sidebar


@pytest.mark.parametrize("name", PAGES)
def test_code_blocks_are_rendered(name: str) -> None:
    """No fence of a code block is left in the text."""
    assert "```" not in (SITE / name).read_text()


def test_reference_has_each_public_name() -> None:
    """The reference has each option of `instrument()` and each name of `attributes`."""
    text = (SITE / "api.html").read_text()
    source = ROOT / "src" / "opentelemetry" / "instrumentation" / "openrouter"
    for name in re.findall(r"^([A-Z_]+): Final", (source / "attributes.py").read_text(), re.MULTILINE):
        assert f"attributes.{name}" in text
    options = re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "options.md").read_text(), re.MULTILINE)
    assert len(options) > 8
    for option in options:
        assert option in text
