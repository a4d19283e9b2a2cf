"""The errors that MedRegistry raises. Each message says what was wrong, where, and what to do next.

MedRegistryError                  exit code 1
├── UsageError                    exit code 2: the call itself is wrong
│   ├── UnknownDataset            no dataset of that name; near names are offered
│   └── UnknownOption             a value outside a closed vocabulary
├── CardError                     a card breaks its form; carries every problem found
├── DatabaseError                 the catalogue database cannot be opened or is of another version
├── LicenceError                  the effective licence does not allow the asked use
├── NotLoadable                   the dataset is not published, or there is nothing to load
├── MissingFiles                  files that are not here; says which, from where and where to put them
├── ChecksumError                 a file differs from what its card pins
├── ReadError                     a file is not what its card says (wrong columns, encoding, truncated, HTML)
├── TokenizerError                a tokenizer that cannot be used
└── HarvestError                  a harvest that could not be done
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class MedRegistryError(Exception):
    """Base of all errors that tell the user what went wrong; never a bug of ours."""

    exit_code = 1


class UsageError(MedRegistryError):
    """The call or command line is wrong."""

    exit_code = 2


class UnknownDataset(UsageError, KeyError):
    """No dataset of this name; `near` holds up to five similar slugs, best first."""

    def __init__(self, name: str, near: Sequence[str] = ()) -> None:
        self.name = name
        self.near = list(near)
        hint = f" Did you mean: {', '.join(self.near)}?" if self.near else ""
        self.message = f"no dataset is called {name[:80]!r}.{hint} `registry search TEXT` searches the catalogue."
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message


class UnknownOption(UsageError, ValueError):
    """A value that the vocabulary does not have."""

    def __init__(self, what: str, value: object, allowed: Sequence[str]) -> None:
        super().__init__(f"{what} cannot be {str(value)[:80]!r}; it is one of: {', '.join(allowed)}")


class Problem(NamedTuple):
    """One thing wrong with a card: `line` is 1-based, 0 where the file as a whole is meant."""

    path: Path
    line: int
    where: str
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{place}: {self.where + ': ' if self.where else ''}{self.message}"


class CardError(MedRegistryError):
    """Cards that break their form; `problems` holds all of them, with file and line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        shown = "\n".join(f"  {problem}" for problem in self.problems[:50])
        rest = f"\n  … and {len(self.problems) - 50} more" if len(self.problems) > 50 else ""
        count = len(self.problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the cards:\n{shown}{rest}")


class DatabaseError(MedRegistryError):
    """The catalogue's database cannot be opened, read or upgraded."""


class LicenceError(MedRegistryError):
    """The effective licence does not allow the use that was asked for."""


class NotLoadable(MedRegistryError):
    """There is nothing to load: unreleased, withdrawn, a resource, or no mapping yet."""


class MissingFiles(MedRegistryError):
    """Files of a dataset that are not on this machine and were not fetched."""


class ChecksumError(MedRegistryError):
    """A file whose content differs from the checksum its card pins."""


class ReadError(MedRegistryError):
    """A file that is not what its card says; what is quoted of the file never makes the message a flood."""

    def __init__(self, message: str) -> None:
        super().__init__(message if len(message) <= 2000 else f"{message[:1500]} … {message[-400:]}")


class TokenizerError(MedRegistryError):
    """A tokenizer that cannot be opened or used."""


class HarvestError(MedRegistryError):
    """A harvest that could not be done."""


class KnownIssues(UserWarning):
    """What is known to be wrong with a dataset that was just loaded, and what its licence forbids."""


class Recognised(UserWarning):
    """A dataset without a card was loaded by what its files look like; the message says what was recognised."""


class PartialLoad(UserWarning):
    """Some splits were loaded, others are not on this machine; the message names them."""
