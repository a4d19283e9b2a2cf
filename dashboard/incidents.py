"""When a page fails: a short sentence and a number for the visitor, everything else for the log."""

from __future__ import annotations

import logging
from uuid import uuid4

import streamlit as st

log = logging.getLogger(__name__)


def told(error: Exception) -> bool:
    """Show that the page failed and log why, under one number; True, as Streamlit need not show the error as well."""
    incident = uuid4().hex[:8]
    log.error("incident %s", incident, exc_info=error)
    st.error(
        f"This page could not be shown. It is logged as incident {incident}; the other pages may still work.",
        icon=":material/error:",
    )
    return True
