"""Public buckets of Google Cloud Storage: ``gs:bucket/prefix``."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from urllib.parse import quote, urlencode

from loaders.download import Unavailable, get_json
from loaders.paths import safe
from loaders.sources.base import (
    MOST_FILES,
    Entry,
    Remote,
    bucket_and_prefix,
    fetch_entry,
    field,
    items,
    name_of,
    number,
    usable,
)
from loaders.sources.visit import remembered
from registry.loadspec import FileRef

SITE = "https://storage.googleapis.com"
CONSOLE = "https://console.cloud.google.com/storage/browser"


def listing(source: str, revision: str | None = None) -> list[Remote]:
    """The objects below the prefix, with their md5."""
    return [entry.remote for entry in remembered(("entries", source), lambda: _asked(source))]


def fetch(source: str, revision: str | None, ref: FileRef, target: Path) -> Path:
    """One object, by its path below the prefix."""
    bucket, prefix = bucket_and_prefix(source)
    key = prefix + safe(ref.path)
    told = _json(source, f"{SITE}/storage/v1/b/{quote(bucket)}/o/{quote(key, safe='')}")
    entry = _entry(bucket, prefix, told if isinstance(told, dict) else {})
    return fetch_entry([entry], source, ref, target, page(source))


def page(source: str, revision: str | None = None) -> str:
    """The bucket in the browser of Google Cloud."""
    return f"{CONSOLE}/{name_of(source)}"


def latest(source: str) -> str | None:
    """None: a bucket has no revision."""
    return None


def _asked(source: str) -> list[Entry]:
    bucket, prefix = bucket_and_prefix(source)
    fields = "nextPageToken,items(name,size,md5Hash)"
    query = {"prefix": prefix, "maxResults": "1000", "fields": fields}
    found: list[Entry] = []
    while True:
        told = _json(source, f"{SITE}/storage/v1/b/{quote(bucket)}/o?{urlencode(query)}")
        objects = [item for item in items(told, "items") if not str(item.get("name")).endswith("/")]  # no "folders"
        found += [_entry(bucket, prefix, item) for item in objects]
        more = field(told, "nextPageToken")
        if not more or len(found) > MOST_FILES:
            return usable(found, source)
        query["pageToken"] = str(more)


def _entry(bucket: str, prefix: str, item: dict[str, object]) -> Entry:
    name = str(item.get("name"))
    try:
        md5 = base64.b64decode(str(item.get("md5Hash") or ""), validate=True).hex() or None
    except binascii.Error:
        md5 = None
    remote = Remote(name.removeprefix(prefix), number(item.get("size")), None, md5)
    return Entry(remote, f"{SITE}/{quote(bucket)}/{quote(name)}")


def _json(source: str, url: str) -> object:
    try:
        told: object = get_json(url)
    except Unavailable as error:
        if error.status in (401, 403):
            raise Unavailable(f"{page(source)} is not public: sign in there, and download it by hand") from None
        raise
    return told
