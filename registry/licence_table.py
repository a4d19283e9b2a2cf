"""What is known of each licence: its terms, its full name and where it is written.

Terms are set only where the licence's text or name leaves no doubt; everything else stays ``None``, not known.
Software licences that are not listed here get the terms of their kind (see `KIND_TERMS`).
"""

from __future__ import annotations

from typing import NamedTuple


class Terms(NamedTuple):
    """What a licence allows and asks for, in the order of `registry.vocabulary.TERMS`; ``None`` = not known.

    `commercial` and `derivatives` say that the use is allowed; `attribution` (name the source or keep its notice),
    `share_alike` (pass on under the same licence) and `agreement` (sign or accept a data use agreement before getting
    the data) say that something is required.
    """

    commercial: bool | None = None
    attribution: bool | None = None
    share_alike: bool | None = None
    derivatives: bool | None = None
    agreement: bool | None = None


class Known(NamedTuple):
    """One licence of the table."""

    terms: Terms
    name: str | None = None
    url: str | None = None
    note: str | None = None
    """What the five terms do not say."""
    research: bool | None = None
    """Set only where it does not follow from the terms."""


NOT_KNOWN = Terms()
FREE = Terms(True, False, False, True, False)
NOTICE = Terms(True, True, False, True, False)
COPYLEFT = Terms(True, True, True, True, False)
NON_COMMERCIAL = Terms(False, None, None, None, None)
AGREEMENT = Terms(None, None, None, None, True)
RESEARCH_AGREEMENT = Terms(False, None, None, None, True)

KIND_TERMS = {"Public Domain": FREE, "Permissive": NOTICE, "Copyleft": COPYLEFT, "Copyleft Limited": COPYLEFT}
"""Terms by the kind that the licence index of `license-expression` puts an SPDX licence in."""

