"""XML: each element that the card calls a record is a row. No entity, DTD or network is ever followed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
from lxml import etree

from loaders.readers.content import read_bytes, refuse_other_content
from loaders.readers.options import options_of
from registry.errors import ReadError
from registry.loadspec import Read

LARGEST = 512 << 20
"""Bytes of a file that is read as one tree, which takes several times as much memory."""

_text = etree.XPath("string()")


def read_xml(path: Path, read: Read) -> pl.DataFrame:
    """One row for each element that `read.record` finds, one column of text for each path of `read.paths`.

    Paths are XPath 1.0: ``Question``, ``@pid``, ``..//Focus``, ``QAPair|pair``; one that starts with ``/`` begins at
    the root. A column holds the text of the first match, null where there is none. Options: ``lists``, columns that
    hold the texts of all matches; ``roots``, names that the root element may have.

    Raises:
        ReadError: not well-formed (names the line), another root, too large, declares or needs entities, no XML at all.
    """
    if not read.record or not read.paths:
        raise ReadError(f"{path}: to read XML the card must give `record` and `paths` in `read`")
    options = options_of(path, read, {"lists": [], "roots": []})
    if unknown := sorted(set(options["lists"]) - set(read.paths)):
        raise ReadError(f"{path}: the option 'lists' names {unknown[0]!r}, which is not among the `paths`")
    root = _root(path, read.encoding)
    if options["roots"] and root.tag not in options["roots"]:
        expected = ", ".join(options["roots"])
        raise ReadError(
            f"{path}: the root element is <{root.tag}>, and the card expects {expected}. Is it the right file?"
        )
    rows = _compiled(read.record)(root)
    columns = [
        pl.Series(name, [_texts(find(row)) for row in rows], dtype=pl.List(pl.String))
        if name in options["lists"]
        else pl.Series(name, [_first(find(row)) for row in rows], dtype=pl.String)
        for name, find in ((name, _compiled(where)) for name, where in read.paths.items())
    ]
    return pl.DataFrame(columns)


def _root(path: Path, encoding: str) -> etree._Element:
    refuse_other_content(path)
    if (size := path.stat().st_size) > LARGEST:
        raise ReadError(f"{path}: {size:,} bytes are more than the limit of {LARGEST:,} for one XML file")
    # The document declares its encoding; the card's counts where it says another than the usual one.
    declared = encoding.lower() in ("utf-8", "utf8")
    data = path.read_bytes() if declared else read_bytes(path, encoding)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        encoding=None if declared else "utf-8",
    )
    try:
        tree = etree.fromstring(data, parser).getroottree()
    except etree.XMLSyntaxError as error:
        raise ReadError(f"{path}: not well-formed XML, line {error.lineno}: {error.msg}") from None
    dtd = tree.docinfo.internalDTD
    if dtd is not None and next(iter(dtd.iterentities()), None) is not None:
        raise ReadError(f"{path}: declares entities of its own, which are not followed; such a file is refused")
    if (entity := next(tree.iter(etree.Entity), None)) is not None:
        raise ReadError(
            f"{path}: uses {entity.text} in line {entity.sourceline}, which XML does not know without a DTD"
        )
    return tree.getroot()


@lru_cache(maxsize=256)
def _compiled(where: str) -> etree.XPath:
    try:
        return etree.XPath(where)
    except etree.XPathSyntaxError as error:
        raise ReadError(f"{where!r} in the card is not an XPath: {error}") from None


def _value(match: Any) -> str:
    if not isinstance(match, etree._Element):
        return str(match)
    return str(_text(match)) if len(match) else match.text or ""


def _first(matches: Any) -> str | None:
    if not isinstance(matches, list):
        return str(matches)
    return _value(matches[0]) if matches else None


def _texts(matches: Any) -> list[str]:
    return [_value(match) for match in matches] if isinstance(matches, list) else [str(matches)]
