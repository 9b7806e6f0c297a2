"""Whether the model has a row in its embedding for every token that its tokenizer may give."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maft.model_folder.errors import UnusableFolder
from maft.model_folder.headers import StoredTensor
from maft.model_folder.weight_files import read_json

#: All files of a tokenizer and of its chat template.
TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json", "added_tokens.json",
    "vocab.json", "vocab.txt", "merges.txt", "chat_template.jinja", "chat_template.json",
)  # fmt: skip
#: One of these is there if a tokenizer is.
TOKENIZERS = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "tokenizer.model")


def refuse_tokens_without_rows(folder: Path, tensors: Mapping[str, StoredTensor]) -> None:
    """Raises UnusableFolder for the first token without a row, which would end a training as an IndexError.

    A special token beyond the rows is accepted unless the chat template writes it: Gemma 3 ships one for images with its
    text-only models. A text that spells it is refused at use.
    """
    embeddings = [each for name, each in tensors.items() if name.endswith(("embed_tokens.weight", "wte.weight"))]
    if len(embeddings) != 1:
        return
    rows = embeddings[0].shape[0]
    template = template_of(folder)
    for token, number, is_special in known_tokens(folder):
        if number >= rows and not (is_special and token not in template):
            raise UnusableFolder(
                f"its tokenizer has the token {token!r} (number {number}), and its embedding has only {rows} rows: "
                "resize the embedding (resize_token_embeddings) and save model and tokenizer together"
            )


def known_tokens(folder: Path) -> list[tuple[str, int, bool]]:
    """Every token as text, number, and whether it is special; empty for tokenizers that no JSON describes."""
    if (folder / "tokenizer.json").is_file():
        tokenizer = read_json(folder, "tokenizer.json")
        plain = vocabulary_of(tokenizer.get("model") or {})
        added = [
            (str(each.get("content")), int(each["id"]), bool(each.get("special")))
            for each in tokenizer.get("added_tokens") or []
        ]
        specials = {number for _, number, is_special in added if is_special}
        return [*((token, number, number in specials) for token, number in plain.items()), *added]
    if (folder / "vocab.json").is_file():
        return [(token, number, False) for token, number in read_json(folder, "vocab.json").items()]
    return []


def vocabulary_of(model: Mapping[str, Any]) -> dict[str, int]:
    vocabulary = model.get("vocab") or {}
    if isinstance(vocabulary, list):  # Unigram: pairs of text and score, numbered by their place
        return {str(entry[0]): number for number, entry in enumerate(vocabulary)}
    return dict(vocabulary)


def template_of(folder: Path) -> str:
    """The chat templates, and the tokens that begin, end and pad texts: all that is written without being spelled."""
    files = [folder / name for name in ("chat_template.jinja", "chat_template.json")]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in files if path.is_file()]
    if (folder / "tokenizer_config.json").is_file():
        config = read_json(folder, "tokenizer_config.json")
        # Only these: every added token stands in other fields again, whether or not it is written.
        texts += [str(config.get(name)) for name in ("chat_template", "bos_token", "eos_token", "pad_token")]
    return "\n".join(texts)
