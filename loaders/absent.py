"""What to say when files are not on this machine: which, from where, and where to put them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loaders import sources
from loaders.fetch import BY_HAND, Absent, Origin
from registry.card import DatasetCard
from registry.loadspec import Load
from registry.settings import settings

SHOWN = 12


def message(card: DatasetCard, load: Load, origin: Origin, missing: Mapping[str, Sequence[Absent]]) -> str:
    """The message of `MissingFiles`: files by split, what each place said, where they come from, where they go."""
    told = dict.fromkeys(
        f"  {split}: {absent.ref.path}{_why(absent)}" for split, absents in missing.items() for absent in absents
    )
    lines = list(told)[:SHOWN]
    if len(told) > SHOWN:
        lines.append(f"  … and {len(told) - SHOWN} more")
    count = len({absent.ref.path for absents in missing.values() for absent in absents})
    verb = "is" if count == 1 else "are"
    first = next(iter(missing.values()))[0].ref
    slug = first.dataset or card.slug
    folder = settings().cache / "datasets" / slug
    return "\n".join(
        [
            f"{card.slug}: {count} {'file' if count == 1 else 'files'} {verb} not on this machine:",
            *lines,
            f"Get {'it' if count == 1 else 'them'} from: {', '.join(_places(card, load, origin, missing))}",
            *([load.by_hand.strip()] if load.by_hand else []),
            "Then do one of these:",
            f'  put them in a folder and pass it: registry.load("{card.slug}", files="FOLDER")',
            f"    (on the command line: registry load {card.slug} --files FOLDER)",
            f"  set REGISTRY_MIRROR to a folder that holds {slug}/{first.path}",
            f"  put them below {folder}, as {folder / first.path}",
        ]
    )


def _why(absent: Absent) -> str:
    told = [reason for reason in absent.reasons if reason != BY_HAND]
    return f"  ({'; '.join(told)})" if told else ""


def _places(card: DatasetCard, load: Load, origin: Origin, missing: Mapping[str, Sequence[Absent]]) -> list[str]:
    """Each place that one of the missing files is in, once."""
    sources = {absent.ref.url or absent.ref.source: None for absents in missing.values() for absent in absents}
    revision = f" at {origin.revision}" if origin.revision else ""
    return [_from(card, source or load.source or "", "" if source else revision) for source in sources]


def _from(card: DatasetCard, source: str, revision: str) -> str:
    if sources.is_known(source):
        return sources.page(source) + revision
    places = [place.url for place in card.sources if place.url]
    return ", ".join(places[:3]) or card.homepage or "its owners"
