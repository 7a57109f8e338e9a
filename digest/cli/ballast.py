"""``digest ballast``: room that is kept for the day the disk is full."""

import typer

from digest.cli.terminal import opened, say

app = typer.Typer(help="Room that is kept for the day the disk is full.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    """Add the group of this file."""
    program.add_typer(app, name="ballast")


@app.command("release")
def release(context: typer.Context) -> None:
    """Give the room back now. No new copy is begun until there is room to keep it again."""
    with opened(context) as instance:
        done = instance.ballast.release()
    say("It is given back: make room on the disk now." if done else "There is none to give back.")


@app.command("look")
def look(context: typer.Context) -> None:
    """Make it where there is room, as the scheduler does by itself."""
    with opened(context) as instance:
        instance.ballast.look()
        file = instance.ballast.file
        if file is None:
            say("None is kept: the database is a server's, or storage.ballast_megabytes is 0.")
        elif file.exists():
            say(f"{instance.ballast.size >> 20} megabytes are kept in {file}.")
        else:
            say("None is kept now: the disk has not twice as much free.")
