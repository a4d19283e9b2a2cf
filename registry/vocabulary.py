"""The closed vocabularies of the catalogue: one spelling for each term, used by cards, tables, queries and pages."""

from __future__ import annotations

KIND = ("dataset", "benchmark", "corpus", "resource")
"""`resource` is a terminology, ontology, archive or registry: catalogued, never loaded."""

STANDING = ("curated", "listed", "harvested", "candidate")
"""How sure the catalogue is of it, best first: has a card, is on a public list, was met by a harvester, undecided."""

ACCESS = ("open", "gated", "request", "credentialed", "manual", "unreleased", "withdrawn")

MODALITY = ("text", "image", "video", "audio", "time-series", "tabular")

TASK = (
    "multiple-choice-qa",
    "open-qa",
    "extractive-qa",
    "vqa",
    "dialogue",
    "summarization",
    "simplification",
    "paraphrasing",
    "translation",
    "classification",
    "text-pair-classification",
    "textual-entailment",
    "semantic-similarity",
    "fact-checking",
    "retrieval",
    "named-entity-recognition",
    "entity-linking",
    "relation-extraction",
    "event-extraction",
    "coreference",
    "argument-mining",
    "word-sense-disambiguation",
    "abbreviation-disambiguation",
    "segmentation",
    "detection",
    "image-reconstruction",
    "image-editing",
    "captioning",
    "pretraining",
    "instruction-tuning",
    "instruction-following",
    "reasoning",
    "error-detection",
    "code-generation",
)

SPECIALTY = (
    "activity recognition",
    "addiction medicine",
    "anatomy",
    "biology",
    "biomedical engineering",
    "biomedical research",
    "biostatistics",
    "cardiology",
    "chemistry",
    "clinical notes",
    "clinical terminology",
    "clinical trials",
    "consumer health",
    "dentistry",
    "dermatology",
    "education",
    "emergency medicine",
    "endocrinology",
    "gastroenterology",
    "general",
    "genetics",
    "genomics",
    "hepatology",
    "infectious diseases",
    "intensive care",
    "laboratory medicine",
    "microbiology",
    "molecular biology",
    "neurology",
    "non-medical",
    "nursing",
    "occupational therapy",
    "oncology",
    "ophthalmology",
    "orthopaedics",
    "pathology",
    "pharmacology",
    "pharmacovigilance",
    "pharmacy",
    "psychiatry",
    "psychology",
    "public health",
    "radiology",
    "rare diseases",
    "sleep medicine",
    "speech and language pathology",
    "traditional chinese medicine",
    "urology",
    "wearables",
)

PROVIDER = (
    "huggingface",
    "github",
    "openalex",
    "zenodo",
    "figshare",
    "dataverse",
    "physionet",
    "kaggle",
    "google-drive",
    "google-cloud",
    "ncbi",
    "sourceforge",
    "doi",
    "web",
    "hand-over",
)

ROLE = ("official", "mirror", "unknown")

ARTIFACT_KIND = ("paper", "model", "derived-dataset", "code", "space")

PAPER_KIND = ("dataset", "model", "method", "review", "system", "study", "finding", "work")
"""What a paper is: it introduces a dataset, brings a model, …; `finding` reports one; `work` when nobody said."""

RELATION = (
    "introduces",
    "cites",
    "mentions",
    "trains-on",
    "evaluates-on",
    "builds-on",
    "reviews",
    "reports-on",
)

LINEAGE = ("derived-from", "translates", "extends", "subset-of", "re-annotates")

FINDING_KIND = (
    "shortcut",
    "label-error",
    "bias",
    "leakage",
    "contamination",
    "duplicate",
    "licence",
    "missing-metadata",
    "extra-annotations",
    "retraction",
    "other",
)

FINDING_STATUS = ("candidate", "confirmed", "rejected")

FINDING_ORIGIN = ("curated", "harvested", "measured")

EVENT_KIND = (
    "added",
    "renamed",
    "removed",
    "restored",
    "changed",
    "licence-changed",
    "access-changed",
    "archived",
    "retracted",
    "new-revision",
    "new-artifact",
    "new-finding",
)

ORIGIN = ("reviewed", "curated", "harvested", "listed", "measured")
"""Who says a statement: a reviewer, a card, a harvester, a public list, an audit of the data."""

CANDIDATE_KIND = ("dataset", "merge", "link", "finding")

CANDIDATE_STATUS = ("open", "accepted", "rejected")

RUN_STATUS = ("running", "done", "partial", "failed")

TERMS = ("commercial", "attribution", "share_alike", "derivatives", "agreement")

SCHEMA = (
    "multiple_choice",
    "question_answer",
    "dialogue",
    "instruction",
    "text_to_text",
    "classification",
    "text",
    "spans",
    "text_pair",
    "image_pair",
    "segmentation",
    "table",
)

FORMAT = (
    "csv",
    "tsv",
    "json",
    "jsonl",
    "parquet",
    "xlsx",
    "xml",
    "text",
    "iob",
    "brat",
    "bionlp",
    "bioc",
    "pubtator",
    "npz",
    "hdf5",
    "image",
    "video",
    "audio",
    "nifti",
    "dicom",
    "signal",
    "other",
)

CONTAINER = ("zip", "tar", "tar.gz", "gz", "7z", "rar")
