"""What the tests of the loaders share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loaders import inert


@pytest.fixture(autouse=True, scope="session")
def tokenizers_stay_open() -> Iterator[None]:
    """Each test has a cache of its own; the probe of every tokenizer in each of them would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inert, "STAY_OPEN", 64)
        yield
