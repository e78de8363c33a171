"""Runs the program of a section of docs/clients.md, for the clients that have an environment of their own."""

import contextlib
import io
import os
import re
from functools import partial
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[4] / "docs" / "clients.md"


def documented(title: str, base_url: str) -> str:
    """Run the program below a heading, and return what it prints."""
    section = PAGE.read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    (code,) = re.findall(r"^```python skip\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    os.environ |= {"OPENROUTER_API_KEY": "sk-or-x", "OPENROUTER_API_BASE": base_url}
    scope: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        # The probe enables the instrumentation, and compares the result with and without it.
        exec(code.replace("OpenRouterInstrumentor().instrument()\n", ""), scope)
    return printed.getvalue()


def mode(title: str) -> Any:
    """Return the mode of a framework's program that runs a section."""
    return partial(documented, title)
