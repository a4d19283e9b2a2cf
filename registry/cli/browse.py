"""`registry list | search | info | changes | export`: what the catalogue says."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli.output import JSON, cell, print_json, print_table
from registry.errors import UnknownOption, UsageError

SHOWN = ("slug", "standing", "tasks", "languages", "access", "licence", "examples", "findings", "summary")

Language = Annotated[list[str] | None, typer.Option("--language", "-l", help="ISO 639-1 code; may be repeated.")]
Task = Annotated[list[str] | None, typer.Option("--task", "-t", help="As multiple-choice-qa; may be repeated.")]
Modality = Annotated[
    list[str] | None, typer.Option("--modality", "-m", help="text, image, video, audio, time-series, tabular.")
]
Specialty = Annotated[list[str] | None, typer.Option("--specialty", help="As oncology; may be repeated.")]
Access = Annotated[
    list[str] | None,
    typer.Option("--access", help="open, gated, request, credentialed, manual, unreleased, withdrawn."),
]
Terms = Annotated[str | None, typer.Option("--terms", help="commercial keeps what a company may use.")]
Status = Annotated[list[str] | None, typer.Option("--status", help="curated, listed, harvested, candidate.")]
Findings = Annotated[bool | None, typer.Option("--has-findings/--no-findings", help="With, or without, known issues.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="Rows to print.")]
Offset = Annotated[int, typer.Option("--offset", min=0, help="Rows to leave out before them.")]
AsJson = Annotated[bool, JSON]
if TYPE_CHECKING:
    from registry.views import Dataset

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="Slug, alias, hf:owner/name or github:owner/name.")]

FORMATS = ("csv", "json", "croissant", "bibtex", "apa", "csl-json", "cff")


def add(app: typer.Typer) -> None:
    """Register these commands."""
    app.command("list", epilog="Example: registry list --status curated --language zh --json")(list_)
    app.command("search", epilog="Example: registry search 'radiology reports' --terms commercial")(search)
    app.command("info", epilog="Example: registry info medqaro")(info)
    app.command("changes", epilog="Example: registry changes --since 2026-11-01")(changes)
    app.command("export", epilog="Example: registry export bibtex medqaro pubmedqa --out refs.bib")(export)


def list_(
    language: Language = None,
    task: Task = None,
    modality: Modality = None,
    specialty: Specialty = None,
    access: Access = None,
    terms: Terms = None,
    has_findings: Findings = None,
    status: Status = None,
    limit: Limit = 50,
    offset: Offset = 0,
    as_json: AsJson = False,
) -> None:
    """List the datasets of the catalogue, curated ones first."""
    _find("", locals())


def search(
    text: Annotated[list[str], typer.Argument(metavar="TEXT", help="Words of names, summaries, terms or papers.")],
    language: Language = None,
    task: Task = None,
    modality: Modality = None,
    specialty: Specialty = None,
    access: Access = None,
    terms: Terms = None,
    has_findings: Findings = None,
    status: Status = None,
    limit: Limit = 20,
    offset: Offset = 0,
    as_json: AsJson = False,
) -> None:
    """Search the catalogue; small typing errors are forgiven."""
    _find(" ".join(text), locals())


def _find(text: str, given: dict[str, Any]) -> None:
    from registry import finder, queries

    names = ("language", "task", "modality", "specialty", "access", "terms", "has_findings", "status")
    wanted = finder.filters(**{name: given[name] or None if name != "has_findings" else given[name] for name in names})
    page = queries.search_page(text, wanted, limit=given["limit"], offset=given["offset"])
    rows = [{name: row[name] for name in finder.COLUMNS} for row in page.rows]
    if given["as_json"]:
        print_json({"total": page.total, "mended": page.mended, "datasets": rows})
        return
    if page.mended:
        typer.echo(f"nothing matches all of these words as typed; showing: {page.mended}", err=True)
    if rows:
        print_table([row | {"summary": _short(row["summary"])} for row in rows], SHOWN)
    first, last = given["offset"] + 1, given["offset"] + len(rows)
    typer.echo(f"{first}-{last} of {page.total:,} datasets" if rows else "no dataset matches", err=True)


def _short(text: str | None, width: int = 120) -> str | None:
    return text if text is None or len(text) <= width else text[: width - 1].rsplit(" ", 1)[0] + " …"


def info(slug: Slug, as_json: AsJson = False) -> None:
    """Tell everything known of one dataset."""
    from registry import queries

    known = queries.dataset(slug)
    if as_json:
        print_json(known.to_dict())
        return
    line = typer.echo
    line(f"{known.name} ({known.slug}), {known.kind or 'dataset'}, {known.standing}")
    if known.standing != "curated":
        line("  from public lists: not checked by a curator")
    if known.summary:
        line(f"\n{cell(known.summary)}\n")
    for name, value in {
        "languages": known.languages,
        "modalities": known.modalities,
        "tasks": known.tasks,
        "specialties": known.specialties,
        "size": f"{known.examples:,} {known.unit or 'examples'}" if known.examples is not None else None,
        "splits": [f"{split} {rows:,}" for split, rows in known.card.get("size", {}).get("splits", {}).items()],
        "access": known.access,
        "how": known.access_note,
        "licence": known.licence or "none is stated",
        "with parents": known.effective_licence if known.effective_licence != known.licence else None,
        "limits": queries.licence_limits(known) or None,
        "homepage": known.homepage,
        "aliases": known.aliases,
    }.items():
        if value:
            line(f"{name:>13}  {cell(value)}")
    _section("Known issues", [f"[{f['kind']}, {f['status']}] {f['statement']}{_via(f)}" for f in known.findings])
    _section("Sources", [f"{s['role']:<8} {s['url'] or s['locator']}{_note(s)}" for s in known.sources])
    _section("Made from", [f"{p['relation']} {p['slug']}" for p in known.parents])
    _section("Used to make", [f"{c['slug']} {c['relation']}" for c in known.children])
    _section("Papers and other artifacts", [f"{a['relation']:<12} {a['title']} {a['url'] or ''}" for a in known.links])
    for field, values in known.disagreements.items():
        _section(f"Told differently: {field}", [f"{cell(v['value'])}  ({v['place'] or v['said_by']})" for v in values])
    _section("Unsure", known.card.get("unsure", []))
    _section("Perhaps the same", [f"{c.get('other')}: {c['evidence']}" for c in known.candidates])
    line(f"\n  {_how_to_load(known)}")


def _how_to_load(known: Dataset) -> str:
    if known.kind == "resource" or known.access in ("unreleased", "withdrawn"):
        return f"not loaded: {'a resource' if known.kind == 'resource' else known.access}"
    return f'registry.load("{known.slug}")' + (
        "" if known.loadable else "  (no mapping yet: its columns are recognised)"
    )


def _via(finding: dict[str, Any]) -> str:
    return f" (inherited from {finding['inherited_from']})" if finding["inherited_from"] else ""


def _note(source: dict[str, Any]) -> str:
    return f"  {source['note']}" if source["note"] else ""


def _section(title: str, lines: list[str]) -> None:
    if lines:
        typer.echo(f"\n{title}")
        for line in lines:
            typer.echo(f"  - {cell(line)}")


def changes(
    since: Annotated[str | None, typer.Option("--since", metavar="DATE", help="ISO date, as 2026-11-01.")] = None,
    slug: Annotated[str | None, typer.Option("--dataset", help="Only this dataset.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Tell what changed in the catalogue, newest first."""
    from registry import queries

    rows = queries.changes(day(since), name=slug, limit=limit)
    if as_json:
        print_json(rows)
    elif rows:
        print_table(rows, ("at", "kind", "slug", "field", "old", "new", "place"))
    else:
        typer.echo("nothing changed", err=True)


