"""The four answers at the top of a dataset's page: a verdict in words first, then the reason."""

from __future__ import annotations

from textwrap import shorten
from typing import NamedTuple

from dashboard import words
from registry.licences import Licence, licence
from registry.views import Dataset


class Fact(NamedTuple):
    """Icon and colour are the verdict once more, for the eye; `verdict` and `reason` may hold text of the catalogue."""

    question: str
    icon: str
    colour: str
    verdict: str
    reason: str


def facts(known: Dataset, effective: Licence) -> list[Fact]:
    """May I use it? Known to be wrong? Access, last seen; `effective` is the licence with those of its ancestors."""
    return [may_i_use(known, effective), known_wrong(known), access(known), last_seen(known)]


def may_i_use(known: Dataset, effective: Licence) -> Fact:
    """By the effective licence; places that contradict each other on commercial use go before it."""
    question = "May I use it?"
    says = {licence(text).commercial for text in {row["licence"] for row in known.licences} if text}
    why = _sentence(effective.reason("commercial"))
    if {True, False} <= says:
        reason = f"Places state licences that differ on commercial use. By the best founded, {why[0].lower()}{why[1:]}"
        return Fact(question, ":material/balance:", "red", "Contradictory", reason)
    duties = [_DUTY[name] for name in _DUTY if getattr(effective, name) is (name != "derivatives")]
    told = " ".join([why, _sentence("; ".join(duties)) if duties else ""]).strip()
    if effective.commercial:
        return Fact(question, ":material/check_circle:", "green", "Yes, also commercially", told)
    if effective.commercial is False:
        return Fact(question, ":material/do_not_disturb_on:", "orange", "Not commercially", told)
    if effective.research:
        return Fact(question, ":material/science:", "orange", "For research", told)
    if known.licence or known.licences:
        return Fact(question, ":material/help:", "orange", "Not clear", told)
    reason = "No place that we know states a licence; that is not a permission."
    return Fact(question, ":material/help:", "orange", "Not stated", reason)


_DUTY = {
    "agreement": "a data use agreement is needed",
    "attribution": "name the source",
    "share_alike": "share alike",
    "derivatives": "no changed copies",
}


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def known_wrong(known: Dataset) -> Fact:
    """Issues of its own and of what it is made from; extra annotations are none."""
    question = "Known to be wrong?"
    issues = [row for row in known.findings if row["kind"] != "extra-annotations"]
    own = [row for row in issues if not row["inherited_from"]]
    inherited = len(issues) - len(own)
    kinds = list(dict.fromkeys(words.FINDING.get(row["kind"]) or str(row["kind"]) for row in own or issues))
    told = words.few(kinds, 4) + "." if kinds else ""
    if own:
        more = f" {inherited} more in what it is made from." if inherited else ""
        return Fact(question, ":material/warning:", "red", words.count(len(own), "known issue"), told + more)
    if inherited:
        verdict = f"{inherited} inherited"
        return Fact(question, ":material/warning:", "orange", verdict, f"{told} Found in what it is made from.")
    reason = "Nobody has reported an issue here; that does not mean there is none."
    return Fact(question, ":material/search:", "gray", "None known", reason)


_ACCESS = {
    "open": (":material/lock_open:", "green", "Anyone can download it."),
    "gated": (":material/key:", "orange", "An account and accepted terms at the host."),
    "request": (":material/mail:", "orange", "A form or mail to the owners."),
    "credentialed": (":material/badge:", "orange", "Training and a signed agreement."),
    "manual": (":material/back_hand:", "orange", "A person has to fetch the files in a browser."),
    "unreleased": (":material/block:", "red", "The owners have not published it."),
    "withdrawn": (":material/block:", "red", "It was published and taken back; it must not be used."),
}


def access(known: Dataset) -> Fact:
    """How one gets it, or that it is gone."""
    question = "Access"
    if known.removed_at or (known.sources and all(row["status"] == "gone" for row in known.sources)):
        return Fact(question, ":material/link_off:", "red", "Gone", "None of its known places answers any more.")
    if known.access not in _ACCESS:
        return Fact(question, ":material/help:", "orange", "Not stated", "No place that we know says how.")
    icon, colour, reason = _ACCESS[known.access]
    told = shorten(known.access_note, 110, placeholder=" …") if known.access_note else reason
    return Fact(question, icon, colour, words.ACCESS[known.access], told)


def last_seen(known: Dataset) -> Fact:
    """When a machine or a person looked last."""
    question = "Last seen"
    if checks := [row["last_checked"] for row in known.sources if row["last_checked"]]:
        reason = f"{words.count(len(checks), 'place')} of {len(known.sources)} checked by a harvester."
        return Fact(question, ":material/schedule:", "green", words.day(max(checks)), reason)
    if checked := known.card.get("checked"):
        reason = "Read by a curator that day; no harvester has checked its places yet."
        return Fact(question, ":material/person:", "blue", words.day(str(checked)), reason)
    if known.standing == "curated":
        reason = f"Read by a curator on a day not noted; in this catalogue since {words.day(known.first_seen)}."
        return Fact(question, ":material/person:", "blue", "By a curator", reason)
    reason = f"Taken from public lists; in this catalogue since {words.day(known.first_seen)}."
    return Fact(question, ":material/help:", "orange", "Not checked", reason)
