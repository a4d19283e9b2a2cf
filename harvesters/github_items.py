"""What the bodies of GitHub say: repositories as places of datasets or as code that uses them."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from harvesters.reading import LARGE, mapping, moment, needed, number, sequence, text, texts
from registry.mentions import mentions
from registry.observation import File, Observation, Touch

NAME = "github"
SITE = "https://github.com"
FILES = 500
"""Files kept of one repository."""
README_TEXT = 8_000
"""Characters kept of a README."""

_DATA = re.compile(
    r".+\.(csv|tsv|jsonl?|ndjson|parquet|xlsx?|xml|zip|tar|gz|tgz|7z|npz|h5|hdf5|nii|dcm|edf|arrow|ann|conll|txt)",
    re.IGNORECASE,
)


class Details(NamedTuple):
    """What further requests told about a repository; None where it was not asked for or there is none."""

    readme: str | None = None
    tree: Any = None
    releases: Any = None


def repository(
    item: Any,
    now: dt.datetime,
    *,
    asked: str | None = None,
    etag: str | None = None,
    complete: bool = True,
    reason: str | None = None,
    details: Details | None = None,
) -> Observation:
    """A repository as the place of a dataset. Raises `Malformed`.

    GitHub's answer names no commit: the time of the last push stands for the revision.
    """
    name = needed(item, "full_name")
    more = details or Details()
    about = "\n".join(filter(None, (text(item.get("description")), text(item.get("homepage")), more.readme)))
    said = mentions(about)
    releases = [mapping(one) for one in sequence(more.releases)]
    return Observation(
        provider=NAME,
        kind="dataset",
        native_id=needed(item, "id"),
        locator=name,
        seen_at=now,
        asked=asked,
        url=f"{SITE}/{name}",
        title=name,
        revision=text(item.get("pushed_at")),
        licence_raw=_licence(item),
        access="open",
        etag=etag,
        complete=complete,
        reason=reason,
        unsaid=_unsaid(item),
        fields={
            "description": text(item.get("description")),
            "site": text(item.get("homepage")),
            "cites": said.title,
            "card_text": more.readme[:README_TEXT] if more.readme else None,
            "tags": texts(item.get("topics"))[:50],
            "programming_language": text(item.get("language")),
            "archived": item.get("archived") is True or None,
            "fork": item.get("fork") is True or None,
            "stars": number(item.get("stargazers_count")),
            "forks": number(item.get("forks_count")),
            "created_at": text(item.get("created_at")),
            "release": text(releases[0].get("tag_name")) if releases else None,
            "tree_truncated": mapping(more.tree).get("truncated") is True or None,
        },
        files=_files(more.tree, releases),
        ids=said.papers,
        own_ids=said.own_papers,
        touches=tuple(
            Touch("mentions", provider, other, f"names {other}", 0.5)
            for provider, other in said.places
            if (provider, other.lower()) != (NAME, name.lower())
        ),
    )


_SAID = {"license": ("licence_raw", "licence_code"), "description": ("description",), "homepage": ("site",)}


def _unsaid(item: Any) -> tuple[str, ...]:
    """What the owner left empty: GitHub names these in every answer."""
    return tuple(name for key, names in _SAID.items() for name in names if key in item and not item[key])


def _licence(item: Any) -> str | None:
    found = mapping(mapping(item).get("license"))
    return text(found.get("spdx_id")) or text(found.get("key"))


def readme_text(item: Any) -> str | None:
    """The text of a README, which comes in base64; None where it does not."""
    try:
        raw = base64.b64decode(text(mapping(item).get("content")) or "")
    except ValueError:
        return None
    return raw.decode("utf-8", "replace") or None


def _files(tree: Any, releases: Sequence[Mapping[str, Any]]) -> tuple[File, ...] | None:
    """Files that may hold data, of the tree and of releases; None where neither was asked for."""
    if tree is None and not releases:
        return None
    found = []
    for one in sequence(mapping(tree).get("tree")):
        path = text(mapping(one).get("path"))
        if path and mapping(one).get("type") == "blob" and _DATA.fullmatch(path):
            found.append(File(path, number(mapping(one).get("size"), LARGE)))
    for release in releases:
        for asset in sequence(release.get("assets")):
            name, tag = text(mapping(asset).get("name")), text(release.get("tag_name"))
            if name and tag:
                digest = (text(mapping(asset).get("digest")) or "").removeprefix("sha256:")
                sound = digest if re.fullmatch("[0-9a-f]{64}", digest) else None
                found.append(File(f"releases/{tag}/{name}", number(mapping(asset).get("size"), LARGE), sound))
    return tuple(found[:FILES])


def code(item: Any, now: dt.datetime, touches: Sequence[Touch]) -> Observation:
    """A repository as code that uses a dataset. Raises `Malformed`."""
    name = needed(item, "full_name")
    created = moment(item.get("created_at"))
    return Observation(
        provider=NAME,
        kind="code",
        native_id=needed(item, "id"),
        locator=name,
        seen_at=now,
        url=f"{SITE}/{name}",
        title=name,
        complete=False,
        fields={"summary": text(item.get("description")), "year": created.year if created else None},
        ids=((NAME, name),),
        touches=tuple(touches),
    )


def code_hit(item: Any, now: dt.datetime, dataset: str) -> list[Observation]:
    """What a hit of the code search says of a dataset of Hugging Face: nothing unless a fragment spells its name.

    The search takes punctuation for blanks, so that it finds neighbours too. Raises `Malformed`.
    """
    needed(mapping(mapping(item).get("repository")), "id")
    fragments = [text(mapping(one).get("fragment")) or "" for one in sequence(item.get("text_matches"))]
    spelt = re.compile(rf"(?<![\w./-]){re.escape(dataset)}(?![\w-])", re.IGNORECASE)
    if not any(spelt.search(fragment) for fragment in fragments):
        return []
    path = text(item.get("path")) or "a file"
    touch = Touch("builds-on", "huggingface", dataset, f"{path} names {dataset}: {text(item.get('html_url'))}", 0.8)
    return [code(item["repository"], now, [touch])]
