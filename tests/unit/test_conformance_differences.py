"""The conformance suite allows the differences of its list, and no other."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.conformance.compare import differences
from tests.conformance.differences import ALLOWED_DIFFERENCES

FRAMES = ["aiohttp_patterns.py:74 _until_empty", "aiohttp/streams.py:311 readline", "aiohttp/streams.py:319 readuntil"]
WAITS = [*FRAMES[:2], "aiohttp/streams.py:343 readuntil", "aiohttp/streams.py:304 _wait"]


def _is_allowed(before: dict[str, Any], after: dict[str, Any]) -> bool:
    case: Any = SimpleNamespace(pattern_name="readline")
    found = list(differences(before, after))
    assert found
    return all(any(each.matches(path, text, case, ()) for each in ALLOWED_DIFFERENCES) for path, text in found)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"exception": {"frames": FRAMES}}, {"exception": {"frames": WAITS}}),
        ({"exception": {"frames": FRAMES}}, {"exception": {"frames": WAITS[:3]}}),
    ],
    ids=["waits for the body", "in another line"],
)
def test_when_the_body_arrives_makes_no_difference(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert _is_allowed(one, other)
    assert _is_allowed(other, one)


@pytest.mark.parametrize("last", ["aiohttp/client.py:12 close", "aiohttp/streams.py:12 feed_data"])
def test_another_frame_is_a_difference(last: str) -> None:
    assert not _is_allowed({"exception": {"frames": FRAMES}}, {"exception": {"frames": [*FRAMES[:2], last]}})
    assert not _is_allowed({"exception": {"frames": FRAMES}}, {"exception": {"frames": [FRAMES[0], last]}})
