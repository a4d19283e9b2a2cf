"""The names that hubs, cards and papers use for licences, and how a name is recognised as an SPDX id."""

from __future__ import annotations

import re
import unicodedata

NAMES: dict[str, tuple[str, ...]] = {
    "AFL-3.0": ("Academic Free License 3.0",),
    "AGPL-1.0-or-later": ("AGPL", "GNU AGPL", "GNU Affero General Public License"),
    "AGPL-3.0-only": ("AGPL 3.0", "GNU AGPL 3", "GNU Affero General Public License 3.0"),
    "AGPL-3.0-or-later": ("AGPL 3.0 or later", "GNU Affero General Public License 3.0 or later"),
    "Apache-2.0": ("Apache 2.0", "Apache Software License 2.0", "ASL 2.0"),
    "Artistic-2.0": ("Artistic License 2.0",),
    "BSD-2-Clause": ("BSD 2", "BSD 2 Clause Simplified", "Simplified BSD", "FreeBSD"),
    "BSD-3-Clause": ("BSD 3", "BSD 3 Clause New or Revised", "New BSD", "Revised BSD", "Modified BSD"),
    "BSD-3-Clause-Clear": ("Clear BSD", "BSD 3 Clause Clear"),
    "BSL-1.0": ("Boost Software License 1.0", "Boost"),
    "C-UDA-1.0": ("C-UDA", "Computational Use of Data Agreement", "Computational Use of Data Agreement 1.0"),
    "CC0-1.0": (
        "CC0",
        "CC Zero",
        "CC Zero 1.0",
        "CC0 1.0 Universal",
        "CC0 Public Domain",
        "CC0 1.0 Universal Public Domain Dedication",
        "CC0 1.0 Public Domain Dedication",
        "CC0 Public Domain Dedication",
        "CC Zero 1.0 Universal",
        "Public Domain CC0",
        "Public Domain CC0 1.0",
        "Creative Commons Public Domain Dedication",
    ),
    "CDLA-Permissive-1.0": ("Community Data License Agreement Permissive 1.0",),
    "CDLA-Permissive-2.0": ("Community Data License Agreement Permissive 2.0",),
    "CDLA-Sharing-1.0": ("Community Data License Agreement Sharing 1.0", "CDLA Sharing"),
    "DL-DE-BY-2.0": (
        "Data licence Germany attribution 2.0",
        "Datenlizenz Deutschland Namensnennung 2.0",
        "dl-de/by-2-0",
    ),
    "DL-DE-ZERO-2.0": ("Data licence Germany zero 2.0", "Datenlizenz Deutschland Zero 2.0", "dl-de/zero-2-0"),
    "ECL-2.0": ("Educational Community License 2.0",),
    "EPL-1.0": ("Eclipse Public License 1.0",),
    "EPL-2.0": ("Eclipse Public License 2.0",),
    "EUPL-1.1": ("European Union Public License 1.1",),
    "EUPL-1.2": ("European Union Public License 1.2", "EUPL"),
    "GFDL-1.1-or-later": ("GFDL", "GNU Free Documentation License", "FDL"),
    "GFDL-1.2-only": ("GFDL 1.2", "GNU Free Documentation License 1.2"),
    "GFDL-1.3-only": ("GFDL 1.3", "GNU Free Documentation License 1.3", "FDL 1.3"),
    "GFDL-1.3-or-later": ("GFDL 1.3 or later", "GNU Free Documentation License 1.3 or later"),
    "GPL-1.0-or-later": ("GPL", "GNU GPL", "GNU General Public License", "GNU"),
    "GPL-2.0-only": ("GPL 2", "GNU GPL 2", "GNU General Public License 2"),
    "GPL-2.0-or-later": ("GPL 2 or later", "GNU GPL 2 or later", "GNU General Public License 2 or later"),
    "GPL-3.0-only": ("GPL 3", "GNU GPL 3", "GNU General Public License 3"),
    "GPL-3.0-or-later": ("GPL 3 or later", "GNU GPL 3 or later", "GNU General Public License 3 or later"),
    "ISC": ("ISC License",),
    "LGPL-2.0-or-later": ("LGPL", "GNU LGPL", "GNU Lesser General Public License"),
    "LGPL-2.1-only": ("LGPL 2.1", "GNU LGPL 2.1", "GNU Lesser General Public License 2.1"),
    "LGPL-2.1-or-later": ("LGPL 2.1 or later", "GNU Lesser General Public License 2.1 or later"),
    "LGPL-3.0-only": ("LGPL 3", "GNU LGPL 3", "GNU Lesser General Public License 3"),
    "LGPL-3.0-or-later": ("LGPL 3 or later", "GNU Lesser General Public License 3 or later"),
    "LGPLLR": ("LGPL-LR", "Lesser General Public License for Linguistic Resources"),
    "LPPL-1.3c": ("LaTeX Project Public License 1.3c",),
    "MIT": ("The MIT License", "Expat", "MIT Expat", "X11 MIT"),
    "MIT-0": ("MIT No Attribution",),
    "MPL-2.0": ("Mozilla Public License 2.0",),
    "MS-PL": ("Microsoft Public License",),
    "NCSA": ("University of Illinois NCSA Open Source License",),
    "NLOD-2.0": ("Norwegian Licence for Open Government Data 2.0", "NLOD"),
    "O-UDA-1.0": ("O-UDA", "Open Use of Data Agreement 1.0"),
    "ODC-By-1.0": (
        "ODC-By",
        "ODC Attribution",
        "ODC Attribution 1.0",
        "Open Data Commons Attribution",
        "Open Data Commons Attribution 1.0",
        "Open Data Commons By",
    ),
    "ODbL-1.0": (
        "ODbL",
        "ODC-ODbL",
        "ODC-ODbL 1.0",
        "Open Database License",
        "Open Database License 1.0",
        "Open Data Commons Open Database License",
        "Open Data Commons Open Database License 1.0",
        "Database Open Database Contents Original Authors",
        "Database Open Database Contents Database Contents",
    ),
    "OFL-1.1": ("SIL Open Font License 1.1", "OFL"),
    "OGL-UK-3.0": ("Open Government Licence 3.0", "UK Open Government Licence 3.0", "OGL 3.0"),
    "OGL-UK-2.0": ("Open Government Licence 2.0", "UK Open Government Licence 2.0", "OGL 2.0"),
    "OGL-Canada-2.0": ("Open Government Licence Canada", "Open Government Licence Canada 2.0"),
    "OSL-3.0": ("Open Software License 3.0",),
    "PDDL-1.0": (
        "PDDL",
        "ODC PDDL",
        "ODC PDDL 1.0",
        "ODC Public Domain Dedication and License",
        "Open Data Commons Public Domain Dedication and License",
        "Open Data Commons Public Domain Dedication and License 1.0",
    ),
    "PostgreSQL": ("PostgreSQL License",),
    "Unlicense": ("The Unlicense",),
    "WTFPL": ("Do What The F*ck You Want To Public License",),
    "Zlib": ("zlib License",),
    "etalab-2.0": (
        "Etalab",
        "Etalab Open License 2.0",
        "Licence Ouverte 2.0",
        "Open Licence 2.0",
        "Open Licence Etalab 2.0",
    ),
    # terms that SPDX has no id for
    "LicenseRef-ADNI-DUA": ("ADNI data use agreement", "ADNI DUA"),
    "LicenseRef-AI2-ImpACT": ("AI2 ImpACT License",),
    "LicenseRef-Apache-no-version": ("Apache", "Apache Software License"),
    "LicenseRef-Apple-AMLR": ("Apple AMLR", "Apple Machine Learning Research Model License"),
    "LicenseRef-BDSP-Credentialed-Health-Data": (
        "BDSP Credentialed Health Data License",
        "BDSP Credentialed Health Data License 1.0.0",
    ),
    "LicenseRef-BDSP-Restricted-Health-Data": (
        "BDSP Restricted Health Data License",
        "BDSP Restricted Health Data License 1.0.0",
    ),
    "LicenseRef-BSD-no-variant": ("BSD", "BSD style"),
    "LicenseRef-BigCode-OpenRAIL-M": ("BigCode OpenRAIL M", "BigCode OpenRAIL M 1"),
    "LicenseRef-BigScience-BLOOM-RAIL-1.0": ("BigScience BLOOM RAIL 1.0", "BigScience RAIL 1.0", "BLOOM RAIL 1.0"),
    "LicenseRef-BigScience-OpenRAIL-M": ("BigScience OpenRAIL M",),
    "LicenseRef-BioASQ-NLM-terms": ("NLM License Code 8283NLM123", "NLM terms 8283NLM123", "8283NLM123"),
    "LicenseRef-CSIRO-Data-Licence": ("CSIRO Data Licence",),
    "LicenseRef-CreativeML-OpenRAIL-M": ("CreativeML OpenRAIL M",),
    "LicenseRef-CreativeML-OpenRAIL-PlusPlus-M": ("OpenRAIL++", "CreativeML OpenRAIL++ M"),
    "LicenseRef-DUA": ("data use agreement", "data usage agreement", "data sharing agreement", "DUA"),
    "LicenseRef-DeepFloyd-IF": ("DeepFloyd IF License",),
    "LicenseRef-FAIR-Noncommercial-Research": ("FAIR Noncommercial Research License",),
    "LicenseRef-GENIA": (
        "GENIA Project License",
        "GENIA Project License for Annotated Corpora",
        "GENIA License",
    ),
    "LicenseRef-Gemma": ("Gemma", "Gemma terms of use"),
    "LicenseRef-H-Research": ("H-Research",),
    "LicenseRef-HAI-DEF": (
        "Health AI Developer Foundations",
        "Health AI Developer Foundations terms of use",
        "HAI-DEF",
    ),
    "LicenseRef-HCP-DUA": ("HCP Data Use Agreement", "HCP Open Access Data Use Terms"),
    "LicenseRef-Intel-Research": ("Intel Research", "Intel Research Use License"),
    "LicenseRef-Llama-2": ("Llama 2", "Llama 2 Community License", "Llama 2 Community License Agreement"),
    "LicenseRef-Llama-3": ("Llama 3", "Llama 3 Community License", "Meta Llama 3 Community License Agreement"),
    "LicenseRef-Llama-3.1": ("Llama 3.1", "Llama 3.1 Community License", "Llama 3.1 Community License Agreement"),
    "LicenseRef-Llama-3.2": ("Llama 3.2", "Llama 3.2 Community License", "Llama 3.2 Community License Agreement"),
    "LicenseRef-Llama-3.3": ("Llama 3.3", "Llama 3.3 Community License", "Llama 3.3 Community License Agreement"),
    "LicenseRef-Llama-4": ("Llama 4", "Llama 4 Community License", "Llama 4 Community License Agreement"),
    "LicenseRef-MIT-style": ("MIT-style", "MIT like"),
    "LicenseRef-Mayo-Clinic-Research-License": ("Mayo Clinic Research License",),
    "LicenseRef-NCTN-NCORP-Data-Archive": ("NCTN/NCORP Data Archive License",),
    "LicenseRef-NIH-Genomic-Data-Sharing-Policy": ("NIH Genomic Data Sharing Policy",),
    "LicenseRef-OASIS-DUA": ("OASIS Data Use Agreement",),
    "LicenseRef-OpenMDW-1.0": ("OpenMDW", "OpenMDW 1.0", "Open MDW"),
    "LicenseRef-OpenRAIL": ("OpenRAIL", "Open RAIL", "OpenRAIL M"),
    "LicenseRef-PDM-1.0": (
        "Public Domain Mark",
        "Public Domain Mark 1.0",
        "Creative Commons Public Domain Mark 1.0",
        "PDM 1.0",
        "PDM",
        "CC PDM 1.0",
        "CC PDM",
        "public domain PDM 1.0",
    ),
    "LicenseRef-PhysioNet-Contributor-Review-Health-Data": (
        "PhysioNet Contributor Review Health Data License",
        "PhysioNet Contributor Review Health Data License 1.5.0",
    ),
    "LicenseRef-PhysioNet-Credentialed-Health-Data": (
        "PhysioNet Credentialed Health Data License",
        "PhysioNet Credentialed Health Data License 1.5.0",
        "PhysioNet Credentialed Health Data Use Agreement",
        "PhysioNet Credentialed Health Data Use Agreement 1.5.0",
        "PhysioNet Credentialed",
        "PhysioNet Credentialed 1.5.0",
    ),
    "LicenseRef-PhysioNet-Ethical-Health-Data": ("PhysioNet Ethical Health Data License",),
    "LicenseRef-PhysioNet-Restricted-Health-Data": (
        "PhysioNet Restricted Health Data License",
        "PhysioNet Restricted Health Data License 1.5.0",
        "PhysioNet Restricted Health Data Use Agreement 1.5.0",
    ),
    "LicenseRef-RSNA-terms": ("RSNA terms", "RSNA challenge terms"),
    "LicenseRef-SCIN-Data-Use-License": ("SCIN Data Use License",),
    "LicenseRef-SEER-DUA": ("SEER Research Data Agreement", "SEER Data Use Agreement"),
    "LicenseRef-Stanford-Research-Use-Agreement": (
        "Stanford University Dataset Research Use Agreement",
        "Stanford Research Use Agreement",
        "Stanford University School of Medicine Research Use Agreement",
        "Stanford AIMI Research Use Agreement",
        "Stanford BrainMetShare research use agreement",
    ),
    "LicenseRef-UK-Biobank-MTA": ("UK Biobank MTA", "UK Biobank Material Transfer Agreement"),
    "LicenseRef-UMLS-Metathesaurus": (
        "UMLS License",
        "UMLS Metathesaurus License",
        "UMLS Metathesaurus License Agreement",
    ),
    "LicenseRef-US-Government-Work": (
        "U.S. Government Works",
        "US Government Work",
        "US Government public domain",
        "public domain US Government Work",
        "NCBI public domain notice",
        "United States Government Work",
    ),
    "LicenseRef-academic-research-only": (
        "academic research only",
        "academic use only",
        "for academic use only",
        "academic use",
        "academic research use only",
        "for academic research only",
    ),
    "LicenseRef-arXiv-nonexclusive-distrib-1.0": (
        "arXiv.org perpetual non-exclusive license",
        "arXiv non-exclusive license to distribute",
    ),
    "LicenseRef-challenge-only": ("use in the challenge only", "challenge use only"),
    "LicenseRef-n2c2-DUA": ("n2c2 Data Use Agreement", "n2c2 DUA", "i2b2 Data Use Agreement"),
    "LicenseRef-no-redistribution": ("no redistribution",),
    "LicenseRef-non-commercial": (
        "non-commercial",
        "non-commercial use",
        "non-commercial use only",
        "non-commercial only",
        "for non-commercial use only",
        "non-commercial license",
        "custom non-commercial license",
        "other non-commercial",
        "no commercial use",
        "not for commercial use",
        "no commercial development",
        "other nc",
    ),
    "LicenseRef-public-domain": ("Public Domain", "other pd", "other public domain", "in the public domain"),
    "LicenseRef-research-education-only": (
        "research and education only",
        "research education only",
        "for research and educational use only",
        "research and educational purposes only",
    ),
    "LicenseRef-research-only": (
        "research only",
        "research use only",
        "for research use only",
        "research purposes only",
        "for research purposes only",
    ),
    "LicenseRef-non-commercial AND LicenseRef-research-only": (
        "non-commercial research use",
        "non-commercial research only",
        "non-commercial research use only",
        "for non-commercial research purposes only",
        "non-commercial research purposes only",
    ),
}
"""SPDX expression → names, in any case and punctuation, with or without "the", "licence", "version"."""

