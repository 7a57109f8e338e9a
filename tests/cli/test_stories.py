"""From an empty folder to a sent issue, as a newcomer types it."""

import re

from digest.testing.web import WebServer, answer

FEED = b"""<rss version="2.0"><channel><title>F</title><link>https://courier.example/</link>
<item><title>Fog over the harbour</title><link>https://courier.example/fog</link></item>
<item><title>Rain</title><link>https://courier.example/rain</link></item></channel></rss>"""
READERS = "email,name\nanna@example.org,Anna\nnobody\nbo@example.org,Bo\n"
SMTP = re.compile(r'backend = "smtp".*?messages_per_connection = 100\n', re.DOTALL)


def good(line, *words: object) -> str:
    """Run a command that must succeed, as a program of its own; return what it said."""
    result = line.program(*map(str, words))
    assert (result.status, result.err) == (0, ""), result
    return result.out


def configure(line) -> None:
    """Edit the example as a newcomer would: a folder for a relay, and feeds on this machine."""
    path = line.folder / "config.toml"
    text = SMTP.sub('backend = "maildir"\nfolder = "out"\n', path.read_text())
    text = text.replace("https://digest.gazette.example", "http://127.0.0.1:8000")
    text = text.replace("#allow_networks = [", 'allow_networks = ["127.0.0.0/8", ')
    path.write_text(text)


def test_first_friday_from_an_empty_folder(empty, web: WebServer) -> None:
    web.answers["/feed.xml"] = answer(body=FEED, Content_Type="application/rss+xml")
    good(empty, "init", empty.folder)
    configure(empty)
    empty.good("migrate")
    empty.good("sources", "add", web.url("/feed.xml"), "--name", "Harbour Courier")
    assert good(empty, "sources", "poll") == "Harbour Courier: 2 new, 0 known, 0 changed\n"
    path = empty.write("readers.csv", READERS)
    assert "2 new, 1 bad" in empty.good("subscribers", "import", path, "--skip-bad", "--yes")

    empty.good("issue", "new", "weekly")
    empty.good("issue", "pick", "weekly", 1, "--section", "News", "--set", "layout=lead")
    empty.good("issue", "pick", "weekly", 2, "--section", "Opinion")
    empty.good("issue", "set", "weekly", "subject=Fog", "topper=Good morning.")
    empty.good("issue", "approve", "weekly")
    empty.good("issue", "schedule", "weekly", "--now")
    sent = good(empty, "tick")

    assert sent.startswith("weekly/1 sent: accepted=2 ")
    assert len(empty.mails()) == 2
    assert all("Subject: Fog\n" in mail for mail in empty.mails())
    assert empty.good("issue", "verify", "weekly").startswith("weekly/1 sent: balanced\n")
    assert "2 accepted of 2" in empty.good("status")


def test_failing_program_prints_one_line_and_exits_1(empty) -> None:
    result = empty.program("status")

    assert result.status == 1
    assert result.out == ""
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
