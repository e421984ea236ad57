"""How a command line ends: with a code and, where something was wrong, one line on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from model_probe.errors import UserError, disk_is_full, short


def carried_out(command: click.Command, arguments: Sequence[str] | None, name: str, stopped: str = "") -> int:
    """Run a command with what was typed, or with these arguments.

    Returns its exit code: what it returns, 0 for None; 2 for bad input and for what the system refuses, such
    as a full disk; 130 after Ctrl-C, which says `stopped`; 141 where nobody reads its output any more.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a test's, a notebook's, or closed: None
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # ASCII terminals
    try:
        code = int(command.main(arguments, prog_name=name, standalone_mode=False) or 0)
        if sys.stdout is not None:
            sys.stdout.flush()  # what cannot be written is known here, not after the end
        return code
    except (UserError, click.ClickException) as error:
        message = error.format_message() if isinstance(error, click.ClickException) else str(error)
        return _ended(2, f"error: {message}")
    except BrokenPipeError:
        _drop_output()
        return 141
    except OSError as error:
        full = disk_is_full(error)
        if full and error.filename is None:
            _drop_output()
        what = "the disk is full" if full else (error.strerror or str(error))
        return _ended(2, f"error: {what}: {error.filename}" if error.filename else f"error: {what}")
    except (KeyboardInterrupt, click.Abort):
        return _ended(130, stopped)


def _ended(code: int, line: str) -> int:
    if line:
        with suppress(OSError):  # nowhere to say it
            click.echo(short(line), err=True)
    return code


def _drop_output() -> None:
    """Let what is still in standard output's buffer go nowhere: Python would fail on it at the very end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
