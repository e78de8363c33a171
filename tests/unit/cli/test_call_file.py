"""The file of the calls of several processes."""

from pathlib import Path

from opentelemetry.instrumentation.openrouter._cli.call_file import CallFile, append_call
from opentelemetry.instrumentation.openrouter._cli.calls import Call, call_to_json

CALLS = [Call(str(number), 1.0, "chat", streamed=False) for number in range(3)]


def test_reads_what_is_new(tmp_path: Path) -> None:
    """Each call is read once, when its line is complete; a line that is no call is skipped."""
    path = tmp_path / "calls"
    file = CallFile(path)
    assert list(file.read()) == []
    append_call(str(path), CALLS[0])
    assert path.stat().st_mode & 0o777 == 0o600
    append_call(str(path), CALLS[1])
    assert list(file.read()) == CALLS[:2]
    line = call_to_json(CALLS[2])
    with path.open("a") as written:
        written.write("{}\n" + line[:10])
    assert list(file.read()) == []
    with path.open("a") as written:
        written.write(line[10:] + "\n")
    assert list(file.read()) == CALLS[2:]
