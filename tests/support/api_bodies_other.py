"""Made-up bodies of the true shape of what GitHub and OpenAlex hold."""

from __future__ import annotations

from typing import Any

from tests.support.api_bodies import Body, hexes, number
from tests.support.api_tracked import tracked

LICENCES = {
    "MIT": "MIT License",
    "Apache-2.0": "Apache License 2.0",
    "GPL-3.0": "GNU General Public License v3.0",
    "BSD-3-Clause": 'BSD 3-Clause "New" or "Revised" License',
    "CC-BY-4.0": "Creative Commons Attribution 4.0 International",
    "CC0-1.0": "Creative Commons Zero v1.0 Universal",
    "NOASSERTION": "Other",
}


def gh_licence(spdx: str) -> Body:
    """What GitHub says of a licence file; NOASSERTION where it does not know the text."""
    key = "other" if spdx == "NOASSERTION" else spdx.lower()
    url = None if key == "other" else f"https://api.github.com/licenses/{key}"
    return {"key": key, "name": LICENCES.get(spdx, spdx), "spdx_id": spdx, "url": url, "node_id": "MDc6TGljZW5zZTEz"}


def gh_repository(name: str, licence: str | None = "MIT", **fields: Any) -> Body:
    """A repository; `licence` is an SPDX id, NOASSERTION or None."""
    owner, _, short = name.partition("/")
    key = number(f"repository {name}")
    body = {
        "id": key,
        "node_id": f"R_made{key}",
        "name": short,
        "full_name": name,
        "private": False,
        "owner": {"login": owner, "id": number(owner), "type": "Organization", "site_admin": False},
        "html_url": f"https://github.com/{name}",
        "description": f"Made repository {short}",
        "fork": False,
        "url": f"https://api.github.com/repos/{name}",
        "created_at": "2020-09-30T01:02:03Z",
        "updated_at": "2026-11-01T00:00:00Z",
        "pushed_at": "2026-10-30T22:11:10Z",
        "homepage": None,
        "size": 812,
        "stargazers_count": 17,
        "watchers_count": 17,
        "language": "Python",
        "forks_count": 2,
        "archived": False,
        "disabled": False,
        "open_issues_count": 1,
        "license": gh_licence(licence) if licence else None,
        "topics": [],
        "visibility": "public",
        "default_branch": "main",
        **fields,
    }
    found: Body = tracked(body)
    return found


def gh_release(name: str, tag: str, asset: str | None = "data.zip", **fields: Any) -> Body:
    """A release of the repository `name`, with one file; ``prerelease``, ``immutable`` and more in `fields`."""
    base = f"https://api.github.com/repos/{name}/releases"
    key = number(f"release {name} {tag}")
    stamps = {"created_at": "2021-01-01T00:00:00Z", "updated_at": "2021-01-02T00:00:00Z"}
    file = {
        "url": f"{base}/assets/{key}",
        "id": key,
        "node_id": f"RA_made{key}",
        "name": asset,
        "label": None,
        "uploader": {"login": name.partition("/")[0], "id": number(name.partition("/")[0])},
        "content_type": "application/zip",
        "state": "uploaded",
        "size": 1_048_576,
        "digest": f"sha256:{hexes(f'asset {name} {tag} {asset}', 64)}",
        "download_count": 12,
        **stamps,
        "browser_download_url": f"https://github.com/{name}/releases/download/{tag}/{asset}",
    }
    body = {
        "url": f"{base}/{key}",
        "assets_url": f"{base}/{key}/assets",
        "html_url": f"https://github.com/{name}/releases/tag/{tag}",
        "id": key,
        "author": {"login": name.partition("/")[0], "id": number(name.partition("/")[0]), "type": "User"},
        "node_id": f"RE_made{key}",
        "tag_name": tag,
        "target_commitish": "main",
        "name": tag,
        "draft": False,
        "immutable": False,
        "prerelease": False,
        **stamps,
        "published_at": "2021-01-02T00:00:00Z",
        "assets": [file] if asset else [],
        "tarball_url": f"https://api.github.com/repos/{name}/tarball/{tag}",
        "zipball_url": f"https://api.github.com/repos/{name}/zipball/{tag}",
        "body": None,
        **fields,
    }
    found: Body = tracked(body)
    return found


