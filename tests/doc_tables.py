"""The README's tables that are made by a run: each stands between two marks, and is written, or held to be the same."""

from tests.environments import ROOT

README = ROOT / "README.md"


def settle_table(begin: str, made: str, end: str, *, write: bool) -> int:
    """Compare a table with the README's, or write it there; 1 where it is another one."""
    before, _, rest = README.read_text().partition(begin)
    _, _, after = rest.partition(end)
    if not after:
        raise ValueError(f"the README has no {begin}")
    text = f"{before}{begin}\n\n{made}\n\n{end}{after}"
    if text == README.read_text():
        return 0
    if write:
        README.write_text(text)
        return 0
    print("The table in the README is another one; `--readme` writes it.")
    return 1
