"""One dataset: may I use it, what is wrong with it, how do I get it, and who says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from dashboard import address, reads, site, tables, words
from dashboard.facts import facts
from dashboard.grids import grid
from dashboard.texts import clean, host, line, link, md, web
from registry.errors import UnknownDataset, UsageError
from registry.standing import Row
from registry.views import Dataset

FIRST_FINDINGS = 3
MOST_VARIANTS = 8


def unknown(name: str, near: Sequence[str]) -> None:
    """No such dataset: what was typed, and what is spelled like it."""
    st.title("No dataset of this name", anchor=False)
    st.text(name[:80])
    if near:
        st.write("Names that are spelled like it:")
        for slug in near:
            site.to_dataset(slug)
    site.link("catalogue", "Search the catalogue for it", icon=":material/search:", q=line(name, 80))


def banner(known: Dataset) -> None:
    """What standing means for how sure all of this is."""
    if known.removed_at:
        gone = words.day(known.removed_at)
        st.error(
            f"No source names this dataset any more (since {gone}). What was known is kept.", icon=":material/link_off:"
        )
    if known.standing != "curated":
        told = {
            "listed": "It comes from public lists and nobody has checked it against the owner's page: every line here "
            "is less sure than that of a curated dataset.",
            "harvested": "A harvester met it and nobody has read it yet: every line here is less sure than that of a "
            "curated dataset.",
        }.get(known.standing, "It is a candidate: whether it is a dataset of its own is not decided.")
        confidence = line(known.card.get("confidence") or "")
        sure = f" Confidence of the list entry: {md(confidence)}." if confidence else ""
        st.warning(
            f"**{words.STANDING[known.standing]}, not curated.** {told}{sure}", icon=":material/playlist_add_check:"
        )


def head(known: Dataset) -> None:
    """Title, badges, one sentence, other names."""
    st.title(md(known.name, 160), anchor=False)
    badges = [f":{'blue' if known.standing == 'curated' else 'orange'}-badge[{words.STANDING[known.standing]}]"]
    badges += [f":gray-badge[{md(known.kind)}]"] if known.kind else []
    badges += [f":gray-badge[{md(words.plain(word), 40)}]" for word in known.modalities]
    badges += [f":gray-badge[{md(words.language(word), 40)}]" for word in known.languages[:8]]
    badges += [f":gray-badge[{md(words.task(word), 40)}]" for word in known.tasks[:8]]
    badges += [f":gray-badge[{md(word, 40)}]" for word in known.specialties[:6] if word != "general"]
    st.markdown(" ".join(badges))
    st.text(clean(known.summary, 2_000) or "No source describes it in a sentence.", width=820)
    paper = known.card.get("paper") or {}
    told = [f"Slug `{known.slug}`"]
    if known.aliases:
        told.append(f"also called {md(', '.join(known.aliases[:6]))}")
    if known.homepage:
        told.append(f"home page {link(host(known.homepage), known.homepage)}")
    if where := paper_address(paper):
        venue, year = str(paper.get("venue") or ""), str(paper.get("year") or "")
        named = venue if year in venue else f"{venue} {year}".strip()
        told.append(f"paper {link(named or host(where), where)}")
    st.markdown(" · ".join(told))


def paper_address(paper: dict[str, Any]) -> str | None:
    """Where a paper can be read."""
    if paper.get("arxiv"):
        return web(f"https://arxiv.org/abs/{paper['arxiv']}")
    return web(f"https://doi.org/{paper['doi']}") if paper.get("doi") else web(paper.get("url"))


def four_facts(known: Dataset) -> None:
    """The verdicts, side by side where there is room."""
    with st.grid(4, min_column_width=150, gap="xsmall", border=True) as row:
        for fact in facts(known, reads.effective_licence(known.slug)):
            with row.cell(), st.container(gap="xsmall"):
                st.markdown(f"**{fact.question}**")
                st.markdown(f"{fact.icon} :{fact.colour}[**{md(fact.verdict, 60)}**]")
                st.text(clean(fact.reason, 240))


def get_it(known: Dataset) -> None:
    """The lines that load it, or why there are none and what a person can do."""
    st.header("Get it", anchor="get-it")
    load = known.card.get("load") or {}
    if known.loadable:
        by_hand = known.access in ("manual", "request", "credentialed")
        files = ', files="folder/with/the/files"' if by_hand else ""
        load_line(known, files)
        told = [f"`data` maps each split to its records in the schema {md(load.get('schema'))}."]
        if load.get("splits"):
            told.append(f"Splits: {md(', '.join(load['splits']))}.")
        if load.get("configs"):
            shown = list(load["configs"].items())[:MOST_VARIANTS]
            variants = "; ".join(f"{name}: {', '.join(splits)}" for name, splits in shown)
            more = len(load["configs"]) - len(shown)
            told.append(f"Variants, chosen by `config=`: {md(variants)}{f' and {more} more' if more else ''}.")
        st.markdown(" ".join(told))
        if not by_hand:
            if known.access_note:
                st.text(clean(known.access_note, 1_200), width=820)
            return
        st.info("These files are not fetched by a program: put them in a folder first.", icon=":material/back_hand:")
    elif known.access == "unreleased":
        st.text("It cannot be loaded: the owners have not published it.")
    elif known.access == "withdrawn":
        st.text("It is not loaded: it was withdrawn.")
    elif known.kind == "resource":
        st.text(
            "It is a resource (a terminology, an archive or a registry), not rows of data: there is nothing to load."
        )
    else:
        load_line(known, "")
        st.text(
            "Nobody has written down what its columns mean: they are recognised by what they look like, and a warning "
            "says what was taken for what. What is not sure comes as a plain table.",
            width=820,
        )
    by_hand_steps(known)


def load_line(known: Dataset, more: str) -> None:
    """The lines that load it."""
    st.code(f'import registry\n\ndata = registry.load("{known.slug}"{more})', language="python")


def by_hand_steps(known: Dataset) -> None:
    """Where a person finds the files and what they are called."""
    if known.access_note:
        st.text(clean(known.access_note, 1_200), width=820)
    official = [row for row in known.sources if row["role"] == "official"] or known.sources[:4]
    doors = [
        link(f"{words.PROVIDER.get(row['provider'], row['provider'])} ({host(row['url'])})", row["url"])
        for row in official
        if web(row["url"])
    ]
    if doors:
        st.markdown("Fetch it at " + " · ".join(doors))
    names = [line(row["path"], 200) for row in known.files if row["path"]]
    if names:
        st.write("Files to look for:")
        st.code("\n".join(names[:12]) + (f"\n… and {len(names) - 12} more" if len(names) > 12 else ""), language=None)


def finding(row: Row) -> None:
    """One finding with who says it."""
    with st.container(border=True, gap="xsmall"):
        colour = {"confirmed": "red", "candidate": "orange"}.get(row["status"], "gray")
        colour = "green" if row["kind"] == "extra-annotations" else colour
        badges = [
            f":{colour}-badge[{words.FINDING.get(row['kind'], md(row['kind']))}]",
            f":gray-badge[{md(row['status'])}]",
            f":gray-badge[said by {words.ORIGIN.get(row['origin'], md(row['origin']))}]",
        ]
        if row["inherited_from"]:
            badges.append(f":orange-badge[inherited from {md(row['inherited_from'])}]")
        st.markdown(" ".join(badges))
        st.text(clean(row["statement"], 1_500))
        if row["effect"]:
            st.text(f"Size of it: {clean(row['effect'], 800)}")
        source = link(row["paper"], row["paper_url"]) if row["paper"] else ""
        year = f" ({row['paper_year']})" if row["paper_year"] else ""
        revision = f" Measured on revision {md(row['revision'])}." if row["revision"] else ""
        st.markdown((f"Reported in {source}{year}." if source else "No paper is named.") + revision)


def findings(known: Dataset) -> None:
    """What is known to be wrong: its own first, the inherited ones after."""
    st.header("Known to be wrong", anchor="issues")
    if not known.findings:
        st.text("Nobody has reported an issue here that we know of; that does not mean there is none.")
        return
    seen: dict[str, Row] = {row["slug"]: row for row in reversed(known.findings)}
    rows = list(seen.values())[::-1]
    for row in rows[:FIRST_FINDINGS]:
        finding(row)
    if rest := rows[FIRST_FINDINGS:]:
        more = st.expander(f"{len(rest)} more", key="more-findings", on_change="rerun")
        if more.open:
            with more:
                for row in rest:
                    finding(row)


def licences(known: Dataset) -> None:
    """The licence as each place states it."""
    st.header("Licence, place by place", anchor="licence")
    if not known.licences:
        st.text("No place that we know states a licence.")
    for stated, origin, role, place in dict.fromkeys(
        (row["licence"], row["origin"], row["role"], row["place"]) for row in known.licences
    ):
        where = {"official": "an official place", "mirror": "a copy"}.get(role or "", "a place" if role else "")
        who = words.ORIGIN.get(origin, line(origin))
        with st.container(gap="xxsmall"):
            st.markdown(f"**{md(stated, 200)}**")
            read_in = several(place)
            seen = f"{where}: {read_in}" if read_in and where else read_in or where or "place not noted"
            st.text(f"{seen} (told by {who})")
    if code := known.card.get("licence_code"):
        st.markdown(f"Code: **{md(code)}**")
    if note := known.card.get("licence_note"):
        st.text(clean(note, 800))
    if known.effective_licence and known.effective_licence != known.licence:
        st.markdown(f"With what it is made from: **{md(known.effective_licence)}**")


def several(place: str | None) -> str:
    """The places that a list was read in: the first two, and how many more."""
    return words.few([line(part, 160) for part in (place or "").split("; ") if part], 2)


def lineage(known: Dataset) -> None:
    """Parents and children, as links."""
    st.header("Made from, and made into", anchor="lineage")
    if not known.parents:
        st.text("No source states what it was made from; that is not the same as nothing.")
    for row in known.parents:
        relative(f"{words.LINEAGE.get(row['relation'], row['relation'])} {row['name']}", row)
    if known.children:
        st.markdown(f"**{words.count(len(known.children), 'dataset')} made from it**")
    for row in known.children[:5]:
        relative(row["name"], row)
    if rest := known.children[5:]:
        with st.expander(f"{len(rest)} more"):
            for row in rest:
                relative(row["name"], row)


def relative(label: str, row: Row) -> None:
    """A link to a parent or child, with the evidence."""
    with st.container(gap=None):
        site.to_dataset(row["slug"], label)
        if row["evidence"] and row["evidence"] != "card":
            st.caption(md(row["evidence"], 160))


def cite(known: Dataset) -> None:
    """BibTeX where there is a card."""
    st.header("Cite it", anchor="cite")
    bibtex = reads.citation(known.slug)
    if bibtex:
        st.code(clean(bibtex, 4_000), language=None, wrap_lines=True)
    elif title := (known.card.get("paper") or {}).get("title"):
        st.text(line(title))
        st.text("Only curated datasets have BibTeX here: check the paper's page.")
    else:
        st.text("No source names a paper.")


def size(known: Dataset) -> None:
    """Records by split, with where the numbers are from."""
    st.header("Size and splits", anchor="size")
    told = known.card.get("size") or {}
    if known.examples is not None:
        unit = known.unit or told.get("unit") or "records"
        st.markdown(f"**{known.examples:,}** {md(unit)}")
    frame = tables.sizes(told)
    if frame.height:
        grid(frame, "sizes", "Records by split and part")
    for name, label in (("as_of", "Counted in"), ("note", "Note")):
        if told.get(name):
            st.text(f"{label}: {clean(told[name], 600)}", width=820)


def example(known: Dataset) -> None:
    """One row of the same shape."""
    st.header("What a row looks like", anchor="example")
    st.text("Made up or shortened by the curators, of the true shape.")
    body, language = tables.example(known.card["example"])
    st.code(body, language=language, wrap_lines=True)


def files(known: Dataset) -> None:
    """Files with checksums."""
    st.header("Files", anchor="files")
    pinned = sum(1 for row in known.files if row["sha256"])
    st.text(f"{words.count(len(known.files), 'file or pattern', 'files or patterns')}; {pinned} with a checksum.")
    grid(tables.files(known.files), "files", "Files with format, size and checksum")


def places(known: Dataset) -> None:
    """Every place where it lives."""
    st.header("Where it lives", anchor="places")
    grid(tables.places(known.sources), "places", "Places with role, address, status and revision")


def used_by(known: Dataset) -> None:
    """Who cites, trains and evaluates on it."""
    st.header("Used by", anchor="used-by")
    counts: dict[str, int] = {}
    for row in known.links:
        counts[row["relation"]] = counts.get(row["relation"], 0) + 1
    st.markdown(" · ".join(f"**{number}** {words.RELATION.get(name, name)}" for name, number in counts.items()))
    grid(tables.uses(known.links), "uses", "Papers, models and code that touch the dataset, with evidence", most=8)
    site.link("graph", "See it as a graph", icon=":material/hub:", around=known.slug)


def doubts(known: Dataset) -> None:
    """Where sources disagree, what the curators are not sure of, what may be the same."""
    if known.disagreements:
        st.header("Sources disagree", anchor="disagreements")
        st.text("The first value of each field is the one shown; the others are kept beside it.")
        grid(tables.disagreements(known.disagreements), "disagreements", "Fields on which sources disagree")
    if unsure := known.card.get("unsure"):
        st.header("Not sure", anchor="unsure")
        for text in unsure:
            st.text(f"• {clean(text, 1_000)}", width=820)
    others = {row["other"]: row for row in known.candidates if row.get("other")}
    if others:
        st.header("Maybe the same dataset", anchor="duplicates")
        st.text("Not merged: the evidence is not enough, a person has to decide.")
        for slug, row in others.items():
            site.to_dataset(slug, f"{row['other_name']} ({slug})")
            if row["evidence"]:
                st.text(line(row["evidence"], 240), width=820)


def history(known: Dataset) -> None:
    """What changed, and where the facts were read."""
    st.header("What changed", anchor="changes")
    if known.events:
        frame = tables.events(known.events[:50]).drop("Dataset")
        grid(frame, "events", "Changes of this dataset, newest first", most=5)
    else:
        st.text("Nothing since it was added.")
    if notes := known.card.get("notes"):
        st.header("Notes", anchor="notes")
        for text in notes:
            st.text(f"• {clean(text, 1_000)}", width=820)
    if read_in := known.card.get("read_in"):
        st.header("Where these facts were read", anchor="sources")
        for text in read_in:
            st.text(f"• {line(text, 400)}", width=820)


def page(known: Dataset) -> None:
    """All of it, most asked first."""
    head(known)
    banner(known)
    four_facts(known)
    left, right = st.columns([2, 1], gap="medium")
    with left:
        get_it(known)
        findings(known)
    with right:
        licences(known)
        lineage(known)
        cite(known)
    parts: list[tuple[str, bool, Callable[[Dataset], None]]] = [
        ("its size", known.examples is not None or bool(known.card.get("size")), size),
        ("an example row", bool(known.card.get("example")), example),
        ("its files", bool(known.files), files),
        ("a place where it lives", bool(known.sources), places),
        ("a paper, model or code that uses it", bool(known.links), used_by),
    ]
    there = [part for _, is_there, part in parts if is_there]
    if there[:2] == [size, example]:
        for column, part in zip(st.columns(2, gap="medium"), there[:2], strict=True):
            with column:
                part(known)
        there = there[2:]
    for part in there:
        part(known)
    doubts(known)
    history(known)
    if absent := [name for name, is_there, _ in parts if not is_there]:
        st.header("What no source tells", anchor="gaps")
        st.text(f"This catalogue has not met {', nor '.join(absent)}.", width=820)


def show() -> None:
    """The page."""
    address.begin("dataset")
    name = address.text("slug", 80)
    site.back()
    if not name:
        st.title("No dataset is named", anchor=False)
        st.write("The address of a dataset's page ends in `?slug=` and its short name.")
        return
    try:
        known = reads.dataset(name)
    except UnknownDataset as error:
        unknown(name, error.near)
    except UsageError as error:
        st.title("Several datasets have this name", anchor=False)
        st.text(line(error, 600))
        site.link("catalogue", "Search the catalogue for it", icon=":material/search:", q=name)
    else:
        st.set_page_config(page_title=f"{line(known.name, 80)} · MedRegistry")
        page(known)
        address.remember("dataset")


show()
