"""``digest editors``: who may work at the desk."""

import sys
from typing import Annotated

import typer

from digest.cli.terminal import local_time, opened, print_table, say
from digest.editors import accounts, inviting
from digest.editors.audit import note
from digest.editors.letters import DeskPost
from digest.editors.passwords import hash_password
from digest.editors.second_factor import count_recovery_codes, drop_factor
from digest.errors import BadInput
from digest.models import Role

app = typer.Typer(help="Who may work at the desk.", no_args_is_help=True)

NO_EDITORS = "Nobody may work at the desk yet: digest editors add."
Address = Annotated[str, typer.Argument(help="The editor's e-mail address.")]
PasswordInput = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from standard input, one line."),
]


def register(program: typer.Typer) -> None:
    """Add the group of this file."""
    program.add_typer(app, name="editors")


def ask_password(from_input: bool) -> str:
    """Return a password typed twice, or one line of standard input."""
    if from_input:
        return sys.stdin.readline().rstrip("\n")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


@app.command("add")
def add(
    context: typer.Context,
    address: Address,
    name: Annotated[str, typer.Option(help="The name that others see.")],
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.EDITOR,
    password_stdin: PasswordInput = False,
) -> None:
    """Add a person, with a password."""
    with opened(context) as instance:
        hashed, now = hash_password(ask_password(password_stdin)), instance.clock.now()
        with instance.db.write() as session:
            editor = accounts.add_editor(
                session, instance.sealer, name=name, address=address, role=role, now=now
            )
            accounts.set_password(session, editor, hashed)
            note(
                session,
                None,
                "add editor",
                accounts.name_in_records(editor.id),
                now,
                {"role": role.value},
            )
            number = editor.id
        where = f"{instance.config.web.public_url.rstrip('/')}/desk"
    say(f"Editor {number} added: {role.value}. The desk is at {where}")


@app.command("list")
def list_all(context: typer.Context) -> None:
    """Show who may work at the desk."""
    with opened(context) as instance, instance.db.read() as session:
        people = accounts.list_editors(session, instance.sealer)
    rows = [
        (
            *(str(each.id), each.name, each.address, each.role.value),
            _state_of(each),
            "yes" if each.has_factor else "no",
            local_time(each.seen_at, "UTC"),
        )
        for each in people
    ]
    headings = ("id", "name", "address", "role", "state", "second factor", "last seen (UTC)")
    print_table(headings, rows, none=NO_EDITORS)


def _state_of(person: accounts.Person) -> str:
    if not person.active:
        return "locked out"
    return "active" if person.has_password else "invited"


@app.command("invite")
def invite(
    context: typer.Context,
    address: Address,
    name: Annotated[str, typer.Option(help="The name that others see.")] = "",
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.EDITOR,
    anew: Annotated[
        bool, typer.Option("--anew", help="Invite once more; takes a password away.")
    ] = False,
) -> None:
    """Add a person who chooses a password by a mailed link; print it where no mail can be sent."""
    with opened(context) as instance, instance.db.write() as session:
        now = instance.clock.now()
        post = DeskPost(instance.config, instance.sealer, instance.signer)
        if anew:
            editor = accounts.find_editor(session, instance.sealer, address)
            link = inviting.invite_anew(session, post, editor, now)
        else:
            editor, link = inviting.invite(
                session, post, name=name, address=address, role=role, now=now
            )
        verb = "invite anew" if anew else "invite editor"
        about, detail = accounts.name_in_records(editor.id), {"role": editor.role.value}
        note(session, None, verb, about, now, detail)
        number = editor.id
    how = f"hand this over, good for 7 days: {link}" if link else "a letter is on its way."
    say(f"Editor {number} is invited: {how}")


@app.command("second-factor")
def second_factor(
    context: typer.Context,
    address: Address,
    off: Annotated[
        bool, typer.Option("--off", help="Turn it off, for who lost phone and recovery codes.")
    ] = False,
) -> None:
    """Show whether somebody has a second factor; --off ends it and signs them out everywhere."""
    with opened(context) as instance, instance.db.write() as session:
        editor = accounts.find_editor(session, instance.sealer, address)
        number, has = editor.id, editor.totp_sealed is not None
        left = count_recovery_codes(session, number)
        if off:
            if not has:
                raise BadInput("this editor has no second factor")
            drop_factor(session, editor)
            about = accounts.name_in_records(number)
            note(session, None, "reset second factor", about, instance.clock.now())
    if off:
        say(f"Editor {number} has no second factor any more, and is signed out everywhere.")
    elif has:
        say(f"Editor {number} has a second factor, and {left} recovery codes.")
    else:
        say(f"Editor {number} has no second factor.")


@app.command("role")
def role(context: typer.Context, address: Address, role: Role) -> None:
    """Change what somebody may do; signs them out everywhere."""
    with opened(context) as instance, instance.db.write() as session:
        editor = accounts.find_editor(session, instance.sealer, address)
        accounts.set_role(session, editor, role)
        note(
            session,
            None,
            "change role",
            accounts.name_in_records(editor.id),
            instance.clock.now(),
            {"role": role.value},
        )
        number = editor.id
    say(f"Editor {number} is {role.value} now, and signed out everywhere.")


@app.command("password")
def password(
    context: typer.Context, address: Address, password_stdin: PasswordInput = False
) -> None:
    """Give somebody a new password; signs them out everywhere."""
    with opened(context) as instance:
        hashed = hash_password(ask_password(password_stdin))
        with instance.db.write() as session:
            editor = accounts.find_editor(session, instance.sealer, address)
            accounts.set_password(session, editor, hashed)
            note(
                session,
                None,
                "change password",
                accounts.name_in_records(editor.id),
                instance.clock.now(),
            )
            number = editor.id
    say(f"Editor {number} has a new password, and is signed out everywhere.")


@app.command("lock")
def lock(
    context: typer.Context,
    address: Address,
    back: Annotated[bool, typer.Option("--back", help="Let them in again.")] = False,
) -> None:
    """Keep somebody out; signs them out everywhere. What they did stays on record."""
    with opened(context) as instance, instance.db.write() as session:
        editor = accounts.find_editor(session, instance.sealer, address)
        if editor.active is back:
            raise BadInput("this editor is not locked out" if back else "already locked out")
        accounts.set_active(session, editor, back)
        verb = "let in" if back else "lock out"
        note(session, None, verb, accounts.name_in_records(editor.id), instance.clock.now())
        number = editor.id
    say(f"Editor {number} may come in again." if back else f"Editor {number} is locked out.")
