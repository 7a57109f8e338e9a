"""A found issue shows the stories it was found by."""

from datetime import UTC, date, datetime

from digest.press.archive.hits import show_hit
from digest.press.archive.past import PastIssue, PastPick


def issue(*picks: PastPick, subject: str = "This week", preheader: str = "") -> PastIssue:
    sent = datetime(2026, 11, 27, 7, tzinfo=UTC)
    return PastIssue(1, "abc", 1, 1, date(2026, 11, 27), subject, preheader, sent, picks)


def pick(headline: str, **more: str) -> PastPick:
    return PastPick("News", headline, "https://courier.example/1", **more)


def test_matching_headlines_are_shown_with_the_words_marked() -> None:
    hit = show_hit(issue(pick("Rain"), pick("Fog at sea")), ("fog",))

    [story] = hit.stories
    assert story.headline == (("Fog", True), (" at sea", False))
    assert story.more == ()


def test_story_found_by_its_blurb_or_byline_shows_that_line() -> None:
    hit = show_hit(issue(pick("Rain", blurb="No fog.", byline="Fogarty")), ("fog",))

    [story] = hit.stories
    assert story.headline == (("Rain", False),)
    assert [[part for part, is_hit in line if is_hit] for line in story.more] == [["fog"], ["Fog"]]


def test_stories_with_more_of_the_words_come_first_and_three_are_enough() -> None:
    picks = [pick("Fog one"), pick("Fog two"), pick("Fog and rain"), pick("Fog three")]

    hit = show_hit(issue(*picks), ("fog", "rain"))

    shown = ["".join(part for part, _ in story.headline) for story in hit.stories]
    assert shown == ["Fog and rain", "Fog one", "Fog two"]


def test_subject_is_marked_and_the_preheader_shown_where_it_was_found() -> None:
    hit = show_hit(issue(subject="Fog", preheader="More fog"), ("fog",))

    assert (hit.subject, hit.stories) == ((("Fog", True),), ())
    assert hit.preheader == (("More ", False), ("fog", True))
    assert show_hit(issue(preheader="Rain"), ("fog",)).preheader == ()
