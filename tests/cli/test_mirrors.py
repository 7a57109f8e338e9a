"""The order of mirrors at the command line: shown, said, read from a probe, found out."""

import io
import json

import pytest

from digest.testing.web import WebServer, answer

ORDERED = (
    "of\ttry\taddress\n"
    "pages\t1\thttps://p2.example\n"
    "pages\t2\thttps://p1.example\n"
    "pages\t3\thttp://127.0.0.1:8000\n"
    "courier.example\t1\thttps://m1.example/c\n"
    "courier.example\t2\thttps://courier.example\n"
)


def mirror(line, of: str, *addresses: str) -> None:
    path = line.folder / "config.toml"
    at = json.dumps(list(addresses))
    path.write_text(f'{path.read_text()}\n[[newsletters.mirrors]]\nof = "{of}"\nat = {at}\n')


@pytest.fixture
def mirrored(line):
    mirror(line, "pages", "https://p1.example", "https://p2.example")
    mirror(line, "courier.example", "https://m1.example/c")
    return line


def test_nothing_mirrored_is_an_empty_table(line) -> None:
    assert line.good("mirrors", "show", "weekly") == ""
    assert line.good("mirrors", "show", "weekly", "--json") == "{}\n"


def test_order_is_shown_as_it_was_said(mirrored) -> None:
    said = mirrored.good("mirrors", "order", "weekly", "pages", "https://p2.example")

    assert said == mirrored.good("mirrors", "show", "weekly") == ORDERED


def test_order_without_addresses_goes_back_to_the_operator_s(mirrored) -> None:
    before = mirrored.good("mirrors", "show", "weekly")
    mirrored.good("mirrors", "order", "weekly", "pages", "https://p2.example")

    assert mirrored.good("mirrors", "order", "weekly", "pages") == before


def test_json_is_taken_as_it_is_shown(mirrored) -> None:
    order = json.loads(mirrored.good("mirrors", "show", "weekly", "--json"))
    order["pages"].reverse()
    path = mirrored.write("order.json", json.dumps(order))

    mirrored.good("mirrors", "order", "weekly", "--from-json", path)

    assert json.loads(mirrored.good("mirrors", "show", "weekly", "--json")) == order


def test_probe_elsewhere_posts_its_order_on_standard_input(
    mirrored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"pages": ["https://p2.example"]}'))

    assert mirrored.good("mirrors", "order", "weekly", "--from-json", "-") == ORDERED


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pages", "https://evil.example"), "'https://evil.example' is no mirror of pages"),
        (("other.example",), "'other.example' is not mirrored"),
        ((), "takes what is mirrored, or --from-json, one of the two"),
        (("pages", "--from-json", "x"), "one of the two"),
    ],
)
def test_wrong_order_is_one_clear_line(mirrored, words: tuple[str, ...], said: str) -> None:
    assert said in mirrored.bad("mirrors", "order", "weekly", *words)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("nonsense", "this is no JSON"),
        ("[" * 50_000, "this is no JSON"),
        ("[]", 'write {"pages": ["https://…", …]'),
        ('{"pages": "https://p1.example"}', "write"),
        ('{"pages": [1]}', "write"),
        ('{"pages": ["https://evil.example"]}', "is no mirror of pages"),
        (" " * 100_001, "more than 100,000 characters"),
    ],
)
def test_wrong_json_is_one_clear_line(mirrored, content: str, said: str) -> None:
    path = mirrored.write("order.json", content)

    assert said in mirrored.bad("mirrors", "order", "weekly", "--from-json", path)


def test_probe_puts_first_what_answers(line, web: WebServer) -> None:
    down, here = "http://127.0.0.1:9", web.url("")
    other, up = web.url("/other"), web.url("/up")
    mirror(line, "pages", down, here)
    mirror(line, "courier.example", other, up)
    page = b"<html><head><title>{}</title></head></html>"
    for path, title in (("/", b"Letters"), ("/up/rain", b"Rain"), ("/other/rain", b"Domain")):
        body = page.replace(b"{}", title)
        web.answers[path] = answer(body=body, Content_Type="text/html")

    table = line.good("mirrors", "probe", "weekly")

    rows = [row.split("\t") for row in table.splitlines()]
    assert rows[0] == ["of", "try", "address", "asked"]
    assert [row[:3] for row in rows[1:]] == [
        *(["pages", "1", here], ["pages", "2", down], ["pages", "3", "http://127.0.0.1:8000"]),
        *(["courier.example", "1", up], ["courier.example", "2", other]),
        ["courier.example", "3", "https://courier.example"],
    ]
    said = {(row[0], row[2]): row[3] for row in rows[1:]}
    assert said["pages", here] == said["courier.example", up] == "it answers"
    assert said["pages", down] not in {"", "it answers"}
    assert said["courier.example", other] == "another page: 'Domain'"
    assert line.good("mirrors", "show", "weekly").splitlines()[1].endswith(here)


@pytest.fixture
def mirrored_draft(drafted):
    mirror(drafted, "pages", "https://p1.example", "https://p2.example")
    mirror(drafted, "courier.example", "https://m1.example/c", "https://m2.example")
    drafted.good("mirrors", "order", "weekly", "courier.example", "https://m2.example")
    drafted.good("mirrors", "order", "weekly", "pages", "https://p2.example")
    return drafted


@pytest.mark.parametrize("approved", [False, True])
def test_preview_leads_by_the_present_order(mirrored_draft, approved: bool) -> None:
    if approved:
        mirrored_draft.good("issue", "approve", "weekly")

    mirrored_draft.good("issue", "preview", "weekly", "--out", mirrored_draft.folder / "look")

    for name in ("full.html", "full.txt", "headlines.html", "offline.html"):
        shown = (mirrored_draft.folder / "look" / name).read_text()
        assert "https://m2.example/fog" in shown
        assert "https://p1.example/i/" in shown  # to be tried next
        assert "m1.example" not in shown
        assert "https://courier.example" not in shown


def test_proof_leads_by_the_present_order(mirrored_draft) -> None:
    mirrored_draft.good("issue", "send-proof", "weekly", "ada@courier.example")

    [raw] = mirrored_draft.mails()
    proof = raw.replace("=\n", "")
    assert "https://m2.example/fog" in proof
    assert "https://courier.example" not in proof
    assert "List-Unsubscribe: <https://p2.example/own-copy>" in proof
