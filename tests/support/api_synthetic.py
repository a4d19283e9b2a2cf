"""Worlds of any size for the local server: made up, of a realistic mix, the same for the same size and seed."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.support import api_synthetic_words as stock
from tests.support.api_night import Night, next_night
from tests.support.api_synthetic_users import Made, add_models, add_papers, add_repositories, add_spaces, add_works
from tests.support.api_world import Body, World, hexes, hf_dataset, hf_file

__all__ = ["Night", "next_night", "synthetic_world"]

MEDICAL, COPIES, WITH_PAPER, GATED, RENAMED = 0.6, 0.12, 0.5, 0.15, 0.01
"""Shares: medical ones among all; of those copies, ones with a paper, gated ones; and of all those with an old name."""


def synthetic_world(size: int, seed: int = 0) -> World:
    """A world with `size` datasets, half as many models and works, and fewer spaces and repositories."""
    world, drawn = World(), random.Random(f"world {size} {seed}")
    made: list[Made] = []
    names: set[str] = set()
    for place in range(size):
        if place % 10 >= 10 * MEDICAL:
            world.datasets.append(_stranger(drawn, names, place))
        elif made and drawn.random() < COPIES:
            world.datasets.append(_copy(drawn, names, made[min(int(drawn.expovariate(0.02)), len(made) - 1)]))
        else:
            one = _medical(drawn, names, len(made))
            made.append(one)
            world.datasets.append(one.body)
            if drawn.random() < RENAMED:
                world.renamed[f"old-{one.body['id']}"] = one.body["id"]
    add_works(world, drawn, made, size // 2)
    add_models(world, drawn, made, size // 2)
    add_spaces(world, drawn, made, size // 20)
    add_repositories(world, drawn, made, size // 4)
    add_papers(world, made)
    return world


def _name(drawn: random.Random, names: set[str], owners: Sequence[str], stem: str) -> str:
    """A name that nobody has yet."""
    for _ in range(20):
        name = f"{drawn.choice(owners)}/{stem}{drawn.choice(stock.FORMS)}"
        if name.lower() not in names:
            break
    else:
        name = f"{drawn.choice(owners)}/{stem}-{len(names)}"
    names.add(name.lower())
    return name


def _stamp(drawn: random.Random, first: int, last: int) -> str:
    """A moment between the first day of one year and November of another."""
    year = drawn.randint(first, last)
    month = drawn.randint(1, 10 if year == last else 12)
    return f"{year}-{month:02}-{drawn.randint(1, 28):02}T{drawn.randint(0, 23):02}:{drawn.randint(0, 59):02}:07.000Z"


def _files(drawn: random.Random, key: str, modality: str) -> list[Body]:
    kind = {"image": "tar", "timeseries": "csv"}.get(modality, "parquet")
    found = [hf_file(".gitattributes", 2_307), hf_file("README.md", 3_121)]
    for number in range(drawn.randint(1, 4)):
        path = f"data/{('train', 'test', 'validation', 'extra')[number]}-00000-of-00001.{kind}"
        found.append(hf_file(path, drawn.randint(10_000, 4_000_000_000), f"{key} {number}"))
    return found


def _counts(drawn: random.Random) -> Body:
    downloads = int(drawn.paretovariate(0.8) * 20)
    return {
        "downloads": downloads,
        "downloadsAllTime": downloads * 9,
        "likes": int(drawn.paretovariate(1.1)) - 1,
        "lastModified": (modified := _stamp(drawn, 2023, 2026)),
        "createdAt": min(modified, _stamp(drawn, 2022, 2026)),
    }


def _card(drawn: random.Random, subject: stock.Subject, language: str) -> tuple[Body, list[str]]:
    """Front matter, and the tags that the Hub makes of it."""
    task = drawn.choice(stock.TASKS[subject.modality])
    size = drawn.choice(stock.SIZES)
    card: Body = {"language": [language], "task_categories": [task], "size_categories": [size]}
    tags = [f"task_categories:{task}", f"size_categories:{size}", f"modality:{subject.modality}", "library:datasets"]
    if subject.modality == "text":
        tags.append("format:parquet")
        rows = [{"name": "train", "num_examples": drawn.randint(100, 90_000)}]
        card["dataset_info"] = {"features": [{"name": "text", "dtype": "string"}], "splits": rows}
    if drawn.random() < 0.75:
        card["tags"] = list(subject.tags)
        tags += subject.tags
    return card, tags


def _finished(body: Body, language: str) -> Body:
    """With the tag of its own language in the place of the usual one."""
    body["tags"] = type(body["tags"])(f"language:{language}" if tag == "language:en" else tag for tag in body["tags"])
    return body


def _medical(drawn: random.Random, names: set[str], place: int) -> Made:
    """An original: with a paper or without."""
    subject = drawn.choice(stock.SUBJECTS)
    name = _name(drawn, names, stock.OWNERS, subject.name)
    language = drawn.choices([*stock.LANGUAGES], weights=[12, 2, 1, 2, 4, 1, 1, 1])[0]
    card, tags = _card(drawn, subject, language)
    arxiv = f"{drawn.randint(19, 26):02}{drawn.randint(1, 10):02}.{10_000 + place % 90_000:05}"
    paper = arxiv if drawn.random() < WITH_PAPER else None
    licence = drawn.choice(stock.HUB_LICENCES)
    text = stock.LANGUAGES[language].format(about=subject.text, place=drawn.choice(stock.PLACES))
    gated = drawn.choice(("auto", "manual")) if drawn.random() < GATED else False
    if licence == "other":
        card |= {"license_name": "made-data-use-agreement", "license_link": "LICENSE.md"}
    if gated:
        card["extra_gated_prompt"] = "You must agree to use the data for research only."
    body = hf_dataset(
        name,
        *tags,
        *([f"arxiv:{paper}"] if paper else []),
        licence=licence,
        card=card,
        gated=gated,
        description=f"\n\t\n\t\t\n\t\t{name.partition('/')[2]}\n\t\n\n{text}",
        siblings=_files(drawn, name, subject.modality),
        **_counts(drawn),
    )
    return Made(_finished(body, language), subject, paper, f"10.5555/made.{place}" if drawn.random() < 0.8 else None)


def _copy(drawn: random.Random, names: set[str], of: Made) -> Body:
    """Another's upload of a dataset: the same bytes, or only the same paper; often with another licence."""
    stem = of.body["id"].partition("/")[2]
    name = _name(drawn, names, ("dataset-mirror", "hf-copies", "jdoe", "student17"), stem)
    same_bytes = drawn.random() < 0.6 or not of.arxiv
    tags = [tag for tag in of.body["tags"] if not tag.startswith(("license:", "language:", "region:", "arxiv:"))]
    tags += [f"arxiv:{of.arxiv}"] if of.arxiv and (not same_bytes or drawn.random() < 0.5) else []
    files = of.body["siblings"] if same_bytes else _files(drawn, name, of.subject.modality)
    card = {key: value for key, value in of.body["cardData"].items() if not key.startswith(("license", "extra_gated"))}
    body = hf_dataset(
        name,
        *tags,
        licence=drawn.choice(stock.HUB_LICENCES),
        card=card,
        description=f"A copy of {stem}.",
        siblings=files,
        **_counts(drawn),
    )
    return _finished(body, card["language"][0])


def _stranger(drawn: random.Random, names: set[str], place: int) -> Body:
    """What is no medical dataset, though searches for medical words may find it."""
    alike = drawn.random() < 0.5
    stem, text, tags = drawn.choice(stock.LIKE_MEDICINE if alike else stock.UNLIKE_MEDICINE)
    name = _name(drawn, names, stock.STRANGERS, stem)
    task = drawn.choice(stock.TASKS["text"])
    return hf_dataset(
        name,
        f"task_categories:{task}",
        *tags,
        *([f"arxiv:2001.{place % 90_000 + 10_000:05}"] if drawn.random() < 0.1 else []),
        licence=drawn.choice(stock.HUB_LICENCES),
        card={"tags": list(tags), "task_categories": [task]},
        description=text,
        sha=hexes(f"commit {name}", 40),
        siblings=_files(drawn, name, "text"),
        **_counts(drawn),
    )
