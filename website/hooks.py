"""Hooks of `mkdocs.yml`: pages that are files of the repository outside of `docs`, and links to other such files.

The pages in `docs` have the links that are right in the repository. On the site, the project's README is the home page,
the READMEs of the examples and of the dashboards and the changelog are pages too, and any other file is a link to the
repository.
"""

import re
from pathlib import Path
from posixpath import normpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
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
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)\s#]+)(#[^)\s]+)?\)")
CODE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


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
    return "".join(part if number % 2 else LINK.sub(replaced, part) for number, part in enumerate(parts))


def on_pre_page(page: Page, config: MkDocsConfig, files: Files) -> Page:  # noqa: ARG001 - the parameters of the event
    """Let the button of a page lead to its file."""
    source = GENERATED.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    page.edit_url = f"{config.repo_url}/edit/main/{source}"
    return page
