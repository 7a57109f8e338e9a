"""Preview, approval, schedule, proofs and sums, at the command line."""

import os
import signal
import sqlite3

import pytest


def test_preview_writes_html_and_text(drafted) -> None:
    out = drafted.good("issue", "preview", "weekly", "--out", drafted.folder / "look")

    html = (drafted.folder / "look" / "full.html").read_text()
    assert "Fog" in html
    assert "/u/" not in html
    assert "Rain" in (drafted.folder / "look" / "full.txt").read_text()
    assert [line.split()[0] for line in out.splitlines()[:2]] == [
        str(drafted.folder / "look" / name) for name in ("full.html", "full.txt")
    ]


def test_preview_of_an_approved_issue_shows_the_approved_bytes(drafted) -> None:
    drafted.good("issue", "approve", "weekly")
    drafted.configure("[web]", 'templates = "own"\n\n[web]')
    (drafted.folder / "own").mkdir()
    drafted.write("own/issue.mjml.j2", "{{ weather }}")

    out = drafted.good("issue", "preview", "weekly", "--out", drafted.folder / "look")

    assert out.startswith("weekly/1 is approved: these are the approved bytes.\n")
    assert "Fog" in (drafted.folder / "look" / "full.html").read_text()


@pytest.mark.parametrize("command", ["preview", "approve"])
def test_broken_template_is_named_with_its_line_and_nothing_is_lost(drafted, command) -> None:
    drafted.configure("[web]", 'templates = "own"\n\n[web]')
    (drafted.folder / "own").mkdir()
    drafted.write("own/_masthead.mjml.j2", "<mj-section>\n{{ weather }}")
    before = drafted.store()

    said = drafted.bad("issue", command, "weekly")

    assert said == "template _masthead.mjml.j2, line 2: 'weather' is undefined"
    assert drafted.store() == before


def test_approval_says_what_was_approved_and_by_whom(drafted) -> None:
    out = drafted.good("issue", "approve", "weekly", "--by", "Ada")

    shown = drafted.good("issue", "show", "weekly")
    assert out.startswith("weekly/1 is approved, ")
    assert "(UTC) by Ada\n" in shown
    assert out.split("hash ")[1] in shown


@pytest.mark.parametrize(("paragraphs", "warned"), [(1, False), (800, True)])
def test_approval_warns_of_a_mail_that_is_nearly_cut_off(drafted, paragraphs, warned) -> None:
    text = "The harbour sang and sang, and then it rained on the quay.\n\n" * paragraphs
    drafted.good("issue", "set", "weekly", f"topper={text}")

    out = drafted.good("issue", "approve", "weekly")

    assert ("mail programs cut off what is beyond 100,000" in out) is warned


def test_two_people_approve_where_the_newsletter_says_so(drafted) -> None:
    drafted.configure('relay = "main"', 'relay = "main"\nsecond_person = true')

    first = drafted.good("issue", "approve", "weekly", "--by", "Ada")
    assert first.startswith("weekly/1 waits for a second person")
    assert "by Ada" in drafted.good("issue", "show", "weekly")
    assert "somebody else" in drafted.bad("issue", "approve", "weekly", "--by", "ada")
    assert "  draft  " in drafted.good("issue", "show", "weekly")

    second = drafted.good("issue", "approve", "weekly", "--by", "Ben")
    assert second.startswith("weekly/1 is approved, ")
    assert "  approved  " in drafted.good("issue", "show", "weekly")


def test_approval_without_a_subject_is_one_clear_line(drafted) -> None:
    drafted.good("issue", "set", "weekly", "subject=")

    assert drafted.bad("issue", "approve", "weekly") == "number 1 has no subject yet"


def test_approval_of_an_extra_says_that_it_has_no_moment(drafted) -> None:
    drafted.good("issue", "new", "weekly", "--extra")
    drafted.good("issue", "pick", "weekly/2", 1, "--section", "News")
    drafted.good("issue", "set", "weekly/2", "subject=Extra")

    out = drafted.good("issue", "approve", "weekly/2")

    assert "It has no moment yet: digest issue schedule weekly/2 sets one." in out


