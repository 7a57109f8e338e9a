"""What comes out of the darkroom: upright, in sRGB, cut, light, and nothing but pixels."""

from io import BytesIO

import pytest
from PIL import Image, ImageCms

from digest.errors import BadInput
from digest.media.developing import ORIGINAL_WIDE, PIXELS_MOST, PRINT_MOST, print_of, strip
from digest.media.shapes import Cut, Shape
from tests.media.samples import (
    CAMERA,
    GREEN,
    RED,
    WHITE,
    colour_of,
    noise,
    opened,
    photo,
    png_claiming,
    saved,
    striped,
)


def developed(data: bytes, cut: Cut = Cut()) -> tuple[bytes, bytes]:  # noqa: B008 - frozen
    original = strip(data)[0]
    return original, print_of(original, cut)[0]


def test_place_camera_and_name_are_gone_from_every_byte() -> None:
    data = photo()
    before = opened(data)
    assert before.getexif().get_ifd(0x8825)  # it did say where
    assert CAMERA.encode() in data

    for made in developed(data):
        image = opened(made)
        assert dict(image.getexif()) == {}
        assert not {"exif", "icc_profile", "xmp", "comment"} & image.info.keys()
        for trace in (b"Exif", b"GPS", CAMERA.encode(), b"Ada Holm", b"xmpmeta", b"at home"):
            assert trace not in made
        assert b"ICC_PROFILE" not in made
        assert b"\xff\xe1" not in made[:200]  # APP1, where EXIF and XMP would be


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_kinds_lose_their_exif_as_well(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = CAMERA
    data = saved(striped(), kind, exif=exif)
    assert CAMERA.encode() in data

    assert not any(CAMERA.encode() in made for made in developed(data))


def test_text_of_a_png_is_gone() -> None:
    from PIL.PngImagePlugin import PngInfo

    said = PngInfo()
    said.add_text("Author", "Ada Holm")
    said.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>")
    data = saved(Image.new("RGBA", (600, 400), (1, 2, 3, 100)), "PNG", pnginfo=said)
    assert b"Ada Holm" in data

    for made in developed(data):
        assert opened(made).format == "PNG"
        assert b"Ada Holm" not in made
        assert b"xmpmeta" not in made


def test_print_of_a_noisy_photo_is_light_and_wide_as_it_should_be() -> None:
    coarse = noise(1500, 1000).resize((6000, 4000), Image.Resampling.BICUBIC)
    data = saved(coarse, quality=40)

    original, shown = developed(data)

    assert opened(original).size == (ORIGINAL_WIDE, 1600)
    assert len(shown) < PRINT_MOST
    image = opened(shown)
    assert image.info.get("progressive") == 1
    assert image.width >= 960
    assert image.width / image.height == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_print_of_pure_noise_is_light(mode: str) -> None:
    original = saved(noise(2400, 1600, mode), "PNG", compress_level=1)

    shown, kind, _ = print_of(original, Cut())

    assert len(shown) < PRINT_MOST
    assert kind == {"RGB": "jpg", "RGBA": "png"}[mode]


def test_large_plain_picture_becomes_twice_as_wide_as_a_mail() -> None:
    _, shown = developed(saved(striped(6000, 4000)))

    assert opened(shown).size == (1200, 800)


def test_small_picture_stays_small() -> None:
    _, shown = developed(saved(striped(300, 200)))

    assert opened(shown).size == (300, 200)


@pytest.mark.parametrize(("x", "colour"), [(0, "red"), (50, "green"), (100, "blue")])
def test_focal_point_decides_what_is_seen(x: int, colour: str) -> None:
    _, shown = developed(saved(striped(2700, 600)), Cut(x, 50))

    image = opened(shown)
    assert image.size == (900, 600)
    assert colour_of(image) == colour


def test_panorama_is_kept_large_enough_to_be_cut() -> None:
    original, shown = developed(saved(striped(7000, 1500)))

    assert opened(original).size == (4800, 1029)
    assert opened(shown).size == (1200, 800)


def test_whole_picture_loses_nothing() -> None:
    _, shown = developed(saved(striped(2700, 600)), Cut(0, 0, Shape.WHOLE))

    image = opened(shown).convert("RGB")
    assert image.size == (1200, 267)
    assert [colour_of(image.crop((x, 100, x + 4, 104))) for x in (50, 600, 1150)] == [
        *("red", "green", "blue"),
    ]


def test_tall_whole_picture_is_no_tower() -> None:
    _, shown = developed(saved(striped(500, 5000)), Cut(shape=Shape.WHOLE))

    assert opened(shown).height == 1600


def test_picture_that_lay_on_its_side_stands_up() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: its left side is up
    lying = striped(900, 600)

    original = opened(strip(saved(lying, exif=exif))[0])

    assert original.size == (600, 900)
    assert [colour_of(original.crop((298, y, 302, y + 4))) for y in (60, 450, 840)] == [
        *("red", "green", "blue"),
    ]


def test_colours_are_those_that_the_profile_means() -> None:
    """A profile that calls red what sRGB calls green."""
    swapped = _profile_with_red_and_green_swapped()
    data = saved(Image.new("RGB", (600, 400), RED), "PNG", icc_profile=swapped)

    original = opened(strip(data)[0])

    assert colour_of(original) == "green"


def _profile_with_red_and_green_swapped() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert profile.count(b"rXYZ") == profile.count(b"gXYZ") == 1
    return profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")


@pytest.mark.parametrize("profile", [b"no profile", b"\0" * 200])
def test_profile_that_is_none_harms_nothing(profile: bytes) -> None:
    assert colour_of(opened(strip(saved(striped(), icc_profile=profile))[0])) == "green"


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "LA", "RGBA", "I;16"])
def test_every_mode_becomes_what_mail_programs_show(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    image = Image.new("RGB", (600, 400), WHITE)
    if mode == "I;16":
        image = Image.frombytes(mode, (600, 400), b"\xff\xff" * 240_000)
    else:
        image = image.convert(mode)

    original, shown = developed(saved(image, kind))

    assert opened(original).format == opened(shown).format == "JPEG"
    assert colour_of(opened(shown)) == "white"


def test_deep_grey_keeps_its_middle() -> None:
    image = Image.frombytes("I;16", (300, 200), (30_000).to_bytes(2, "little") * 60_000)

    grey = opened(strip(saved(image, "PNG"))[0]).convert("L").getpixel((10, 10))

    assert grey == pytest.approx(30_000 / 257, abs=2)


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_what_was_clear_stays_clear(mode: str) -> None:
    image = Image.new("RGBA", (600, 400), (*GREEN, 255))
    image.paste((0, 0, 0, 0), (0, 0, 300, 400))
    options = {}
    if mode == "P":
        image, options = image.convert("P"), {}

    _, shown = developed(saved(image, "PNG", **options))

    made = opened(shown).convert("RGBA")
    assert opened(shown).format == "PNG"
    assert made.getpixel((50, 200))[3] == 0  # type: ignore[index]
    assert made.getpixel((550, 200))[3] == 255  # type: ignore[index]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_moving_pictures_the_first_is_kept(kind: str) -> None:
    frames = [Image.new("RGB", (300, 200), colour) for colour in (GREEN, RED)]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)

    original = opened(strip(data)[0])

    assert original.format == "JPEG"
    assert colour_of(original) == "green"


