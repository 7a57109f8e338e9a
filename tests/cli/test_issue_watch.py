"""``digest issue watch`` and ``hold-over`` say what they found and did."""

import pytest

from digest.testing.web import WebServer, answer

PAGE = b"<html><head><title>%s</title></head><body><p>Words.</p></body></html>"


@pytest.fixture
def near(drafted, web: WebServer):
    """A draft whose third article is on a server that can be reached, the others taken out."""
    web.answers["/fog"] = answer(body=PAGE % b"Fog at sea", Content_Type="text/html")
    text = f'[[article]]\nurl = "{web.url("/fog")}"\ntitle = "Fog at sea"\n'
    drafted.good("articles", "add", "--file", drafted.write("more.toml", text))
    drafted.good("issue", "pick", "weekly", 3, "--section", "News")
    for article in (1, 2):
        drafted.good("issue", "unpick", "weekly", article)
    return drafted


def test_watch_says_what_changed_and_fails_for_what_is_gone(near, web: WebServer) -> None:
    assert near.good("issue", "watch", "weekly") == ""  # on a pipe no rows are no lines
    web.answers["/fog"] = answer(body=PAGE % b"Fog lifts", Content_Type="text/html")
    assert "3\theadline\tFog at sea\tFog at sea → Fog lifts\n" in near.good(
        "issue", "watch", "weekly"
    )

    web.answers["/fog"] = answer(404)
    result = near("issue", "watch", "weekly/1")
    assert result.status == 1
    assert "3\tgone\tFog at sea\t" in result.out
    assert "watch-gone" in near.bad("issue", "approve", "weekly")


def test_pick_is_held_over_to_the_next_draft(drafted) -> None:
    drafted.good("issue", "set", "weekly", "--article", 1, "headline=Ours")
    said = drafted.good("issue", "hold-over", "weekly/1", 1)
    assert said.startswith("Held over to weekly/2, for ")
    assert said.endswith(": Ours\n")
    assert "Ours" not in drafted.good("issue", "show", "weekly/1")
    assert "News\t1\t1\tlead\tOurs" in drafted.good("issue", "show", "weekly/2")

    drafted.good("issue", "pick", "weekly/1", 1, "--section", "News")
    assert "is in number 2 already" in drafted.bad("issue", "hold-over", "weekly/1", 1)
