"""Words of which synthetic worlds are made: subjects, forms, owners, languages, and what is mistaken for medicine."""

from __future__ import annotations

from typing import NamedTuple


class Subject(NamedTuple):
    """What a medical dataset is about: words of its name, of its text, its tags, and its modality."""

    name: str
    text: str
    tags: tuple[str, ...]
    modality: str = "text"


SUBJECTS = (
    Subject("ChestXray", "chest radiographs with findings of radiologists", ("medical", "radiology"), "image"),
    Subject("MammoScreen", "screening mammograms of breast cancer", ("medical", "radiology", "cancer"), "image"),
    Subject("brain-mri", "brain MRI scans of patients with glioma", ("medical", "mri"), "image"),
    Subject("derm-lesions", "dermatoscopic photographs of skin lesions", ("medical", "dermatology"), "image"),
    Subject("fundus", "retinal photographs for diabetic retinopathy", ("ophthalmology", "medical"), "image"),
    Subject("histopath", "histopathology slides of colon tissue", ("pathology", "medical"), "image"),
    Subject("ecg-12lead", "twelve-lead electrocardiograms of a cardiology ward", ("medical", "ecg"), "timeseries"),
    Subject("sleep-eeg", "EEG recordings of sleeping patients", ("eeg", "clinical"), "timeseries"),
    Subject("icu-vitals", "vital signs of an intensive care unit", ("clinical", "healthcare"), "timeseries"),
    Subject("discharge-notes", "discharge summaries of a hospital, de-identified", ("clinical", "medical")),
    Subject("clinical-ner", "named entities in clinical notes", ("clinical", "biomedical")),
    Subject("pubmed-qa", "questions answered from abstracts of PubMed", ("biomedical", "medical")),
    Subject("med-exam", "questions of medical licensing exams", ("medical", "medqa")),
    Subject("drug-interactions", "interactions of drugs in package leaflets", ("drugs", "medicine")),
    Subject("icd10-coding", "ICD-10 codes of discharge letters", ("medical-coding", "clinical")),
    Subject("patient-dialogues", "dialogues of patients and doctors", ("medical", "healthcare")),
    Subject("radiology-reports", "free-text radiology reports", ("radiology", "medical")),
    Subject("covid-ct", "CT scans of patients with COVID-19", ("covid", "medical"), "image"),
    Subject("gene-disease", "relations of genes and diseases", ("biomedical", "biology", "genomics")),
    Subject("mental-health-posts", "posts on mental health with labels of psychologists", ("health", "psychology")),
    Subject("nursing-notes", "notes of nurses on a surgical ward", ("clinical", "medical")),
    Subject("dental-xray", "panoramic radiographs of teeth", ("dental", "medical"), "image"),
)
FORMS = ("", "-qa", "-corpus", "-bench", "-v2", "-instruct", "-small", "-annotated", "-mini", "-full", "-2024", "-test")
OWNERS = (
    "ward-lab", "openclinic", "med-text-group", "uni-hospital-ai", "radlab", "cardio-data", "bionlp-team", "healthlab",
    "clinical-commons", "pathology-hub", "derm-ai", "med-vision", "charite-nlp", "salud-digital", "sante-ia",
    "yixue-lab", "iryo-ai", "medbench", "jdoe", "m-mustermann", "alice-md", "dataset-mirror", "hf-copies",
)  # fmt: skip
STRANGERS = (
    "cookbook",
    "gamelab",
    "press-archive",
    "codeset",
    "chessclub",
    "marketdata",
    "audio-collective",
    "student17",
)

