"""A few made-up cards, and what the services hold of them."""

from __future__ import annotations

from pathlib import Path

from tests.support import cards
from tests.support.api_world import World, gh_repository, hf_dataset, oa_work

PAPER = {"title": "Ward questions: a made-up dataset", "year": 2023, "arxiv": "2301.00001", "doi": "10.5555/ward"}


def write_cards(folder: Path) -> None:
    """ward-qa lives at Hugging Face, at GitHub and as a copy; two datasets share a repository; a list names blank and
    its place, and nothing else of it."""
    places = [
        {"provider": "huggingface", "id": "made-up/Ward-QA", "role": "official"},
        {"provider": "github", "id": "made-up/ward-qa", "role": "official"},
        {"provider": "huggingface", "id": "somebody/ward-copy", "role": "mirror"},
    ]
    shared = [{"provider": "huggingface", "id": "made-up/shared", "role": "official"}]
    cards.dataset(folder, "ward-qa", name="Ward-QA", sources=places, paper=PAPER)
    cards.listed(folder, {"slug": "blank", "huggingface": ["made-up/blank"]})
    cards.dataset(folder, "first-half", sources=shared)
    cards.dataset(folder, "second-half", sources=shared)


def world_of_made_up_cards() -> World:
    """What the services hold of the made-up cards; nobody uses them yet."""
    return World(
        datasets=[
            hf_dataset("made-up/Ward-QA", "arxiv:2301.00001", licence="cc-by-4.0"),
            hf_dataset("somebody/ward-copy", licence="mit"),
            hf_dataset("made-up/shared"),
            hf_dataset("made-up/blank", "task_categories:summarization", licence="cc-by-nc-4.0", gated="manual"),
        ],
        repositories=[gh_repository("made-up/ward-qa")],
        works=[oa_work("W100", "Ward questions: a made-up dataset", doi="10.5555/ward", arxiv="2301.00001")],
    )
