"""The page of datasets that load by name, and that no dataset whose columns are known is left without a mapping."""

from __future__ import annotations

import pytest

from loaders.load import load_card
from loaders.overview import PAGE, page
from registry.card import DatasetCard
from registry.cards_io import card_folders, read_cards
from registry.errors import NotLoadable
from tests.support.blocks import card

NOT_LOADED = ("unreleased", "withdrawn")
SPANS = {"bigbio_kb", "ner", "source_ned_tissue", "source_ned_tool"}
"""Schemas of the span-annotated sets of BigBIO, whose readers (standoff, PubTator, BioC) are not written yet."""
LEFT: dict[str, str] = {
    "acdc": "NIfTI volumes, which no reader opens yet",
    "brats": "NIfTI volumes, which no reader opens yet",
    "luna16": "MetaImage volumes, which no reader opens yet",
    "patchcamelyon": "HDF5, which no reader opens yet",
}
"""Datasets whose columns are told, and why they have no mapping all the same."""


def all_cards() -> dict[str, DatasetCard]:
    return {slug: entry.card for slug, entry in read_cards(card_folders()[:1]).datasets.items()}


def test_the_page_is_that_of_the_cards() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m loaders.overview"


def test_every_dataset_whose_columns_are_known_has_a_mapping() -> None:
    lacking = [
        slug
        for slug, one in all_cards().items()
        if one.load is None and one.kind != "resource" and one.access not in NOT_LOADED
        if (one.fields or any(file.columns for file in one.files))
        and not (one.bigbio and SPANS & set(one.bigbio.schemas))
    ]
    assert sorted(lacking) == sorted(LEFT)


def test_every_published_dataset_of_the_collection_has_a_mapping() -> None:
    seeds = read_cards(card_folders()[:1]).seeds.values()
    introduced = {slug for seed in seeds for slug in seed.card.introduces}
    lacking = {slug for slug in introduced if card(slug).load is None and card(slug).access not in NOT_LOADED}
    assert lacking == {"multimedqa"}, "a collection of sets that have cards of their own"


def test_nine_in_ten_need_no_python() -> None:
    blocks = [one.load for one in all_cards().values() if one.load]
    assert len([block for block in blocks if block.recipe]) <= 0.1 * len(blocks)


def test_what_is_not_to_be_loaded_has_no_mapping_and_is_refused_with_the_reason() -> None:
    refused = [one for one in all_cards().values() if one.kind == "resource" or one.access in NOT_LOADED]
    assert len(refused) > 10
    for one in refused:
        assert one.load is None
        with pytest.raises(NotLoadable, match="catalogued, never loaded|was withdrawn|not been released"):
            load_card(one)


def test_a_collection_names_the_sets_that_it_is_made_of() -> None:
    with pytest.raises(NotLoadable, match="made of others, which load by their own names: .*medqa"):
        load_card(card("multimedqa"))