NOISE = frozenset({"", "wording of list", "see readme", "see website"})
"""What may stand beside a licence and says nothing."""

_FILLERS = frozenset("the a an license licenses licensed under version v ver is this dataset data".split())
_DASHES = re.compile(r"[‐‑‒–—―−]")
_LATER = re.compile(r"[ -]or[ -](?:\(at your option\) )?(?:any )?(?:later|newer)(?: versions?)?|(?<=\d)\+")
_WORDS = re.compile(r"\d+(?:\.\d+)*|[^\W\d_]+|\+\+")
_PHRASES = (
    (re.compile(r"creative ?commons"), "cc"),
    (re.compile(r"non[ -]?commercial(?:ly)?"), "nc"),
    (re.compile(r"share[ -]?alike"), "sa"),
    (re.compile(r"no[ -]?deriv(?:ative)?s?(?: works?)?"), "nd"),
    (re.compile(r"\battribution\b"), "by"),
    (re.compile(r"\blicen[cs]e(?=s?\b|d\b)"), "license"),
)
_GLUED = re.compile(r"(cc)?(by)?(nc)?(sa|nd)?")
_ELEMENTS = ("by", "nc", "sa", "nd")
_CC_FILLERS = frozenset("public international unported generic deed legalcode legal code intl".split())
_PORTS = {
    "igo": "IGO",
    "us": "US",
    "united states": "US",
    "de": "DE",
    "germany": "DE",
    "deutschland": "DE",
    "uk": "UK",
    "au": "AU",
    "australia": "AU",
    "nl": "NL",
    "netherlands": "NL",
    "at": "AT",
    "austria": "AT",
    "fr": "FR",
    "france": "FR",
    "jp": "JP",
    "japan": "JP",
}
ADDRESS = re.compile(r"(?:https?://|www\.)[^\s()<>,;|\"'\]]+")
_PLACES = (
    (r"creativecommons\.org/licenses/([a-z-]+)/([\d.]+)(?:/([a-z]{2,3})\b)?", r"cc \1 \2 \3"),
    (r"creativecommons\.org/(?:publicdomain|licenses)/zero(?:/1\.0)?", "CC0-1.0"),
    (r"creativecommons\.org/(?:publicdomain/mark/1\.0|licenses/publicdomain)", "PDM"),
    (r"(?:spdx\.org|choosealicense\.com|openalex\.org)/licenses/([\w.+-]+?)(?:\.html|\.json|\.txt)?$", r"\1"),
    (r"opensource\.org/licenses?/([\w.-]+?)(?:-license)?(?:\.php|\.html)?$", r"\1"),
    (r"apache\.org/licenses/license-2\.0(?:\.html|\.txt)?$", "Apache-2.0"),
    (
        r"gnu\.org/(?:licenses|copyleft)/(?:old-licenses/)?([al]?gpl|fdl)(?:-([\d.]+?))?(?:\.en)?(?:\.html|\.txt)?$",
        r"\1 \2",
    ),
    (r"opendatacommons\.org/licenses/(by|odbl|pddl)\b.*$", r"odc \1"),
    (r"arxiv\.org/licenses/nonexclusive-distrib/1\.0$", "arXiv non-exclusive license to distribute"),
    (r"cdla\.(?:dev|io)/(permissive|sharing)-(\d)-0$", r"CDLA \1 \2"),
    (r"govdata\.de/dl-de/(by|zero)-2-0$", r"DL DE \1 2"),
    (r"nationalarchives\.gov\.uk/doc/open-government-licence/version/(\d)$", r"OGL \1"),
    (
        r"physionet\.org/about/licenses/physionet-([a-z-]+)-health-data-license-\d+$",
        r"physionet \1 health data license",
    ),
)


