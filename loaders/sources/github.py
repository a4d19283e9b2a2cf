"""Repositories on GitHub, ``github:owner/name``: files as they are at a commit, those of Git LFS too."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

from loaders.download import Unavailable, get, shown
from loaders.paths import safe
from loaders.sources.base import Entry, Remote, field, items, name_of, number, usable
from loaders.sources.transfer import Pointer, Wanted, download
from loaders.sources.visit import note
from registry.loadspec import FileRef
from registry.settings import settings

SITE = "https://github.com"


def listing(source: str, revision: str | None = None) -> list[Remote]:
    """All files of the tree; the size of a file in Git LFS is that of its pointer."""
    told = api(source, f"git/trees/{quote(revision or 'HEAD', safe='')}?recursive=1")
    if field(told, "truncated"):
        raise Unavailable(f"{page(source, revision)} has more files than GitHub lists: clone it, and pass `files=`")
    found = [
        Remote(str(item.get("path")), number(item.get("size")), None, None, str(item.get("sha")))
        for item in items(told, "tree")
        if item.get("type") == "blob" and item.get("mode") != "120000"  # a link is not followed
    ]
    return [entry.remote for entry in usable([Entry(remote, "") for remote in found], source)]


def fetch(source: str, revision: str | None, ref: FileRef, target: Path) -> Path:
    """A file of the repository; what Git LFS keeps comes from there, checked against its pointer."""
    path = f"{name_of(source)}/{quote(revision or 'HEAD')}/{quote(safe(ref.path))}"
    try:
        return download(f"{settings().github_raw_url.rstrip('/')}/{path}", target, Wanted(ref, source, token()))
    except Pointer as pointer:
        # The id in Git is that of the pointer, not of the file.
        ref = ref.model_copy(update={"git_blob": None})
        wanted = Wanted(ref, source, token(), pointer.size, pointer.sha256)
        return download(f"{settings().github_media_url.rstrip('/')}/{path}", target, wanted)


def page(source: str, revision: str | None = None) -> str:
    """The repository, at a revision where one is given."""
    return f"{SITE}/{name_of(source)}" + (f"/tree/{revision}" if revision else "")


def latest(source: str) -> str | None:
    """The newest commit of the default branch."""
    told = field(api(source, "commits?per_page=1"), 0, "sha")
    return str(told) if told else None


def api(source: str, path: str) -> object:
    """What GitHub's API says of a repository; one that was renamed is told as moved."""
    import json

    url = f"{settings().github_api_url.rstrip('/')}/repos/{name_of(source)}/{path}"
    try:
        answer, body = get(url, {"Accept": "application/vnd.github+json"}, token())
    except Unavailable as error:
        if error.status == 403 or "429" in str(error):
            raise Unavailable(f"{error}: GitHub's limit for requests may be spent; set GITHUB_TOKEN") from None
        raise
    if answer.moved:
        note("moved", source, f"{page(source)} has moved to {_new_name(answer.moved)}")
    try:
        told: object = json.loads(body)
    except ValueError:
        raise Unavailable(f"{shown(url)} gave no JSON where a list was expected") from None
    return told


def _new_name(address: str) -> str:
    """GitHub redirects to a repository's number; its name is one more question."""
    if not (numbered := re.match(r".*/repositories/\d+", address)):
        return address
    try:
        from loaders.download import get_json

        return f"{SITE}/{field(get_json(numbered[0], None, token()), 'full_name')}"
    except Unavailable:
        return numbered[0]


def token() -> dict[str, str] | None:
    """The header that says who asks, where GITHUB_TOKEN is set."""
    secret = settings().github_token
    return {"Authorization": f"Bearer {secret.get_secret_value()}"} if secret else None
