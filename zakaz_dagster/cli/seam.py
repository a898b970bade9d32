"""The one place where what goes wrong in a verb becomes a sentence and an exit code.

    0 ok, 1 warnings, 2 failures were found, 3 the command itself failed

Belongs here: exit codes, sentences, --verbose. Does not: printing of results (`terminal`), values (`params`).
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar

import click

from zakaz_dagster.errors import Failure
from zakaz_dagster.redaction import scrub

FAILED = 3
STOPPED = 130  # as shells count a Ctrl-C
VERBOSE: ContextVar[bool] = ContextVar("verbose", default=False)
EXTRAS = {"datalens_sdk": "bi"}  # of all others that may be absent, the extra is `local`


def with_verbose(command: click.Command) -> click.Command:
    """The command, and all beneath it, with --verbose."""
    if not any(param.name == "verbose" for param in command.params):
        words = "Also print the lines of Dagster, and tracebacks."
        option = click.Option(["-v", "--verbose"], is_flag=True, expose_value=False, callback=_verbose, help=words)
        command.params.append(option)
        for inner in command.commands.values() if isinstance(command, click.Group) else ():
            with_verbose(inner)
    return command


def _verbose(_ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        VERBOSE.set(True)


def run(invoke: Callable[[], object]) -> int:
    """Run a command; its exit code."""
    VERBOSE.set(False)
    for stream in (sys.stdout, sys.stderr):
        getattr(stream, "reconfigure", lambda **_: None)(encoding="utf-8", errors="backslashreplace")
    try:
        result = invoke()
    except click.exceptions.NoArgsIsHelpError as shown:
        click.echo(shown.format_message())
        return 0
    except click.Abort as aborted:
        _say("stopped")
        return STOPPED if isinstance(aborted.__cause__ or aborted.__context__, KeyboardInterrupt) else FAILED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the rest of the buffer has no reader
        return 0
    # The last seam of all: a person at a terminal is told what to do, also about a fault of our own.
    except Exception as error:  # noqa: BLE001
        if VERBOSE.get():
            click.echo(scrub(traceback.format_exc()), err=True)
        _say(sentence(error))
        return FAILED
    return result if isinstance(result, int) else 0


def _say(text: str) -> None:
    click.echo(f"zakaz: {' '.join(scrub(text).split())}", err=True)


def sentence(error: Exception) -> str:
    """What a person can do about it, in one line."""
    if isinstance(error, Failure):
        return str(error)
    if isinstance(error, click.ClickException):
        context = error.ctx if isinstance(error, click.UsageError) else None
        hint = f"; `{context.command_path} --help` shows what it takes" if context else ""
        return f"{error.format_message().rstrip('.')}{hint}"
    if isinstance(error, OSError) and error.strerror:
        where = " and ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
        return f"{where}: {error.strerror}" if where else error.strerror
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("zakaz_dagster"):
        package = (error.name or "").split(".")[0]
        extra = EXTRAS.get(package, "local")
        return f"this needs {package}, which is not installed: pip install 'zakaz-dagster[{extra}]'"
    kind = type(error).__name__
    return f"a fault of zakaz itself ({kind}: {error}); run it again with --verbose and report what it prints"
