"""Made-up bodies of the true shape of what Hugging Face holds."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tests.support.api_tracked import tracked

Body = dict[str, Any]


def hexes(text: str, length: int) -> str:
    """A made-up id that is the same for the same text."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def number(text: str) -> int:
    """A made-up number that is the same for the same text."""
    return 900_000_000 + int(hexes(text, 7), 16)


def hf_file(path: str, size: int, content: str | None = None) -> Body:
    """A file of a repository; with `content`, any text that stands for its bytes, it lies in LFS."""
    found: Body = {"rfilename": path, "size": size, "blobId": hexes(f"pointer {path} {content}", 40)}
    if content is None:
        return found
    return found | {"lfs": {"sha256": hexes(f"content {content}", 64), "size": size, "pointerSize": 132}}


def hf_dataset(name: str, *tags: str, licence: str | None = "mit", card: Body | None = None, **fields: Any) -> Body:
    """A dataset repository; `tags` beside those of its licence, `fields` as the Hub calls them."""
    stated = {"license": licence} if licence else {}
    front = {"language": ["en"], "pretty_name": name.rpartition("/")[2], **stated, **(card or {})}
    all_tags = [*tags, "language:en", *([f"license:{licence}"] if licence else []), "region:us"]
    body = {
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
        "citation": None,
        "downloads": 1200,
        "downloadsAllTime": 50_000,
        "likes": 12,
        "trendingScore": 0,
        "cardData": front,
        "usedStorage": 4_811_338_000,
        "spaces": [],
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
    found: Body = tracked(body)
    return found


def hf_model(name: str, *tags: str, **fields: Any) -> Body:
    """A model repository; its card declares what its `tags` say, as ``dataset:owner/name``."""
    body = {
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
    found: Body = tracked(body)
    return found


def hf_space(name: str, *datasets: str, models: tuple[str, ...] = (), **fields: Any) -> Body:
    """A space that uses these datasets and models."""
    body = {
        "_id": hexes(f"space {name}", 24),
        "id": name,
        "author": name.partition("/")[0],
        "sha": hexes(f"commit space {name}", 40),
        "lastModified": "2026-10-02T00:00:00.000Z",
        "createdAt": "2025-03-01T00:00:00.000Z",
        "likes": 3,
        "trendingScore": 0,
        "private": False,
        "disabled": False,
        "sdk": "gradio",
        "tags": ["gradio", "region:us"],
        "datasets": [*datasets],
        "models": [*models],
        "siblings": [{"rfilename": "README.md"}, {"rfilename": "app.py"}],
        **fields,
    }
    found: Body = tracked(body)
    return found


def hf_paper(
    arxiv: str,
    title: str,
    *,
    datasets: tuple[Body, ...] = (),
    models: tuple[Body, ...] = (),
    spaces: tuple[Body, ...] = (),
    **fields: Any,
) -> Body:
    """The page of a paper with what is linked to it; `fields` as ``githubRepo``, which most pages have not."""
    shown = "_id id author lastModified private gated downloads likes".split()

    def linked(bodies: tuple[Body, ...]) -> list[Body]:
        return [{name: body[name] for name in shown if name in body} for body in bodies]

    body = {
        "id": arxiv,
        "authors": [{"_id": hexes(f"author {arxiv}", 24), "name": "Made Author", "hidden": False}],
        "publishedAt": f"20{arxiv[:2]}-{arxiv[2:4]}-28T05:07:51.000Z",
        "title": title,
        "summary": "Made summary.",
        "upvotes": 3,
        "discussionId": hexes(f"discussion {arxiv}", 24),
        "ai_keywords": ["question answering"],
        "linkedModels": linked(models),
        "numTotalModels": len(models),
        "linkedDatasets": linked(datasets),
        "numTotalDatasets": len(datasets),
        "linkedSpaces": linked(spaces),
        "numTotalSpaces": len(spaces),
        **fields,
    }
    found: Body = tracked(body)
    return found


def card_of(body: Body) -> str:
    """The README of a repository for which no text was given: its front matter and its description."""
    front = "".join(f"{k}: {json.dumps(v, ensure_ascii=False)}\n" for k, v in (body.get("cardData") or {}).items())
    text = str(body.get("description") or "").strip()
    return f"---\n{front}---\n# {body['id'].rpartition('/')[2]}\n\n{text}\n"