def test_several_pictures_in_one_jpeg_are_its_first() -> None:
    """Phones write them: a photo, and a depth map behind it."""
    frames = [Image.new("RGB", (300, 200), colour) for colour in (GREEN, RED)]

    data = saved(frames[0], "MPO", save_all=True, append_images=frames[1:])

    assert colour_of(opened(strip(data)[0])) == "green"


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PAGE = b"<!doctype html><script>alert(1)</script>"


@pytest.mark.parametrize(
    "data",
    [
        *(SVG, b"<?xml version='1.0'?>" + SVG, PAGE, b"%PDF-1.7", b"MZ", b"PK\x03\x04", b"x"),
        saved(striped(), "BMP"),
        saved(striped(), "TIFF"),
        saved(striped(), "PPM"),
        saved(striped(), "JPEG2000"),
        b"\xff\xd8\xff",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    ],
)
def test_what_is_no_picture_of_ours_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"take a JPEG, PNG, GIF or WebP|broken"):
        strip(data)


def test_empty_file_is_called_empty() -> None:
    with pytest.raises(BadInput, match="empty"):
        strip(b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_file_that_was_cut_short_is_refused(kind: str) -> None:
    data = saved(noise(200, 200), kind)

    with pytest.raises(BadInput, match=r"broken|no picture"):
        strip(data[: len(data) // 2])


@pytest.mark.parametrize("sides", [(8001, 8001), (100_000, 100_000), (2**31 - 1, 1)])
def test_picture_that_claims_too_many_pixels_is_refused_undecoded(sides: tuple[int, int]) -> None:
    data = png_claiming(*sides)
    assert len(data) < 300

    with pytest.raises(BadInput, match=f"at most {PIXELS_MOST // 1_000_000} million"):
        strip(data)


def test_gif_whose_frame_is_larger_than_itself_is_refused() -> None:
    data = bytearray(saved(Image.new("P", (10, 10)), "GIF"))
    frame = data.index(b"\x2c\x00\x00\x00\x00\x0a\x00\x0a\x00")
    data[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"

    with pytest.raises(BadInput):
        strip(bytes(data))


@pytest.mark.parametrize("tail", [PAGE, b"PK\x03\x04 a whole archive", b"<?php system(1) ?>"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_what_hangs_on_behind_is_left_behind(kind: str, tail: bytes) -> None:
    data = saved(striped(), kind) + tail
    assert tail in data

    assert not any(tail in made for made in developed(data))


def test_same_pixels_give_the_same_bytes() -> None:
    plain, said = saved(striped(), "PNG"), saved(striped(), "PNG", dpi=(300, 300))
    assert plain != said

    assert strip(plain)[0] == strip(said)[0]


def test_original_is_never_larger_than_what_may_be_taken_in() -> None:
    data, kind, _ = strip(saved(noise(2400, 2400, "RGBA"), "PNG", compress_level=1))

    assert kind == "png"
    assert len(data) < 10_000_000
    assert Image.open(BytesIO(data)).mode == "RGBA"
