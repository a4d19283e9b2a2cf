"""Any spelling of a licence becomes an SPDX expression, and an expression becomes terms that are never too generous."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry import cards_io
from registry.errors import UnknownOption
from registry.licence_reading import known_ids
from registry.licence_table import COPYLEFT, FREE, NOT_KNOWN, NOTICE, REFS, Terms
from registry.licence_tree import freedom
from registry.licences import Licence, allows, combine, licence, spdx_problem
from registry.vocabulary import TERMS

NC = Terms(False, True, False, True, False)
NC_SA = Terms(False, True, True, True, False)
NC_ND = Terms(False, True, False, False, False)
ND = Terms(True, True, False, False, False)

IDS = st.sampled_from(sorted(known_ids().known))


def expressions(leaves: st.SearchStrategy[str] = IDS) -> st.SearchStrategy[str]:
    """SPDX expressions of known ids, with parentheses where they nest."""
    return st.recursive(
        leaves,
        lambda inner: st.tuples(st.sampled_from([" AND ", " OR "]), st.lists(inner, min_size=2, max_size=3)).map(
            lambda made: made[0].join(f"({one})" if " " in one else one for one in made[1])
        ),
        max_leaves=6,
    )


# ------------------------------------------------------------------ names become ids


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        ("CC BY-NC 4.0", "CC-BY-NC-4.0"),
        ("cc-by-nc-4.0", "CC-BY-NC-4.0"),
        ("CC-BY-NC-4.0", "CC-BY-NC-4.0"),
        ("license:cc-by-nc-4.0", "CC-BY-NC-4.0"),
        ("ccbync 4", "CC-BY-NC-4.0"),
        ("Creative Commons Attribution NonCommercial 4.0 International", "CC-BY-NC-4.0"),
        ("Creative Commons Attribution-Non-Commercial 4.0 International Public License", "CC-BY-NC-4.0"),
        ("Attribution-NonCommercial 4.0 International (CC BY-NC 4.0)", "CC-BY-NC-4.0"),
        ("Creative Commons Attribution (CC BY) 4.0 licence", "CC-BY-4.0"),
        ("CC BY‑SA 3.0 Unported", "CC-BY-SA-3.0"),
        ("Creative Commons Attribution-NoDerivatives 4.0", "CC-BY-ND-4.0"),
        ("CC BY-NC-SA 3.0 IGO", "CC-BY-NC-SA-3.0-IGO"),
        ("CC BY 3.0 Germany", "CC-BY-3.0-DE"),
        ("https://creativecommons.org/licenses/by-nc/4.0/", "CC-BY-NC-4.0"),
        ("http://creativecommons.org/licenses/by-nc-sa/3.0/igo/legalcode", "CC-BY-NC-SA-3.0-IGO"),
        ("https://creativecommons.org/licenses/by/4.0/deed.de", "CC-BY-4.0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("CC0: Public Domain", "CC0-1.0"),
        ("cc-zero", "CC0-1.0"),
        ("Creative Commons Zero v1.0 Universal", "CC0-1.0"),
        ("cc-by", "LicenseRef-CC-BY-no-version"),
        ("CC BY-SA", "LicenseRef-CC-BY-SA-no-version"),
        ("https://openalex.org/licenses/cc-by-nc-nd", "LicenseRef-CC-BY-NC-ND-no-version"),
        ("apache-2.0", "Apache-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("The MIT License", "MIT"),
        ("https://opensource.org/licenses/MIT", "MIT"),
        ("bsd", "LicenseRef-BSD-no-variant"),
        ("New BSD", "BSD-3-Clause"),
        ("GPL-3.0", "GPL-3.0-only"),
        ("GPLv3", "GPL-3.0-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("GNU General Public License v3.0 or later", "GPL-3.0-or-later"),
        ("https://www.gnu.org/licenses/gpl-3.0.en.html", "GPL-3.0-only"),
        ("gfdl", "GFDL-1.1-or-later"),
        ("GFDL-1.3", "GFDL-1.3-only"),
        ("odc-by", "ODC-By-1.0"),
        ("https://choosealicense.com/licenses/odc-by/", "ODC-By-1.0"),
        ("Database: Open Database, Contents: © Original Authors", "ODbL-1.0"),
        ("pddl", "PDDL-1.0"),
        ("Community Data License Agreement – Permissive – Version 2.0", "CDLA-Permissive-2.0"),
        ("Open Government Licence v3.0", "OGL-UK-3.0"),
        ("dl-de/by-2-0", "DL-DE-BY-2.0"),
        ("Licence Ouverte 2.0", "etalab-2.0"),
        ("openrail", "LicenseRef-OpenRAIL"),
        ("creativeml-openrail-m", "LicenseRef-CreativeML-OpenRAIL-M"),
        ("openrail++", "LicenseRef-CreativeML-OpenRAIL-PlusPlus-M"),
        ("llama3.1", "LicenseRef-Llama-3.1"),
        ("PhysioNet Credentialed Health Data License 1.5.0", "LicenseRef-PhysioNet-Credentialed-Health-Data"),
        (
            "https://physionet.org/about/licenses/physionet-credentialed-health-data-license-150/",
            "LicenseRef-PhysioNet-Credentialed-Health-Data",
        ),
        ("n2c2 Data Use Agreement", "LicenseRef-n2c2-DUA"),
        ("UMLS - Metathesaurus License Agreement", "LicenseRef-UMLS-Metathesaurus"),
        ("GENIA Project License for Annotated Corpora", "LicenseRef-GENIA"),
        ("U.S. Government Works", "LicenseRef-US-Government-Work"),
        ("Public Domain Mark 1.0", "LicenseRef-PDM-1.0"),
        ("non-commercial use (wording of the list)", "LicenseRef-non-commercial"),
    ],
)
def test_the_names_and_addresses_that_hubs_use_become_spdx_ids(text: str, spdx: str) -> None:
    found = licence(text)
    assert (found.spdx, found.raw) == (spdx, text)


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        ("MIT License or Apache License 2.0", "MIT OR Apache-2.0"),
        ("mit and cc-by-4.0", "MIT AND CC-BY-4.0"),
        ("cc-by-4.0, mit", "CC-BY-4.0 AND MIT"),
        ("['cc-by-4.0', 'mit']", "CC-BY-4.0 AND MIT"),
        (["cc-by-4.0", "mit"], "CC-BY-4.0 AND MIT"),
        (["cc-by-4.0"], "CC-BY-4.0"),
        ("MIT/Apache-2.0", "MIT AND Apache-2.0"),
        ("CC BY-SA 4.0, CC BY-NC 4.0", "CC-BY-SA-4.0 AND CC-BY-NC-4.0"),
        ("CC BY-NC 4.0 / CC BY-NC 3.0", "CC-BY-NC-4.0 AND CC-BY-NC-3.0"),
        ("CC-BY-4.0 | CC-BY-4.0", "CC-BY-4.0"),
        ("CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)", "CC-BY-4.0"),
        ("CC BY 4.0, https://example.org/about", "CC-BY-4.0"),
        ("(mit or isc) and cc-by-4.0", "(MIT OR ISC) AND CC-BY-4.0"),
        ("gpl-2.0-only with classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        (
            "non-commercial use, no redistribution (wording of the list)",
            "LicenseRef-non-commercial AND LicenseRef-no-redistribution",
        ),
    ],
)
def test_several_licences_hold_together_unless_an_or_leaves_the_choice(text: str | list[str], spdx: str) -> None:
    assert licence(text).spdx == spdx


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "  \n",
        "other",
        "unknown",
        "NOASSERTION",
        "cc",
        "custom",
        "see LICENSE file",
        "https://example.org/terms",
        "https://choosealicense.com/licenses/undefined/",
        "minimax-community-license",
        "CC BY 5.0",
        "CC BY-NC-SA-ND 4.0",
        "not MIT",
        "commercial use possible (wording of the list)",
        "Apache License " * 300,
        [],
        ["", "other"],
    ],
)
def test_what_is_not_recognised_is_unknown_in_every_term_and_kept_as_it_was(text: str | list[str] | None) -> None:
    found = licence(text)
    assert (found.spdx, found.terms, found.name, found.url) == (None, NOT_KNOWN, None, None)
    if isinstance(text, str):
        assert found.raw == text


def test_a_remark_that_may_take_rights_away_is_not_overread() -> None:
    assert licence("CC-BY-4.0 (but not for companies)").commercial is None
    assert licence("MIT (code only)").commercial is None
    assert licence("CC-BY-NC-4.0, see README").commercial is False
    assert licence("annotations for academic use, no commercial development").commercial is False


PIECES = ["CC BY", "4.0", "MIT", "GPL-2.0-only", "Classpath-exception-2.0", "http://x.y", "nc", "é", "+", "/", "\n"]
JOINTS = [" or ", " and ", " with ", "not ", "OR", "AND", "~", "&", "(", ")", ",", " "]


@settings(max_examples=500)
@given(st.text(max_size=60) | st.lists(st.sampled_from(PIECES + JOINTS)))
@example("( or 4.0")
@example("é or (()((")
def test_any_text_is_read_without_an_error_and_gives_a_valid_expression_or_none(text: str | list[str]) -> None:
    found = licence("".join(text))
    assert found.raw == "".join(text)
    assert found.spdx is None or spdx_problem(found.spdx) is None


@given(
    st.sets(st.sampled_from(["NC", "SA"])) | st.sets(st.sampled_from(["NC", "ND"])),
    st.sampled_from(["1.0", "2.0", "2.5", "3.0", "4.0"]),
    st.sampled_from(["CC {} {}", "cc-{}-{}", "CC-{} v{}", "Creative Commons {} {} Generic", "license:cc-{}-{}"]),
    st.booleans(),
)
def test_every_spelling_of_a_creative_commons_licence_gives_its_id(
    elements: set[str], version: str, form: str, in_full: bool
) -> None:
    parts = ["BY", *(part for part in ("NC", "SA", "ND") if part in elements)]
    words = {"BY": "Attribution", "NC": "NonCommercial", "SA": "ShareAlike", "ND": "NoDerivatives"}
    spelt = "-".join(words[part] if in_full else part for part in parts)
    assert licence(form.format(spelt, version)).spdx == f"CC-{'-'.join(parts)}-{version}"


# ------------------------------------------------------------------ ids and expressions are stable


@given(IDS)
def test_every_known_id_is_read_as_itself_in_any_case_and_from_its_spdx_page(spdx: str) -> None:
    assert licence(spdx).spdx == licence(spdx.lower()).spdx == licence(spdx.upper()).spdx == spdx
    if not spdx.startswith("LicenseRef-"):
        assert licence(f"https://spdx.org/licenses/{spdx}.html").spdx == spdx


@given(expressions())
def test_an_expression_survives_being_read_and_written_again(text: str) -> None:
    found = licence(text)
    assert found.spdx is not None
    assert spdx_problem(found.spdx) is None
    again = licence(found.spdx)
    assert (again.spdx, again.terms) == (found.spdx, found.terms)


def test_every_own_id_is_spelt_as_spdx_demands() -> None:
    for spdx in REFS:
        assert spdx.removeprefix("LicenseRef-").replace("-", "").replace(".", "").isalnum(), spdx


def test_the_licences_of_all_cards_are_read_as_themselves() -> None:
    datasets = cards_io.read_cards([cards_io.PACKAGE]).datasets.values()
    stated = {one for entry in datasets for one in (entry.card.licence.data, entry.card.licence.code) if one}
    assert len(stated) > 40
    assert {one for one in stated if licence(one).spdx != one} == set()


# ------------------------------------------------------------------ terms


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("CC0-1.0", FREE),
        ("PDDL-1.0", FREE),
        ("Unlicense", FREE),
        ("DL-DE-ZERO-2.0", FREE),
        ("LicenseRef-US-Government-Work", FREE),
        ("CC-BY-4.0", NOTICE),
        ("CC-BY-3.0-IGO", NOTICE),
        ("MIT", NOTICE),
        ("ODC-By-1.0", NOTICE),
        ("OGL-UK-3.0", NOTICE),
        ("CC-BY-SA-4.0", COPYLEFT),
        ("ODbL-1.0", COPYLEFT),
        ("GPL-3.0-only", COPYLEFT),
        ("GFDL-1.3-only", COPYLEFT),
        ("GPL-2.0-only WITH Classpath-exception-2.0", COPYLEFT),
        ("CC-BY-ND-4.0", ND),
        ("CC-BY-NC-2.0", NC),
        ("LicenseRef-CC-BY-NC-no-version", NC),
        ("CC-BY-NC-SA-2.0-UK", NC_SA),
        ("CC-BY-NC-ND-4.0", NC_ND),
        ("LicenseRef-n2c2-DUA", Terms(agreement=True)),
        ("LicenseRef-Stanford-Research-Use-Agreement", Terms(commercial=False, agreement=True)),
        ("LicenseRef-research-education-only", Terms(commercial=False)),
        ("LicenseRef-per-image", NOT_KNOWN),
        ("LicenseRef-OpenRAIL", NOT_KNOWN),
        ("BUSL-1.1", NOT_KNOWN),
    ],
)
def test_terms_follow_from_the_licence(text: str, terms: Terms) -> None:
    found = licence(text)
    assert found.terms == terms
    assert Terms(*(getattr(found, term) for term in TERMS)) == terms


@given(IDS)
def test_every_non_commercial_licence_of_spdx_is_known_to_forbid_commercial_use(spdx: str) -> None:
    named = "-NC-" in spdx or "noncommercial" in spdx.lower() or "non-commercial" in spdx
    if named:
        assert licence(spdx).commercial is False


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("CC-BY-4.0 AND CC-BY-NC-4.0", NC),
        ("CC0-1.0 AND MIT", NOTICE),
        ("CC-BY-ND-4.0 AND CC-BY-NC-SA-4.0", Terms(False, True, True, False, False)),
        ("CC-BY-NC-4.0 OR GPL-3.0-only", COPYLEFT),
        ("MIT OR LicenseRef-DUA", NOTICE),
        ("LicenseRef-per-source OR CC-BY-NC-4.0", NOT_KNOWN),
        ("(CC-BY-ND-4.0 OR CC-BY-NC-4.0) AND CC-BY-NC-4.0", NC),
        ("(CC-BY-ND-4.0 OR CC-BY-NC-4.0) AND CC-BY-4.0", ND),
        ("CC-BY-4.0 AND LicenseRef-per-image", Terms(attribution=True)),
    ],
)
def test_and_takes_the_strictest_of_each_and_or_the_choice_that_lets_one_do_most(text: str, terms: Terms) -> None:
    assert licence(text).terms == terms


def test_a_choice_is_of_a_whole_licence_not_of_the_best_of_each() -> None:
    found = licence("CC-BY-NC-4.0 OR GPL-3.0-only")
    assert (found.commercial, found.share_alike) == (True, True)


STRICTER = {"commercial": False, "derivatives": False, "attribution": True, "share_alike": True, "agreement": True}


def no_stricter(one: Licence, other: Licence) -> bool:
    """Whether no term of `one` is stricter than that of `other`."""
    order = {term: [not strict, None, strict] for term, strict in STRICTER.items()}
    return all(order[term].index(getattr(one, term)) <= order[term].index(getattr(other, term)) for term in TERMS)


@given(IDS, IDS | st.just("no such licence"))
def test_adding_a_licence_never_makes_the_whole_more_generous(one: str, other: str) -> None:
    both = combine([licence(one), licence(other)])
    assert no_stricter(licence(one), both)
    assert no_stricter(licence(other), both)
    assert both.terms == combine([licence(other), licence(one)]).terms


@given(IDS, IDS)
def test_a_choice_is_never_worse_than_either_option(one: str, other: str) -> None:
    options = [licence(one).terms, licence(other).terms]
    assert licence(f"{one} OR {other}").terms == max(options, key=freedom)


# ------------------------------------------------------------------ effective terms


def test_a_dataset_inherits_the_strictest_terms_of_what_it_is_made_from() -> None:
    effective = combine([licence("MIT"), licence("CC-BY-NC-4.0"), licence("CC-BY-SA-4.0")])
    assert effective.spdx == "MIT AND CC-BY-NC-4.0 AND CC-BY-SA-4.0"
    assert effective.terms == NC_SA


def test_an_unknown_parent_leaves_commercial_use_open_unless_it_is_forbidden_already() -> None:
    assert combine([licence("MIT"), licence(None)]).commercial is None
    assert combine([licence("MIT"), licence(None), licence("CC-BY-NC-4.0")]).commercial is False
    assert combine([licence("MIT"), licence(None)]).spdx is None


def test_one_licence_stays_itself_and_none_is_unknown() -> None:
    assert combine([licence("MIT")]) is licence("MIT")
    assert combine([]).terms == NOT_KNOWN
    assert combine([licence("MIT"), licence("mit")]).spdx == "MIT"


def test_a_choice_among_parents_is_made_for_all_of_them_together() -> None:
    effective = combine([licence("CC-BY-ND-4.0 OR CC-BY-NC-4.0"), licence("CC-BY-NC-4.0")])
    assert effective.terms == NC


def test_reasons_name_the_licence_and_the_dataset_that_decide() -> None:
    effective = combine([licence("MIT"), licence("CC-BY-NC-4.0"), licence(None)], of=[None, "medqa", "pubmed"])
    assert effective.reason("commercial") == "commercial use is forbidden under CC-BY-NC-4.0 (of medqa)"
    assert effective.reason("derivatives").endswith("no licence is stated for pubmed")
    assert "MIT and CC-BY-NC-4.0 (of medqa)" in effective.reason("attribution")
    with pytest.raises(UnknownOption, match="licence term"):
        effective.reason("price")


def test_reasons_stay_short_when_many_parents_are_unknown() -> None:
    many = combine([licence(None)] * 40, of=[f"parent-{number}" for number in range(40)])
    assert many.reason("commercial").endswith("; 37 more")


# ------------------------------------------------------------------ uses


@pytest.mark.parametrize(
    ("text", "commercial", "research"),
    [
        ("CC-BY-4.0", True, True),
        ("CC-BY-NC-4.0", False, True),
        ("CC-BY-NC-4.0 OR MIT", True, True),
        ("LicenseRef-PhysioNet-Credentialed-Health-Data", None, True),
        ("LicenseRef-challenge-only", False, False),
        ("LicenseRef-per-image", None, None),
        ("other", None, None),
        (None, None, None),
    ],
)
def test_a_use_is_allowed_forbidden_or_not_known(
    text: str | None, commercial: bool | None, research: bool | None
) -> None:
    assert allows(licence(text), "commercial")[0] is commercial
    assert allows(licence(text), "research")[0] is research


def test_the_answer_says_why_and_what_must_be_done_first() -> None:
    assert allows(licence("cc-by-nc-4.0"), "commercial")[1] == "commercial use is forbidden under CC-BY-NC-4.0"
    assert "'other' is not a known licence" in allows(licence("other"), "commercial")[1]
    assert "no licence is stated" in allows(licence(None), "commercial")[1]
    assert "a data use agreement must be accepted first" in allows(licence("LicenseRef-n2c2-DUA"), "research")[1]
    with pytest.raises(UnknownOption, match="commercial, research"):
        allows(licence("MIT"), "resale")


# ------------------------------------------------------------------ what may stand in a card


@pytest.mark.parametrize(
    "value",
    [
        "MIT",
        "CC-BY-NC-SA-4.0",
        "CC-BY-3.0 AND CC-BY-2.0",
        "(MIT OR ISC) AND CC-BY-4.0",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "LicenseRef-n2c2-DUA",
        "LicenseRef-CC-BY-SA-no-version",
    ],
)
def test_a_card_may_state_expressions_of_known_ids(value: str) -> None:
    assert spdx_problem(value) is None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("CC BY 4.0", "'CC BY 4.0' is not an SPDX expression; write CC-BY-4.0"),
        ("cc-by-4.0", "'cc-by-4.0' is written 'CC-BY-4.0'"),
        ("GPL-3.0", "'GPL-3.0' is written 'GPL-3.0-only'"),
        ("MIT or ISC", "'MIT or ISC' is written 'MIT OR ISC'"),
        ("CC-BY-4.O", "did you mean CC-BY-4.0"),
        ("LicenseRef-n2c2", "did you mean LicenseRef-n2c2-DUA"),
        ("MIT AND", "is not an SPDX expression"),
        ("MIT WITH Apache-2.0", "is not an SPDX expression"),
        ("Classpath-exception-2.0", "is not an SPDX expression"),
        ("((MIT", "is not an SPDX expression"),
        ("( OR MIT", "is not an SPDX expression"),
        ("MIT OR (()((", "is not an SPDX expression"),
        ("unknown", "'unknown' is not a known licence id"),
        ("", "leave it out"),
        ("MIT AND " * 400 + "MIT", "longer than"),
    ],
)
def test_what_a_card_may_not_state_is_told_with_what_to_write_instead(value: str, message: str) -> None:
    problem = spdx_problem(value)
    assert problem is not None
    assert message in problem
    assert len(problem) < 400


# ------------------------------------------------------------------ cost


def test_the_expression_library_is_loaded_when_the_first_licence_is_read_and_not_before() -> None:
    code = (
        "import sys, registry.licences as l; assert 'license_expression' not in sys.modules;"
        "l.licence('MIT'); assert 'license_expression' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_seven_hundred_different_expressions_are_checked_in_a_moment() -> None:
    ids = sorted(known_ids().known)
    fresh = [f"{one} OR {other}" for one, other in zip(ids, ids[7:], strict=False)][:700]
    assert len(fresh) == 700
    start = time.perf_counter()
    assert [spdx_problem(one) for one in fresh] == [None] * 700
    assert time.perf_counter() - start < 0.3
