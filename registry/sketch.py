"""A card for a dataset that nobody has written one for: what the catalogue knows, in the form of a card."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from registry.card import DatasetCard, Place
from registry.views import Dataset
from registry.vocabulary import ACCESS, MODALITY, PROVIDER, ROLE, SPECIALTY, TASK


def sketch(known: Dataset) -> DatasetCard:
    """The dataset as a card without a `load` block; what does not fit the form of a card is left out.

    Places that are gone are left out, and those that have moved carry their present name.
    """
    return DatasetCard(
        slug=known.slug,
        name=known.name,
        kind=known.kind or "dataset",
        summary=known.summary or f"{known.name}: known from {known.standing} entries alone.",
        homepage=_address(known.homepage),
        sources=_places(known),
        access=known.access if known.access in ACCESS else "open",
        access_note=known.access_note,
        languages=[code for code in known.languages if code.isalpha() and len(code) in (2, 3)],
        modalities=_among(known.modalities, MODALITY),
        tasks=_among(known.tasks, TASK),
        specialties=_among(known.specialties, SPECIALTY),
    )


def _among(words: Iterable[str], vocabulary: tuple[str, ...]) -> list[str]:
    return [word for word in words if word in vocabulary]


def _address(url: str | None) -> str | None:
    return url if url and url.startswith(("https://", "http://", "ftp://")) else None


def _places(known: Dataset) -> list[Place]:
    places = []
    for row in known.sources:
        if row["status"] == "gone":
            continue
        given: dict[str, Any] = {
            "provider": row["provider"] if row["provider"] in PROVIDER else "web",
            "id": row["locator"],
            "url": _address(row["url"]),
            "role": row["role"] if row["role"] in ROLE else "unknown",
            "revision": row["revision"],
        }
        try:
            places.append(Place.model_validate(given))
        except ValidationError:
            continue
    return places
