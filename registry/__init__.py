"""MedRegistry: a living catalogue of medical datasets and a loader that acts on it.

    >>> import registry
    >>> registry.search("romanian oncology")          # a Polars frame
    >>> registry.info("medqaro").licence
    >>> data = registry.load("pubmedqa", split="test")

Everything heavy is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loaders.load import load
    from loaders.opened_tokens import open_tokens
    from loaders.records import Records
    from loaders.template_files import Template
    from registry.errors import (
        CardError,
        ChecksumError,
        DatabaseError,
        HarvestError,
        KnownIssues,
        LicenceError,
        MedRegistryError,
        MissingFiles,
        NotLoadable,
        PartialLoad,
        ReadError,
        Recognised,
        TokenizerError,
        UnknownDataset,
        UnknownOption,
        UsageError,
    )
    from registry.face import changes, cite, croissant, findings, graph, info, search
    from registry.licences import Licence, licence
    from registry.views import Dataset

__version__ = "0.1.0"

_WHERE = {
    "search": "registry.face",
    "info": "registry.face",
    "findings": "registry.face",
    "graph": "registry.face",
    "changes": "registry.face",
    "cite": "registry.face",
    "croissant": "registry.face",
    "licence": "registry.licences",
    "Licence": "registry.licences",
    "Dataset": "registry.views",
    "load": "loaders.load",
    "Records": "loaders.records",
    "Template": "loaders.template_files",
    "open_tokens": "loaders.opened_tokens",
} | dict.fromkeys(
    (
        "CardError",
        "ChecksumError",
        "DatabaseError",
        "HarvestError",
        "KnownIssues",
        "LicenceError",
        "MedRegistryError",
        "MissingFiles",
        "NotLoadable",
        "PartialLoad",
        "ReadError",
        "Recognised",
        "TokenizerError",
        "UnknownDataset",
        "UnknownOption",
        "UsageError",
    ),
    "registry.errors",
)

__all__ = [
    "CardError", "ChecksumError", "DatabaseError", "Dataset", "HarvestError", "KnownIssues", "Licence", "LicenceError",
    "MedRegistryError", "MissingFiles", "NotLoadable", "PartialLoad", "ReadError", "Recognised", "Records",
    "Template", "TokenizerError", "UnknownDataset", "UnknownOption", "UsageError", "changes", "cite", "croissant",
    "findings", "graph", "info", "licence", "load", "open_tokens", "search",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'registry' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_WHERE[name]), name)
    # Submodules share names with functions (`registry.search`): importing one must not replace what users call.
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