def name_table(ids: dict[str, str]) -> dict[str, str]:
    """Plain words of every id and name → SPDX expression. `ids` maps lower-case SPDX ids to their spelling."""
    table = {" ".join(_words(spelling)): spdx for spelling, spdx in ids.items()}
    for spdx, names in NAMES.items():
        table |= dict.fromkeys((" ".join(_words(name)) for name in names), spdx)
    return table


def recognise(name: str, ids: dict[str, str], table: dict[str, str]) -> str | None:
    """The SPDX expression that one name, id or deed address stands for; ``None`` when it is not known.

    The empty string for words that say nothing, such as a link to a page that is no licence's.
    """
    name = name.strip().strip(".,")
    if spelling := ids.get(name.lower()):
        return spelling
    if ADDRESS.fullmatch(name):
        name = _of_address(name)
        if spelling := ids.get(name.lower()):
            return spelling
    words = _words(name)
    plain = " ".join(words)
    return "" if plain in NOISE else table.get(plain) or _creative_commons(words, ids)


def _words(name: str) -> list[str]:
    text = _DASHES.sub("-", unicodedata.normalize("NFKC", name)).lower()
    text = re.sub(r"\bu\. ?s\.(?= |$)", "us", text)
    text = _LATER.sub(" orlater", re.sub(r"(?<=[a-z])v(?=\d)", " ", text))
    for pattern, word in _PHRASES:
        text = pattern.sub(f" {word} ", text)
    words: list[str] = []
    for word in _WORDS.findall(text):
        if word in _FILLERS:
            continue
        if word[0].isdigit():
            words.append(re.sub(r"(\.0)+$", "", word))
        elif len(word) > 2 and (glued := _GLUED.fullmatch(word)):
            words += [part for part in glued.groups() if part]
        else:
            words.append(word)
    return words


