"""``digest editors``: who may work at the desk."""

import sys
from typing import Annotated

import typer

from digest.cli.terminal import opened, print_table, say
from digest.editors import accounts
from digest.editors.audit import note
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
        password, now = ask_password(password_stdin), instance.clock.now()
        with instance.db.write() as session:
            editor = accounts.add_editor(
                session, instance.sealer, name=name, address=address, role=role, now=now
            )
            accounts.set_password(session, editor, password)
            note(
                session,
                None,
                "add editor",
                accounts.name_in_records(editor.id),
                now,
                {"role": role.value},
            )
            number = editor.id
    say(f"Editor {number} added: {role.value}.")


@app.command("list")
def list_all(context: typer.Context) -> None:
    """Show who may work at the desk."""
    with opened(context) as instance, instance.db.read() as session:
        people = accounts.list_editors(session, instance.sealer)
    rows = [
        (
            *(str(each.id), each.name, each.address, each.role.value),
            "active" if each.active else "locked out",
        )
        for each in people
    ]
    headings = ("id", "name", "address", "role", "state")
    print_table(headings, rows, none=NO_EDITORS)


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
        new = ask_password(password_stdin)
        with instance.db.write() as session:
            editor = accounts.find_editor(session, instance.sealer, address)
            accounts.set_password(session, editor, new)
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
