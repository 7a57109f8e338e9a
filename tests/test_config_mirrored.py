"""Mirrors as the configuration lists them, and where the reader pages are."""

from typing import Any

import pytest
from pydantic import ValidationError

from digest.config import Config, NewsletterConfig, mirrors_of, pages_at
from digest.mirrors import Mirrored

SITE = "https://letters.courier.example"
NEWSLETTER = {
    "slug": "weekly",
    "name": "The Harbour Courier",
    "host": "courier.example",
    "sender": {"name": "The Harbour Courier", "address": "letters@courier.example"},
    "relay": "main",
    "postal_address": "12 Quay Street",
}
GUARDED = {
    **NEWSLETTER,
    "guarded": True,
    "guarded_names": ["courier"],
    "host": "post.neutral.example",
    "public_url": "https://letters.neutral.example",
    "sender": {"name": "Weekly", "address": "weekly@neutral.example"},
}


def configured(base: dict[str, Any] = NEWSLETTER, **mirrors: list[str]) -> NewsletterConfig:
    rows = [{"of": of.replace("_", "."), "at": at} for of, at in mirrors.items()]
    return NewsletterConfig.model_validate({**base, "mirrors": rows})


def config(newsletter: NewsletterConfig) -> Config:
    return Config.model_validate(
        {
            "web": {"public_url": SITE},
            "relays": {"main": {"backend": "memory"}},
            "newsletters": [newsletter.model_dump(exclude_unset=True)],
        }
    )


def test_original_is_the_last_resort() -> None:
    newsletter = configured(pages=["https://m1.example"], courier_example=["https://m2.example/c/"])

    assert mirrors_of(newsletter, SITE) == (
        Mirrored("pages", ("https://m1.example", SITE)),
        Mirrored("courier.example", ("https://m2.example/c", "https://courier.example")),
    )


def test_original_among_the_mirrors_is_there_once() -> None:
    newsletter = configured(pages=[SITE, "https://m1.example"])

    assert mirrors_of(newsletter, SITE) == (Mirrored("pages", (SITE, "https://m1.example")),)


def test_guarded_list_leaves_out_an_original_that_names_the_paper() -> None:
    newsletter = configured(
        GUARDED, courier_example=["https://m2.example"], neutral_example=["https://m3.example"]
    )

    assert mirrors_of(newsletter, "https://letters.neutral.example") == (
        Mirrored("courier.example", ("https://m2.example",)),
        Mirrored("neutral.example", ("https://m3.example", "https://neutral.example")),
    )


def test_guarded_mirror_that_names_the_paper_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"mirrors\.pages holds 'courier'"):
        configured(GUARDED, pages=["https://cou-rier.example"])


@pytest.mark.parametrize(
    ("order", "site"),
    [
        (None, "https://m1.example"),
        ({"pages": ["https://m2.example"]}, "https://m2.example"),
        ({"pages": [SITE]}, SITE),
        ({"pages": ["https://gone.example"]}, "https://m1.example"),
        ({"courier.example": ["https://m2.example"]}, "https://m1.example"),
    ],
)
def test_pages_are_at_the_first_mirror_in_the_present_order(order, site: str) -> None:
    newsletter = configured(pages=["https://m1.example", "https://m2.example"])

    assert pages_at(config(newsletter), newsletter, order) == site


def test_pages_without_mirrors_are_where_they_are() -> None:
    newsletter = configured()

    assert pages_at(config(newsletter), newsletter, {"pages": ["https://x.example"]}) == SITE


@pytest.mark.parametrize(
    "address",
    [
        *(
            "http://m1.example",
            "https://m1.example/?a",
            "https://m1.example/#a",
            "ftp://m1.example",
        ),
        *("https://зеркало.example", "https://m1.example/зеркало", "https://me@m1.example", "m1"),
        *("https://m1.example/'", 'https://m1.example/"', "https://m1.example\r\nX: y"),
    ],
)
def test_address_that_no_link_can_begin_with_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        configured(pages=[address])


def test_mirror_of_the_pages_on_another_path_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"https://m1\.example/x of pages must have the same"):
        config(configured(pages=["https://m1.example/x"]))


def test_the_same_twice_is_refused() -> None:
    rows = [{"of": "pages", "at": ["https://m1.example"]}] * 2

    with pytest.raises(ValidationError, match="pages is there twice"):
        NewsletterConfig.model_validate({**NEWSLETTER, "mirrors": rows})
