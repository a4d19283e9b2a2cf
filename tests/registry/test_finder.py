"""Searching: ranked, forgiving, in any script, with filters that add up; the same on both databases."""

from __future__ import annotations

import pytest

import registry
from registry import finder, queries


def slugs(text: str = "", **options: object) -> list[str]:
    return registry.search(text, **options)["slug"].to_list()  # type: ignore[arg-type]


@pytest.mark.usefixtures("catalogue_url")
class TestSearch:
    def test_an_exact_name_comes_first(self) -> None:
        assert slugs("PubMedQA")[0] == "pubmedqa"
        assert slugs("pubmed qa")[0] == "pubmedqa"
        assert slugs("MedQA")[0] == "medqa"

    def test_words_are_looked_for_in_summaries_terms_and_languages(self) -> None:
        assert slugs("romanian oncology") == ["medqaro"]

    def test_accents_and_case_do_not_count(self) -> None:
        assert slugs("ROMÂNIAN oncology") == slugs("romanian oncology")

    def test_chinese_is_found_by_any_part_of_a_word(self) -> None:
        page = queries.search_page("天池")
        assert page.total > 0
        assert all("天池" in str(queries.dataset(row["slug"]).to_dict()) for row in page.rows)

    def test_small_typing_errors_are_forgiven_and_told(self) -> None:
        page = queries.search_page("pubmdqa")
        assert page.rows[0]["slug"] == "pubmedqa"
        assert page.mended == "pubmedqa"

    def test_the_name_of_a_language_is_mended_too(self) -> None:
        page = queries.search_page("romanain oncology")
        assert (page.rows[0]["slug"], page.mended) == ("medqaro", "romanian oncology")

    def test_nothing_like_it_gives_an_empty_frame_with_all_columns(self) -> None:
        found = registry.search("zzzzqqqq")
        assert found.is_empty()
        assert found.columns == list(finder.COLUMNS)

    @pytest.mark.parametrize(
        "text", ['"', "a OR (", "*", "'; DROP TABLE dataset; --", "NEAR(x", "\x00", "% _", "a" * 5000]
    )
    def test_operators_of_the_search_engines_are_words(self, text: str) -> None:
        registry.search(text)
        assert slugs("medqaro") == ["medqaro"]

    def test_filters_add_up_and_values_of_one_filter_are_alternatives(self) -> None:
        spanish = set(slugs(language="es", limit=10_000))
        french = set(slugs(language="fr", limit=10_000))
        assert set(slugs(language=["es", "fr"], limit=10_000)) == spanish | french
        assert set(slugs(language="es", task="multiple-choice-qa", limit=10_000)) < spanish

    def test_commercial_keeps_only_what_the_effective_licence_allows(self) -> None:
        found = registry.search(terms="commercial", limit=10_000)
        assert found["commercial"].all()
        assert "medqaro" not in found["slug"]

    def test_curated_comes_before_listed_and_status_tells_them_apart(self) -> None:
        standings = registry.search("", limit=10_000)["standing"].to_list()
        assert standings == sorted(standings)
        assert set(registry.search(status="listed", limit=100)["standing"]) == {"listed"}

    def test_has_findings(self) -> None:
        assert "medec" in slugs(has_findings=True, limit=10_000)
        assert not set(slugs(has_findings=True, limit=10_000)) & set(slugs(has_findings=False, limit=10_000))

    def test_pages_follow_each_other_without_gap_or_double(self) -> None:
        pages = [slugs("cancer", limit=7, offset=start) for start in range(0, 35, 7)]
        assert [slug for page in pages for slug in page] == slugs("cancer", limit=35)

    def test_every_sort_gives_the_same_datasets(self) -> None:
        whole = {row["slug"] for row in queries.search_page("cancer", limit=10_000).rows}
        for sort in finder.SORTS:
            assert {r["slug"] for r in queries.search_page("cancer", sort=sort, limit=10_000).rows} == whole

    def test_facet_counts_are_what_the_filter_would_leave(self) -> None:
        wanted = finder.filters(modality="text")
        counts = queries.search_facets("question", wanted)
        for task, count in list(counts["task"].items())[:4]:
            assert queries.search_page("question", wanted._replace(task=(task,))).total == count
        for use, count in counts["terms"].items():
            assert queries.search_page("question", wanted._replace(terms=use)).total == count

    @pytest.mark.parametrize(
        "option",
        [{"task": "guessing"}, {"modality": "smell"}, {"access": "maybe"}, {"status": "new"}, {"terms": "free"}],
    )
    def test_a_word_outside_the_vocabulary_is_refused_with_the_vocabulary(self, option: dict[str, str]) -> None:
        with pytest.raises(registry.UnknownOption, match="it is one of"):
            registry.search(**option)  # type: ignore[arg-type]
