"""Made-up bodies of the true shape: what Hugging Face, GitHub and OpenAlex hold in the local server of the tests."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


def hexes(text: str, length: int) -> str:
    """A made-up id that is the same for the same text."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def number(text: str) -> int:
    """A made-up number that is the same for the same text."""
    return 900_000_000 + int(hexes(text, 7), 16)


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


def hf_dataset(name: str, *tags: str, licence: str | None = "mit", card: Body | None = None, **fields: Any) -> Body:
    """A dataset repository; `tags` beside those of its licence, `fields` as the Hub calls them."""
    stated = {"license": licence} if licence else {}
    front = {"language": ["en"], "pretty_name": name.rpartition("/")[2], **stated, **(card or {})}
    all_tags = [*tags, "language:en", *([f"license:{licence}"] if licence else []), "region:us"]
    return {
        "_id": hexes(f"dataset {name}", 24),
        "id": name,
        "author": name.partition("/")[0],
        "sha": hexes(f"commit {name}", 40),
        "lastModified": "2026-11-01T08:00:00.000Z",
        "createdAt": "2024-02-11T08:00:01.000Z",
        "private": False,
        "gated": False,
        "disabled": False,
        "tags": all_tags,
        "description": f"\n\t\n\t\t\n\t\t{name}\n\t\n\nMade-up card text.",
        "downloads": 1200,
        "downloadsAllTime": 50_000,
        "likes": 12,
        "cardData": front,
        "siblings": [
            {"rfilename": ".gitattributes", "size": 2307, "blobId": hexes(f"attributes {name}", 40)},
            {"rfilename": "README.md", "size": 3121, "blobId": hexes(f"readme {name}", 40)},
            {
                "rfilename": "data/train-00000-of-00001.parquet",
                "size": 4_811_332_000,
                "blobId": hexes(f"pointer {name}", 40),
                "lfs": {"sha256": hexes(f"content {name}", 64), "size": 4_811_332_000, "pointerSize": 132},
            },
        ],
        **fields,
    }


def hf_model(name: str, *tags: str, **fields: Any) -> Body:
    """A model repository; its card declares what its `tags` say, as ``dataset:owner/name``."""
    return {
        "_id": hexes(f"model {name}", 24),
        "id": name,
        "modelId": name,
        "author": name.partition("/")[0],
        "sha": hexes(f"commit {name}", 40),
        "lastModified": "2026-10-01T00:00:00.000Z",
        "createdAt": "2025-01-01T00:00:00.000Z",
        "private": False,
        "gated": False,
        "disabled": False,
        "tags": ["transformers", "safetensors", *tags, "region:us"],
        "pipeline_tag": "text-generation",
        "library_name": "transformers",
        "downloads": 9,
        "likes": 0,
        **fields,
    }


def gh_repository(name: str, licence: str | None = "MIT", **fields: Any) -> Body:
    """A repository; `licence` is an SPDX id, NOASSERTION or None."""
    owner, _, short = name.partition("/")
    key = number(f"repository {name}")
    found = {"key": (licence or "").lower(), "name": licence, "spdx_id": licence, "url": None, "node_id": "MDc6"}
    return {
        "id": key,
        "node_id": f"R_made{key}",
        "name": short,
        "full_name": name,
        "private": False,
        "owner": {"login": owner, "id": number(owner), "type": "Organization", "site_admin": False},
        "html_url": f"https://github.com/{name}",
        "description": f"Made repository {short}",
        "fork": False,
        "url": f"https://api.github.com/repos/{name}",
        "created_at": "2020-09-30T01:02:03Z",
        "updated_at": "2026-11-01T00:00:00Z",
        "pushed_at": "2026-10-30T22:11:10Z",
        "homepage": None,
        "size": 812,
        "stargazers_count": 17,
        "watchers_count": 17,
        "language": "Python",
        "forks_count": 2,
        "archived": False,
        "disabled": False,
        "open_issues_count": 1,
        "license": found if licence else None,
        "topics": [],
        "visibility": "public",
        "default_branch": "main",
        **fields,
    }


def oa_work(key: str, title: str, *cited: str, doi: str | None = None, arxiv: str | None = None, **fields: Any) -> Body:
    """A work that cites the works `cited`; with `arxiv` it has a location there."""
    resolver = "https://doi.org/"
    ids = {"openalex": f"https://openalex.org/{key}"} | ({"doi": resolver + doi} if doi else {})
    journal = {
        "id": f"doi:{doi}" if doi else f"pmh:{key}",
        "is_oa": True,
        "landing_page_url": resolver + doi if doi else None,
        "pdf_url": None,
        "source": {"id": "https://openalex.org/S1", "display_name": "Made Journal", "type": "journal"},
        "license": "cc-by",
        "version": "publishedVersion",
        "is_accepted": True,
        "is_published": True,
    }
    preprint = journal | {"landing_page_url": f"https://arxiv.org/abs/{arxiv}", "version": "submittedVersion"}
    return {
        "id": f"https://openalex.org/{key}",
        "doi": resolver + doi if doi else None,
        "title": title,
        "display_name": title,
        "publication_year": 2025,
        "publication_date": "2025-06-01",
        "ids": ids,
        "language": "en",
        "type": "article",
        "primary_location": journal,
        "locations": [journal, *([preprint] if arxiv else [])],
        "open_access": {"is_oa": True, "oa_status": "gold", "oa_url": None, "any_repository_has_fulltext": True},
        "authorships": [],
        "abstract_inverted_index": {"Made": [0], "up": [1], "abstract": [2]},
        "referenced_works": [f"https://openalex.org/{other}" for other in cited],
        "cited_by_count": 0,
        "is_retracted": False,
        "is_xpac": False,
        **fields,
    }


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
    from registry.harvest_targets import known_papers, known_places

    world = small_world()
    have = {body["id"].lower() for body in world.datasets} | {b["full_name"].lower() for b in world.repositories}
    have |= set(world.renamed)
    with reading(ready()) as connection:
        hubs, gits = (known_places(connection, provider) for provider in ("huggingface", "github"))
        papers = known_papers(connection)
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
