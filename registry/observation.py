"""What a harvester saw at one place at one time, before anyone decided which dataset it is about."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from registry.vocabulary import ACCESS, PROVIDER, RELATION

VOICES = ("huggingface", "github", "openalex")
"""Services that are asked."""
KINDS = ("dataset", "model", "space", "code", "paper")

SHORT, LONG = 1_000, 20_000
"""Characters kept of a name or an address, and of a description."""
LONGEST_ID = 200
MANY = 1_000
"""Values kept of a list."""

_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
"""Control characters and halves of surrogate pairs: the databases refuse some, no reader wants any."""


def clean(text: str, limit: int = SHORT) -> str:
    """Text from outside without control characters and broken surrogates, cut at `limit` characters."""
    kept = _UNWANTED.sub("", text[: limit + MANY]).strip()
    return kept if len(kept) <= limit else kept[: limit - 1].rstrip() + "…"


def scrub(value: Any, depth: int = 4) -> Any:
    """Plain JSON values from outside, bounded: texts cleaned, lists and mappings cut, depth limited."""
    if isinstance(value, str):
        return clean(value, LONG)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    if depth == 0:
        return None
    if isinstance(value, Mapping):
        pairs = list(value.items())[:MANY]
        return {clean(str(name)): scrub(inner, depth - 1) for name, inner in pairs}
    if isinstance(value, Sequence):
        return [scrub(inner, depth - 1) for inner in value[:MANY]]
    return clean(str(value))


class File(NamedTuple):
    """A file at a place; `sha256` is that of its content."""

    path: str
    bytes: int | None = None
    sha256: str | None = None


class Touch(NamedTuple):
    """What an artifact has to do with a dataset, which is named by its place or by the paper that introduces it.

    `scheme` and `value` are ``("huggingface", "owner/name")``, ``("github", "owner/name")`` for a place, or
    ``("arxiv" | "doi" | "openalex", id)`` for a paper. `confidence` is 0 to 1.
    """

    relation: str
    scheme: str
    value: str
    evidence: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One thing that a harvester saw. Texts are cleaned and bounded when it is made.

    Raises `ValueError` where a harvester breaks the vocabulary: a mistake of ours, not of the world.
    """

    provider: str
    """Whose place or artifact it is: mostly the service that was asked."""
    kind: str
    native_id: str
    """The id that survives renames: Hugging Face `_id`, GitHub's number, OpenAlex's W id."""
    locator: str
    """``owner/name`` or W id, as the provider writes it now."""
    seen_at: dt.datetime
    voice: str = ""
    """The service that was asked, where it is not `provider`: OpenAlex tells of records at Zenodo."""
    asked: str | None = None
    """The name it was asked by, which may be an old one."""
    url: str | None = None
    title: str | None = None
    revision: str | None = None
    licence_raw: str | None = None
    access: str | None = None
    status: str = "alive"
    """``alive``, or ``gone`` for a known place that does not answer."""
    certain: bool = False
    """Gone for good (taken down, disabled): no second sighting is needed."""
    reason: str | None = None
    """Why it is gone, or how it was found."""
    same: bool = False
    """The place says that nothing changed since the stored ETag; nothing else is told."""
    complete: bool = True
    """All that the place says is here: what is absent is not said any more."""
    unsaid: tuple[str, ...] = ()
    """Fields of which the place says that it has none, though not all that it says is here."""
    etag: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Further values, in words of `registry.vocabulary` where it has them; raw ones beside them."""
    files: tuple[File, ...] | None = None
    """None = not told."""
    ids: tuple[tuple[str, str], ...] = ()
    """(scheme, value): arxiv, doi, openalex, huggingface, github; strongest first. Of a dataset: papers it names."""
    own_ids: tuple[tuple[str, str], ...] = ()
    """Of a dataset, (scheme, value) of arxiv or doi: the paper that its page asks to be cited for itself."""
    touches: tuple[Touch, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "voice", self.voice or self.provider)
        if self.provider not in PROVIDER or self.voice not in VOICES or self.kind not in KINDS:
            raise ValueError(f"no such provider, voice or kind: {self.provider} {self.voice} {self.kind}")
        if self.status not in ("alive", "gone"):
            raise ValueError(f"no such status: {self.status}")
        if self.access is not None and self.access not in ACCESS:
            raise ValueError(f"no such access: {self.access}")
        if unknown := {touch.relation for touch in self.touches} - {*RELATION}:
            raise ValueError(f"no such relation: {unknown}")
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, str):
                object.__setattr__(self, one.name, clean(value))
        if not self.native_id or not self.locator or self.seen_at.tzinfo is None:
            raise ValueError(f"an observation needs an id, a name and a time with its zone: {self.locator!r}")
        object.__setattr__(self, "fields", {clean(name): scrub(value) for name, value in self.fields.items()})
        for name in ("ids", "own_ids"):
            # A longer identifier is none, and one that is cut would be another's.
            ids = ((scheme, clean(value)) for scheme, value in getattr(self, name) if len(value) <= LONGEST_ID)
            object.__setattr__(self, name, tuple(pair for pair in ids if pair[1]))
        touches = (t._replace(value=clean(t.value), evidence=clean(t.evidence)) for t in self.touches[:MANY])
        object.__setattr__(self, "touches", tuple(touches))
        if self.files is not None:
            kept = (file._replace(path=clean(file.path)) for file in self.files[:MANY])
            object.__setattr__(self, "files", tuple(kept))
