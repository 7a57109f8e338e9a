"""From bytes of anybody's to a picture of ours: decoded, stripped, cut, made light. Pure, with
Pillow; run by the darkroom's child alone, which has limits of its own.

What a file is, its bytes say: JPEG, PNG, GIF or WebP, the first frame of it. Neither its name nor
what it was called counts, and no other decoder is ever asked. Every picture is decoded to pixels
and encoded anew, so nothing but pixels gets through: no EXIF, no place, no profile, no comment, and
nothing that was hung on behind.
"""

import warnings
from collections.abc import Iterator
from io import BytesIO

from PIL import Image, ImageCms, ImageOps

from digest.errors import BadInput
from digest.media.shapes import Cut, Shape

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
PIXELS_MOST = 64_000_000  # of today's best cameras; decoded, 256 MB with transparency
ORIGINAL_WIDE = 2_400  # pixels of what a print shows of it: twice what the print has
ORIGINAL_SIDE = 4_800  # pixels of its longer side, of which a print may show little
ORIGINAL_MOST = 10_000_000  # bytes
PRINT_WIDE = 1_200  # pixels: the mail's 600, on screens with two to each
PRINT_HIGH = 1_600  # of what is shown whole
PRINT_MOST = 200_000  # bytes, and never as many
QUALITIES = (86, 80, 74, 68, 62, 56, 50)
NARROWER = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)
DEEP = ("I", "I;16", "I;16B", "I;16L", "F")  # more than eight bits for each grey

# Files that ask for too much are refused by Pillow, too, while it reads their frames.
Image.MAX_IMAGE_PIXELS = PIXELS_MOST
warnings.simplefilter("error", Image.DecompressionBombWarning)

Encoded = tuple[bytes, str, tuple[int, int]]  # bytes, kind (jpg or png), width and height


def strip(data: bytes) -> Encoded:
    """Return a file as we keep it: upright, in sRGB, no larger than its prints need.

    BadInput for what is no picture of ours, is cut short, or has too many pixels.
    """
    image = _opened(data)
    image.draft(None, _kept_size(image))  # a JPEG is read at half its size or less
    try:
        image.load()
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise BadInput("The file is broken, or was cut short: it cannot be shown.") from error
    image = _shallow(image)
    _shrink(image, _kept_size(image))  # before anything else: what follows makes copies
    image = _without_idle_alpha(_in_srgb(_upright(image)))
    whole = image.size
    for share in NARROWER:
        _shrink(image, (round(whole[0] * share), round(whole[1] * share)))
        data, kind = _encoded(image, 90)
        if len(data) < ORIGINAL_MOST:
            break
    return data, kind, image.size


def _opened(data: bytes) -> Image.Image:
    """Return a picture of which nothing but the head was read."""
    if not data:
        raise BadInput("The file is empty.")
    try:
        image = Image.open(BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large() from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise BadInput("This is no picture we can use: take a JPEG, PNG, GIF or WebP.") from error
    if image.width * image.height > PIXELS_MOST:
        raise _too_large()
    return image


def _too_large() -> BadInput:
    most = PIXELS_MOST // 1_000_000
    return BadInput(f"The picture has too many pixels: at most {most} million are taken.")


def _kept_size(image: Image.Image) -> tuple[int, int]:
    left, _, right, _ = Cut().box(*image.size)
    share = min(1.0, ORIGINAL_WIDE / (right - left), ORIGINAL_SIDE / max(image.size))
    return max(1, round(image.width * share)), max(1, round(image.height * share))


def _shrink(image: Image.Image, size: tuple[int, int]) -> None:
    image.thumbnail((max(1, size[0]), max(1, size[1])), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError):  # what is no EXIF turns nothing
        return image


def _in_srgb(image: Image.Image) -> Image.Image:
    """Return a picture as RGB or RGBA, its colours those that its profile means."""
    profile = image.info.get("icc_profile")
    if _is_clear(image):
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        colours = _converted(image.convert("RGB"), profile)
        colours.putalpha(alpha)
        return colours
    return _converted(image, profile)


def _is_clear(image: Image.Image) -> bool:
    return "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info


def _shallow(image: Image.Image) -> Image.Image:
    """Return a picture with eight bits for each colour of each pixel: no palette, and of a deep
    grey, which would come out white, the eight most important ones.
    """
    if image.mode in {"1", "P", "PA"}:
        return image.convert("RGBA" if _is_clear(image) else "RGB")
    if image.mode not in DEEP:
        return image
    deep = image.convert("F")
    _, brightest = deep.getextrema()
    scale = 1 / 257 if isinstance(brightest, float) and brightest > 255 else 1
    grey = deep.point(lambda value: value * scale + 0).convert("L")
    grey.info = {}  # which grey was clear is told in sixteen bits
    return grey


def _converted(image: Image.Image, profile: object) -> Image.Image:
    if isinstance(profile, bytes) and image.mode in {"RGB", "CMYK", "L"}:
        try:
            given = ImageCms.ImageCmsProfile(BytesIO(profile))
            ours = ImageCms.createProfile("sRGB")
            done = ImageCms.profileToProfile(image, given, ours, outputMode="RGB")
            return done if done is not None else image.convert("RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # a profile that is none, or of another kind of picture
    return image.convert("RGB")


def _without_idle_alpha(image: Image.Image) -> Image.Image:
    """Return a picture whose every pixel is opaque without its transparency."""
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    return image


def print_of(original: bytes, cut: Cut) -> Encoded:
    """Return an original of ours as it is shown: cut, PRINT_WIDE at most, below PRINT_MOST."""
    image = _opened(original)
    shown = _without_idle_alpha(image.crop(cut.box(*image.size)))
    high = PRINT_HIGH if cut.shape is Shape.WHOLE else PRINT_WIDE
    for share in NARROWER:
        smaller = shown.copy()
        side = max(1, round(PRINT_WIDE * share)), max(1, round(high * share))
        smaller.thumbnail(side, Image.Resampling.LANCZOS)
        for data, kind in _lighter_and_lighter(smaller):
            if len(data) < PRINT_MOST:
                return data, kind, smaller.size
    raise BadInput("The picture cannot be made light enough to be mailed.")


def _lighter_and_lighter(image: Image.Image) -> Iterator[tuple[bytes, str]]:
    if image.mode != "RGBA":
        yield from (_encoded(image, quality) for quality in QUALITIES)
        return
    yield _encoded(image, 0)
    yield _encoded(image.quantize(256, Image.Quantize.FASTOCTREE), 0)


def _encoded(image: Image.Image, quality: int) -> tuple[bytes, str]:
    """Return pixels as a file, and nothing beside them: what Pillow knows of the file that they
    came from stays behind.
    """
    image.info = {key: image.info[key] for key in ("transparency",) if key in image.info}
    made = BytesIO()
    if image.mode == "RGB":
        image.save(made, "JPEG", quality=quality, optimize=True, progressive=True)
        return made.getvalue(), "jpg"
    image.save(made, "PNG", optimize=True)
    return made.getvalue(), "png"
