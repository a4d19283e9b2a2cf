"""The table of all datasets that load by name, made from the cards: `python -m loaders.overview` writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from loaders.wanted import plans
from registry.card import DatasetCard
from registry.cards_io import card_folders, read_cards
from registry.loadspec import Load

PAGE = Path(__file__).parent / "DATASETS.md"
HEAD = """# Datasets that load by name

Made from the cards by `python -m loaders.overview`; a test holds the two together.

`registry.load(SLUG)` gives the first configuration; `config=` names another. *Rows* are those that the source
publishes, where they are known. *Verified* says what was read of the real files; everything else is tested on made-up
files of the same shape (`tests/fixtures/<slug>.yaml`). A dataset without a row here is loaded by what its files look
like, with a warning that says what was recognised; `registry new SLUG` writes a draft of a card.
"""
COLUMNS = ("dataset", "source", "licence", "access", "schema", "configurations and rows", "verified")
NOT_PUBLISHED = ("unreleased", "withdrawn")


def page() -> str:
    """The whole page as Markdown."""
    cards = read_cards(card_folders()[:1])  # those of the package alone
    known = {slug: entry.card for slug, entry in cards.datasets.items()}
    introduced = list(dict.fromkeys(slug for seed in cards.seeds.values() for slug in seed.card.introduces))
    seeds = [known[slug] for slug in introduced]
    others = [card for slug, card in sorted(known.items()) if slug not in introduced and card.load]
    return "\n".join(
        [
            HEAD,
            "## Of the collection that the catalogue grew from",
            "",
            *_table(seeds),
            "",
            "## Others",
            "",
            *_table(others),
            "",
        ]
    )


def _table(cards: Iterable[DatasetCard]) -> Iterator[str]:
    yield f"| {' | '.join(COLUMNS)} |"
    yield f"| {' | '.join('---' for _ in COLUMNS)} |"
    for card in cards:
        yield f"| {' | '.join(_cell(text) for text in _row(card))} |"


def _row(card: DatasetCard) -> tuple[str, ...]:
    licence = card.licence.data or "not stated"
    if card.load is None:
        why = (
            f"not loaded: {_first(card.access_note) or card.access}"
            if card.access in NOT_PUBLISHED
            else "by recognition"
        )
        return (card.slug, _places(card), licence, card.access, "-", why, "-")
    return (
        card.slug,
        card.load.source or "",
        licence,
        card.access,
        ", ".join(dict.fromkeys(plan.schema for _, plan in plans(card.load))),
        "; ".join(_splits(card.load)),
        card.load.verified or "",
    )


def _places(card: DatasetCard) -> str:
    return ", ".join(f"{place.provider} {place.id or place.url}" for place in card.sources[:2])


def _splits(load: Load) -> Iterator[str]:
    configs: dict[str | None, list[str]] = {}
    for name, plan in plans(load):
        configs.setdefault(name, []).append(plan.name if plan.count is None else f"{plan.name} {plan.count:,}")
    for name, splits in list(configs.items())[:6]:
        yield f"{name}: {', '.join(splits)}" if name else ", ".join(splits)
    if len(configs) > 6:
        yield f"and {len(configs) - 6} more"


def _first(text: str | None) -> str:
    return (text or "").strip().partition("; ")[0]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
