"""Stores a screenshot with a palette of 256 colors, which needs a third of the bytes.

Chromium writes three bytes a pixel (https://www.w3.org/TR/png-3/): color type 2, 8 bits, not interlaced.
"""

import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

Color = tuple[int, int, int]
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
RGB: Final = b"\x08\x02\x00\x00\x00"
PALETTE: Final = b"\x08\x03\x00\x00\x00"
COLORS: Final = 256


def store_with_palette(path: Path) -> None:
    """Replace a PNG by one with the most frequent colors; each other color becomes the nearest of these."""
    chunks = list(_chunks(path.read_bytes()))
    header = chunks[0][1]
    if header[8:] != RGB:
        raise ValueError(f"{path} has the format {header[8:]!r}")
    width: int = struct.unpack(">I", header[:4])[0]
    data = zlib.decompress(b"".join(content for kind, content in chunks if kind == b"IDAT"))
    rows = [list(zip(row[0::3], row[1::3], row[2::3], strict=True)) for row in _rows(data, 3 * width)]
    counts = Counter(pixel for row in rows for pixel in row)
    palette = [color for color, _ in counts.most_common(COLORS)]
    index = {color: _nearest(color, palette) for color in counts}
    pixels = b"".join(b"\0" + bytes(index[pixel] for pixel in row) for row in rows)
    path.write_bytes(
        SIGNATURE
        + _chunk(b"IHDR", header[:8] + PALETTE)
        + _chunk(b"PLTE", bytes(part for color in palette for part in color))
        + _chunk(b"IDAT", zlib.compress(pixels, 9))
        + _chunk(b"IEND", b"")
    )


def _nearest(color: Color, palette: list[Color]) -> int:
    distances = [sum((one - other) ** 2 for one, other in zip(color, each, strict=True)) for each in palette]
    return distances.index(min(distances))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(png):
        size: int = struct.unpack(">I", png[at : at + 4])[0]
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        at += 12 + size


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _rows(data: bytes, size: int) -> Iterator[bytes]:
    """Yield the rows of pixels without their filters."""
    above = bytearray(size)
    for start in range(0, len(data), size + 1):
        kind, row = data[start], bytearray(data[start + 1 : start + 1 + size])
        for at in range(size) if kind else ():
            left, corner = (row[at - 3], above[at - 3]) if at > 2 else (0, 0)  # noqa: PLR2004 - the first pixel
            row[at] = (row[at] + _predicted(kind, left, above[at], corner)) & 255
        yield bytes(row)
        above = row


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    """Return the filter's prediction of a byte: of Sub, Up, Average or Paeth."""
    if kind < 4:  # noqa: PLR2004 - the number of Paeth
        return (0, left, up, (left + up) // 2)[kind]
    estimate = left + up - corner
    return min((left, up, corner), key=lambda each: abs(estimate - each))
