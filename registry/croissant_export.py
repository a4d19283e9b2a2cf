"""A dataset's card as Croissant 1.0, the JSON-LD form of ML Commons that hubs and dataset search engines read."""

from __future__ import annotations

import mimetypes
import re
from typing import Any
from urllib.parse import quote, unquote

from registry.card import DatasetCard, File
from registry.citations import cite_card, landing_page
from registry.places import address

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context of the specification, word for word: readers compare it."""

NO_CHECKSUM = "https://github.com/mlcommons/croissant/issues/80"
"""What stands in place of the checksum of a whole repository, which has none; the convention of the Hub."""

_MIME = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "jsonl": "application/jsonlines",
    "parquet": "application/x-parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "bioc": "application/xml",
    "text": "text/plain",
    "iob": "text/plain",
    "brat": "text/plain",
    "bionlp": "text/plain",
    "pubtator": "text/plain",
    "hdf5": "application/x-hdf5",
    "dicom": "application/dicom",
    "zip": "application/zip",
    "tar": "application/x-tar",
    "tar.gz": "application/gzip",
    "gz": "application/gzip",
    "7z": "application/x-7z-compressed",
    "rar": "application/vnd.rar",
}
_REPOSITORY = {"huggingface": "https://huggingface.co/datasets/{}", "github": "https://github.com/{}"}
_SHORT = {"hf": "huggingface", "github": "github"}
_RAW = {
    "huggingface": "https://huggingface.co/datasets/{}/resolve/{}/{}",
    "github": "https://raw.githubusercontent.com/{}/{}/{}",
}
_IN_REPOSITORY = {
    "huggingface": re.compile(r"https://huggingface\.co/datasets/([^/]+/[^/]+)/resolve/[^/]+/([^?]+)"),
    "github": re.compile(r"https://(?:raw\.githubusercontent\.com/|github\.com/)([^/]+/[^/]+)/(?:raw/)?[^/]+/([^?]+)"),
}
_TABLES = ("csv", "tsv")
"""Formats whose columns are text: a field must have a type, and cards do not say those of other formats."""
_COLUMN = re.compile(r"[^\W\d][\w .\-/]{0,63}")
_REMARK = re.compile(r"\(.*\)|")
"""A column without a name: "(index)" or nothing."""
_PATTERN = re.compile(r"[*?\[{]")
_MEMBER = re.compile(r"[\w.\-/*?\[\]]+")
MAX_PATTERNS = 64


def croissant_card(card: DatasetCard) -> dict[str, Any]:
    """The metadata of a dataset as Croissant JSON-LD, ready for `json.dumps`.

    Holds what the card knows: a file outside a repository is a FileObject only where its checksum is known, since the
    specification asks for one, and else a FileSet of its name; record sets only for text tables whose
    columns are named.
    """
    files = _Files(card)
    for file in card.files:
        files.add(file)
    landing = landing_page(card)
    others = dict.fromkeys(address(place) for place in card.sources if place.role == "official")
    document = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": card.name,
        "alternateName": card.aliases,
        "description": " ".join(card.summary.split()),
        "license": _licence(card.licence.data),
        "conditionsOfAccess": card.access if not card.access_note else f"{card.access}: {card.access_note}",
        "url": landing,
        "sameAs": [place for place in others if place and place != landing],
        "citeAs": cite_card(card, "bibtex"),
        "keywords": list(dict.fromkeys([*card.tasks, *card.modalities, *card.specialties])),
        "inLanguage": card.languages,
        "distribution": files.distribution,
        "recordSet": files.record_sets,
    }
    return _filled(document)


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def _licence(spdx: str | None) -> str | list[str] | None:
    """SPDX addresses where SPDX has one; several stand for "all of them", so a choice stays an expression."""
    if spdx is None or " OR " in spdx or " WITH " in spdx:
        return spdx
    ids = spdx.split(" AND ")
    links = [one if one.startswith("LicenseRef-") else f"https://spdx.org/licenses/{one}.html" for one in ids]
    return links[0] if len(links) == 1 else links


class _Files:
    """The distribution and record sets of one card, built file by file, with ids that are used once."""

    def __init__(self, card: DatasetCard) -> None:
        self.card = card
        self.distribution: list[dict[str, Any]] = []
        self.record_sets: list[dict[str, Any]] = []
        self._used: set[str] = set()
        self._repositories: dict[tuple[str, str], str] = {}

    def add(self, file: File) -> None:
        name = file.path or _name_in(file.url) or (file.url and f"{self.card.slug}.{file.container or file.format}")
        if not name:
            return
        archive = self._archive_or_file(file, name)
        kind = "fileSet" if archive["@type"] == "cr:FileSet" else "fileObject"
        self.distribution.append(archive)
        if file.container and kind == "fileObject":
            self._add_members(file, archive["@id"])
        elif not file.container:
            self._add_records(file, {kind: {"@id": archive["@id"]}})

    def _archive_or_file(self, file: File, name: str) -> dict[str, Any]:
        place = self._place(file)
        checksum = {"sha256": file.sha256} if file.sha256 else {"md5": file.md5} if file.md5 else {}
        common = {
            "@id": self._id(name),
            "name": name,
            "description": _text(file.note),
            "encodingFormat": _mime(file, name),
        }
        if _PATTERN.search(name):
            inside = {"containedIn": {"@id": self._repository(*place)}} if place else {}
            return _filled({"@type": "cr:FileSet", **common, **inside, "includes": _patterns(name) or [name]})
        size = {"contentSize": f"{file.bytes} B" if file.bytes is not None else None}
        url = file.url or (place and _raw(*place, self._revision(*place), name))
        if checksum and url:
            return _filled({"@type": "cr:FileObject", **common, "contentUrl": _quoted(url), **size, **checksum})
        if place:
            inside = {"containedIn": {"@id": self._repository(*place)}}
            return _filled({"@type": "cr:FileObject", **common, **inside, "contentUrl": name, **size})
        where = _text(f"Found at {file.url or file.source}. {file.note or ''}") if file.url or file.source else None
        described = common | {"description": where or common["description"]}
        return _filled({"@type": "cr:FileSet", **described, "includes": [name]})

    def _place(self, file: File) -> tuple[str, str] | None:
        """The repository (provider, id) that holds a file; a path without more is in the first of the places."""
        if file.source:
            short, _, native = file.source.partition(":")
            return (_SHORT[short], native) if short in _SHORT else None
        for provider, pattern in _IN_REPOSITORY.items():
            if file.url and (found := pattern.match(unquote(file.url))) and found[2] == file.path:
                return provider, found[1]
        first = self.card.sources[0] if self.card.sources else None
        if file.url or first is None or first.provider not in _REPOSITORY or not first.id:
            return None
        return first.provider, first.id

    def _revision(self, provider: str, native: str) -> str:
        pinned = [one.revision for one in self.card.sources if (one.provider, one.id) == (provider, native)]
        return next((one for one in pinned if one), "main" if provider == "huggingface" else "HEAD")

    def _repository(self, provider: str, native: str) -> str:
        """The id of the FileObject that stands for a whole repository, made when first asked for."""
        if (provider, native) not in self._repositories:
            found = self._repositories[provider, native] = self._id(f"{provider}/{native}")
            self.distribution.append(
                {
                    "@type": "cr:FileObject",
                    "@id": found,
                    "name": native,
                    "description": f"The repository {native}.",
                    "contentUrl": _REPOSITORY[provider].format(native),
                    "encodingFormat": "git+https",
                    "sha256": NO_CHECKSUM,
                }
            )
        return self._repositories[provider, native]

    def _add_members(self, file: File, archive: str) -> None:
        patterns = [pattern for member in file.members for pattern in _patterns(member)]
        if patterns and len(patterns) <= MAX_PATTERNS:
            self.distribution.append(
                {
                    "@type": "cr:FileSet",
                    "@id": self._id(f"{archive}/members"),
                    "name": f"files in {file.path or file.url}",
                    "containedIn": {"@id": archive},
                    "encodingFormat": _MIME.get(file.format, "application/octet-stream"),
                    "includes": list(dict.fromkeys(patterns)),
                }
            )

    def _add_records(self, file: File, source: dict[str, Any]) -> None:
        columns = [column for column in file.columns or [] if not _REMARK.fullmatch(column)]
        headless = re.search(r"no header|without (a )?header|headerless", f"{file.layout} {file.note}", re.IGNORECASE)
        plain = all(_COLUMN.fullmatch(column) for column in columns) and len(set(columns)) == len(columns)
        if file.format not in _TABLES or not columns or headless or not plain:
            return
        name = self._id("records/" + ("-".join(file.splits) or "rows"))
        self.record_sets.append(
            {
                "@type": "cr:RecordSet",
                "@id": name,
                "name": name,
                "description": f"One record for each row of {file.path or file.url}.",
                "field": [
                    {
                        "@type": "cr:Field",
                        "@id": self._id(f"{name}/{column}"),
                        "name": column,
                        "dataType": "sc:Text",
                        "source": {**source, "extract": {"column": column}},
                    }
                    for column in columns
                ],
            }
        )

    def _id(self, wanted: str) -> str:
        plain = re.sub(r"[^\w./-]+", "-", wanted).strip("-") or "file"
        number, found = 1, plain
        while found in self._used:
            number += 1
            found = f"{plain}-{number}"
        self._used.add(found)
        return found


def _text(note: str | None) -> str | None:
    return " ".join(note.split()) if note else None


def _name_in(url: str | None) -> str | None:
    name = (url or "").partition("?")[0].rpartition("/")[2]
    return name if "." in name else None


def _mime(file: File, name: str) -> str:
    found = _MIME.get(file.container or file.format)
    return found or mimetypes.guess_type(name)[0] or "application/octet-stream"


def _raw(provider: str, native: str, revision: str, path: str) -> str:
    return _RAW[provider].format(native, revision, quote(path))


def _quoted(url: str) -> str:
    return quote(url, safe=":/?#[]@!$&'()*+,;=%~")


def _patterns(text: str) -> list[str]:
    """A shell pattern without braces for each alternative of `text`; nothing where it is no pattern but a remark."""
    ranges = re.sub(r"\{(\d+)\.\.(\d+)\}", lambda found: _numbers(int(found[1]), int(found[2])), text)
    expanded = [ranges]
    while any("{" in one for one in expanded):
        pieces = [re.fullmatch(r"(.*?)\{([^{}]*)\}(.*)", one) for one in expanded]
        if not all(pieces) or len(expanded) > MAX_PATTERNS:
            return []
        expanded = [
            f"{piece[1]}{option.strip()}{piece[3]}" for piece in pieces if piece for option in piece[2].split(",")
        ]
    return expanded if all(_MEMBER.fullmatch(one) for one in expanded) else []


def _numbers(first: int, last: int) -> str:
    if not 0 <= last - first < MAX_PATTERNS:
        return "*"
    return "{" + ",".join(map(str, range(first, last + 1))) + "}"
