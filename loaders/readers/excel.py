"""Sheets of Excel workbooks, as text."""

from __future__ import annotations

from pathlib import Path

import fastexcel
import polars as pl

from loaders.readers.content import refuse_other_content
from registry.errors import ReadError
from registry.loadspec import Read


def read_xlsx(path: Path, read: Read) -> pl.DataFrame:
    """One sheet of a workbook as text columns: the sheet that the card names, else the only one.

    Raises:
        ReadError: not a workbook, no such sheet, or several and none named.
    """
    refuse_other_content(path)
    try:
        book = fastexcel.read_excel(path)
    except fastexcel.FastExcelError as error:
        raise ReadError(f"{path}: not an Excel workbook: {str(error).splitlines()[0]}") from None
    names = book.sheet_names
    if not names:
        raise ReadError(f"{path}: a workbook without a sheet; fetch it again")
    sheet = read.sheet or names[0]
    if sheet not in names or (read.sheet is None and len(names) > 1):
        raise ReadError(f"{path}: name one sheet in the card as `read: {{sheet: …}}`; it has {', '.join(names)}")
    try:
        loaded = book.load_sheet(
            sheet, header_row=0 if read.header else None, column_names=read.columns, dtypes="string"
        )
    except fastexcel.FastExcelError as error:
        raise ReadError(f"{path}, sheet {sheet!r}: {str(error).splitlines()[0]}") from None
    frame = loaded.to_polars()
    if not read.null_values:
        return frame
    return frame.with_columns(pl.when(~pl.all().is_in(read.null_values)).then(pl.all()))
