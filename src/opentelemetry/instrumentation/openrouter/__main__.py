"""`python -m opentelemetry.instrumentation.openrouter`: dispatches to the commands of `_cli`."""

import sys

from ._cli.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
