"""Records: the rows of one split in a canonical schema, kept as columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datasets
    import pandas
    import polars as pl
    import pyarrow

    from loaders.media import MediaPlace
    from loaders.render import Segments
    from loaders.tokens import Tokens


class Records:
    """The rows of one split. Columns are those of `loaders.schemas.SCHEMAS[schema]`, then `extra`.

    Attributes:
        frame: the rows as a Polars frame.
        schema: name of the canonical schema.
        manifest: revision, files with sha256, counts, card version and time of the load; plain values, fit for JSON.
        folder: where paths in `images` and `signals` begin; None where no file of the split is on disk.
        media: where else the files are that `images` and `signals` name.
        key: a name that only these very rows have, so that what is made of them can be kept; None where they are not
            as they were loaded.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        schema: str,
        manifest: dict[str, Any] | None = None,
        folder: Path | None = None,
        media: MediaPlace | None = None,
        key: str | None = None,
    ) -> None:
        self.frame = frame
        self.schema = schema
        self.manifest = manifest or {}
        self.folder = folder
        self.media = media
        self._keyed = (key, frame)

    @property
    def key(self) -> str | None:
        """A name that only these very rows have; None where another frame was put in."""
        key, frame = self._keyed
        return key if frame is self.frame else None

    def __len__(self) -> int:
        return self.frame.height

    def __getitem__(self, index: int) -> dict[str, Any]:
        """The row at `index` as a dict; negative numbers count from the end.

        Raises:
            IndexError: there is no such row.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"row {index} of {len(self):,}")
        return self.frame.row(index, named=True)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self.frame.iter_rows(named=True)

    def __repr__(self) -> str:
        split = self.manifest.get("split")
        name = f"{self.manifest.get('slug', 'records')}{f'/{split}' if split else ''}"
        return f"Records({name}: {len(self):,} rows, schema {self.schema})"

    @property
    def arrow(self) -> pyarrow.Table:
        """The rows as a PyArrow table that shares their memory where it can."""
        return self.frame.to_arrow()

    def pandas(self) -> pandas.DataFrame:
        """The rows as a pandas frame; lists stay NumPy arrays in their cells."""
        return self.frame.to_pandas()

    def to_hf(self) -> datasets.Dataset:
        """The rows as a `datasets.Dataset` of the same columns.

        Raises:
            ModuleNotFoundError: the package `datasets` is missing: ``pip install 'medregistry[datasets]'``.
        """
        try:
            from datasets import Dataset
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError("to_hf() needs `datasets`: pip install 'medregistry[datasets]'") from error
        return Dataset(self.frame.to_arrow(compat_level=_plain_arrow()))

    def read_media(self, path: str) -> bytes:
        """The bytes of a file named in `images` or `signals`, fetched now where the card says from where.

        Raises:
            MissingFiles: it is nowhere to be had; says what to do.
            ReadError: it is in an archive or a table that cannot be read.
        """
        from loaders.media import read_media

        return read_media(self.folder, path, self.media)

    def render(self, template: Any = "chat") -> Segments:
        """The segments that `tokenize` works on: runs of text with a role each; `template` as there."""
        from loaders.render import render

        return render(self.frame, self.schema, template)

    def tokenize(self, tokenizer: Any, **options: Any) -> Tokens:
        """Token ids and labels of every row; `loaders.tokenize.tokenize` tells the options."""
        from loaders.tokenize import tokenize

        return tokenize(self, tokenizer, **options)


def _plain_arrow() -> Any:
    """Arrow types that every reader knows: large strings rather than string views."""
    from polars import CompatLevel

    return CompatLevel.oldest()
