"""What uses and describes the datasets of a synthetic world: works, models, spaces, repositories, pages of papers."""

from __future__ import annotations

import random
from typing import NamedTuple

from tests.support import api_synthetic_words as stock
from tests.support.api_bodies_other import inverted, oa_location, oa_source
from tests.support.api_world import Body, World, gh_release, gh_repository, hf_model, hf_paper, hf_space, oa_work


class Made(NamedTuple):
    """A medical dataset that was made, its subject, and the paper that introduces it."""

    body: Body
    subject: stock.Subject
    arxiv: str | None
    doi: str | None

    @property
    def id(self) -> str:
        """Its name at Hugging Face."""
        return str(self.body["id"])


def _some(drawn: random.Random, made: list[Made]) -> Made:
    """One of them; a few are taken often, most seldom."""
    return made[min(int(drawn.paretovariate(0.6)) - 1, len(made) - 1)] if drawn.random() < 0.7 else drawn.choice(made)


def add_works(world: World, drawn: random.Random, made: list[Made], count: int) -> None:
    """Papers that introduce datasets, one in four as preprint and article apart; works citing them; records of data."""
    introducing: list[tuple[Made, list[Body]]] = []
    for one in made:
        if one.arxiv and len(world.works) < count * 0.4:
            introducing.append((one, _paper(drawn, one, len(introducing))))
            world.works += introducing[-1][1]
    records = count // 20
    for place in range(count - records - len(world.works) if introducing else 0):
        world.works.append(_citing(drawn, introducing, place))
    for place in range(records if made else 0):
        world.works.append(_record(drawn, _some(drawn, made), place))


def _paper(drawn: random.Random, one: Made, place: int) -> list[Body]:
    title = f"{one.id.partition('/')[2]}: a dataset of {one.subject.text}"
    year = 2000 + int((one.arxiv or "20")[:2])
    said: Body = {"publication_year": year, "publication_date": f"{year}-{drawn.randint(1, 10):02}-15"}
    said["abstract_inverted_index"] = inverted(f"We present a dataset of {one.subject.text} and baselines on it .")
    if drawn.random() < 0.03:
        said["is_retracted"] = True
    if one.doi is None or drawn.random() < 0.25:
        arxiv_doi = f"10.48550/arxiv.{one.arxiv}"
        found = [oa_work(f"W91{place:07}", title, doi=arxiv_doi, arxiv=one.arxiv, type="preprint", **said)]
        article = [oa_work(f"W92{place:07}", title, doi=one.doi, **said)] if one.doi else []
        return found + article
    return [oa_work(f"W91{place:07}", title, doi=one.doi, arxiv=one.arxiv, **said)]


def _citing(drawn: random.Random, introducing: list[tuple[Made, list[Body]]], place: int) -> Body:
    cited: list[Body] = []
    for _ in range(drawn.randint(1, 3)):
        _, works = introducing[min(int(drawn.paretovariate(0.6)) - 1, len(introducing) - 1)]
        cited += [work for work in works[:1] if work not in cited]
    first = next(one for one, works in introducing if cited[0] in works)
    finding = drawn.random() < 0.08
    pattern = drawn.choice(stock.FINDINGS if finding else stock.CITING)
    title = pattern.format(name=first.id.partition("/")[2], about=first.subject.text)
    for work in cited:
        work["cited_by_count"] += 1
    year = drawn.randint(2021, 2026)
    abstract = inverted(f"We study {first.subject.text} . {title} .")
    return oa_work(
        f"W93{place:07}",
        title,
        *(work["id"].rpartition("/")[2] for work in cited),
        doi=f"10.5555/citing.{place}" if drawn.random() < 0.9 else None,
        type=drawn.choices(("article", "preprint", "review"), weights=(6, 3, 1))[0],
        publication_year=year,
        publication_date=f"{year}-{drawn.randint(1, 10):02}-20",
        abstract_inverted_index=abstract if drawn.random() < 0.7 else None,
        is_retracted=drawn.random() < 0.01,
    )


def _record(drawn: random.Random, one: Made, place: int) -> Body:
    doi = f"10.5281/zenodo.{7_000_000 + place}"
    source = oa_source("S4306400562", "Zenodo (CERN European Organization for Nuclear Research)", "repository")
    there = oa_location(f"doi:{doi}", f"https://doi.org/{doi}", source, "other-oa", None)
    return oa_work(
        f"W94{place:07}",
        f"Data of {one.id.partition('/')[2]}: {one.subject.text} (v{drawn.randint(1, 4)})",
        doi=doi,
        type="dataset",
        is_xpac=True,
        primary_location=there,
        locations=[there],
        best_oa_location=there,
        abstract_inverted_index=None,
    )


