"""Creates `docs/pictures/run.svg`: the table of the command line on a terminal, for the program of docs/start.md.

`python -m tests.terminal_picture` runs the program with the simulator on a pseudo-terminal, and draws what it prints.
"""

import os
import pty
import re
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path
from typing import Final

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from tests.doc_tables import DOCS
from tests.simulator import Simulator

PICTURE: Final = DOCS / "pictures" / "run.svg"
COMMAND: Final = "python -m opentelemetry.instrumentation.openrouter run app.py"
COLUMNS: Final = 128
# The format of rich names a font of another host. A picture requests nothing; the next font of the list is used.
FORMAT: Final = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def on_terminal(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """Run a command on a pseudo-terminal, and return what it prints, with its colours."""
    reader, writer = pty.openpty()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdin=writer, stdout=writer, stderr=writer)
    os.close(writer)
    printed = b""
    try:
        while piece := os.read(reader, 65536):
            printed += piece
    except OSError:  # how Linux reports that the other side is closed
        pass
    finally:
        os.close(reader)
    if process.wait(60):
        raise RuntimeError(printed.decode())
    return printed.decode().replace("\r\n", "\n")


def main() -> None:
    """Create the picture."""
    program = (DOCS / "start.md").read_text().partition("```python\n")[2].partition("```")[0]
    with Simulator(pause=0.04) as simulator, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "app.py").write_text(program.replace("https://openrouter.ai/api/v1", simulator.base_url()))
        environment = {
            **os.environ,
            "COLUMNS": str(COLUMNS),
            "TERM": "xterm-256color",
            "OPENROUTER_API_KEY": "sk-or-simulated",
            "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS": simulator.url,
        }
        printed = on_terminal([sys.executable, *COMMAND.split()[1:]], Path(folder), environment)
    console = Console(record=True, width=COLUMNS, file=StringIO(), color_system="truecolor", force_terminal=True)
    console.print(Text("$ ", style="bold green") + Text(COMMAND))
    console.print(Text.from_ansi(printed.rstrip()))
    console.save_svg(str(PICTURE), title="", theme=DIMMED_MONOKAI, code_format=FORMAT, unique_id="run")


if __name__ == "__main__":
    main()