def day(text: str | None) -> dt.datetime | None:
    """The start of an ISO date in UTC, or the time given.

    Raises:
        UsageError: no such date.
    """
    if text is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text[:40]!r} is no date; write it as 2026-11-01") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def export(
    form: Annotated[str, typer.Argument(metavar="FORMAT", help=" | ".join(FORMATS))],
    slugs: Annotated[
        list[str] | None, typer.Argument(metavar="SLUG...", help="Datasets; all, for csv and json.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; stdout without it.")] = None,
) -> None:
    """Write datasets of the catalogue in a format that other programs read."""
    if form not in FORMATS:
        raise UnknownOption("format", form, FORMATS)
    text = _exported(form, slugs or [])
    if out is None:
        typer.echo(text, nl=not text.endswith("\n"))
        return
    partial = out.with_name(out.name + ".part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(out)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}") from None


def _exported(form: str, slugs: list[str]) -> str:
    import registry
    from registry import finder, queries

    if form in ("csv", "json"):
        rows = [queries.dataset(slug).to_dict() for slug in slugs]
        if not slugs:
            page = queries.search_page("", limit=10_000)
            rows = [{name: row[name] for name in finder.COLUMNS} for row in page.rows]
        if form == "json":
            return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"
        text = io.StringIO()
        writer = csv.DictWriter(text, finder.COLUMNS, extrasaction="ignore", restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _csv(row.get(name)) for name in finder.COLUMNS} for row in rows)
        return text.getvalue()
    if not slugs:
        raise UsageError(f"name the datasets to export as {form}: registry export {form} SLUG...")
    if form == "croissant":
        found = [registry.croissant(slug) for slug in slugs]
        return json.dumps(found[0] if len(found) == 1 else found, ensure_ascii=False, indent=2) + "\n"
    return "\n".join(registry.cite(slug, form).rstrip() + "\n" for slug in slugs)


def _csv(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value