LANGUAGES = {
    "en": "A dataset of {about}. It was collected at {place} and reviewed by two clinicians.",
    "de": "Ein medizinischer Datensatz: {about}. Erhoben in {place}, geprüft von zwei Ärztinnen.",
    "fr": "Un jeu de données médicales : {about}. Recueilli à {place}, relu par deux médecins.",
    "es": "Un conjunto de datos médicos: {about}. Recogido en {place} y revisado por dos médicos.",
    "zh": "医学数据集：{about}。数据来自{place}，由两名医生审核。",
    "ja": "医療データセット：{about}。{place}で収集され、二人の医師が確認しました。",
    "pt": "Um conjunto de dados médicos: {about}. Coletado em {place} e revisto por dois médicos.",
    "it": "Un insieme di dati clinici: {about}. Raccolto a {place} e rivisto da due medici.",
}
PLACES = ("Ulm", "Leeds", "Porto", "Osaka", "Lyon", "Wuhan", "Toronto", "Pune", "Nairobi", "Kraków")

LIKE_MEDICINE = (
    ("medieval-charters", "Latin charters of the Middle Ages.", ("history",)),
    ("media-bias-news", "News of several media with labels of their bias.", ("news",)),
    (
        "historical-newspapers-health",
        "Scanned pages of newspapers of 1890, with advertisements.",
        ("history", "ocr"),
    ),
    ("cell-phone-reviews", "Reviews of cell phones and their batteries.", ("reviews",)),
    ("stock-health-index", "Daily figures of the financial health of companies.", ("finance",)),
    ("operating-systems-qa", "Questions on operating systems and their kernels.", ("computer-science",)),
    ("patient-gardener-blog", "Blog posts on patient gardening.", ("gardening",)),
    ("drug-lyrics-rap", "Lyrics of songs that mention drugs.", ("music",)),
    ("medium-articles", "Articles of a platform for writers.", ("blogs",)),
    ("code-doctor-bugs", "Bugs and their repairs in Java.", ("code",)),
    ("chest-of-drawers-3d", "Models of furniture.", ("3d",)),
    ("virus-malware-samples", "Hashes of malware.", ("security",)),
    ("plant-disease-leaves", "Photographs of leaves with rust and mildew.", ("agriculture",)),
    ("surgical-precision-chess", "Games of chess with annotations.", ("chess",)),
    ("mimic-voice-tts", "Speakers who mimic voices.", ("audio",)),
)
UNLIKE_MEDICINE = (
    ("recipes", "Recipes with their ingredients.", ("cooking",)),
    ("chess-games", "Games of chess in PGN.", ("chess",)),
    ("math-word-problems", "Word problems of primary schools.", ("math",)),
    ("movie-dialogues", "Dialogues of movies.", ("film",)),
    ("city-street-scenes", "Street scenes of ten cities.", ("driving",)),
    ("weather-stations", "Hourly figures of weather stations.", ("weather",)),
    ("product-reviews", "Reviews of household goods.", ("reviews",)),
    ("sql-queries", "Questions and SQL queries.", ("code",)),
    ("bird-songs", "Recordings of birds.", ("audio",)),
)
HUB_LICENCES = (
    None, "unknown", "other", "mit", "apache-2.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0",
    "cc0-1.0", "openrail", "cc",
)  # fmt: skip
GIT_LICENCES = (None, "MIT", "Apache-2.0", "GPL-3.0", "BSD-3-Clause", "CC-BY-4.0", "NOASSERTION")
TASKS = {
    "image": ("image-classification", "image-segmentation", "visual-question-answering"),
    "timeseries": ("time-series-forecasting", "tabular-classification"),
    "text": ("question-answering", "text-classification", "token-classification", "summarization", "text-generation"),
}
SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M")
FINDINGS = (
    "Label errors in {name}: a re-annotation by experts",
    "Shortcuts that models take on {name}",
    "Train-test leakage in {name} and what it is worth",
    "Contamination of language models with {name}",
    "Near-duplicates among the images of {name}",
    "Spurious correlations and bias in {name}",
)
CITING = (
    "A language model for {about}",
    "Retrieval helps with {about}",
    "A review of datasets on {about}",
    "Small models and {about}",
    "Federated learning on {about}",
)
