"""A whole run of both parts, as in production, and then a look through all that they logged: no
reader, no editor, no token in either form, and whose work a line is about.
"""

import json
import re
import socket

import httpx
import pytest

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


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_run_names_nobody(drafted, waited, form: str) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    logging = f'[logging]\nform = "{form}"\nlevel = "debug"\n\n'
    drafted.configure("[scheduler]", f"port = {port}\n\n{logging}[scheduler]")
    drafted.good("issue", "approve", "weekly")
    process = drafted.start("run")
    try:
        drafted.good("issue", "schedule", "weekly", "--now")
        waited(lambda: listens(port))
        waited(lambda: len(drafted.mails()) == 2)
        link = leave_link(drafted.mails()[0])
        visit(port, link)
    finally:
        process.terminate()
        _, said = process.communicate(timeout=60)

    token = link.rpartition("/")[2]
    named = [secret for secret in (*SECRETS, token, token[:20]) if secret in said.lower()]
    assert named == []
    assert "issue frozen" in said
    assert "Traceback" not in said
    if form == "json":
        check_fields(said)


def check_fields(said: str) -> None:
    """Every line is an object; what is about an issue or a relay names it."""
    entries = [json.loads(line) for line in said.splitlines()]
    frozen = [entry for entry in entries if entry["message"] == "issue frozen"]

    assert [entry["slot"] for entry in frozen] == [frozen[0]["slot"]]
    assert frozen[0]["issue"] > 0
