"""The words of the catalogue as people read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from registry.search_index import LANGUAGE

STANDING = {
    "curated": "Curated",
    "listed": "Listed",
    "harvested": "Harvested",
    "candidate": "Candidate",
}

STANDING_MEANS = {
    "curated": "Read by a curator; has a card.",
    "listed": "Known from public lists only: less sure, not checked against the owner's page.",
    "harvested": "Met by a harvester; nobody has read it yet.",
    "candidate": "Not decided yet whether this is a dataset of its own.",
}

USE = {"commercial": "Yes", "non-commercial": "Not commercially", "unclear": "Not known"}

ACCESS = {
    "open": "Open",
    "gated": "Sign in",
    "request": "Ask owners",
    "credentialed": "Credentialed",
    "manual": "By hand",
    "unreleased": "Not released",
    "withdrawn": "Withdrawn",
}

ISSUES = {"yes": "Has known issues", "no": "None known"}

FINDING = {
    "shortcut": "Shortcut",
    "label-error": "Label errors",
    "bias": "Bias",
    "leakage": "Leakage",
    "contamination": "Contamination",
    "duplicate": "Duplicates",
    "licence": "Licence",
    "missing-metadata": "Missing metadata",
    "extra-annotations": "Extra annotations",
    "retraction": "Retraction",
    "other": "Other",
}

RELATION = {
    "introduces": "introduces it",
    "cites": "cites it",
    "mentions": "mentions it",
    "trains-on": "trains on it",
    "evaluates-on": "evaluates on it",
    "builds-on": "builds on it",
    "reviews": "reviews it",
    "reports-on": "reports on it",
}

LINEAGE = {
    "derived-from": "derived from",
    "translates": "translates",
    "extends": "extends",
    "subset-of": "subset of",
    "re-annotates": "re-annotates",
}

EVENT = {
    "added": "Added",
    "renamed": "Renamed",
    "removed": "Removed",
    "restored": "Restored",
    "changed": "Changed",
    "licence-changed": "Licence changed",
    "access-changed": "Access changed",
    "archived": "Archived by its owner",
    "retracted": "Paper retracted",
    "new-revision": "New revision",
    "new-artifact": "New paper, model or code",
    "new-finding": "New finding",
}

PROVIDER = {
    "huggingface": "Hugging Face",
    "github": "GitHub",
    "openalex": "OpenAlex",
    "zenodo": "Zenodo",
    "figshare": "figshare",
    "dataverse": "Dataverse",
    "physionet": "PhysioNet",
    "kaggle": "Kaggle",
    "google-drive": "Google Drive",
    "google-cloud": "Google Cloud",
    "ncbi": "NCBI",
    "sourceforge": "SourceForge",
    "doi": "DOI",
    "web": "Web page",
    "hand-over": "Hand-over",
}

SORT = {
    "relevance": "Best match",
    "name": "Name",
    "year": "Newest",
    "examples": "Most records",
    "cited_by": "Most used by papers",
    "findings": "Most known issues",
    "updated": "Last changed here",
}

ORIGIN = {
    "reviewed": "a reviewer",
    "curated": "a curator's card",
    "listed": "a public list",
    "harvested": "a harvester",
    "measured": "an audit of the data",
}


def language(code: str) -> str:
    """English name of an ISO 639-1 code, where we know it."""
    name = LANGUAGE.get(code, "").split(" ")[0]
    return name.capitalize() if name else code


def plain(word: str) -> str:
    """A word of a vocabulary without its hyphens: ``named-entity-recognition`` is a spelling, not a reading."""
    return word.replace("-", " ")


_TASK = {
    "multiple-choice-qa": "multiple-choice QA",
    "open-qa": "open QA",
    "extractive-qa": "extractive QA",
    "vqa": "visual QA",
}


def task(word: str) -> str:
    """A task as people write it."""
    return _TASK.get(word) or plain(word)


def evidence(text: str) -> str:
    """Where a card says so itself, the import notes no more than that."""
    return "the dataset's card says so" if text == "card" else text


def few(values: Iterable[str], limit: int = 3) -> str:
    """The first of some values, and how many more there are."""
    values = list(values)
    more = f" +{len(values) - limit}" if len(values) > limit else ""
    return ", ".join(values[:limit]) + more


def count(number: int, one: str, many: str = "") -> str:
    """``1 dataset``, ``2,281 datasets``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def day(moment: dt.date | dt.datetime | str | None) -> str:
    """``22 Nov 2026``; text that is no date stays as it is."""
    if isinstance(moment, str):
        try:
            return day(dt.date.fromisoformat(moment[:10]))
        except ValueError:
            return moment
    return f"{moment.day} {moment:%b %Y}" if moment else ""


def minute(moment: dt.datetime | None) -> str:
    """``22 Nov 2026 02:10 UTC``."""
    return f"{day(moment)} {moment:%H:%M} UTC" if moment else ""
