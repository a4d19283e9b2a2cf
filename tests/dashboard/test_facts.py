"""The four answers at the top of a dataset's page."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dashboard import facts
from dashboard.facts import Fact
from registry.cards_io import fingerprint
from registry.db import engine, reading
from registry.importer import import_cards
from registry.licences import combine, licence
from registry.projection import ancestors
from registry.resolve import resolve
from registry.standing import select_in, table
from registry.tables import Dataset as Row
from registry.views import Dataset, dataset
from tests.support import cards


@pytest.fixture
def made(migrated_url: str, tmp_path: Path) -> Engine:
    folder = tmp_path / "cards"
    cards.dataset(folder, "free", licence={"data": "CC-BY-4.0", "stated_in": "README"}, checked=dt.date(2026, 11, 22))
    cards.dataset(folder, "silent", licence=None, access_note="A note that is short.")
    cards.dataset(folder, "from-silent", derived_from=[{"dataset": "silent"}])
    cards.dataset(folder, "bound", licence={"data": "CC-BY-NC-ND-4.0", "stated_in": "README"}, access="manual")
    cards.dataset(
        folder,
        "torn",
        licence={"data": "CC-BY-NC-4.0", "stated_in": "the owner's page"},
        sources=[{"provider": "huggingface", "id": "someone/torn", "role": "mirror", "licence": "MIT"}],
    )
    cards.finding(folder, "trick", datasets=["silent"], kind="shortcut")
    cards.finding(folder, "more-labels", datasets=["free"], kind="extra-annotations")
    cards.listed(folder, {"slug": "heard-of"})
    target = engine(migrated_url)
    import_cards(target, [folder], fingerprint([folder]))
    return target


def told(target: Engine, slug: str) -> dict[str, Fact]:
    with reading(target) as connection:
        row = resolve(connection, slug)
        above = select_in(connection, table(Row), table(Row).c.id, ancestors(connection, [row["id"]])[row["id"]])
        known = dataset(connection, row)
    effective = combine([licence(each["licence"]) for each in (row, *above)], [None, *(each["slug"] for each in above)])
    return {fact.question: fact for fact in facts.facts(known, effective)}


@pytest.mark.parametrize(
    ("slug", "verdict", "reason"),
    [
        ("free", "Yes, also commercially", "Commercial use is allowed under CC-BY-4.0. Name the source."),
        ("bound", "Not commercially", "no changed copies"),
        ("silent", "Not stated", "that is not a permission"),
        ("from-silent", "Not clear", "no licence is stated for silent"),
        ("torn", "Contradictory", "differ on commercial use"),
    ],
)
def test_the_use_is_a_verdict_with_its_reason(made: Engine, slug: str, verdict: str, reason: str) -> None:
    fact = told(made, slug)["May I use it?"]
    assert fact.verdict == verdict
    assert reason in fact.reason


def test_issues_count_the_own_ones_and_name_the_inherited(made: Engine) -> None:
    assert told(made, "silent")["Known to be wrong?"].verdict == "1 known issue"
    inherited = told(made, "from-silent")["Known to be wrong?"]
    assert inherited.verdict == "1 inherited"
    assert "what it is made from" in inherited.reason


def test_extra_annotations_are_no_issue_and_none_known_is_not_none(made: Engine) -> None:
    fact = told(made, "free")["Known to be wrong?"]
    assert fact.verdict == "None known"
    assert "does not mean there is none" in fact.reason


def test_access_tells_the_note_of_the_card(made: Engine) -> None:
    assert told(made, "silent")["Access"].reason == "A note that is short."
    assert told(made, "bound")["Access"].verdict == "By hand"
    assert told(made, "heard-of")["Access"].verdict == "Not stated"


def test_last_seen_says_who_looked(made: Engine) -> None:
    assert told(made, "free")["Last seen"].verdict == "22 Nov 2026"
    assert told(made, "silent")["Last seen"].verdict == "By a curator"
    assert told(made, "heard-of")["Last seen"].verdict == "Not checked"


def test_what_nobody_names_any_more_is_gone(made: Engine) -> None:
    with reading(made) as connection:
        known = dataset(connection, resolve(connection, "free"))
    gone = Dataset(**{**known.__dict__, "removed_at": dt.datetime(2026, 11, 1, tzinfo=dt.UTC)})
    assert facts.access(gone).verdict == "Gone"
