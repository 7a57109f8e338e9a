"""Group 5: pictures that everybody gets, seen or not. Their weight is for `online`."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from digest.press.preflight.caniemail import per_cent
from digest.press.preflight.findings import Level
from digest.press.preflight.material import Material
from digest.press.preflight.page import Image
from digest.press.preflight.registry import Said, check

LONGEST_ALT = 125  # characters; screen readers break off there
SAFE_PICTURES = 97  # per cent of mail programs
FILE_NAME = re.compile(r"[\w.%~+-]+\.(?:jpe?g|png|gif|webp|avif|svg|tiff?|heic)", re.IGNORECASE)
CAMERA_NAME = re.compile(r"(?:IMG|DSC|DSCN|PXL|MG|P)[_-]?\d{3,}[\w-]*", re.IGNORECASE)


@check("picture-alt", Level.BLOCK, "A picture has no description, or is a link without a name.")
def picture_alt(material: Material) -> Iterator[Said]:
    """No alt attribute; or an empty one on a picture that is all there is of a link."""
    for image in _images(material):
        pick = material.headline_of(image.url)
        if image.alt is None:
            yield Said("the picture has no description (alt)", pick)
        elif not image.alt.strip() and image.link_words == "":
            yield Said(
                "the picture is a link and has no description, so the link has no name", pick
            )


@check("picture-alt-odd", Level.WARN, "A picture's description is a file name, or too long.")
def picture_alt_odd(material: Material) -> Iterator[Said]:
    """More than 125 characters, or what a camera or a content system called the file."""
    for image in _images(material):
        alt, pick = (image.alt or "").strip(), material.headline_of(image.url)
        if FILE_NAME.fullmatch(alt) or CAMERA_NAME.fullmatch(alt):
            yield Said(
                f"the description {alt[:60]!r} is a file's name: say what is to be seen", pick
            )
        elif len(alt) > LONGEST_ALT:
            yield Said(
                f"the description has {len(alt)} characters; {LONGEST_ALT} are read out", pick
            )


@check("picture-width", Level.WARN, "A picture has no width; Outlook shows it as large as it is.")
def picture_width(material: Material) -> Iterator[Said]:
    """The attribute, in pixels."""
    for image in _images(material):
        if not image.width:
            yield Said("the picture has no width", material.headline_of(image.url))


@check("picture-format", Level.WARN, "A picture is of a kind that not all mail programs show.")
def picture_format(material: Material) -> Iterator[Said]:
    """By the end of its name, and caniemail's word on it."""
    for image in _images(material):
        ending = re.search(r"\.([a-z]{3,5})$", unquote(image.url.split("?")[0]).lower())
        share = per_cent("pictures").get(ending[1]) if ending else None
        if ending and share is not None and share < SAFE_PICTURES:
            yield Said(
                f".{ending[1]} is shown by {share} % of mail programs: use JPEG or PNG",
                material.headline_of(image.url),
            )


def _images(material: Material) -> Iterator[Image]:
    """Yield each picture of any edition once."""
    yield from dict.fromkeys(image for one in material.editions for image in one.page.images)