def add_models(world: World, drawn: random.Random, made: list[Made], count: int) -> None:
    """Models that declare datasets, some by names that these no longer have, some only papers."""
    old = {new: name for name, new in world.renamed.items()}
    for place in range(count if made else 0):
        used = [_some(drawn, made) for _ in range(drawn.choice((1, 1, 1, 2, 3)))]
        names = [old.get(one.id, one.id) if drawn.random() < 0.5 else one.id for one in used]
        tags = [f"dataset:{name}" for name in dict.fromkeys(names)] if drawn.random() < 0.9 else []
        tags += [f"arxiv:{one.arxiv}" for one in used if one.arxiv and drawn.random() < 0.3]
        modified = f"2026-{drawn.randint(1, 10):02}-{drawn.randint(1, 28):02}T00:00:00.000Z"
        name = f"{drawn.choice(stock.OWNERS)}/{drawn.choice(('med', 'clin', 'bio'))}-model-{place}"
        world.models.append(
            hf_model(name, *dict.fromkeys(tags), lastModified=modified, downloads=drawn.randint(0, 9_999))
        )


def add_spaces(world: World, drawn: random.Random, made: list[Made], count: int) -> None:
    """Spaces that use datasets and models."""
    for place in range(count if made else 0):
        models = (drawn.choice(world.models)["id"],) if world.models else ()
        name = f"{drawn.choice(stock.OWNERS)}/demo-{place}"
        world.spaces.append(hf_space(name, _some(drawn, made).id, models=models, likes=drawn.randint(0, 90)))


def add_repositories(world: World, drawn: random.Random, made: list[Made], count: int) -> None:
    """Repositories: of the owners of datasets, of users whose code loads them, and of others."""
    for place in range(count if made else 0):
        one, kind = _some(drawn, made), place % 5
        stem = one.id.partition("/")[2]
        fields: Body = {
            "stargazers_count": int(drawn.paretovariate(0.9)),
            "archived": drawn.random() < 0.05,
            "fork": drawn.random() < 0.05,
            "created_at": f"{drawn.randint(2018, 2025)}-{drawn.randint(1, 12):02}-03T01:02:03Z",
            "pushed_at": f"2026-{drawn.randint(1, 10):02}-{drawn.randint(1, 28):02}T22:11:10Z",
            "updated_at": f"2026-10-{drawn.randint(1, 28):02}T{drawn.randint(0, 23):02}:00:00Z",
        }
        if kind < 2:
            name = f"{one.id.partition('/')[0]}-code/{stem}-{place}"
            topics = ["medical", *(["medical-dataset"] if drawn.random() < 0.4 else []), *one.subject.tags[:1]]
            fields |= {"topics": list(dict.fromkeys(topics)), "description": f"Dataset of {one.subject.text}"}
            fields["homepage"] = f"https://huggingface.co/datasets/{one.id}" if drawn.random() < 0.5 else ""
            paper = f" Paper: https://arxiv.org/abs/{one.arxiv}" if one.arxiv else ""
            world.readmes[name] = f"# {stem}\nThe data are at https://huggingface.co/datasets/{one.id}.{paper}\n"
            if drawn.random() < 0.3:
                world.releases[name] = [gh_release(name, "v1.1", immutable=True), gh_release(name, "v1.0")]
        elif kind < 4:
            name = f"user-{place % 97}/experiments-{place}"
            world.code[name] = {"src/train.py": f'from datasets import load_dataset\nds = load_dataset("{one.id}")\n'}
            fields["description"] = "Experiments with language models"
            if drawn.random() < 0.5:
                world.readmes[name] = f"We train on {one.id}.\n"
        else:
            name = f"stranger-{place % 31}/tool-{place}"
            fields |= {"topics": ["utilities"], "description": "A tool that has nothing to do with it"}
        world.repositories.append(gh_repository(name, licence=drawn.choice(stock.GIT_LICENCES), **fields))


def add_papers(world: World, made: list[Made]) -> None:
    """The pages that Hugging Face has of papers, with the datasets that name them."""
    naming: dict[str, list[Body]] = {}
    for body in world.datasets:
        for tag in body["tags"]:
            if tag.startswith("arxiv:"):
                naming.setdefault(tag.removeprefix("arxiv:"), []).append(body)
    for one in made:
        if one.arxiv:
            title = f"{one.id.partition('/')[2]}: a dataset of {one.subject.text}"
            world.papers.append(hf_paper(one.arxiv, title, datasets=tuple(naming[one.arxiv])))
