"""Open a tokenizer from wherever it lives, without touching the caller's object."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from registry.errors import TokenizerError
from registry.settings import settings

MAX_BYTES = 512 * 2**20
CHAT_TEMPLATE = "chat_template.jinja"
HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?(@[\w./-]+)?")
NAMED = ("bos_token", "eos_token", "pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
WELL_KNOWN = {
    "eos_token": ("</s>", "<|endoftext|>", "<|end_of_text|>", "<eos>", "<|eos|>", "[EOS]", "[SEP]"),
    "pad_token": ("<pad>", "[PAD]", "<PAD>", "<|pad|>", "<|padding|>"),
}
"""Names tried in this order where the tokenizer does not say which token it is."""


@dataclass(frozen=True)
class Source:
    """A tokenizer as it was given, opened when it is first used."""

    text: str
    """The tokenizer.json."""
    name: str
    sha256: str
    """Of the tokenizer as the library writes it, so the same by whichever door it came."""
    named: dict[str, int]
    """Ids of the tokens with a role, as ``{"eos_token": 2}``; those that are not known are absent."""
    before: tuple[int, ...]
    """Ids that the tokenizer itself puts before a text."""
    after: tuple[int, ...]
    """Ids that end a text: those that the tokenizer puts there itself, else its end-of-sequence token."""
    vocabulary: int
    """One more than the highest id."""
    chat_template: str | None = None
    """The chat template (Jinja) that came with it; None where there is none."""

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """A copy of our own, without truncation and padding."""
        return _opened(self.text, self.name)

    @property
    def pad(self) -> int:
        """The id to pad with: the padding token, else the end-of-sequence token, else 0."""
        return self.named.get("pad_token", self.named.get("eos_token", 0))


def open_tokenizer(given: object, *, offline: bool | None = None) -> Source:
    """Open a tokenizer.

    Args:
        given: Hub id (``owner/name`` or ``owner/name@revision``), folder, path of a tokenizer.json,
            `tokenizers.Tokenizer` or transformers tokenizer; a `Source` is handed back.
        offline: True opens no socket; None takes REGISTRY_OFFLINE.

    Returns:
        A copy; what the caller gave is not changed.

    Raises:
        TokenizerError: nothing usable is there; the message says what to do.
    """
    if isinstance(given, Source):
        return given
    if isinstance(given, Tokenizer):
        return _source(given.to_str(), "tokenizers.Tokenizer", {})
    if isinstance(given, str | os.PathLike):
        return _from_place(os.fspath(given), settings().offline if offline is None else offline)
    if hasattr(given, "is_fast") or hasattr(given, "backend_tokenizer"):
        return _from_transformers(given)
    raise TokenizerError(
        f"a {type(given).__name__} is no tokenizer; give a Hub id, a folder, the path of a tokenizer.json, "
        "a tokenizers.Tokenizer or a transformers tokenizer"
    )


def _from_transformers(given: Any) -> Source:
    backend = getattr(given, "backend_tokenizer", None)
    name = str(getattr(given, "name_or_path", "") or type(given).__name__)
    if not isinstance(backend, Tokenizer):
        raise TokenizerError(
            f"{type(given).__name__} ({name}) is a slow transformers tokenizer, whose text offsets are not known; "
            f"load its fast form: AutoTokenizer.from_pretrained({name!r}, use_fast=True)"
        )
    named = {role: getattr(given, role, None) for role in NAMED}
    return _source(backend.to_str(), name, named, _default(getattr(given, "chat_template", None)))


def _from_place(place: str, offline: bool) -> Source:
    path = Path(place).expanduser()
    if place and path.is_dir():
        if not (path / "tokenizer.json").is_file():
            raise TokenizerError(
                f"{path}: the folder holds no tokenizer.json; write one with "
                f"transformers.AutoTokenizer.from_pretrained({place!r}).save_pretrained({place!r})"
            )
        path = path / "tokenizer.json"
    if path.is_file():
        config, own = path.with_name("tokenizer_config.json"), path.with_name(CHAT_TEMPLATE)
        content: dict[str, Any] = _config(config) if config.is_file() else {}
        chat = _text(own) if own.is_file() else _default(content.get("chat_template"))
        return _source(_text(path), place, content, chat)
    if place.endswith(".json") or path.is_absolute() or place.startswith((".", "~")) or not HUB_ID.fullmatch(place):
        raise TokenizerError(f"{place[:200]}: no such file or folder; a tokenizer from the Hub is written owner/name")
    name, _, revision = place.partition("@")
    file = _from_hub(name, "tokenizer.json", revision, offline)
    commit = file.parent.name
    content = {}
    with contextlib.suppress(_NoSuchFile):
        content = _config(_from_hub(name, "tokenizer_config.json", commit, offline))
    chat = _default(content.get("chat_template"))
    if chat is None:
        with contextlib.suppress(_NoSuchFile):
            chat = _text(_from_hub(name, CHAT_TEMPLATE, commit, offline))
    return _source(_text(file), f"{name}@{commit}", content, chat)


class _NoSuchFile(TokenizerError):
    """A repository that was looked into lacks the file."""


def _from_hub(name: str, file: str, revision: str, offline: bool) -> Path:
    """A file of a Hub repository, from the Hub's cache or downloaded into it."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    now = settings()
    lacks = False
    try:
        return Path(
            hf_hub_download(
                name,
                file,
                revision=revision or None,
                token=now.hf_token.get_secret_value() if now.hf_token else None,
                endpoint=now.hf_endpoint,
                local_files_only=offline,
            )
        )
    except LocalEntryNotFoundError:
        lacks = offline
        why = (
            "offline (REGISTRY_OFFLINE or offline=True), and the Hub's cache does not hold it"
            if lacks
            else "the Hub cannot be reached"
        )
        told = f"{why}; give a folder or the path of a tokenizer.json instead"
    except EntryNotFoundError:
        lacks = True
        told = "the repository has no such file; one saved from a fast transformers tokenizer has"
    except GatedRepoError:
        told = "the repository is gated: ask for access on its page and set HF_TOKEN"
    except RevisionNotFoundError:
        told = f"the repository has no revision {revision!r}"
    except RepositoryNotFoundError:
        told = "no such repository on the Hub (a private one needs HF_TOKEN), and no such folder here"
    except (HfHubHTTPError, OSError, ValueError) as error:
        told = f"the Hub did not hand it over ({type(error).__name__})"
    raise (_NoSuchFile if lacks else TokenizerError)(f"tokenizer {name!r}: cannot get {file}: {told}")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TokenizerError(f"{path}: larger than {MAX_BYTES >> 20} MiB, too large for a tokenizer.json")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise TokenizerError(f"{path}: not a tokenizer.json (it is not UTF-8 text)") from None
    except OSError as error:
        raise TokenizerError(f"{path}: cannot be read: {error.strerror}") from None


