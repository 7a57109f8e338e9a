"""A whole run of both parts, as in production, and then a look through all that they logged: no
reader, no editor, no token in either form, and whose work a line is about.
"""

import json
import re
import socket

import httpx

SECRETS = ("anna", "bo@", "example.org", "zebulon", "quimby")


def rude(port: int, request: bytes) -> None:
    """Send what is no HTTP, and hang up."""
    with socket.create_connection(("127.0.0.1", port)) as caller:
        caller.sendall(request)
        caller.recv(1000)


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def leave_link(mail: str) -> str:
    """Return the path that a reader leaves by, from a copy's header."""
    found = re.search(r"List-Unsubscribe: <[^>]*?(/u/[^>]+)>", mail.replace("\n ", ""))
    assert found is not None
    return found[1]


def visit(port: int, link: str) -> None:
    """Do what readers, editors and strangers do; some of it wrong."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for path in (link, f"{link}x", "/anna@example.org", "/desk/anna%40example.org", "/health"):
            client.get(path)
        client.post(link, data={"List-Unsubscribe": "One-Click"})
        client.post("/n/weekly", data={"address": "zebulon@quimby.example", "name": "Zebulon"})
        for password in ("", "anna's own password"):
            client.post("/desk/sign-in", data={"address": "anna@example.org", "password": password})
    rude(port, b"GET /u/anna@example.org HTTP/9.9\r\nHost: x\r\n\r\n")
    rude(port, b"\x16\x03\x01 anna@example.org\r\n\r\n")


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def live(drafted, waited) -> tuple[str, str, str]:
    """Send an issue and serve its readers; return what the scheduler logged as JSON, what the pages
    logged as text, and the link that was followed.
    """
    port = free_port()
    logging = '[logging]\nform = "json"\nlevel = "debug"\n\n'
    drafted.configure("[scheduler]", f"port = {port}\n\n{logging}[scheduler]")
    drafted.good("issue", "approve", "weekly")
    drafted.good("issue", "schedule", "weekly", "--now")
    scheduler = drafted.start("scheduler")
    parts = [scheduler]
    try:
        waited(lambda: len(drafted.mails()) == 2)
        drafted.configure('form = "json"', 'form = "text"')
        parts.append(drafted.start("web"))
        waited(lambda: listens(port))
        link = leave_link(drafted.mails()[0])
        visit(port, link)
    finally:
        for part in parts:
            part.terminate()
        said = [part.communicate(timeout=60)[1] for part in parts]
    return said[0], said[1], link


def test_a_run_names_nobody_and_says_whose_work_a_line_is_about(drafted, waited) -> None:
    scheduler, pages, link = live(drafted, waited)

    token = link.rpartition("/")[2]
    everything = (scheduler + pages).lower()
    assert [secret for secret in (*SECRETS, token.lower()) if secret in everything] == []
    assert "Traceback" not in scheduler + pages
    assert "reader pages at" in pages
    entries = [json.loads(line) for line in scheduler.splitlines()]
    frozen = [entry for entry in entries if entry["message"] == "issue frozen"]
    assert [{"slot", "issue", "audience"} <= set(entry) for entry in frozen] == [True]
