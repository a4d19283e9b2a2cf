"""The pages in which people browse the catalogue: Streamlit on top of `registry.queries`, reading only."""
