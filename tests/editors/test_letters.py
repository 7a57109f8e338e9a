"""What the desk mails: to editors alone, our own words alone, and as much work for anybody."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from digest.clock import FixedClock
from digest.editors.accounts import add_editor, find_editor, set_active
from digest.editors.inviting import invite, invite_anew
from digest.editors.letters import DeskPost, desk_of
from digest.editors.passwords import PasswordHash
from digest.editors.sessions import find_signed, open_session
from digest.errors import BadInput, Conflict
from digest.models import Notice, Role
from digest.testing.newsroom import Newsroom, open_newsroom

GUARDED = {
    'language = "en"': 'language = "en"\nguarded = true\nguarded_names = ["gazette"]\n'
    'public_url = "https://neutral.example"'
}
ADA = "ada@gazette.example"


@pytest.fixture
def open_post(tmp_path: Path, clock: FixedClock) -> Iterator[Callable[..., "Post"]]:
    opened = []

    def open_one(**options) -> "Post":
        context = open_newsroom(tmp_path, clock, **options)
        opened.append(context)
        return Post(context.__enter__())

    yield open_one
    for context in opened:
        context.__exit__(None, None, None)


class Post:
    """A newsroom that writes to its editors."""

    def __init__(self, newsroom: Newsroom) -> None:
        self.app = newsroom.app
        self.post = DeskPost(self.app.config, self.app.sealer, self.app.signer)

    def add(self, address: str = ADA, *, hashed: str = "a hash", role: Role = Role.EDITOR) -> None:
        app = self.app
        with app.db.write() as session:
            editor = add_editor(
                session, app.sealer, name="Ada", address=address, role=role, now=app.clock.now()
            )
            editor.password_hash = PasswordHash(hashed)

    def mail_link(self, address: str) -> list[str]:
        """Mail a link; return the statements that it took."""
        said: list[str] = []

        def hear(_connection, _cursor, statement: str, *_more) -> None:
            said.append(statement)

        event.listen(self.app.db.engine, "before_cursor_execute", hear)
        with self.app.db.write() as session:
            self.post.mail_link(session, address, self.app.clock.now())
        event.remove(self.app.db.engine, "before_cursor_execute", hear)
        return said

    def letters(self) -> list[tuple[str, str, str]]:
        opened = self.app.sealer.open
        with self.app.db.read() as session:
            return [
                (row.kind, opened(row.address_sealed), opened(row.body_sealed))
                for row in session.query(Notice).order_by(Notice.id)
            ]


def test_link_goes_to_editors_alone(open_post) -> None:
    post = open_post()
    post.add()
    post.add("new@gazette.example", hashed="")  # invited; has chosen no password
    post.add("gone@gazette.example")
    with post.app.db.write() as session:
        set_active(session, find_editor(session, post.app.sealer, "gone@gazette.example"), False)
    for address in (ADA, "new@gazette.example", "gone@gazette.example", "nobody@gazette.example"):
        post.mail_link(address)
    assert [(kind, to) for kind, to, _ in post.letters()] == [("desk-link", ADA)]


def test_link_costs_the_same_statements_for_everybody(open_post) -> None:
    post = open_post()
    post.add()
    assert post.mail_link(ADA) == post.mail_link("nobody@gazette.example")


def test_link_is_mailed_as_often_as_asked(open_post) -> None:
    post = open_post()
    post.add()
    post.mail_link(ADA)
    post.mail_link(ADA)
    first, second = [body for _, _, body in post.letters()]
    assert first != second


def test_what_is_no_address_gets_no_letter(open_post) -> None:
    post = open_post()
    with pytest.raises(BadInput):
        post.mail_link("nobody")


def test_invitation_holds_nothing_that_was_typed(open_post) -> None:
    post = open_post()
    with post.app.db.write() as session:
        editor, link = invite(
            session,
            post.post,
            name="Win a prize at evil.example",
            address=ADA,
            role=Role.EDITOR,
            now=post.app.clock.now(),
        )
    assert link == ""
    assert editor.password_hash == ""
    ((kind, to, body),) = post.letters()
    assert (kind, to) == ("desk-invitation", ADA)
    assert "http://127.0.0.1:8000/desk/invitation/" in body
    assert "evil" not in body
    assert ADA not in body


def test_letters_say_whose_desk_it_is_and_who_invites(open_post) -> None:
    post = open_post()
    now = post.app.clock.now()
    with post.app.db.write() as session:
        invited = {"name": "Ben", "address": "ben@gazette.example", "role": Role.EDITOR}
        invite(session, post.post, **invited, now=now, by="Ada Holm")
    post.add()
    post.mail_link(ADA)
    (_, _, invitation), (_, _, link) = post.letters()

    assert invitation.startswith(
        "Ada Holm invites you to work at the desk of The Harbour Courier, where"
    )
    assert "sign in at the desk of The Harbour Courier." in link
    with post.app.db.read() as session:  # a subject is stored as it is: no name of a person in it
        assert [row.subject for row in session.query(Notice).order_by(Notice.id)] == [
            "You are invited to the desk of The Harbour Courier",
            "Your link to sign in at the desk of The Harbour Courier",
        ]


def test_command_line_invites_in_the_newspaper_s_name(open_post) -> None:
    post = open_post()
    with post.app.db.write() as session:
        invited = {"name": "Ben", "address": ADA, "role": Role.EDITOR}
        invite(session, post.post, **invited, now=post.app.clock.now())
    ((_, _, body),) = post.letters()
    assert body.startswith("You are invited to work at the desk of The Harbour Courier, where")


def test_newsroom_with_a_guarded_newsletter_is_not_named(open_post) -> None:
    post = open_post()
    (open_one,) = post.app.config.newsletters
    hidden = open_one.model_copy(update={"slug": "hidden", "name": "Hidden", "guarded": True})
    config = post.app.config.model_copy(update={"newsletters": [open_one, hidden]})
    post.post = DeskPost(config, post.app.sealer, post.app.signer)
    with post.app.db.write() as session:
        invited = {"name": "Ben", "address": "ben@gazette.example", "role": Role.EDITOR}
        invite(session, post.post, **invited, now=post.app.clock.now(), by="Ada Holm")
    post.add()
    post.mail_link(ADA)

    for _, _, body in post.letters():
        assert "at the desk" in body
        assert "Courier" not in body
        assert "Hidden" not in body
        assert "Ada" not in body
    with post.app.db.read() as session:
        assert not [row for row in session.query(Notice) if "Courier" in row.subject]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["A"], "the desk of A"),
        (["A", "B"], "the desk of A and B"),
        (["A", "B", "C"], "the desk of A, B and C"),
        (["A", "B", "C", "D"], "the desk of A, B, C and others"),
    ],
)
def test_newsroom_goes_by_its_newsletters(open_post, names: list[str], said: str) -> None:
    config = open_post().app.config
    (one,) = config.newsletters
    several = [one.model_copy(update={"name": name}) for name in names]
    assert desk_of(config.model_copy(update={"newsletters": several})) == said


def test_where_all_are_guarded_the_link_is_handed_over(open_post) -> None:
    post = open_post(more=GUARDED)
    with post.app.db.write() as session:
        _, link = invite(
            session,
            post.post,
            name="Ada",
            address=ADA,
            role=Role.EDITOR,
            now=post.app.clock.now(),
        )
    assert link.startswith("http://127.0.0.1:8000/desk/invitation/")
    assert post.letters() == []


def test_new_invitation_takes_the_password_and_every_session(open_post) -> None:
    post = open_post()
    post.add()
    app = post.app
    with app.db.write() as session:
        secret = open_session(session, find_editor(session, app.sealer, ADA), app.clock.now(), 12)
    with app.db.write() as session:
        editor = find_editor(session, app.sealer, ADA)
        invite_anew(session, post.post, editor, app.clock.now())
    with app.db.read() as session:
        assert find_editor(session, app.sealer, ADA).password_hash == ""
        assert find_signed(session, app.sealer, secret, app.clock.now()) is None


def test_last_operator_keeps_the_password(open_post) -> None:
    post = open_post()
    post.add(role=Role.OPERATOR)
    with post.app.db.write() as session:
        editor = find_editor(session, post.app.sealer, ADA)
        with pytest.raises(Conflict, match="last operator"):
            invite_anew(session, post.post, editor, post.app.clock.now())


def test_who_is_locked_out_gets_no_invitation(open_post) -> None:
    post = open_post()
    post.add()
    with post.app.db.write() as session:
        editor = find_editor(session, post.app.sealer, ADA)
        set_active(session, editor, False)
        with pytest.raises(Conflict, match="locked out"):
            invite_anew(session, post.post, editor, post.app.clock.now())
