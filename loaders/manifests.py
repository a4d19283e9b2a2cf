"""What was loaded last, kept in the cache: what `registry verify` holds files against."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry.settings import settings

Manifest = dict[str, Any]


def place(slug: str, config: str | None) -> Path:
    """The file of the manifest of a dataset's configuration."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", config or "default").lstrip(".") or "default"
    return settings().cache / "manifests" / slug / f"{name}.json"


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
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(whole, file, ensure_ascii=False, indent=1)
    Path(temporary).replace(target)
    return target
