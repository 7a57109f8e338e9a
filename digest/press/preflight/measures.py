"""How large a picture is, read from the first bytes of its file: PNG, GIF, JPEG, WebP. Pure."""

import struct

JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


def picture_size(data: bytes) -> tuple[int, int]:
    """Return width and height in pixels; zeros for what is no picture we know."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return _pair(">II", data, 16)
        if data.startswith((b"GIF87a", b"GIF89a")):
            return _pair("<HH", data, 6)
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError):
        pass
    return 0, 0


def _pair(form: str, data: bytes, offset: int) -> tuple[int, int]:
    one, other = struct.unpack_from(form, data, offset)
    return one, other


def _jpeg(data: bytes) -> tuple[int, int]:
    """Walk the segments up to the frame's header (ITU T.81, B.2)."""
    place = 2
    while data[place] == 0xFF:
        marker = data[place + 1]
        if marker in JPEG_FRAMES:
            height, width = _pair(">HH", data, place + 5)
            return width, height
        if marker == 0xFF:  # fill
            place += 1
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return 0, 0


def _webp(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little")
        return width + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8 ":
        width, height = _pair("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return 0, 0
