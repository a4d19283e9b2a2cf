"""All datasets: one search box, facets with counts, one page of rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from dashboard import address, reads, site, words
from dashboard.texts import file_name, line, md, table_csv
from registry.finder import Filters, Page
from registry.names import fold
from registry.standing import Row
from registry.vocabulary import ACCESS, MODALITY, STANDING

ROWS = 50
EXPORT = (
    "slug", "name", "standing", "kind", "modalities", "tasks", "languages", "specialties", "access", "licence",
    "effective_licence", "commercial", "examples", "unit", "year", "findings", "cited_by", "loadable", "homepage",
    "summary",
)  # fmt: skip

# Parameter of the address → field of the filters, heading, and how its values read.
FACETS: dict[str, tuple[str, str, Callable[[str], str]]] = {
    "modality": ("modality", "Modality", words.plain),
    "task": ("task", "Task", words.task),
    "language": ("language", "Language", words.language),
    "specialty": ("specialty", "Specialty", words.plain),
    "use": ("terms", "May I use it?", lambda value: words.USE.get(value, value)),
    "access": ("access", "Access", lambda value: words.ACCESS.get(value, value)),
    "issues": ("has_findings", "Known issues", lambda value: words.ISSUES.get(value, value)),
    "standing": ("status", "Standing", lambda value: words.STANDING.get(value, value)),
}
MOST_PILLS = 7
SINGLE = ("use", "issues")
EITHER = "Several choices of one filter are alternatives; different filters add up."
HELP = {
    "use": "By the effective licence: its own and those of what it is made from.",
    "issues": "Shortcuts, label errors, leakage and more that somebody reported, also extra annotations.",
    "standing": " ".join(f"{words.STANDING[name]}: {words.STANDING_MEANS[name]}" for name in ("curated", "listed")),
}

Chosen = dict[str, tuple[str, ...]]


def options() -> dict[str, list[str]]:
    """The values of each facet, in an order that does not change while one clicks."""
    everywhere = reads.facets()
    present = {name: everywhere.get(field, {}) for name, (field, _, _) in FACETS.items()}
    order = {"modality": MODALITY, "access": ACCESS, "standing": STANDING}
    fixed = {name: [value for value in order[name] if value in present[name]] for name in order}
    by_number = {name: list(present[name]) for name in ("task", "language", "specialty")}
    return fixed | by_number | {"use": list(words.USE), "issues": list(words.ISSUES)}


def filters(chosen: Chosen, loads: bool) -> Filters:
    """The filters that the address asks for."""
    return Filters(
        language=chosen["language"],
        task=chosen["task"],
        modality=chosen["modality"],
        specialty=chosen["specialty"],
        access=chosen["access"],
        terms=chosen["use"][0] if chosen["use"] else None,
        has_findings=chosen["issues"][0] == "yes" if chosen["issues"] else None,
        status=chosen["standing"],
        loadable=True if loads else None,
    )


def facet(name: str, values: list[str], chosen: tuple[str, ...], counts: dict[str, int] | None) -> None:
    """One filter in the sidebar."""
    _, heading, read = FACETS[name]

    def labelled(value: str) -> str:
        label = md(read(value)) if len(values) <= MOST_PILLS else line(read(value))
        return label if counts is None else f"{label} ({counts.get(value, 0):,})"

    single = name in SINGLE
    shown: Any = (chosen[0] if chosen else None) if single else list(chosen)
    key, used = address.widget(name, shown, resets=("page",))
    told = HELP.get(name, EITHER)
    if len(values) <= MOST_PILLS:
        mode: Any = "single" if single else "multi"
        st.pills(heading, values, selection_mode=mode, format_func=labelled, key=key, on_change=used, help=told)
    else:
        st.multiselect(
            heading,
            values,
            format_func=labelled,
            key=key,
            on_change=used,
            help=told,
            placeholder="Any",
            select_all=False,
        )


def sidebar(
    values: dict[str, list[str]], chosen: Chosen, loads: bool, counts: dict[str, dict[str, int]] | None
) -> None:
    """All filters, and where the catalogue is."""
    with st.sidebar:
        for name, (field, _, _) in FACETS.items():
            if values[name]:
                facet(name, values[name], chosen[name], None if counts is None else counts.get(field, {}))
        key, used = address.widget("loads", loads, resets=("page",))
        st.checkbox(
            "`registry.load` reads it",
            key=key,
            on_change=used,
            help="Its card says how its files become records; files that a person must fetch are asked for.",
        )


def chips(text: str, chosen: Chosen, loads: bool) -> None:
    """What is chosen, each to be dropped with a click; the first button opens the sidebar, which a phone hides."""
    active = [(name, value) for name, values in chosen.items() for value in values]
    st.button("Filters", key="_filters", icon=":material/tune:")
    if text:
        chip(f"“{md(text, 40)}”", "q", partial(address.drop, "q", "page"))
    for name, value in active:
        _, heading, read = FACETS[name]
        chip(f"{heading.rstrip('?')}: {md(read(value))}", f"{name}-{value}", partial(without, name, value))
    if loads:
        chip("registry\\.load reads it", "loads", partial(address.drop, "loads", "page"))
    if len(active) + loads + bool(text) > 1:
        st.button("Clear all", key="clear", type="tertiary", on_click=clear)


def chip(label: str, key: str, dropped: Callable[[], None]) -> None:
    """One active filter."""
    st.button(label, key=f"chip-{key}", icon=":material/close:", icon_position="right", on_click=dropped)


def without(name: str, value: str) -> None:
    """Take one value of a filter out of the address."""
    address.put(name, [other for other in st.query_params.get_all(name) if other != value])
    address.drop("page")


def clear() -> None:
    """Forget all filters and the search."""
    address.drop(*(name for name in address.KEYS["catalogue"] if name != "sort"))


def no_hits(text: str, chosen: Chosen, loads: bool) -> None:
    """Say which filter took the last hits away, and offer to drop it."""
    st.header("No dataset fits", anchor=False)
    ways: list[tuple[str, int, Callable[[], None]]] = []
    for name, values in chosen.items():
        if values:
            total = reads.page(text, filters({**chosen, name: ()}, loads), limit=0).total
            read = ", ".join(FACETS[name][2](value) for value in values)
            ways.append((f"{FACETS[name][1].rstrip('?')}: {read}", total, partial(address.drop, name, "page")))
    if loads:
        total = reads.page(text, filters(chosen, False), limit=0).total
        ways.append(("registry.load reads it", total, partial(address.drop, "loads", "page")))
    if text and ways:
        total = reads.page("", filters(chosen, loads), limit=0).total
        ways.append((f"the words “{line(text, 40)}”", total, partial(address.drop, "q", "page")))
    helpful = [way for way in ways if way[1]]
    if helpful:
        st.write("Each of these alone would bring some back:")
        for index, (label, total, dropped) in enumerate(helpful):
            label = f"Without {md(label)} ({total:,})"
            st.button(label, key=f"way-{index}", icon=":material/filter_alt_off:", on_click=dropped)
    elif ways:
        st.write("No single filter is to blame: several of them have to go.")
    else:
        st.write("No name, summary, task or paper has these words, nor any that are spelled like them.")
    st.button("Show all datasets", key="all", on_click=clear)


def told(found: Page) -> None:
    """How many there are, and as of when."""
    state = reads.state()
    standings = " + ".join(f"{number:,} {words.STANDING[name].lower()}" for name, number in state["datasets"].items())
    everything = sum(state["datasets"].values())
    of = f" of {everything:,} datasets" if found.total != everything else f" datasets · {standings}"
    st.markdown(
        f"**{found.total:,}**{of} · as of {words.minute(state['changed_at'])}",
        help="Curated: read by a curator. Listed: known from public lists only, less sure.",
        width="content",
    )


def mended(text: str, found: Page) -> None:
    """Tell when other words were searched for than those typed."""
    if found.mended == fold(text):
        st.info("No dataset has all of these words; these have some of them.", icon=":material/info:")
    elif found.mended:
        st.info(f"Showing results for **{md(found.mended)}** instead of “{md(text)}”.", icon=":material/spellcheck:")


def grid(rows: list[Row]) -> pl.DataFrame:
    """The rows as people read them."""
    use = {True: words.USE["commercial"], False: words.USE["non-commercial"], None: words.USE["unclear"]}
    return pl.DataFrame(
        {
            "Dataset": [line(row["name"], 80) for row in rows],
            "Standing": [words.STANDING[row["standing"]] for row in rows],
            "May I use it?": [use[row["commercial"]] for row in rows],
            "Issues": [row["findings"] for row in rows],
            "Access": [words.ACCESS.get(row["access"] or "", "Not stated") for row in rows],
            "Task": [line(words.few(map(words.task, row["tasks"]), 2)) or None for row in rows],
            "Modality": [line(words.few(map(words.plain, row["modalities"]))) or None for row in rows],
            "Language": [line(words.few(map(words.language, row["languages"]), 2)) or None for row in rows],
            "Records": [row["examples"] for row in rows],
            "Papers": [row["cited_by"] for row in rows],
        },
        schema_overrides={"Records": pl.Int64, "Task": pl.String, "Modality": pl.String, "Language": pl.String},
    )


def opened() -> None:
    """Open the dataset whose name was clicked."""
    click = st.session_state.get("open-row")
    slugs: list[str] = st.session_state.get("_slugs", [])
    if click is not None and 0 <= click.row < len(slugs):
        site.go("dataset", slug=slugs[click.row])


def picked() -> None:
    """Open the dataset that was picked from the list of names."""
    if slug := st.session_state.get("open-name"):
        site.go("dataset", slug=slug)


def results(rows: list[Row]) -> None:
    """The table of one page."""
    # The click tells a row number: of the rows that were shown, whatever the catalogue holds by then.
    st.session_state["_slugs"] = [row["slug"] for row in rows]
    column = st.column_config
    st.dataframe(
        grid(rows),
        key="results",
        hide_index=True,
        height="content",
        row_height=36,
        placeholder="–",
        alt="Datasets on this page; a click on a name opens it, the list below the table does so by keyboard",
        column_config={
            "Dataset": column.ButtonColumn(
                width=202, type="tertiary", alignment="left", on_click=opened, key="open-row", help="Click to open"
            ),
            "Standing": column.TextColumn(width=70, help=HELP["standing"]),
            "May I use it?": column.TextColumn(width=116, help=HELP["use"]),
            "Issues": column.NumberColumn(width=62, help="Findings reported on it, its own, not the inherited ones."),
            "Access": column.TextColumn(width=95),
            "Task": column.TextColumn(width=150),
            "Modality": column.TextColumn(width=92),
            "Language": column.TextColumn(width=92),
            "Records": column.NumberColumn(
                width=84, format="localized", help="As the card or the list says; the unit is on the dataset's page."
            ),
            "Papers": column.NumberColumn(width=60, help="Papers in this catalogue that introduce or use it."),
        },
    )  # fmt: skip


def below(rows: list[Row], text: str, wanted: Filters, sort: str, page: int, total: int) -> None:
    """Page numbers, a way to open by keyboard, the export, and where the catalogue is."""
    pages = -(-total // ROWS)
    if pages > 1:
        key, used = address.widget("page", page, 1)
        st.pagination(pages, key=key, on_change=used)
    names = {row["slug"]: line(row["name"], 80) for row in rows}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Open a dataset of this page",
            list(names),
            index=None,
            format_func=lambda slug: names.get(slug, slug),
            key="open-name",
            on_change=picked,
            placeholder="Type or choose a name",
            width=420,
        )
        st.download_button(
            f"Download all {total:,} as CSV" if total <= reads.ALL else f"Download the first {reads.ALL:,} as CSV",
            lambda: table_csv(reads.everything(text, wanted, sort), EXPORT),
            file_name("medregistry-datasets", ".csv"),
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    st.text(f"Catalogue: {reads.where()}")


def show() -> None:
    """The page."""
    address.begin("catalogue")
    text = address.text("q")
    values = options()
    chosen: Chosen = {name: address.many(name, values[name]) for name in FACETS}
    for name in SINGLE:
        chosen[name] = chosen[name][:1]
    loads = address.text("loads") == "True"
    wanted = filters(chosen, loads)

    st.title("Medical datasets", anchor=False)
    search, order = st.columns([3, 1], vertical_alignment="bottom")
    key, used = address.widget("q", text, resets=("page",))
    search.text_input(
        "Search names, summaries, tasks and papers",
        key=key,
        on_change=used,
        type="search",
        icon=":material/search:",
        max_chars=200,
        placeholder="romanian oncology questions",
    )
    usual = "relevance" if text else "cited_by"
    sort = address.one("sort", list(words.SORT), usual) or usual
    key, used = address.widget("sort", sort, usual, resets=("page",))
    order.selectbox("Sort by", list(words.SORT), format_func=words.SORT.__getitem__, key=key, on_change=used)

    page = address.number("page", 1, 100_000, 1)
    found = reads.page(text, wanted, sort, ROWS, (page - 1) * ROWS)
    if found.total and not found.rows:
        page = -(-found.total // ROWS)
        found = reads.page(text, wanted, sort, ROWS, (page - 1) * ROWS)
    some = found.mended is not None and found.mended == fold(text)
    sidebar(values, chosen, loads, None if some else reads.facets(found.mended or text, wanted))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        chips(text, chosen, loads)
        if found.total:
            told(found)
    if found.total:
        mended(text, found)
        results(found.rows)
        below(found.rows, text, wanted, sort, page, found.total)
    else:
        no_hits(text, chosen, loads)
    address.remember("catalogue")


show()
