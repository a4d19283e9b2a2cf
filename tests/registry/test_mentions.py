"""What the text of a page names."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.mentions import LONGEST, MOST, mentions

CARD = """---
homepage: https://github.com/made-up/Ward-QA/tree/main/data
---
# Ward-QA
See [the page](https://made-up.example/ward), [Zenodo](https://zenodo.org/record/1234567#.Yx).

## Citation Information
```
@inproceedings{ward,
  title = "{W}ard-{QA}: Questions from the {\\"U}rology Ward",
  journal={arXiv preprint arXiv:2009.00001},
  abstract = {We compare with arXiv:1111.22222.},
}
```
## Related
@article{other, title={Another}, eprint={2001.00002}, archivePrefix={arXiv}}
"""


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("see https://huggingface.co/datasets/Owner/Name.", ("huggingface", "Owner/Name")),
        ("(https://hf.co/datasets/owner/name/viewer/default)", ("huggingface", "owner/name")),
        ("https://huggingface.co/datasets/squad/blob/main/squad.py", ("huggingface", "squad")),
        ('load_dataset("owner/name", "config")', ("huggingface", "owner/name")),
        ("[code](https://github.com/owner/repo.git)", ("github", "owner/repo")),
        ("https://github.com/owner/repo/tree/main/data?x=1#top", ("github", "owner/repo")),
        ("![badge](https://github.com/owner/repo/actions/workflows/ci.yml/badge.svg)", ("github", "owner/repo")),
        ("github.com/owner/repo, and more", ("github", "owner/repo")),
        ("https://raw.githubusercontent.com/owner/repo/main/x.csv", ("github", "owner/repo")),
        ("url={https://zenodo.org/records/77}", ("zenodo", "77")),
        ("doi: 10.5281/zenodo.77.", ("zenodo", "77")),
        ("https://doi.org/10.13026/c2rs98", ("doi", "10.13026/c2rs98")),
        ("https://physionet.org/content/mednli/1.0.0/", ("physionet", "mednli")),
        ("https://www.kaggle.com/datasets/owner/name?select=x", ("kaggle", "owner/name")),
    ],
)
def test_a_place_is_recognised_however_it_is_linked(text: str, place: tuple[str, str]) -> None:
    assert mentions(text).places == (place,)


@pytest.mark.parametrize(
    "text",
    [
        "https://github.com/topics/medical",
        "https://github.com/orgs/owner/repositories",
        "https://github.com/sponsors/owner",
        "https://github.com/features/actions",
        "https://github.com/owner",
        "https://huggingface.co/owner/model",
        "https://huggingface.co/datasets",
        'load_dataset("json", data_files="x")',
        'load_dataset("./data/x")',
        "mail me@github.com/owner/repo-not",
        "https://example.org/github.com/owner/repo",
    ],
)
def test_what_is_no_place_of_a_dataset_is_left_out(text: str) -> None:
    assert mentions(text).places == ()


@pytest.mark.parametrize(
    ("text", "paper"),
    [
        ("https://arxiv.org/abs/2009.13081v2", ("arxiv", "2009.13081")),
        ("https://arxiv.org/pdf/2009.13081.pdf", ("arxiv", "2009.13081")),
        ("https://arxiv.org/html/2009.13081v1)", ("arxiv", "2009.13081")),
        ("https://huggingface.co/papers/2009.13081", ("arxiv", "2009.13081")),
        ("arXiv preprint arXiv:2009.13081.", ("arxiv", "2009.13081")),
        ("https://doi.org/10.48550/arXiv.2009.13081", ("arxiv", "2009.13081")),
        ("(https://doi.org/10.18653/v1/D19-1259)", ("doi", "10.18653/v1/d19-1259")),
        ("https://dx.doi.org/10.1016/S0140-6736(20)30183-5.", ("doi", "10.1016/s0140-6736(20)30183-5")),
        ("doi = {10.18653/v1/D19-1259},", ("doi", "10.18653/v1/d19-1259")),
        ("DOI:10.1093/database/baw068;", ("doi", "10.1093/database/baw068")),
    ],
)
def test_a_paper_is_told_in_one_spelling(text: str, paper: tuple[str, str]) -> None:
    assert mentions(text).papers == (paper,)


def test_the_numbers_in_the_address_of_a_publisher_are_no_doi() -> None:
    assert mentions("https://journal.example/article-pdf/doi/10.1093/db/baac048/44/baac048.pdf").papers == ()


def test_a_card_names_its_places_once_and_its_own_paper_apart() -> None:
    found = mentions(CARD)
    assert found.places == (("github", "made-up/Ward-QA"), ("zenodo", "1234567"))
    assert found.own_papers == (("arxiv", "2009.00001"),)
    assert found.title == "Ward-QA: Questions from the Urology Ward"
    assert {("arxiv", "1111.22222"), ("arxiv", "2001.00002")} <= {*found.papers}


@pytest.mark.parametrize(
    "heading", ["## Citation", "### Citing & Authors", "**BibTeX:**", "<h4>Citation:</h4>", "# 引用"]
)
def test_the_citation_is_that_of_the_section_that_asks_for_it(heading: str) -> None:
    first = "@article{a, title={Used}, eprint={2001.00001}}\n"
    found = mentions(f"{first}\n{heading}\n@article{{b, title={{Ours}}, eprint={{2002.00002}}}}\n## End\n")
    assert (found.title, found.own_papers) == ("Ours", (("arxiv", "2002.00002"),))


def test_without_such_a_section_it_is_the_first_entry() -> None:
    found = mentions("@misc{a, title={First}, doi={10.1000/one}}\n@misc{b, title={Second}, doi={10.1000/two}}")
    assert (found.title, found.own_papers) == ("First", (("doi", "10.1000/one"),))


def test_a_section_without_bibtex_tells_the_papers_it_links() -> None:
    found = mentions("## Citation\nPlease cite https://arxiv.org/abs/2009.13081\n## More\narXiv:1111.22222")
    assert (found.title, found.own_papers) == (None, (("arxiv", "2009.13081"),))


def test_an_entry_that_is_never_closed_ends_where_the_next_begins() -> None:
    found = mentions(
        "## Citation\n@misc{a, title={Open, eprint={2001.00001}\n@misc{b, title={Next}, doi={10.1000/two}}"
    )
    assert ("doi", "10.1000/two") in found.own_papers


def test_a_page_that_cites_nothing_asks_for_nothing() -> None:
    assert mentions("# Just words\nabout https://example.org") == ((), (), (), None)


def test_much_text_is_read_up_to_a_limit() -> None:
    many = "".join(f"https://github.com/owner/repo{number} " for number in range(500))
    assert len(mentions(many).places) == MOST
    assert mentions(" " * LONGEST + "https://github.com/owner/repo").places == ()


def test_real_cards_are_read(shared: Path) -> None:
    folder = shared / "apis/samples/huggingface/dataset-cards-2023"
    found = {path.stem: mentions(path.read_text(encoding="utf-8")) for path in folder.glob("*.md")}
    assert (found["bigbio_med_qa"].title or "").startswith("What disease does this patient have?")
    assert found["GBaker_MedQA-USMLE-4-options"].own_papers == (("arxiv", "2009.13081"),)
    assert found["head_qa"].places == (("github", "aghie/head-qa"),)
    assert all(found[stem].title for stem in found if stem.startswith("bigbio_"))
