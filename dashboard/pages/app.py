"""The entry of the dashboard: which pages there are. Every visit and click runs this file.

It lies among the pages, not above them: a folder `pages` beside the entry file has another meaning to Streamlit, which
would then serve a deep link without this file.
"""

from __future__ import annotations

from pathlib import Path

# Both up front: a second first visitor, in another thread, would meet them half imported.
import pandas  # noqa: F401
import plotly.graph_objects  # noqa: F401
import streamlit as st

from dashboard import site
from dashboard.incidents import told
from registry.errors import MedRegistryError

ICON = Path(__file__).parents[1] / "icon.png"

st.set_page_config(
    page_title="MedRegistry",
    page_icon=str(ICON),
    layout="wide",
    initial_sidebar_state="expanded" if st.session_state.get("_filters") else 250,
    menu_items={"About": "MedRegistry: a living catalogue of medical datasets."},
)

chosen = st.navigation(site.pages(), position="top")
try:
    chosen.run()
except MedRegistryError as error:
    told(error)
