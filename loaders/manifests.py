"""What was loaded last, kept in the cache: what `registry verify` holds files against."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry.settings import settings

Manifest = dict[str, Any]


def file_name(name: str) -> str:
    """A name of a split or configuration as that of a file; different names stay different."""
    plain = re.sub(r"[^\w.-]+", "_", name).lstrip(".")[:80]
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("-")


def place(slug: str, config: str | None) -> Path:
    """The file of the manifest of a dataset's configuration."""
    return settings().cache / "manifests" / slug / f"{file_name(config) if config else 'default'}.json"


def kept(slug: str, config: str | None) -> Manifest | None:
    """The manifest of the last load; None where there was none."""
    try:
        manifest: Manifest = json.loads(place(slug, config).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest


def keep(manifest: Mapping[str, Any]) -> Path:
    """Keep the manifest of a load; splits of the same revision and card that were loaded before stay in it.

    Raises:
        OSError: the cache cannot be written.
    """
    whole = dict(manifest)
    before = kept(manifest["slug"], manifest["config"])
    same = ("card_version", "revision", "source")
    if before and all(before.get(name) == manifest.get(name) for name in same):
        whole["splits"] = {**before.get("splits", {}), **manifest["splits"]}
    target = place(manifest["slug"], manifest["config"])
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(whole, file, ensure_ascii=False, indent=1)
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return target
