"""What Hugging Face, GitHub and OpenAlex hold in the local server of the tests."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support.api_bodies import Body, hexes, hf_dataset, hf_file, hf_model, hf_paper, hf_space, number
from tests.support.api_bodies_other import gh_release, gh_repository, oa_work

__all__ = [
    "Body", "World", "gh_release", "gh_repository", "hexes", "hf_dataset", "hf_file", "hf_model", "hf_paper",
    "hf_space", "number", "oa_work", "small_world", "together", "world_of_cards",
]  # fmt: skip

Files = dict[str, str | int]
"""Path → text; or the bytes of a file that has no text here; or ``gitlink <sha>`` for a submodule."""


@dataclass
class World:
    """What the services hold; tests change it between two harvests."""

    datasets: list[Body] = field(default_factory=list)
    models: list[Body] = field(default_factory=list)
    repositories: list[Body] = field(default_factory=list)
    works: list[Body] = field(default_factory=list)
    readmes: dict[str, str] = field(default_factory=dict)
    """Full name of a repository → text of its README."""
    renamed: dict[str, str] = field(default_factory=dict)
    """Old name → name now, on Hugging Face and GitHub."""
    spaces: list[Body] = field(default_factory=list)
    papers: list[Body] = field(default_factory=list)
    """Pages of papers at Hugging Face."""
    cards: dict[str, str] = field(default_factory=dict)
    """Dataset at Hugging Face → text of its README; of others a small one is made."""
    files: dict[str, Files] = field(default_factory=dict)
    """Full name of a repository → its files beside README and licence."""
    code: dict[str, dict[str, str]] = field(default_factory=dict)
    """Full name of a repository → its files that the search for code knows."""
    releases: dict[str, list[Body]] = field(default_factory=dict)
    """Full name of a repository → its releases, newest first."""
    blocked: dict[str, str] = field(default_factory=dict)
    """Full name of a repository that GitHub took down → why: ``dmca``, ``tos``."""
    truncated: set[str] = field(default_factory=set)
    """Repositories whose tree is too large for one answer: half of it is told."""
    unserved: set[str] = field(default_factory=set)
    """Repositories that the search for code counts and never tells."""
    gone: list[Body] = field(default_factory=list)
    """Datasets of Hugging Face that vanished and may come back."""
    nights: int = 0
    """Nights that have passed since the world was made."""


def together(world: World, other: World) -> World:
    """`world` with all that `other` holds besides; what both hold is as it is in `world`."""
    for name, value in vars(other).items():
        held = getattr(world, name)
        if isinstance(held, list):
            have = {_name(body) for body in held}
            held += [body for body in value if _name(body) not in have]
        elif isinstance(held, dict | set):
            held.update(value)
    return world


def _name(body: Body) -> str:
    """By what a body is told from others of its kind."""
    return str(body.get("full_name") or body["id"]).lower()


def small_world() -> World:
    """Places, models, users and citing works of a few datasets that have cards, and a few strangers."""
    world = World(
        datasets=[
            hf_dataset("qiaojin/PubMedQA", "task_categories:question-answering", "arxiv:1909.06146"),
            hf_dataset("bigbio/pubmed_qa", "arxiv:1909.06146", licence="cc-by-nc-4.0"),
            hf_dataset("GBaker/MedQA-USMLE-4-options", "task_categories:multiple-choice", licence="cc-by-4.0"),
            hf_dataset("openlifescienceai/medmcqa", "task_ids:multiple-choice-qa", licence="apache-2.0"),
            hf_dataset("mkieffer/MEDEC", licence=None, gated="manual"),
            hf_dataset("somebody/PubMedQA-copy", "medical", "arxiv:1909.06146", licence="unknown"),
            hf_dataset("somebody/ward-rounds-medical", "medical", "task_categories:summarization"),
        ],
        models=[
            hf_model("made-lab/med-llm-7b", "dataset:qiaojin/PubMedQA", "dataset:openlifescienceai/medmcqa"),
            hf_model("made-lab/old-tuned", "dataset:pubmed_qa", "arxiv:2009.13081"),
            hf_model("made-lab/unrelated", "dataset:made-lab/recipes"),
        ],
        repositories=[
            gh_repository("pubmedqa/pubmedqa"),
            gh_repository("jind11/MedQA", topics=["medical", "question-answering"]),
            gh_repository("abachaa/MEDEC", licence="NOASSERTION"),
            gh_repository("made-lab/evaluate-everything", description="Evaluations of language models"),
            gh_repository("made-lab/ward-notes", description="A clinical notes dataset, arxiv.org/abs/1909.06146"),
        ],
        works=[
            oa_work("W2970482702", "PubMedQA: A Dataset for Biomedical Research Question Answering",
                    doi="10.18653/v1/d19-1259", arxiv="1909.06146", cited_by_count=3),
            oa_work("W3082274269", "What Disease does this Patient Have?", doi="10.3390/app11146421", cited_by_count=2),
            oa_work("W9000000101", "A made-up model that reads abstracts", "W2970482702", doi="10.5555/made.1"),
            oa_work("W9000000102", "A made-up review of question answering", "W2970482702", "W3082274269",
                    doi="10.5555/made.2", type="review"),
            oa_work("W9000000103", "A made-up preprint", "W2970482702", "W3082274269",
                    doi="10.48550/arxiv.2601.00001", type="preprint"),
        ],
        renamed={"pubmed_qa": "qiaojin/PubMedQA"},
    )  # fmt: skip
    world.readmes["made-lab/evaluate-everything"] = "We evaluate on qiaojin/PubMedQA and others."
    return world


def world_of_cards() -> World:
    """All places and papers of the catalogue that REGISTRY_DATABASE_URL names, as if the services held them."""
    from registry.db import reading, ready
    from registry.harvest_targets import KnownPaper, KnownPlace, next_papers, next_places

    world = small_world()
    have = {body["id"].lower() for body in world.datasets} | {b["full_name"].lower() for b in world.repositories}
    have |= set(world.renamed)
    places: dict[str, list[KnownPlace]] = {"huggingface": [], "github": []}
    papers: list[KnownPaper] = []
    with reading(ready()) as connection:
        for provider, found in places.items():
            while some := next_places(connection, provider, found[-1].id if found else 0, homes_only=False):
                found += some
        while more := next_papers(connection, papers[-1].artifact_id if papers else 0):
            papers += more
    hubs, gits = places.values()
    world.datasets += [hf_dataset(place.locator) for place in hubs if place.locator.lower() not in have]
    world.repositories += [gh_repository(place.locator) for place in gits if place.locator.lower() not in have]
    dois = {(body["doi"] or "").removeprefix("https://doi.org/") for body in world.works}
    for paper in papers:
        known = [*paper.ids.get("doi", ()), *(f"10.48550/arxiv.{one}" for one in paper.ids.get("arxiv", ()))]
        if known and not dois & {*known}:
            key = f"W{number(known[0])}"
            world.works.append(oa_work(key, f"Made-up title of {known[0]}", doi=known[0], cited_by_count=1))
            world.works.append(oa_work(f"{key}7", f"A work that cites {known[0]}", key, doi=f"10.5555/{key.lower()}"))
    return world
