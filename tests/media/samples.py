"""Pictures to take in, made here: every one is a real file of its kind."""

import os
import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms

RED, GREEN, BLUE, WHITE = (220, 20, 20), (20, 200, 40), (20, 40, 220), (255, 255, 255)
GPS = 0x8825
LATITUDE = (52.0, 31.0, 12.75)
CAMERA = "Acme Quayside 3000"


def saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """Return a picture as a file."""
    made = BytesIO()
    image.save(made, kind, **options)
    return made.getvalue()


def striped(width: int = 900, height: int = 300) -> Image.Image:
    """Return a picture of three upright stripes: red, green, blue."""
    image = Image.new("RGB", (width, height), GREEN)
    image.paste(RED, (0, 0, width // 3, height))
    image.paste(BLUE, (width - width // 3, 0, width, height))
    return image


def photo(width: int = 1500, height: int = 1000) -> bytes:
    """Return a JPEG that says who took it, with what, and where."""
    exif = Image.Exif()
    exif[0x010F] = CAMERA  # Make
    exif[0x013B] = "Ada Holm"  # Artist
    exif[GPS] = {1: "N", 2: LATITUDE, 3: "E", 4: (13.0, 24.0, 36.5)}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><!-- 52.52 N --></x:xmpmeta>'
    # Each of its own colour, or two photos would be the same picture.
    image = Image.new("RGB", (width, height), tuple(os.urandom(3)))  # type: ignore[arg-type]
    return saved(image, exif=exif, icc_profile=profile, comment=b"at home", xmp=xmp)


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Return what no encoder makes small."""
    return Image.frombytes(mode, (width, height), os.urandom(width * height * len(mode)))


def png_claiming(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that says it is as large as that."""
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 10_000)
    chunks = ((b"IHDR", head), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def opened(data: bytes) -> Image.Image:
    """Return a file's pixels."""
    image = Image.open(BytesIO(data))
    image.load()
    return image


def colour_of(image: Image.Image) -> str:
    """Return which of the stripes' colours the middle of a picture is nearest to."""
    pixel = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    named = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE}

    def distance(name: str) -> int:
        return sum(abs(a - b) for a, b in zip(named[name], pixel, strict=True))

    return min(named, key=distance)
