"""Datasets whose files the vocabulary cannot describe: a module each, with ``read(files, read) -> polars.DataFrame``.

A card names its recipe as ``recipe: name``; the module is called likewise, with ``_`` for ``-``. It returns source
columns with `__file__` and `__row__`, as `loaders.read.read_files` does; `rows` and `fields` of the card then apply.
"""
