"""The scraped program of the dashboard's picture, for which a minute lasts a fraction of a second.

It requests the limits of its key as often in this time as a program does in an hour, which is once a minute.
"""

import sys
from typing import Final
from unittest.mock import patch

from opentelemetry.instrumentation.openrouter._api import budget

from .scraped_program import main

INTERVAL: Final = 0.1

if __name__ == "__main__":
    with patch.object(budget, "REQUEST_INTERVAL", INTERVAL):
        main(*sys.argv[1:])
