"""Chat templates of the kinds that models have, written short, each with a small tokenizer with its control tokens."""

from __future__ import annotations

from typing import NamedTuple

from tokenizers import AddedToken, Tokenizer

from tests.support.trained import tokenizer_of


class Chat(NamedTuple):
    """A chat template, the family of tokenizer under it, the control tokens it needs, and the roles of some."""

    template: str
    family: str
    tokens: tuple[str, ...]
    named: dict[str, str]

    def tokenizer(self) -> Tokenizer:
        """The tokenizer with the control tokens."""
        made = tokenizer_of(self.family)
        made.add_special_tokens([AddedToken(token, normalized=False) for token in self.tokens])
        return made


CHATML = """{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endfor %}"""

QWEN = """{% if messages[0].role == 'system' %}{{ '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}
{%- else %}{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}
{%- for m in messages %}{% if m.role != 'system' or not loop.first %}
{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endif %}{% endfor %}"""

LLAMA3 = """{% set loop_messages = messages %}{% for m in loop_messages %}
{%- set content = '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' + m['content'] | trim + '<|eot_id|>' %}
{%- if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{- content }}{% endfor %}"""

LLAMA31 = """{{- bos_token }}
{%- if not date_string is defined %}{%- if strftime_now is defined %}{%- set date_string = strftime_now("%d %b %Y") %}
{%- else %}{%- set date_string = "26 Jul 2024" %}{%- endif %}{%- endif %}
{%- if messages[0]['role'] == 'system' %}{%- set said = messages[0]['content'] | trim %}{%- set rest = messages[1:] %}
{%- else %}{%- set said = "" %}{%- set rest = messages %}{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\n\n" }}
{{- "Cutting Knowledge Date: December 2023\n" }}
{{- "Today Date: " + date_string + "\n\n" }}
{{- said }}{{- "<|eot_id|>" }}
{%- for m in rest %}
{{- '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' + m['content'] | trim + '<|eot_id|>' }}
{%- endfor %}"""

MISTRAL = """{{ bos_token }}{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}
{{- raise_exception('roles must alternate user/assistant') }}{% endif %}
{%- if m.role == 'user' %}{{ '[INST] ' + m.content + '[/INST]' }}
{%- else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}"""

GEMMA = """{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}
{%- endif %}
{%- for m in messages %}{% set role = 'model' if m.role == 'assistant' else m.role %}
{{- '<start_of_turn>' + role + '\n' + m.content | trim + '<end_of_turn>\n' }}{% endfor %}"""

GEMMA3 = """{{ bos_token }}{% if messages[0].role == 'system' %}{% set first = messages[0].content + '\n\n' %}
{%- set rest = messages[1:] %}{% else %}{% set first = '' %}{% set rest = messages %}{% endif %}
{%- for m in rest %}{% set role = 'model' if m.role == 'assistant' else m.role %}
{{- '<start_of_turn>' + role + '\n' + (first if loop.first else '') }}{{ m.content | trim }}{{ '<end_of_turn>\n' }}
{%- endfor %}"""

PHI3 = """{% for m in messages %}{{ '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}{% endfor %}"""

ZEPHYR = """{% for m in messages %}{{ '<|' + m.role + '|>\n' + m.content + eos_token + '\n' }}{% endfor %}"""

LLAMA2 = """{% if messages[0].role == 'system' %}{% set rest = messages[1:] %}{% set said = messages[0].content %}
{%- else %}{% set rest = messages %}{% set said = false %}{% endif %}
{%- for m in rest %}{% if loop.index0 == 0 and said != false %}
{%- set content = '<<SYS>>\n' + said + '\n<</SYS>>\n\n' + m.content %}{% else %}{% set content = m.content %}{% endif %}
{%- if m.role == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}
{%- else %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"""

VICUNA = """{% if messages[0].role == 'system' %}{{ bos_token + messages[0].content + ' ' }}
{%- set rest = messages[1:] %}
{%- else %}{{ bos_token + 'A chat between a user and an assistant. ' }}{% set rest = messages %}{% endif %}
{%- for m in rest %}{% if m.role == 'user' %}{{ 'USER: ' + m.content + ' ' }}
{%- else %}{{ 'ASSISTANT: ' + m.content + eos_token }}{% endif %}{% endfor %}"""

DEEPSEEK = """{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}{% endif %}
{%- if m.role == 'user' %}{{ '<｜User｜>' + m.content }}{% endif %}
{%- if m.role == 'assistant' %}{{ '<｜Assistant｜>' + m.content + '<｜end▁of▁sentence｜>' }}{% endif %}{% endfor %}"""

MARKED = """{% for m in messages %}<|im_start|>{{ m.role }}
{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}
{%- else %}{{ m.content }}<|im_end|>{%- endif %}

{% endfor %}"""

CHATS: dict[str, Chat] = {
    "chatml": Chat(CHATML, "byte_chatml", (), {"eos_token": "<|im_end|>"}),
    "qwen": Chat(QWEN, "byte_chatml", (), {"eos_token": "<|im_end|>"}),
    "marked": Chat(MARKED, "byte_chatml", (), {"eos_token": "<|im_end|>"}),
    "llama3": Chat(
        LLAMA3,
        "byte_split",
        ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
        {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
    ),
    "llama31": Chat(
        LLAMA31,
        "byte_split",
        ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
        {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
    ),
    "mistral": Chat(MISTRAL, "mistral", ("[INST]", "[/INST]"), {"bos_token": "<s>", "eos_token": "</s>"}),
    "gemma": Chat(
        GEMMA, "unigram", ("<bos>", "<start_of_turn>", "<end_of_turn>"), {"bos_token": "<bos>", "eos_token": "</s>"}
    ),
    "gemma3": Chat(GEMMA3, "mistral", ("<start_of_turn>", "<end_of_turn>"), {"bos_token": "<s>", "eos_token": "</s>"}),
    "phi3": Chat(
        PHI3, "llama", ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"), {"bos_token": "<s>", "eos_token": "</s>"}
    ),
    "zephyr": Chat(ZEPHYR, "llama", (), {"bos_token": "<s>", "eos_token": "</s>"}),
    "llama2": Chat(LLAMA2, "llama", (), {"bos_token": "<s>", "eos_token": "</s>"}),
    "vicuna": Chat(VICUNA, "llama", (), {"bos_token": "<s>", "eos_token": "</s>"}),
    "deepseek": Chat(
        DEEPSEEK,
        "byte_split",
        ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"),
        {"bos_token": "<｜begin▁of▁sentence｜>", "eos_token": "<｜end▁of▁sentence｜>"},
    ),
}
