"""Recorded exchanges, replayed byte for byte: one JSON file for each conversation, in a folder outside the project.

A file contains `{"interactions": [{"request": {"path", "body"}, "response": {"status", "headers", "body"}}]}`.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .canned_reply import Reply

FOLDER_VARIABLE: Final = "OPENROUTER_RECORDINGS"


@dataclass(frozen=True)
class Recording:
    """One recorded request and the reply to it."""

    name: str
    path: str
    body: dict[str, Any]
    reply: Reply

    @property
    def text(self) -> str:
        """Return the body of the reply."""
        return b"".join(piece for piece in self.reply.pieces if isinstance(piece, bytes)).decode()


def recordings_folder() -> Path:
    """Return the folder of the recordings: from the environment variable, else beside the checkout."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "recordings"
    return Path(os.environ.get(FOLDER_VARIABLE, beside))


def read_recordings(folder: Path) -> list[Recording]:
    """Return all recordings in *folder*; none if the folder does not exist."""
    found: list[Recording] = []
    for file in sorted(folder.glob("*.json")):
        for number, interaction in enumerate(json.loads(file.read_text())["interactions"]):
            request, response = interaction["request"], interaction["response"]
            reply = Reply(
                [response["body"].encode()],
                response["headers"].get("content-type", "application/json"),
                response["status"],
                {name: value for name, value in response["headers"].items() if name.lower().startswith("x-")},
            )
            found.append(Recording(f"{file.stem}-{number}", request["path"], request["body"], reply))
    return found
