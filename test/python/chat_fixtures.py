"""Tokenizers and chat templates of the shapes that real models have, small enough for tests."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers, trainers
from tokenizers.models import BPE, Unigram
from transformers import PreTrainedTokenizerFast

CORPUS = ["What is 3+2*7? It is 17, because 2*7=14.", "The end of the user's turn: the assistant says so.\n\n"] * 4

CHATML = """{% for message in messages %}<|im_start|>{{ message.role + '\n' + message.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"""
#: Qwen3: an empty block of reasoning before the last answer.
THINKS_NOTHING = """{% for message in messages %}<|im_start|>{{ message.role + '\n' }}
{%- if message.role == 'assistant' and loop.last %}{{ '<think>\n\n</think>\n\n' }}{% endif -%}
{{ message.content.split('</think>')[-1].lstrip('\n') }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"""
#: Qwen3.5: reasoning is begun by the generation prompt.
BEGINS_TO_THINK = THINKS_NOTHING.replace(
    "{{ '<|im_start|>assistant\\n' }}", "{{ '<|im_start|>assistant\\n<think>\\n' }}"
)
TRIMS = CHATML.replace("message.content }}", "message.content | trim + '\\n' }}")
#: Models that see: given a string, nothing of it is written.
PARTS = """{% for message in messages %}<|im_start|>{{ message.role + '\n' }}
{%- for part in message.content %}{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"""
#: gpt-oss: an answer stands behind a channel's name.
CHANNELS = """{% for message in messages %}<|im_start|>{{ message.role }}
{%- if message.role == 'assistant' %}<|channel|>final{% endif %}<|message|>{{ message.content }}<|im_end|>
{%- endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant' }}{% endif %}"""
MUTE = "{% for message in messages %}<|im_start|>{{ message.role }}<|im_end|>{% endfor %}<|im_start|>assistant\n"

SPECIALS = ("<|im_start|>", "<|im_end|>", "<|channel|>", "<|message|>", "<|endoftext|>")
PAIR = ("<think>", "</think>")


def tokenizer_of(inner: Tokenizer, template: str, *, end: str = "<|im_end|>") -> PreTrainedTokenizerFast:
    inner.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in SPECIALS])
    inner.add_tokens([AddedToken(text, special=False, normalized=False) for text in PAIR])
    return PreTrainedTokenizerFast(tokenizer_object=inner, eos_token=end, chat_template=template)


def byte_level(template: str = CHATML, corpus: Iterable[str] = CORPUS) -> PreTrainedTokenizerFast:
    """Of GPT-2's, Llama 3's and Qwen's kind."""
    inner = Tokenizer(BPE())
    inner.normalizer = normalizers.NFC()
    inner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    inner.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    inner.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=360, initial_alphabet=alphabet))
    return tokenizer_of(inner, template)


def spelled_in_merges(template: str = CHATML) -> PreTrainedTokenizerFast:
    """A vocabulary that could make a control token of letters, too."""
    return byte_level(template, ["<|im_end|> <|im_start|>"] * 50)


def unigram(template: str = CHATML) -> PreTrainedTokenizerFast:
    """Of SentencePiece's kind: control tokens are pieces of its vocabulary, and the likeliest ones."""
    letters = sorted({letter for text in [*CORPUS, *SPECIALS, "▁\n|_éabcdefghijklmnopqrstuvwxyz"] for letter in text})
    pieces = [
        ("<unk>", 0.0),
        *((text, 0.0) for text in SPECIALS),
        *((letter, -5.0) for letter in letters if letter != " "),
    ]
    inner = Tokenizer(Unigram(pieces, unk_id=0))
    inner.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    inner.decoder = decoders.Metaspace(prepend_scheme="first", split=False)
    return tokenizer_of(inner, template)


def folding(template: str = CHATML) -> PreTrainedTokenizerFast:
    """Looks for its control tokens in normalized text, where full-width brackets are brackets."""
    tokenizer = byte_level(template)
    inner = tokenizer.backend_tokenizer
    inner.normalizer = normalizers.NFKC()
    inner.add_special_tokens([AddedToken("<|fold|>", special=True, normalized=True)])
    return PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|im_end|>", chat_template=template)
