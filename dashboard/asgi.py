"""The application that a server runs: `dashboard.serve`, or any ASGI server on ``dashboard.asgi:app``."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from dashboard.headers import Guard
from dashboard.incidents import told


@asynccontextmanager
async def _warm(_app: st.App) -> AsyncIterator[None]:
    """Fill the catalogue and import what the pages need, before the first visitor comes.

    Frozen objects are no longer looked at by the garbage collector: without it, each click pays for the libraries.
    """
    from dashboard import reads

    reads.warm()
    gc.collect()
    gc.freeze()
    yield


app = st.App(
    Path(__file__).with_name("pages") / "app.py",
    lifespan=_warm,
    middleware=[Middleware(Guard)],
    on_script_error=told,
)
