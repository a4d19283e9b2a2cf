"""What a test needs from the machine: where it is absent the test skips with the reason; in CI it fails."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

INSTALLABLE = ("POSTGRES", "BROWSER")
"""What any machine can have, so that CI alone asks for it."""


def is_required(what: str) -> bool:
    """Whether MEDREGISTRY_REQUIRE_<what> asks for it, or, without that variable, CI is set and it is installable."""
    in_ci = os.environ.get("CI", "") if what in INSTALLABLE else ""
    return os.environ.get(f"MEDREGISTRY_REQUIRE_{what}", in_ci).lower() not in ("", "0", "false", "no")


def absent(what: str, reason: str) -> NoReturn:
    """Skip the test that asked, or fail it where `what` is required."""
    if is_required(what):
        pytest.fail(f"{reason} (and MEDREGISTRY_REQUIRE_{what} or CI says it must be)", pytrace=False)
    pytest.skip(reason)