def _creative_commons(words: list[str], ids: dict[str, str]) -> str | None:
    rest = [word for word in words if word not in _CC_FILLERS]
    said = [word for word in rest if word in _ELEMENTS]
    elements, half = set(said), len(said) // 2
    # "Creative Commons Attribution (CC BY) 4.0" says it twice; two different licences must not melt into one
    if len(said) != len(elements) and not set(said[:half]) == set(said[half:]) == elements:
        return None
    versions = [word for word in rest if word[0].isdigit()]
    named = "cc" in rest or ("by" in elements and (versions or len(elements) > 1))
    if "by" not in elements or not named or len(set(versions)) > 1:
        return None
    stem = "-".join(word.upper() for word in _ELEMENTS if word in elements)
    port = " ".join(word for word in rest if word not in _ELEMENTS and word != "cc" and not word[0].isdigit())
    if port and port not in _PORTS:
        return None
    if not versions:
        return None if port else ids.get(f"licenseref-cc-{stem.lower()}-no-version")
    version = versions[0] if "." in versions[0] else f"{versions[0]}.0"
    spdx = f"CC-{stem}-{version}".lower()
    return ids.get(f"{spdx}-{_PORTS[port].lower()}" if port else spdx) or ids.get(spdx)


def _of_address(address: str) -> str:
    plain = re.sub(r"^(?:https?://)?(?:www\.)?", "", address.lower().split("#")[0].split("?")[0]).rstrip("/")
    for pattern, name in _PLACES:
        if match := re.match(pattern, plain):
            return match.expand(name)
    return ""