def test_schedule_of_a_draft_says_that_it_must_be_approved(drafted) -> None:
    out = drafted.good("issue", "schedule", "weekly", "--at", "2099-01-02 07:00")

    assert out.splitlines() == [
        "weekly/1 is due Fri 2099-01-02 07:00 (UTC).",
        "It is a draft and goes out only if approved: digest issue approve weekly/1",
    ]


def test_schedule_keeps_the_approval(drafted) -> None:
    drafted.good("issue", "approve", "weekly")

    out = drafted.good("issue", "schedule", "weekly", "--at", "2099-01-02 07:00")

    assert out.count("\n") == 1
    assert "weekly/1  approved" in drafted.good("issue", "show", "weekly")


def test_cancelled_issue_is_not_scheduled(drafted) -> None:
    drafted.good("issue", "cancel", "weekly")
    before = drafted.store()

    said = drafted.bad("issue", "schedule", "weekly/1", "--now")

    assert said == "number 1 is cancelled and cannot be scheduled"
    assert drafted.store() == before


def test_wall_clock_time_that_does_not_exist_is_the_next_that_does(drafted) -> None:
    drafted.configure('timezone = "UTC"', 'timezone = "Europe/Berlin"')

    out = drafted.good("issue", "schedule", "weekly", "--at", "2099-03-29 02:30")

    assert out.startswith("weekly/1 is due Sun 2099-03-29 03:00 (Europe/Berlin).")


def test_proofs_are_mailed_and_nothing_is_kept(drafted) -> None:
    before = drafted.store()

    out = drafted.good("issue", "send-proof", "weekly", "ada@courier.example")

    assert out == "ada@courier.example: accepted\n"
    assert "Subject: [Proof] Fog & rain" in drafted.mails()[0]
    assert drafted.store() == before


def test_proof_that_is_not_accepted_is_an_error_without_its_address(drafted) -> None:
    drafted.configure('folder = "out"', 'folder = "config.toml"')

    said = drafted.bad("issue", "send-proof", "weekly", "ada@courier.example")

    assert said.startswith("proof 1 of 1: not accepted now: ")
    assert "ada@" not in said


def test_verify_adds_a_draft_up(drafted) -> None:
    out = drafted.good("issue", "verify", "weekly")

    assert out.startswith("weekly/1 draft: balanced\naccepted=0 ")


def test_verify_of_lost_rows_says_so_and_exits_1(drafted) -> None:
    drafted.good("issue", "approve", "weekly")
    drafted.good("issue", "schedule", "weekly", "--now")
    drafted.good("tick")
    with sqlite3.connect(drafted.folder / "digest.db") as connection:
        connection.execute("DELETE FROM deliveries WHERE id = 1")
    connection.close()

    result = drafted("issue", "verify", "weekly")

    assert result.status == 1
    assert "weekly/1 sent: DOES NOT BALANCE" in result.out
    assert "error: weekly/1: 2 subscribers were frozen and 1 rows are there" in result.err


def test_ctrl_c_ends_an_approval_with_130_and_no_trace(drafted, waited) -> None:
    """The interrupt goes to the whole process group, the compiler's process included, as in a
    terminal.
    """
    process = drafted.start("issue", "approve", "weekly")
    waited(lambda: _has_child(process.pid))

    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out, err) == (130, "", "")
    assert "weekly/1  draft" in drafted.good("issue", "show", "weekly")


def _has_child(pid: int) -> bool:
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return bool(children.read().strip())


def test_approving_after_the_slot_was_held_says_how_to_send_it(drafted) -> None:
    drafted.good("issue", "schedule", "weekly", "--now")
    assert "slot was held" in drafted("tick").err

    said = drafted.good("issue", "approve", "weekly/1")

    assert "Its slot was held" in said
    assert "digest issue schedule weekly/1 --now sends it" in said
    status = drafted.good("status")
    assert "last slot held: " in status
    assert "next slot: Fri 2026-12-11" in status


def test_cancelled_issue_leaves_no_moment_to_its_successor(drafted) -> None:
    drafted.good("issue", "schedule", "weekly", "--at", "2999-01-01 09:00")
    drafted.good("issue", "cancel", "weekly")

    with sqlite3.connect(drafted.folder / "digest.db") as store:
        assert store.execute("SELECT count(*) FROM slots WHERE by_hand").fetchone() == (0,)
