"""Text that others wrote, made fit to be shown: the database holds it as it was found, and none of it is trusted."""

from __future__ import annotations

import csv
import io
import re
import textwrap
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any
from urllib.parse import quote, urlsplit

# Control characters, bidirectional overrides and lone surrogates: they reorder what is read or break the page.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|$:~&\"=])")
_ADDRESS = re.compile(r"(?i)\b(h)(ttps?)|\b(w)(ww)")
_SHORTCODE = re.compile(r":(?=[\w+-])")
_ARROW = re.compile(r"(?<=[<>~-])(?=[-=>])")
_JOINER = "\u2060"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ENTRY = 20_000


def clean(value: object, limit: int = _ENTRY) -> str:
    """The text without what cannot be shown or reorders its neighbours, cut to `limit` characters; None is empty."""
    text = _UNSHOWABLE.sub("", "" if value is None else str(value))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def line(value: object, limit: int = 300) -> str:
    """`clean` text on one line."""
    return clean(" ".join(clean(value).split()), limit)


def md(value: object, limit: int = 2_000) -> str:
    """The text so that Markdown shows it as it is: no link, image, badge, icon, formula or heading comes of it."""
    text = _SHORTCODE.sub(":" + _JOINER, line(value, limit))
    text = _ADDRESS.sub(lambda m: f"{m[1]}{_JOINER}{m[2]}" if m[1] else f"{m[3]}{_JOINER}{m[4]}", text)
    return _MARKS.sub(r"\\\1", _ARROW.sub(_JOINER, text))


def web(address: object) -> str | None:
    """The address if a browser may open it: http or https, with a host and without a user name; else None."""
    text = clean(address).strip()
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or len(text) > 2_000:
        return None
    return quote(text, safe="/:?#&=%+,;@~!*'-._")


def host(address: object) -> str:
    """The host of an address, to be shown beside its link."""
    return urlsplit(web(address) or "").hostname or ""


def link(label: object, address: object) -> str:
    """A Markdown link, or the bare label where the address is not one to open."""
    target, shown = web(address), md(label, 240) or md(host(address))
    return f"[{shown}]({target})" if target else shown


def hover(value: object, width: int = 60, lines: int = 5) -> str:
    """Lines for a chart's hover text, escaped: plotly would show tags and follow links."""
    wrapped = textwrap.wrap(line(value, width * lines), width) or [""]
    return "<br>".join(escape(part, quote=False) for part in wrapped[:lines])


def file_name(stem: object, ending: str) -> str:
    """A name for a download of our own making."""
    return (re.sub(r"[^a-z0-9._-]+", "-", str(stem).lower()).strip(".-")[:80] or "medregistry") + ending


def cell(value: object) -> object:
    """A value for a spreadsheet: text that would be taken for a formula gets an apostrophe before it."""
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    if isinstance(value, str):
        value = clean(value)
        return "'" + value if value.startswith(_FORMULA) else value
    return value


def table_csv(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> bytes:
    """The `columns` of `rows` as CSV in UTF-8 with the mark by which spreadsheets recognise it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([cell(row.get(name)) for name in columns] for row in rows)
    return out.getvalue().encode("utf-8-sig")
