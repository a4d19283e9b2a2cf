"""`registry harvest`: poll the services, by hand or every night."""

from __future__ import annotations

import logging
import math
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli.browse import AsJson, day
from registry.cli.output import print_json, print_table
from registry.errors import UnknownOption, UsageError
from registry.observation import VOICES

if TYPE_CHECKING:
    from harvesters.page import Progress
    from harvesters.run import RunResult

SERVICES = VOICES
COLUMNS = (
    "source", "status", "requests", "least", "created", "updated", "unchanged", "gone", "ignored", "failed", "seconds",
)  # fmt: skip


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("harvest", epilog="Example: registry harvest --source huggingface --max-requests 200")(harvest)


def harvest(
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help=" | ".join(SERVICES) + "; again for a second one; all without it."),
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DATE", help="Only what changed since.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Look at everything again, whatever was seen before.")] = False,
    max_requests: Annotated[
        int | None, typer.Option("--max-requests", min=1, help="Stop cleanly after so many.")
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option("--budget", metavar="USD", min=0.0, help="Stop OpenAlex cleanly once it cost so much."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Ask, but store nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Poll the services for datasets and for what cites or uses them.

    Shows live on a terminal how far it is; elsewhere it logs, a line every half minute. Exit code 3 says that part of
    it was done and what is left, which the next harvest goes on with.
    """
    names = list(dict.fromkeys(source or SERVICES))
    for name in names:
        if name not in SERVICES:
            raise UnknownOption("source", name, SERVICES)
    if since and full:
        raise UsageError("--since and --full exclude each other")
    if budget is not None and not 0 < budget < math.inf:
        raise UsageError("--budget is an amount of US dollars above 0, as 0.05")
    asked = {"since": day(since), "full": full, "max_requests": max_requests, "dry_run": dry_run, "budget": budget}
    _log_in_utc()
    _sum_up(_run(names, asked), as_json)


def _run(names: list[str], asked: dict[str, Any]) -> list[RunResult]:
    """The harvest on show. Who stops it is told that nothing is lost; the exit code is the one of the signal."""
    from harvesters.progress import watched
    from harvesters.run import harvest as run

    requests: dict[str, int] = {}
    with _stoppable() as stop_if_asked:
        try:
            with watched(names) as watcher:

                def told(progress: Progress) -> None:
                    requests[progress.source] = progress.requests
                    watcher.told(progress)
                    stop_if_asked()

                return run(names, told=told, ended=watcher.ended, **asked)
        except KeyboardInterrupt as stop:
            number = stop.args[0] if stop.args else signal.SIGINT
            typer.echo(
                f"registry: stopped after {sum(requests.values()):,} requests; "
                "what was stored stays, and the next harvest goes on from there",
                err=True,
            )
            raise typer.Exit(128 + number) from None


@contextmanager
def _stoppable() -> Iterator[Callable[[], None]]:
    """Let SIGTERM end the block as Ctrl-C does; the function that is given asks once more.

    An exception that a signal raises is lost where it falls into code that takes no exceptions, as a finaliser.
    """
    came: list[int] = []

    def note(number: int, _frame: object) -> None:
        came.append(number)
        if len(came) == 1:  # a second one must not break off the cleaning up
            raise KeyboardInterrupt(signal.Signals(number))

    def ask() -> None:
        if came:
            raise KeyboardInterrupt(signal.Signals(came[0]))

    before = signal.signal(signal.SIGTERM, note)
    try:
        yield ask
    finally:
        signal.signal(signal.SIGTERM, before)


def _log_in_utc() -> None:
    """Lines as ``2026-11-24T02:17:03Z INFO huggingface: ...``; how far it is counts among them."""
    form = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    form.converter = time.gmtime
    for handler in logging.getLogger().handlers:
        handler.setFormatter(form)
    logging.getLogger("harvesters.progress").setLevel(logging.INFO)


def _sum_up(results: list[RunResult], as_json: bool) -> None:
    """The summary on stdout; what is left, on stderr; the exit code."""
    from harvesters.progress import is_terminal, one_line

    rows = [result._asdict() | {"seconds": round(result.seconds, 1)} for result in results]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, COLUMNS)
        least = sum(result.least for result in results)
        typer.echo(f"{least:,} requests were due, had nothing been new", err=True)
    if is_terminal(sys.stderr):  # elsewhere the log has said it
        for result in results:
            if result.message:
                typer.echo(f"{result.source}: {one_line(result.message)}", err=True)
    if all(result.status == "failed" for result in results):
        raise typer.Exit(1)
    if any(result.status != "done" for result in results):
        raise typer.Exit(3)
