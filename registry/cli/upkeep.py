"""`registry db | serve | doctor`: keeping a catalogue."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from registry.cli.browse import AsJson
from registry.cli.output import print_json, print_table
from registry.errors import MedRegistryError

db = typer.Typer(help="The catalogue's database.", no_args_is_help=True)


def add(app: typer.Typer) -> None:
    """Register these commands."""
    app.command("serve", epilog="Example: registry serve --port 8600")(serve)
    app.command("doctor", epilog="Example: registry doctor")(doctor)
    db.command("upgrade", epilog="Example: registry db upgrade")(upgrade)
    db.command("status", epilog="Example: registry db status --json")(status)
    app.add_typer(db, name="db")


def upgrade() -> None:
    """Bring the database to this version's schema and import the cards that changed."""
    from registry.db import engine, ready, schema_status

    target = ready()
    typer.echo(f"{_where(engine())}: schema {schema_status(target).current}, cards up to date")


def _where(target: Any) -> str:
    return str(target.url.render_as_string(hide_password=True))


def status(as_json: AsJson = False) -> None:
    """Tell where the database is, its schema, what it holds and how fresh each service is."""
    from registry import queries
    from registry.db import engine, reading, schema_status
    from registry.freshness import freshness, open_candidates

    target = engine()
    schema = schema_status(target)
    told: dict[str, Any] = {"database": _where(target), "schema": schema.current, "needs": schema.head}
    fresh: list[dict[str, Any]] = []
    runs: list[dict[str, Any]] = []
    if schema.current == schema.head:
        told |= queries.stats()
        runs = queries.harvest_runs()
        with reading(target) as connection:
            fresh = freshness(connection)
            told["open_questions"] = open_candidates(connection)
    if as_json:
        print_json(told | {"freshness": fresh, "runs": runs})
        return
    for name, value in told.items():
        shown = _counts(value) if isinstance(value, dict) else value
        typer.echo(f"{name.replace('_', ' '):>14}  {f'{shown:,}' if isinstance(shown, int) else shown}")
    if fresh:
        typer.echo()
        print_table(_turned(fresh), ("what", *(row["source"] for row in fresh)))
    if runs:
        typer.echo()
        print_table(
            runs, ("source", "status", "started_at", "requests", "created", "updated", "unchanged", "gone", "failed")
        )
    elif schema.current is None:
        typer.echo("the database is empty; it is filled on first use, or by: registry db upgrade", err=True)
    else:
        typer.echo("no harvest has run yet", err=True)


FRESH = {
    "last_run": "last run (UTC)",
    "status": "came to",
    "last_done": "last complete run (UTC)",
    "known": "places known",
    "alive": "alive",
    "gone": "gone",
    "suspected": "missing, not yet gone",
    "never": "never looked at",
    "day": "looked at within a day",
    "week": "looked at within 7 days",
    "queries": "queries read",
    "unfinished": "unfinished queries",
    "failures": "failures that stand",
    "next_retry": "next retry (UTC)",
    "candidates": "open questions",
}


def _turned(fresh: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line a fact and a column a service, which fits a narrow terminal."""

    def shown(name: str, value: Any) -> Any:
        if name in ("day", "week"):
            return None if value is None else f"{math.floor(1000 * value) / 10:g} %"
        return (_counts(value) or 0) if name == "candidates" else value

    return [{"what": told} | {row["source"]: shown(name, row[name]) for row in fresh} for name, told in FRESH.items()]


def _counts(value: dict[str, int]) -> str:
    return ", ".join(f"{n:,} {word}" for word, n in value.items())


def serve(
    port: Annotated[int, typer.Option("--port", "-p", min=1, max=65535)] = 8501,
    address: Annotated[str, typer.Option("--address", help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Open the dashboard on the configured database."""
    from dashboard.serve import serve as run

    sys.exit(run(port=port, address=address))


def doctor(as_json: AsJson = False) -> None:
    """Check what this installation stands on: database, cards, folders, optional packages."""
    import importlib.util

    from registry.cards_io import card_folders
    from registry.db import ready
    from registry.settings import settings

    now = settings()
    rows: list[dict[str, Any]] = []

    def note(what: str, ok: bool | None, told: object) -> None:
        rows.append({"what": what, "state": {True: "ok", False: "trouble", None: "absent"}[ok], "told": str(told)})

    try:
        note("database", True, _where(ready()))
    except MedRegistryError as error:
        note("database", False, error)
    note("cards", True, ", ".join(map(str, card_folders())))
    note("cache", True, now.cache)
    mirror = now.mirror
    web = bool(mirror and mirror.startswith(("http://", "https://")))
    note("mirror", None if mirror is None else web or Path(mirror).is_dir(), mirror or "REGISTRY_MIRROR is not set")
    note(
        "offline", None if not now.offline else True, "REGISTRY_OFFLINE=1" if now.offline else "connections are allowed"
    )
    for name in ("hf_token", "github_token", "openalex_api_key"):
        note(name, True if getattr(now, name) else None, "set" if getattr(now, name) else "not set")
    for package, extra in (
        ("torch", "torch"),
        ("transformers", "transformers"),
        ("datasets", "hf"),
        ("psycopg", "postgres"),
    ):
        there = importlib.util.find_spec(package) is not None
        note(package, there or None, "installed" if there else f'pip install "medregistry[{extra}]"')
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ("what", "state", "told"))
    if any(row["state"] == "trouble" for row in rows):
        raise typer.Exit(1)
