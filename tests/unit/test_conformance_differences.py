"""The conformance suite allows the differences of its list, and no other."""

from typing import Any

import pytest

from tests.conformance.compare import differences
from tests.conformance.differences import ALLOWED_DIFFERENCES

_BEFORE = ["aiohttp_patterns.py:74 _until_empty", "aiohttp/streams.py:311 readline", "aiohttp/streams.py:319 readuntil"]


def _is_allowed(before: list[str], after: list[str]) -> bool:
    case: Any = None  # the differences of this test depend on no case
    found = list(differences({"exception": {"frames": before}}, {"exception": {"frames": after}}))
    assert found
    allowed = [each for each in ALLOWED_DIFFERENCES if not each.patterns and not each.uncollected]
    return all(any(each.matches(path, text, case, ()) for each in allowed) for path, text in found)


@pytest.mark.parametrize(
    "after",
    [
        [*_BEFORE[:2], "aiohttp/streams.py:343 readuntil", "aiohttp/streams.py:304 _wait"],
        [*_BEFORE[:2], "aiohttp/streams.py:343 readuntil"],
    ],
    ids=["waits for the body", "another line"],
)
def test_aiohttp_may_raise_in_any_of_its_methods_that_read(after: list[str]) -> None:
    assert _is_allowed(_BEFORE, after)
    assert _is_allowed(after, _BEFORE)


def test_another_frame_is_a_difference() -> None:
    assert not _is_allowed(_BEFORE, [*_BEFORE[:2], "aiohttp/client.py:12 close"])
    assert not _is_allowed(_BEFORE, [*_BEFORE[:1], "aiohttp/client.py:12 close"])
