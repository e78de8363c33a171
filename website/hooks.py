"""Hooks of `mkdocs.yml`: the navigation, pages from outside of `docs`, and links to files that are not on the site.

The navigation has the groups and the pages of `docs/README.md`, and the pages that are only on the site. The project's
README is the home page; the READMEs of the examples and of the dashboards and the changelog are pages too. The pages in
`docs` have the links that are right in the repository; a link to any other file becomes one to the repository.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from posixpath import normpath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Link, Navigation, Section
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "docs/README.md": "index.md",
    "examples/README.md": "examples.md",
    "dashboards/README.md": "dashboards.md",
    "CHANGELOG.md": "changelog.md",
    "website/api.md": "api.md",
}
"""Files of the repository, and the pages of the site that they are."""
GENERATED = {page: source for source, page in PAGES.items() if not source.startswith("docs/")}
MOST_SEARCHED = "attributes.md"
"""The page that the search lists first, if it has what is searched."""
SECTIONS = {"backends.md": re.compile("^### (.+)$", re.MULTILINE), "clients.md": re.compile("^## (.+)$", re.MULTILINE)}
"""Pages of which the navigation lists the sections."""
FIRST_SECTION = {"backends.md": "\n## Settings of each backend\n", "clients.md": "\n"}
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)\s#]+)(#[^)\s]+)?\)")
CODE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Read the navigation from `docs/README.md`."""
    groups: dict[str, list[dict[str, str]]] = {}
    for line in (ROOT / "docs" / "README.md").read_text().splitlines():
        if heading := re.fullmatch("## (.+)", line):
            groups[heading[1]] = []
        elif item := re.match(r"- \[(.+?)\]\((.+?)\)", line):
            groups[[*groups][-1]].append({item[1]: item[2]})
    for group, pages in config.extra["only_on_site"].items():
        groups.setdefault(group, []).extend(pages)
    config.nav = [{"Home": "index.md"}, *({title: pages} for title, pages in groups.items())]
    return config


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:  # noqa: ARG001 - the event's parameters
    """Put the sections of some pages into the navigation."""
    for group in nav.items:
        children = group.children or []
        for number, page in enumerate(children):
            if isinstance(group, Section) and isinstance(page, Page) and page.file.src_uri in SECTIONS:
                title: Any = page.title  # a property without a type
                section = Section(title, [page, *_section_links(page, config)])
                for each in section.children:
                    each.parent = section
                section.parent = group
                children[number] = section
    return nav


def _section_links(page: Page, config: MkDocsConfig) -> Iterator[Link]:
    name = page.file.src_uri
    text = CODE.sub("", (ROOT / "docs" / name).read_text()).partition(FIRST_SECTION[name])[2]
    for title in SECTIONS[name].findall(text.partition("\n## ")[0] if name == "backends.md" else text):
        yield Link(title, f"{page.file.dest_uri}#{config.mdx_configs['toc']['slugify'](title, '-')}")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in `docs`."""
    for page, source in GENERATED.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace the links to files that are elsewhere on the site, or not on it."""
    source = GENERATED.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    folder = source.rpartition("/")[0]
    if page.file.src_uri == MOST_SEARCHED:
        page.meta["search"] = {"boost": 4}

    def replaced(link: re.Match[str]) -> str:
        target, anchor = normpath(f"{folder}/{link[1]}").lstrip("/"), link[2] or ""
        if not (ROOT / target).exists():
            raise PluginError(f"{source} has a link to {link[1]}, which does not exist")
        on_site = PAGES.get(target, target.removeprefix("docs/") if target.startswith("docs/") else "")
        if files.get_file_from_path(on_site):
            return f"]({on_site}{anchor})"
        kind = "tree" if (ROOT / target).is_dir() else "blob"
        return f"]({config.repo_url}/{kind}/main/{target}{anchor})"

    parts = CODE.split(markdown)
    # `skip` is for the tests of the code blocks.
    return "".join(
        part.replace("```python skip", "```python", 1) if number % 2 else LINK.sub(replaced, part)
        for number, part in enumerate(parts)
    )


def on_pre_page(page: Page, config: MkDocsConfig, files: Files) -> Page:  # noqa: ARG001 - the event's parameters
    """Let the button of a page lead to its file."""
    source = GENERATED.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    page.edit_url = f"{config.repo_url}/edit/main/{source}"
    return page
