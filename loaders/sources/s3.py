"""Public buckets of Amazon S3: ``s3:bucket/prefix``."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from loaders.download import Unavailable, get, shown
from loaders.paths import safe
from loaders.sources.base import MOST_FILES, Entry, Remote, bucket_and_prefix, name_of, number, usable
from loaders.sources.transfer import Wanted, download
from loaders.sources.visit import remembered
from registry.loadspec import FileRef

SITE = "https://{bucket}.s3.amazonaws.com"
DOTTED = "https://s3.amazonaws.com/{bucket}"
"""For buckets with a dot in their name, which no certificate of `SITE` covers."""


def listing(source: str, revision: str | None = None) -> list[Remote]:
    """The objects below the prefix; with their md5 where the ETag is it."""
    return [entry.remote for entry in remembered(("entries", source), lambda: _asked(source))]


def fetch(source: str, revision: str | None, ref: FileRef, target: Path) -> Path:
    """One object, by its path below the prefix."""
    bucket, prefix = bucket_and_prefix(source)
    url = f"{_address(bucket)}/{quote(prefix + safe(ref.path))}"
    try:
        return download(url, target, Wanted(ref, source))
    except Unavailable as error:
        raise _told(error, source) from None


def page(source: str, revision: str | None = None) -> str:
    """The bucket's own address."""
    bucket, prefix = bucket_and_prefix(source)
    return f"{_address(bucket)}/?{urlencode({'list-type': '2', 'prefix': prefix})}"


def latest(source: str) -> str | None:
    """None: a bucket has no revision."""
    return None


def _address(bucket: str) -> str:
    return (DOTTED if "." in bucket else SITE).format(bucket=quote(bucket))


def _asked(source: str) -> list[Entry]:
    bucket, prefix = bucket_and_prefix(source)
    query = {"list-type": "2", "prefix": prefix}
    found: list[Entry] = []
    while True:
        root = _xml(source, f"{_address(bucket)}/?{urlencode(query)}")
        for item in root.iterfind("{*}Contents"):
            key = _text(item, "Key")
            if not key.endswith("/"):
                etag = _text(item, "ETag").strip('"')
                md5 = etag if len(etag) == 32 and "-" not in etag else None
                remote = Remote(key.removeprefix(prefix), number(_text(item, "Size")), None, md5)
                found.append(Entry(remote, f"{_address(bucket)}/{quote(key)}"))
        more = _text(root, "NextContinuationToken")
        if _text(root, "IsTruncated") != "true" or not more or len(found) > MOST_FILES:
            return usable(found, source)
        query["continuation-token"] = more


def _xml(source: str, url: str) -> Any:
    from lxml import etree

    try:
        _, body = get(url)
    except Unavailable as error:
        raise _told(error, source) from None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        raise Unavailable(f"{shown(url)} gave no XML where a list was expected") from None


def _text(element: Any, name: str) -> str:
    return str(element.findtext(f"{{*}}{name}") or "")


def _told(error: Unavailable, source: str) -> Unavailable:
    if error.status in (401, 403):
        return Unavailable(f"the bucket s3://{name_of(source)} is not public, or has no such file: {error}")
    return error
