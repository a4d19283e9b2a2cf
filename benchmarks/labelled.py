"""How well the rules of `registry.relevance` and `registry.suspicion` agree with labels that people gave.

The labels lie in tests/labels. Those of real material hold references only: the bodies are read from the folder of
real files, where somebody has it (see `shared` in tests/conftest.py). Words were tuned on the dev part alone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.__main__ import real_files
from registry.observation import Observation
from registry.relevance import judge
from registry.suspicion import suspect

LABELS = Path(__file__).parents[1] / "tests" / "labels"
CLASSES = ("register", "ask", "ignore")
PARTS = ("dev", "test")
SEEN = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


class Judged(NamedTuple):
    """One labelled thing: where it comes from, dev or test, what the label says and what the rule says."""

    group: str
    part: str
    name: str
    label: str
    decision: str


class Suspected(NamedTuple):
    """One labelled work: the kinds of its label and of the rule, best first; whether its title speaks of a problem."""

    group: str
    part: str
    name: str
    kinds: tuple[str, ...]
    found: tuple[str, ...]
    speaks: bool


def part_of(reference: str) -> str:
    """``dev`` for 60 % of all references, ``test`` for the rest; by their SHA-256, so that nobody chooses."""
    return "dev" if int(hashlib.sha256(reference.encode()).hexdigest(), 16) % 10 < 6 else "test"


def labels(name: str) -> list[dict[str, Any]]:
    """The lines of a label file."""
    return [json.loads(line) for line in (LABELS / name).read_text(encoding="utf-8").splitlines()]


def shared() -> Path | None:
    """The folder of real files, or None."""
    folder = real_files().parent
    return folder if (folder / "apis" / "samples").is_dir() else None


def observed(provider: str, locator: str, title: str | None, kind: str = "dataset", **fields: Any) -> Observation:
    """An observation of the shape that harvesters make."""
    told = {name: value for name, value in fields.items() if value}
    return Observation(
        provider=provider, voice="huggingface", kind=kind, native_id="1", locator=locator, seen_at=SEEN, title=title,
        fields=told,
    )  # fmt: skip


def made_observation(item: Mapping[str, Any]) -> Observation:
    """What a harvester would see of an item of relevance_made.jsonl."""
    return observed(item["provider"], item["name"], item["name"], description=item["description"], tags=item["tags"])


@lru_cache(maxsize=512)
def _parsed(path: Path) -> Any:
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".yaml":
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else json.loads(text)


def _inside(data: Any, wanted: Callable[[Mapping[str, Any]], bool]) -> Iterator[Mapping[str, Any]]:
    """All mappings that are wanted, also inside of texts that hold JSON."""
    if isinstance(data, dict):
        if wanted(data):
            yield data
        data = list(data.values())
    if isinstance(data, str) and data[:1] in ("{", "[") and len(data) > 100:
        try:
            yield from _inside(json.loads(data), wanted)
        except ValueError:
            return
    for value in data if isinstance(data, list) else ():
        yield from _inside(value, wanted)


def _abstract(index: Mapping[str, Sequence[int]] | None) -> str:
    places = sorted((at, word) for word, where in (index or {}).items() for at in where)
    return " ".join(word for _, word in places)


def _card(path: Path, key: str) -> Observation:
    text = path.read_text(encoding="utf-8", errors="replace")
    matter = _parsed(path.with_name("_front_matter.json")).get(path.stem) or {}
    body = text.split("\n---", 1)[1] if text.startswith("---") and "\n---" in text else text
    body = re.sub(r"^ *- \[[^\]\n]*\]\(#[^)\n]*\) *$", "", body, flags=re.MULTILINE)
    plain = re.sub(r"\s+", " ", body).strip()
    return observed(
        "huggingface", key, matter.get("pretty_name") or key, description=plain[:500], card_text=body,
        tags=[tag for tag in matter.get("tags") or [] if isinstance(tag, str)],
    )  # fmt: skip


def real_observation(root: Path, label: Mapping[str, str]) -> Observation:
    """What a harvester would see of the thing that a line of relevance.jsonl refers to."""
    path, key = root / label["file"], label["key"]
    if path.suffix == ".md":
        return _card(path, key)
    data = _parsed(path)
    if label["file"].startswith("facts/datasets/"):
        at = ("huggingface", data["huggingface"][0]) if data.get("huggingface") else ("github", data.get("github"))
        at = at if at[1] else ("doi", key)
        return observed(at[0], at[1], data["name"], description=data.get("summary"), tasks=data.get("tasks"))
    if label["file"].endswith("breadth.jsonl"):
        row = next(row for row in data if row["slug"] == key)
        at = ("github", row["github"]) if not row["huggingface"] else ("huggingface", row["huggingface"][0])
        return observed(at[0], at[1], row["name"])
    if "/openalex/" in label["file"]:
        work = next(_inside(data, lambda one: str(one.get("id", "")).endswith(f"/{key}") and bool(one.get("title"))))
        topic = work.get("primary_topic") or {}
        return observed(
            "openalex", key, work["title"], "paper", summary=_abstract(work.get("abstract_inverted_index")),
            topics=[one.get("display_name") for one in work.get("topics") or []],
            domain=(topic.get("domain") or {}).get("display_name"),
        )  # fmt: skip
    if "/github/" in label["file"]:
        item = next(_inside(data, lambda one: one.get("full_name") == key and "description" in one))
        return observed(
            "github", key, key, description=item["description"], tags=item.get("topics"), site=item.get("homepage"),
            programming_language=item.get("language"), fork=item.get("fork"),
        )  # fmt: skip
    if path.name == "huggingface_papers.json":
        paper = next(one["paper"] for one in data if one["paper"]["id"] == key)
        return observed("huggingface", key, paper["title"], "paper", summary=paper.get("summary"))
    item = next(_inside(data, lambda one: key in (one.get("id"), one.get("name"))))
    url = str(item.get("url") or "")
    locator = url.split("/datasets/", 1)[1] if "/datasets/" in url else key
    tags = [tag for tag in item.get("tags") or item.get("keywords") or [] if ":" not in tag]
    return observed("huggingface", locator, key, description=item.get("description"), tags=tags)


def judged(root: Path | None) -> list[Judged]:
    """All labels of relevance with what the rule says; those of real material only with a `root`."""
    found = []
    for item in labels("relevance_made.jsonl"):
        one = made_observation(item)
        found.append(Judged("made", part_of(item["name"]), item["name"], item["label"], judge(one).decision))
    for label in labels("relevance.jsonl") if root else ():
        group = "lists" if label["file"].endswith("breadth.jsonl") else "real"
        verdict = judge(real_observation(root, label)) if root else None
        reference = f"{label['file']}#{label['key']}"
        found.append(Judged(group, part_of(reference), reference, label["label"], verdict.decision if verdict else ""))
    return found


def real_work(root: Path, label: Mapping[str, Any]) -> tuple[str, str | None]:
    """Title and abstract of the work that a line of suspicion.jsonl refers to; of fact sheets the title alone."""
    path, key = root / label["file"], label["key"]
    if path.suffix == ".txt":
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return key, lines[lines.index(key) + 1]
    if path.suffix == ".yaml":
        sheet = _parsed(path)
        return sheet.get("title") or sheet["paper"]["title"], None
    if path.name == "huggingface_papers.json":
        paper = next(one["paper"] for one in _parsed(path) if one["paper"]["id"] == key)
        return paper["title"], paper.get("summary")
    one = real_observation(root, {"file": label["file"], "key": key})
    return one.title or "", one.fields.get("summary")


def suspected(root: Path | None) -> list[Suspected]:
    """All labels of suspicion with what the rule says; those of real material only with a `root`."""
    found = []
    for item in labels("suspicion_made.jsonl"):
        kinds = tuple(one.kind for one in suspect(item["title"], item["abstract"]))
        said = tuple(item["kinds"])
        found.append(Suspected("made", part_of(item["title"]), item["title"], said, kinds, bool(said)))
    for label in labels("suspicion.jsonl") if root else ():
        title, abstract = real_work(root, label) if root else ("", None)
        kinds = tuple(one.kind for one in suspect(title, abstract))
        part = part_of(f"{label['file']}#{label['key']}")
        found.append(Suspected("real", part, title, tuple(label["kinds"]), kinds, label["speaks"]))
    return found


class Rates(NamedTuple):
    """Of a class: things labelled so, and precision and recall of the rule; None where nothing can be divided."""

    size: int
    precision: float | None
    recall: float | None


def rates(pairs: Sequence[tuple[bool, bool]]) -> Rates:
    """The rates of (labelled, found) pairs."""
    labelled, found = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    both = sum(a and b for a, b in pairs)
    return Rates(labelled, both / found if found else None, both / labelled if labelled else None)


def class_rates(rows: Sequence[Judged], name: str) -> Rates:
    """The rates of one class of relevance."""
    return rates([(row.label == name, row.decision == name) for row in rows])


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _relevance(console: Console, rows: Sequence[Judged]) -> None:
    table = Table("material", "part", "class", "size", "precision", "recall", *(f"→ {name}" for name in CLASSES))
    for group in dict.fromkeys(row.group for row in rows):
        for part in PARTS:
            some = [row for row in rows if (row.group, row.part) == (group, part)]
            for name in CLASSES:
                size, precision, recall = class_rates(some, name)
                counts = Counter(row.decision for row in some if row.label == name)
                cells = [_shown(precision), _shown(recall), *(str(counts[other]) for other in CLASSES)]
                table.add_row(group, part, name, str(size), *cells)
    console.print(table)


def _suspicion(console: Console, rows: Sequence[Suspected]) -> None:
    table = Table(
        "material", "part", "works", "findings", "precision", "recall", "title speaks", "recall", "kind right"
    )
    for group in dict.fromkeys(row.group for row in rows):
        for part in PARTS:
            some = [row for row in rows if (row.group, row.part) == (group, part)]
            whole = rates([(bool(row.kinds), bool(row.found)) for row in some])
            spoken = rates([(True, bool(row.found)) for row in some if row.speaks])
            right = [row.found[0] in row.kinds for row in some if row.kinds and row.found]
            kind = _shown(sum(right) / len(right) if right else None)
            sizes = (str(len(some)), str(whole.size))
            table.add_row(
                group, part, *sizes, _shown(whole.precision), _shown(whole.recall), str(spoken.size),
                _shown(spoken.recall), kind,
            )  # fmt: skip
    console.print(table)


def main() -> None:
    """Print both tables."""
    console, root = Console(), shared()
    if root is None:
        console.print(f"The real material is left out: no folder {real_files().parent / 'apis' / 'samples'}")
    _relevance(console, judged(root))
    _suspicion(console, suspected(root))


if __name__ == "__main__":
    main()
