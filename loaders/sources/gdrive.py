"""Single files that people share on Google Drive: ``gdrive:FILEID``."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from loaders.download import Unavailable, followed, inner_address
from loaders.sources.base import Remote, name_of, unlistable
from loaders.sources.transfer import Wanted, WebPage, download
from registry.loadspec import FileRef

SITE = "https://drive.google.com"
SIGN_IN = ("accounts.google.com",)


def listing(source: str, revision: str | None = None) -> list[Remote]:
    """Never anything: an id is one file, whose name the card gives."""
    raise unlistable(source, page(source))


def fetch(source: str, revision: str | None, ref: FileRef, target: Path) -> Path:
    """The file, past the page that warns of files too large to be looked through for viruses."""
    url = f"{SITE}/uc?{urlencode({'id': name_of(source), 'export': 'download'})}"
    try:
        return download(url, target, Wanted(ref, source, key=source))
    except WebPage as first:
        confirmed = _confirmed(first, page(source))
    try:
        return download(confirmed, target, Wanted(ref, source, key=source))
    except WebPage as second:
        raise _refused(second, page(source)) from None


def page(source: str, revision: str | None = None) -> str:
    """Where a person sees and downloads the file."""
    return f"{SITE}/file/d/{name_of(source)}/view"


def latest(source: str) -> str | None:
    """None: Drive tells no revisions to strangers."""
    return None


def _confirmed(warning: WebPage, page: str) -> str:
    """The address behind the button of the page that warns."""
    import lxml.html

    form = None
    if warning.body.strip():
        form = next(iter(lxml.html.fromstring(warning.body).xpath("//form[@id='download-form' and @action]")), None)
    if form is None:
        raise _refused(warning, page)
    parts = urlsplit(urljoin(warning.url, form.get("action")))
    given = dict(parse_qsl(parts.query))
    given |= {str(field.get("name")): str(field.get("value") or "") for field in form.xpath(".//input[@name]")}
    return followed(page, parts._replace(query=urlencode(given)).geturl(), inner_address(page) is None)


def _refused(told: WebPage, page: str) -> Unavailable:
    text = told.body.decode("utf-8", "replace").lower()
    if "quota" in text or "too many users" in text:
        return Unavailable(
            f"Google Drive's daily limit for {page} is spent: try tomorrow, or open it and copy the file"
        )
    if urlsplit(told.url).hostname in SIGN_IN or "you need access" in text or "servicelogin" in text:
        return Unavailable(f"{page} is not shared with everyone: open it and ask for access", status=403)
    return Unavailable(f"Google Drive gave a page instead of the file: open {page} by hand")