def oa_source(key: str, name: str, kind: str) -> Body:
    """Where a work can be read: a journal or a repository."""
    return {
        "id": f"https://openalex.org/{key}",
        "display_name": name,
        "issn_l": None,
        "issn": None,
        "is_oa": True,
        "is_in_doaj": False,
        "is_core": kind == "journal",
        "host_organization": "https://openalex.org/P4310000000",
        "host_organization_name": "Made Press",
        "host_organization_lineage": ["https://openalex.org/P4310000000"],
        "host_organization_lineage_names": ["Made Press"],
        "type": kind,
    }


def oa_location(key: str, url: str | None, source: Body | None, licence: str | None, version: str | None) -> Body:
    """One place of a work; `version` is submittedVersion, acceptedVersion, publishedVersion or None."""
    return {
        "id": key,
        "is_oa": True,
        "landing_page_url": url,
        "pdf_url": None,
        "source": source,
        "license": licence,
        "license_id": f"https://openalex.org/licenses/{licence}" if licence else None,
        "version": version,
        "is_accepted": version != "submittedVersion",
        "is_published": version == "publishedVersion",
        "raw_source_name": source["display_name"] if source else None,
        "raw_type": "journal-article" if version == "publishedVersion" else "text",
    }


def inverted(text: str) -> Body:
    """A text as OpenAlex keeps abstracts: word → its positions."""
    found: Body = {}
    for place, word in enumerate(text.split()):
        found.setdefault(word, []).append(place)
    return found


AUTHOR = {
    "author_position": "first",
    "author": {"id": "https://openalex.org/A5000000001", "display_name": "Made Author", "orcid": None},
    "institutions": [],
    "countries": [],
    "is_corresponding": False,
    "raw_author_name": "M. Author",
    "raw_affiliation_strings": [],
    "raw_orcid": None,
    "affiliations": [],
}
UNSAID: Body = {
    "authorships": [AUTHOR],
    "institutions": [],
    "corresponding_author_ids": [],
    "corresponding_institution_ids": [],
    "concepts": [],
    "mesh": [],
    "awards": [],
    "funders": [],
    "related_works": [],
    "sustainable_development_goals": [],
    **dict.fromkeys("apc_list apc_paid citation_normalized_percentile cited_by_percentile_year content_urls".split()),
    "fwci": 3.1,
    "countries_distinct_count": 0,
    "institutions_distinct_count": 0,
    "biblio": dict.fromkeys(("volume", "issue", "first_page", "last_page")),
    "has_content": {"grobid_xml": False, "pdf": False},
}
"""What every work has and none of those here has anything to say about: it is added to answers."""


def oa_work(key: str, title: str, *cited: str, doi: str | None = None, arxiv: str | None = None, **fields: Any) -> Body:
    """A work that cites the works `cited`; with `arxiv` it has a location there."""
    resolver = "https://doi.org/"
    ids = {"openalex": f"https://openalex.org/{key}"} | ({"doi": resolver + doi} if doi else {})
    made = oa_source("S1", "Made Journal", "journal")
    journal = oa_location(
        f"doi:{doi}" if doi else f"pmh:{key}", resolver + doi if doi else None, made, "cc-by", "publishedVersion"
    )
    preprint = journal | {"landing_page_url": f"https://arxiv.org/abs/{arxiv}", "version": "submittedVersion"}
    locations = [journal, *([preprint] if arxiv else [])]
    body = {
        "id": f"https://openalex.org/{key}",
        "doi": resolver + doi if doi else None,
        "title": title,
        "display_name": title,
        "publication_year": 2025,
        "publication_date": "2025-06-01",
        "ids": ids,
        "language": "en",
        "primary_location": journal,
        "type": "article",
        "indexed_in": ["crossref"] if doi else [],
        "open_access": {"is_oa": True, "oa_status": "gold", "oa_url": None, "any_repository_has_fulltext": True},
        "has_fulltext": False,
        "cited_by_count": 0,
        "is_retracted": False,
        "is_paratext": False,
        "is_xpac": False,
        "primary_topic": None,
        "topics": [],
        "keywords": [],
        "locations_count": len(locations),
        "locations": locations,
        "best_oa_location": journal,
        "referenced_works_count": len(cited),
        "referenced_works": [f"https://openalex.org/{other}" for other in cited],
        "abstract_inverted_index": {"Made": [0], "up": [1], "abstract": [2]},
        "counts_by_year": [],
        "updated_date": "2026-10-30T02:11:09.113022",
        "created_date": "2025-10-10T00:00:00",
        **fields,
    }
    found: Body = tracked(body)
    return found
