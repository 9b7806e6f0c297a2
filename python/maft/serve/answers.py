"""Finished work in the shapes that OpenAI's and vLLM's clients read."""

from __future__ import annotations

import base64
import struct
import time
import uuid
from collections.abc import Sequence
from itertools import repeat
from typing import Any

from maft.serve.rows import Generation, Row, TokenLogprobs
from maft.serve.schemas import CompletionRequest, TokenizeRequest
from maft.serve.scoring import Ranked, ScoredText
from maft.serve.tokenization import ModelTokenizer
from maft.serve.versions import Version

Json = dict[str, Any]


def row_text(row: Row) -> str:
    """The completion, without special tokens and the token or stop string that ended it."""
    if row.text is not None:
        return row.text
    # Some tokenizers do not call their end token special.
    tokens = row.tokens[:-1] if row.finish_reason == "stop" else row.tokens
    return row.generation.version.tokenizer.decode(tokens)


def usage(generations: list[Generation], prompt_tokens: int) -> Json:
    """Completion tokens count all drawn tokens, the end token included: that is the cost."""
    completion = sum(len(row.tokens) for generation in generations for row in generation.rows)
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": prompt_tokens + completion,
    }


def envelope(kind: str, prefix: str, model: str) -> Json:
    return {"id": f"{prefix}-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}


def chat_answer(generation: Generation) -> Json:
    choices = [
        {
            "index": index,
            "message": {"role": "assistant", "content": row_text(row)},
            "logprobs": chat_logprobs(row),
            "finish_reason": row.finish_reason,
        }
        for index, row in enumerate(generation.rows)
    ]
    answer = envelope("chat.completion", "chatcmpl", generation.version.name)
    return {**answer, "choices": choices, "usage": usage([generation], len(generation.prompt))}


def chat_logprobs(row: Row) -> Json | None:
    if row.generation.settings.logprobs is None:
        return None
    tokenizer = row.generation.version.tokenizer

    def entry(text: str, logprob: float) -> Json:
        return {"token": text, "logprob": logprob, "bytes": list(text.encode())}

    return {
        "content": [
            {**entry(text, each.logprob), "top_logprobs": [entry(*pair) for pair in likeliest(tokenizer, each, text)]}
            for each, text in zip(row.logprobs, tokenizer.pieces(row.tokens), strict=True)
        ]
    }


def likeliest(tokenizer: ModelTokenizer, each: TokenLogprobs, text: str) -> list[tuple[str, float]]:
    """The likeliest tokens' texts with their values: the actual token as in the text, the others by themselves."""
    return [(text if token == each.token else tokenizer.piece(token), value) for token, value in each.top]


def completion_logprobs(tokenizer: ModelTokenizer, tokens: list[int], logprobs: Sequence[TokenLogprobs | None]) -> Json:
    """Four parallel lists; null for a token with nothing before it. `text_offset` counts characters of the text."""
    pieces = tokenizer.pieces(tokens)
    offsets = [0]
    for piece in pieces:
        offsets.append(offsets[-1] + len(piece))

    return {
        "text_offset": offsets[:-1],
        "token_logprobs": [None if each is None else each.logprob for each in logprobs],
        "tokens": pieces,
        "top_logprobs": [
            None if each is None else dict(likeliest(tokenizer, each, piece))
            for each, piece in zip(logprobs, pieces, strict=True)
        ],
    }


def as_drawn(scored: ScoredText, count: int) -> list[TokenLogprobs | None]:
    """Tokens that were read, in the form of drawn tokens, each with this many likeliest ones."""
    tops = repeat(Ranked()) if scored.top is None else scored.top
    columns = zip(scored.tokens, scored.logprobs, tops, strict=False)
    drawn = [
        TokenLogprobs(token, logprob, [(each, value) for each, value, _ in top[:count]])
        for token, logprob, top in columns
    ]
    return [None, *drawn]


def prompt_logprobs(tokenizer: ModelTokenizer, scored: ScoredText, count: int) -> list[Json | None]:
    """vLLM's shape: per token, the `count` likeliest and the token itself, keyed by id; null for the first token."""

    def entry(token: int, logprob: float, rank: int) -> Json:
        return {"logprob": logprob, "rank": rank, "decoded_token": tokenizer.piece(token)}

    columns = zip(scored.tokens, scored.logprobs, scored.ranks, strict=True)
    own = [{str(token): entry(token, logprob, rank)} for token, logprob, rank in columns]
    if scored.top is None or count == 0:
        return [None, *own]
    likeliest = [{str(each[0]): entry(*each) for each in top[:count]} for top in scored.top]
    return [None, *(mine | others for mine, others in zip(own, likeliest, strict=True))]


def completion_answer(
    body: CompletionRequest,
    version: Version,
    prompts: list[list[int]],
    scored: list[ScoredText] | None,
    generations: list[Generation],
) -> Json:
    """Choices in the order of the prompts, the samples of each together."""
    choices: list[Json] = []
    for place, prompt in enumerate(prompts):
        shown = version.tokenizer.decode(prompt, special_tokens=True) if body.echo else ""
        read = None if scored is None else scored[place]
        rows = generations[place].rows if generations else [None]
        for row in rows:
            choice: Json = {
                "index": len(choices),
                "text": shown + (row_text(row) if row is not None else ""),
                "logprobs": text_logprobs(body, version, prompt, read, row),
                "finish_reason": row.finish_reason if row is not None else "length",
            }
            if body.prompt_logprobs is not None and read is not None:
                choice["prompt_logprobs"] = prompt_logprobs(version.tokenizer, read, body.prompt_logprobs)
            choices.append(choice)
    answer = envelope("text_completion", "cmpl", version.name)
    prompt_tokens = sum(len(prompt) for prompt in prompts)
    return {**answer, "choices": choices, "usage": usage(generations, prompt_tokens)}


def text_logprobs(
    body: CompletionRequest, version: Version, prompt: list[int], read: ScoredText | None, row: Row | None
) -> Json | None:
    """Of all tokens of a choice's text: those of a repeated prompt, then the drawn ones."""
    if body.logprobs is None or (row is None and not body.echo):
        return None
    repeated = as_drawn(read, body.logprobs) if body.echo and read is not None else []
    tokens = [*(prompt if body.echo else []), *(row.tokens if row is not None else [])]
    return completion_logprobs(version.tokenizer, tokens, [*repeated, *(row.logprobs if row is not None else [])])


def drawn_logprobs(generations: list[Generation]) -> int:
    """Log-probabilities that an answer has for the tokens drawn."""
    return sum(len(each.top) + 1 for generation in generations for row in generation.rows for each in row.logprobs)


def tokens_answer(version: Version, tokens: list[int], body: TokenizeRequest) -> Json:
    pieces = version.tokenizer.pieces(tokens) if body.return_token_strs else None
    return {
        "count": len(tokens),
        "max_model_len": version.network.max_positions,
        "tokens": tokens,
        "token_strs": pieces,
    }


def embedding_answer(model: str, vectors: list[list[float]], tokens: int, as_base64: bool) -> Json:
    data = [
        {"object": "embedding", "index": index, "embedding": packed(vector) if as_base64 else vector}
        for index, vector in enumerate(vectors)
    ]
    return {
        "object": "list",
        "data": data,
        "model": model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def packed(vector: list[float]) -> str:
    """Little-endian float32, base64: what OpenAI's clients ask for by default."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
