"""Tables in the documentation that suites generate: each is between two markers, and is written or compared."""

from pathlib import Path
from typing import Final

from tests.environments import ROOT

DOCS: Final = ROOT / "docs"


def check_table(page: Path, begin: str, table: str, end: str, *, write: bool) -> int:
    """Compare a generated table with the one on *page*, or write it there.

    Args:
        page: the file that contains the table, usually below `DOCS`.
        begin: the marker before the table.
        table: the generated table.
        end: the marker after it.
        write: replace the table on the page if it differs.

    Returns:
        1 if the table on the page differs and was not replaced, else 0.

    Raises:
        ValueError: the page does not contain both markers.
    """
    current = page.read_text()
    before, _, rest = current.partition(begin)
    _, marker, after = rest.partition(end)
    if not marker:
        raise ValueError(f"{page.name} does not contain {begin} and {end}")
    text = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    if text == current:
        return 0
    if write:
        page.write_text(text)
        return 0
    print(f"The table on {page.name} differs from this run; `--write-docs` replaces it.")
    return 1