SPDX: dict[str, Known] = {
    "0BSD": Known(FREE, "BSD Zero Clause License"),
    "Aladdin": Known(NOT_KNOWN, "Aladdin Free Public License"),
    "AGPL-3.0-only": Known(COPYLEFT, "GNU Affero General Public License 3.0 only"),
    "AGPL-3.0-or-later": Known(COPYLEFT, "GNU Affero General Public License 3.0 or later"),
    "Apache-2.0": Known(NOTICE, "Apache License 2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
    "BSD-2-Clause": Known(NOTICE, 'BSD 2-Clause "Simplified" License'),
    "BSD-3-Clause": Known(NOTICE, 'BSD 3-Clause "New" or "Revised" License'),
    "C-UDA-1.0": Known(
        Terms(True, True, None, True, False),
        "Computational Use of Data Agreement 1.0",
        note="for computational use only",
    ),
    "CC-PDDC": Known(FREE, "Creative Commons Public Domain Dedication and Certification"),
    "CC-PDM-1.0": Known(FREE, "Public Domain Mark 1.0", "https://creativecommons.org/publicdomain/mark/1.0/"),
    "CC-SA-1.0": Known(Terms(True, False, True, True, False), "Creative Commons ShareAlike 1.0 Generic"),
    "CC0-1.0": Known(FREE, "Creative Commons Zero 1.0 Universal", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "CDLA-Permissive-1.0": Known(
        NOTICE, "Community Data License Agreement Permissive 1.0", "https://cdla.dev/permissive-1-0/"
    ),
    "CDLA-Permissive-2.0": Known(
        NOTICE, "Community Data License Agreement Permissive 2.0", "https://cdla.dev/permissive-2-0/"
    ),
    "CDLA-Sharing-1.0": Known(
        COPYLEFT, "Community Data License Agreement Sharing 1.0", "https://cdla.dev/sharing-1-0/"
    ),
    "DL-DE-BY-2.0": Known(
        NOTICE, "Data licence Germany, attribution, version 2.0", "https://www.govdata.de/dl-de/by-2-0"
    ),
    "DL-DE-ZERO-2.0": Known(FREE, "Data licence Germany, zero, version 2.0", "https://www.govdata.de/dl-de/zero-2-0"),
    "GFDL-1.2-only": Known(COPYLEFT, "GNU Free Documentation License 1.2 only"),
    "GFDL-1.3-only": Known(COPYLEFT, "GNU Free Documentation License 1.3 only"),
    "GFDL-1.3-or-later": Known(COPYLEFT, "GNU Free Documentation License 1.3 or later"),
    "GPL-2.0-only": Known(COPYLEFT, "GNU General Public License 2.0 only"),
    "GPL-2.0-or-later": Known(COPYLEFT, "GNU General Public License 2.0 or later"),
    "GPL-3.0-only": Known(COPYLEFT, "GNU General Public License 3.0 only"),
    "GPL-3.0-or-later": Known(COPYLEFT, "GNU General Public License 3.0 or later"),
    "ISC": Known(NOTICE, "ISC License"),
    "LGPL-2.1-only": Known(COPYLEFT, "GNU Lesser General Public License 2.1 only"),
    "LGPL-3.0-only": Known(COPYLEFT, "GNU Lesser General Public License 3.0 only"),
    "MIT": Known(NOTICE, "MIT License"),
    "MIT-0": Known(FREE, "MIT No Attribution"),
    "MPL-2.0": Known(COPYLEFT, "Mozilla Public License 2.0"),
    "NCBI-PD": Known(FREE, "NCBI Public Domain Notice"),
    "NCGL-UK-2.0": Known(Terms(False, True, False, True, False), "Non-Commercial Government Licence (UK) 2.0"),
    "NLOD-2.0": Known(NOTICE, "Norwegian Licence for Open Government Data 2.0"),
    "O-UDA-1.0": Known(NOTICE, "Open Use of Data Agreement 1.0"),
    "ODC-By-1.0": Known(
        NOTICE, "Open Data Commons Attribution License 1.0", "https://opendatacommons.org/licenses/by/1-0/"
    ),
    "ODbL-1.0": Known(
        COPYLEFT, "Open Data Commons Open Database License 1.0", "https://opendatacommons.org/licenses/odbl/1-0/"
    ),
    "OGL-Canada-2.0": Known(NOTICE, "Open Government Licence (Canada) 2.0"),
    "OGL-UK-1.0": Known(NOTICE, "Open Government Licence (UK) 1.0"),
    "OGL-UK-2.0": Known(NOTICE, "Open Government Licence (UK) 2.0"),
    "OGL-UK-3.0": Known(NOTICE, "Open Government Licence (UK) 3.0"),
    "PDDL-1.0": Known(
        FREE,
        "Open Data Commons Public Domain Dedication & License 1.0",
        "https://opendatacommons.org/licenses/pddl/1-0/",
    ),
    "PolyForm-Noncommercial-1.0.0": Known(
        Terms(False, True, False, True, False), "PolyForm Noncommercial License 1.0.0"
    ),
    "SSPL-1.0": Known(COPYLEFT, "Server Side Public License 1.0"),
    "Unlicense": Known(FREE, "The Unlicense"),
    "etalab-2.0": Known(NOTICE, "Licence Ouverte / Open Licence 2.0 (Etalab)"),
}
"""SPDX licences beyond the Creative Commons family, which follows from its ids."""

_RAIL = "use restrictions that must be passed on"
_RAIL_MEDICAL = _RAIL + ", among them giving medical advice and interpreting medical results"
_LLAMA = "products with over 700 million monthly users need Meta's own licence; Meta's acceptable use policy applies"
_PHYSIONET = "for lawful scientific research and no other use, and not to be shared"

REFS: dict[str, Known] = {
    "LicenseRef-ADNI-DUA": Known(AGREEMENT, "ADNI data use agreement"),
    "LicenseRef-AI2-ImpACT": Known(NOT_KNOWN, "AI2 ImpACT licence"),
    "LicenseRef-Apache-no-version": Known(NOTICE, "Apache License, version not stated"),
    "LicenseRef-Apple-AMLR": Known(
        NON_COMMERCIAL, "Apple Machine Learning Research Model License", note="research only"
    ),
    "LicenseRef-BDSP-Credentialed-Health-Data": Known(AGREEMENT, "BDSP Credentialed Health Data License"),
    "LicenseRef-BDSP-Restricted-Health-Data": Known(AGREEMENT, "BDSP Restricted Health Data License"),
    "LicenseRef-BIMCV-research-only": Known(NON_COMMERCIAL, "BIMCV research use terms", note="research only"),
    "LicenseRef-BSD-no-variant": Known(NOTICE, "BSD licence, variant not named"),
    "LicenseRef-BigCode-OpenRAIL-M": Known(
        Terms(True, True, None, True, None), "BigCode Open RAIL-M licence", note=_RAIL
    ),
    "LicenseRef-BigScience-BLOOM-RAIL-1.0": Known(
        Terms(True, True, None, True, None), "BigScience RAIL License 1.0", note=_RAIL_MEDICAL
    ),
    "LicenseRef-BigScience-OpenRAIL-M": Known(
        Terms(True, True, None, True, None), "BigScience Open RAIL-M licence", note=_RAIL_MEDICAL
    ),
    "LicenseRef-BioASQ-NLM-terms": Known(NOT_KNOWN, "NLM License Code 8283NLM123"),
    "LicenseRef-CSIRO-Data-Licence": Known(NOT_KNOWN, "CSIRO Data Licence"),
    "LicenseRef-CreativeML-OpenRAIL-M": Known(
        Terms(True, True, None, True, None), "CreativeML Open RAIL-M licence", note=_RAIL_MEDICAL
    ),
    "LicenseRef-CreativeML-OpenRAIL-PlusPlus-M": Known(
        Terms(True, True, None, True, None), "CreativeML Open RAIL++-M licence", note=_RAIL_MEDICAL
    ),
    "LicenseRef-DUA": Known(AGREEMENT, "data use agreement of the owner"),
    "LicenseRef-DeepFloyd-IF": Known(NON_COMMERCIAL, "DeepFloyd IF licence", note="research only"),
    "LicenseRef-EMBED-Research-Use-Agreement": Known(
        RESEARCH_AGREEMENT,
        "EMBED research use agreement",
        note="no redistribution, no publishing of model weights trained on it",
    ),
    "LicenseRef-FAIR-Noncommercial-Research": Known(
        NON_COMMERCIAL, "FAIR Noncommercial Research License", note="research only"
    ),
    "LicenseRef-GENIA": Known(
        Terms(None, True, None, None, None),
        "GENIA Project Licence for Annotated Corpora",
        note="annotations under CC-BY-3.0, the abstracts under the terms of PubMed",
    ),
    "LicenseRef-Gemma": Known(NOT_KNOWN, "Gemma terms of use", "https://ai.google.dev/gemma/terms"),
    "LicenseRef-H-Research": Known(NON_COMMERCIAL, "H Research licence", note="research only"),
    "LicenseRef-HAI-DEF": Known(
        NOT_KNOWN,
        "Health AI Developer Foundations terms of use",
        "https://developers.google.com/health-ai-developer-foundations/terms",
    ),
    "LicenseRef-HCP-DUA": Known(AGREEMENT, "Human Connectome Project data use terms"),
    "LicenseRef-Intel-Research": Known(NON_COMMERCIAL, "Intel research use licence", note="research only"),
    "LicenseRef-Llama-2": Known(Terms(True, True, None, True, None), "Llama 2 Community License", note=_LLAMA),
    "LicenseRef-Llama-3": Known(Terms(True, True, None, True, None), "Llama 3 Community License", note=_LLAMA),
    "LicenseRef-Llama-3.1": Known(Terms(True, True, None, True, None), "Llama 3.1 Community License", note=_LLAMA),
    "LicenseRef-Llama-3.2": Known(Terms(True, True, None, True, None), "Llama 3.2 Community License", note=_LLAMA),
    "LicenseRef-Llama-3.3": Known(Terms(True, True, None, True, None), "Llama 3.3 Community License", note=_LLAMA),
    "LicenseRef-Llama-4": Known(Terms(True, True, None, True, None), "Llama 4 Community License", note=_LLAMA),
    "LicenseRef-MIT-style": Known(NOTICE, "licence in the words of the MIT License"),
    "LicenseRef-Mayo-Clinic-Research-License": Known(NOT_KNOWN, "Mayo Clinic Research License"),
    "LicenseRef-NCTN-NCORP-Data-Archive": Known(AGREEMENT, "NCTN/NCORP Data Archive licence"),
    "LicenseRef-NIH-Genomic-Data-Sharing-Policy": Known(
        NOT_KNOWN,
        "NIH Genomic Data Sharing Policy",
        note="part of the data is controlled and needs an approved request",
    ),
    "LicenseRef-NYU-fastMRI-Data-Sharing-Agreement": Known(AGREEMENT, "NYU fastMRI data sharing agreement"),
    "LicenseRef-OASIS-DUA": Known(AGREEMENT, "OASIS data use agreement"),
    "LicenseRef-OpenMDW-1.0": Known(NOTICE, "Open Model, Data & Weights License 1.0"),
    "LicenseRef-OpenRAIL": Known(NOT_KNOWN, "an Open RAIL licence", note="which variant is not named"),
    "LicenseRef-PDM-1.0": Known(
        FREE, "Creative Commons Public Domain Mark 1.0", "https://creativecommons.org/publicdomain/mark/1.0/"
    ),
    "LicenseRef-PhysioNet-Contributor-Review-Health-Data": Known(
        AGREEMENT, "PhysioNet Contributor Review Health Data License", note=_PHYSIONET
    ),
    "LicenseRef-PhysioNet-Credentialed-Health-Data": Known(
        AGREEMENT,
        "PhysioNet Credentialed Health Data License",
        "https://physionet.org/about/licenses/physionet-credentialed-health-data-license-150/",
        note=_PHYSIONET,
    ),
    "LicenseRef-PhysioNet-Ethical-Health-Data": Known(NOT_KNOWN, "PhysioNet Ethical Health Data License"),
    "LicenseRef-PhysioNet-Restricted-Health-Data": Known(
        AGREEMENT,
        "PhysioNet Restricted Health Data License",
        "https://physionet.org/about/licenses/physionet-restricted-health-data-license-150/",
        note=_PHYSIONET,
    ),
    "LicenseRef-RSNA-terms": Known(NON_COMMERCIAL, "RSNA challenge terms", note="no redistribution"),
    "LicenseRef-SCIN-Data-Use-License": Known(NOT_KNOWN, "SCIN Data Use License"),
    "LicenseRef-SEER-DUA": Known(AGREEMENT, "SEER research data use agreement"),
    "LicenseRef-Stanford-Research-Use-Agreement": Known(
        RESEARCH_AGREEMENT, "Stanford research use agreement", note="no clinical use, no redistribution"
    ),
    "LicenseRef-UK-Biobank-MTA": Known(AGREEMENT, "UK Biobank material transfer agreement"),
    "LicenseRef-UMLS-Metathesaurus": Known(
        AGREEMENT,
        "UMLS Metathesaurus License",
        "https://uts.nlm.nih.gov/uts/assets/LicenseAgreement.pdf",
        note="some source vocabularies have further limits",
    ),
    "LicenseRef-US-Government-Work": Known(
        FREE,
        "work of the United States government",
        "https://www.usa.gov/government-copyright",
        note="public domain in the United States; other countries may see it otherwise",
    ),
    "LicenseRef-academic-research-only": Known(NON_COMMERCIAL, "academic research only"),
    "LicenseRef-arXiv-nonexclusive-distrib-1.0": Known(
        NOT_KNOWN,
        "arXiv non-exclusive licence to distribute 1.0",
        "https://arxiv.org/licenses/nonexclusive-distrib/1.0/",
        note="lets arXiv distribute it and gives readers no rights of their own",
    ),
    "LicenseRef-challenge-only": Known(NON_COMMERCIAL, "for use in its challenge only", research=False),
    "LicenseRef-n2c2-DUA": Known(AGREEMENT, "data use agreement of the n2c2 (i2b2) portal"),
    "LicenseRef-no-redistribution": Known(NOT_KNOWN, "no redistribution"),
    "LicenseRef-non-commercial": Known(NON_COMMERCIAL, "non-commercial use only"),
    "LicenseRef-per-article": Known(NOT_KNOWN, "given with each article", note="each article has its own licence"),
    "LicenseRef-per-image": Known(NOT_KNOWN, "given with each image", note="each image has its own licence"),
    "LicenseRef-per-source": Known(
        NOT_KNOWN, "terms of each source dataset", note="each source dataset keeps its own terms"
    ),
    "LicenseRef-public-domain": Known(FREE, "public domain, without a named dedication"),
    "LicenseRef-research-education-only": Known(NON_COMMERCIAL, "research and education only"),
    "LicenseRef-research-only": Known(NON_COMMERCIAL, "research only"),
}
"""Terms that SPDX has no id for; the Creative Commons licences without a version are added below."""

_CC_TERMS = {
    "BY": NOTICE,
    "BY-SA": COPYLEFT,
    "BY-ND": Terms(True, True, False, False, False),
    "BY-NC": Terms(False, True, False, True, False),
    "BY-NC-SA": Terms(False, True, True, True, False),
    "BY-NC-ND": Terms(False, True, False, False, False),
}
_CC_NAMES = {"BY": "Attribution", "NC": "NonCommercial", "SA": "ShareAlike", "ND": "NoDerivatives"}
_CC_KINDS = {"4.0": "International", "3.0": "Unported"}

for _elements, _terms in _CC_TERMS.items():
    _name = "-".join(_CC_NAMES[part] for part in _elements.split("-"))
    REFS[f"LicenseRef-CC-{_elements}-no-version"] = Known(_terms, f"Creative Commons {_name}, version not stated")


def creative_commons(spdx: str) -> Known | None:
    """What ``CC-BY…-VERSION[-PORT]`` means; ``None`` when the id is not of this family."""
    if not spdx.startswith("CC-BY-"):
        return None
    parts = spdx.split("-")[1:]
    elements = [part for part in parts if part in _CC_NAMES]
    version, port = parts[len(elements)], "-".join(parts[len(elements) + 1 :])
    name = "-".join(_CC_NAMES[part] for part in elements)
    address = f"https://creativecommons.org/licenses/{'-'.join(elements).lower()}/{version}/"
    return Known(
        _CC_TERMS["-".join(elements)],
        f"Creative Commons {name} {version} {port or _CC_KINDS.get(version, 'Generic')}",
        address + (f"{port.lower()}/" if port else ""),
    )