def _config(path: Path) -> dict[str, Any]:
    """A tokenizer_config.json; it names the tokens with a role, and may hold the chat template."""
    try:
        content = json.loads(_text(path))
    except (RecursionError, ValueError):
        raise TokenizerError(f"{path}: not readable as JSON; fetch it again or remove it") from None
    return content if isinstance(content, dict) else {}


def _default(given: Any) -> str | None:
    """The chat template of a tokenizer that may have several by name: the one called default."""
    if isinstance(given, list):
        given = {one.get("name"): one.get("template") for one in given if isinstance(one, dict)}
    if isinstance(given, dict):
        given = given.get("default")
    return given if isinstance(given, str) else None


def _source(text: str, name: str, named: dict[str, Any], chat_template: str | None = None) -> Source:
    given = {role: named.get(role) for role in NAMED}
    told = json.dumps([version("tokenizers"), hashlib.sha256(text.encode()).hexdigest(), given], default=str)
    path = settings().cache / "tokenizers" / f"{hashlib.sha256(told.encode()).hexdigest()[:32]}.json"
    facts = _kept(path)
    if facts is None:
        facts = _facts(_opened(text, name), given)
        keep(path, json.dumps(facts, sort_keys=True, indent=1) + "\n")
    facts |= {place: tuple(facts[place]) for place in ("before", "after")}
    return Source(text=text, name=name, chat_template=chat_template, **facts)


def _opened(text: str, name: str) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # noqa: BLE001 - the library raises no narrower one
        raise TokenizerError(f"{name}: not a tokenizer.json that `tokenizers` can read: {str(error)[:200]}") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _facts(tokenizer: Tokenizer, named: dict[str, Any]) -> dict[str, Any]:
    """What of a tokenizer is asked without encoding; plain values, kept so that it need not be opened for them."""
    ids = {role: number for role in NAMED if (number := _role(tokenizer, role, named.get(role))) is not None}
    sample = tokenizer.encode("a")
    inner = np.flatnonzero(np.array(sample.special_tokens_mask) == 0)
    first, last = (int(inner[0]), int(inner[-1]) + 1) if len(inner) else (len(sample.ids), len(sample.ids))
    return {
        "sha256": hashlib.sha256(tokenizer.to_str().encode()).hexdigest(),
        "named": ids,
        "before": sample.ids[:first],
        "after": sample.ids[last:] or ([ids["eos_token"]] if "eos_token" in ids else []),
        "vocabulary": max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 1,
    }


def _kept(path: Path) -> dict[str, Any] | None:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(facts, dict) and facts.keys() == {"sha256", "named", "before", "after", "vocabulary"}
    return facts if whole else None


def keep(path: Path, text: str) -> None:
    """Write a small file, whole or not at all; a cache that cannot be written to costs time and nothing else."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            file.write(text)
        Path(file.name).replace(path)
    except OSError:
        return


def _role(tokenizer: Tokenizer, role: str, named: Any) -> int | None:
    content = named.get("content") if isinstance(named, dict) else named
    tried = WELL_KNOWN.get(role, ()) if content is None else (str(content),)
    return next((number for token in tried if (number := tokenizer.token_to_id(token)) is not None), None)
