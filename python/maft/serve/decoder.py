"""The fast path: a Llama-family decoder written out, for rows of any number of weight versions at once.

`Decoder` holds rows in slots (row i = slot i) and knows two moves: `admit` reads prompts, `step` reads one token per
row. Both return the logits of each row's next token. The arithmetic is that of Transformers' LlamaForCausalLM; a test
compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from maft.serve.cache import KeyValueCache
from maft.serve.composition import Composition, run_lengths, side_by_side, sorted_by_version
from maft.serve.plan import Plan, apply, embed, make_plan
from maft.serve.shape import DecoderShape, decoder_shape, rotary_parameters
from maft.serve.stack import Stack
from maft.serve.weights import DecoderWeights

#: (layer, queries, keys, values) -> attention output [rows, tokens, heads * head size]
Attend = Callable[[int, Tensor, Tensor, Tensor], Tensor]

#: Padded prompt tokens read in one go: bounds the memory of a prompt batch and how long it delays running rows.
MAX_PROMPT_TOKENS = 8192
#: The same on a CPU, where data that does not fit into the caches is slower (a quarter of the time, on the tiny model).
MAX_PROMPT_TOKENS_ON_CPU = 1024
SPAN_STEP = 16


class Decoder:
    """One architecture. Not thread-safe: the engine's thread owns it."""

    def __init__(self, config: Any, shape: DecoderShape, dtype: torch.dtype, device: torch.device) -> None:
        self.shape = shape
        self.dtype = dtype
        self.device = device
        self.cache = KeyValueCache(shape, dtype, device)
        self.versions: list[DecoderWeights] = []
        self.lengths: list[int] = []
        self.composition: Composition | None = None
        #: Set by what `invariance.py` finds out about this machine.
        self.minimum_rows = 1
        #: Whether versions that run together are stacked. Set with `minimum_rows`.
        self.stacks = False
        self.stack = Stack()
        self.cosine, self.sine = rotary_tables(config, dtype, device)
        self.max_prompt_tokens = MAX_PROMPT_TOKENS_ON_CPU if device.type == "cpu" else MAX_PROMPT_TOKENS

    # -- the network ------------------------------------------------------------------------------------------------

    def forward(self, tokens: Tensor, positions: Tensor, plan: Plan, attend: Attend) -> Tensor:
        """Hidden states [rows, tokens, hidden] after the last norm, for tokens [rows, tokens]."""
        shape = self.shape
        rows, width = tokens.shape
        cosine, sine = self.cosine[positions].unsqueeze(2), self.sine[positions].unsqueeze(2)
        rotated = shape.heads + shape.key_value_heads
        x = embed(tokens, plan.embedding)
        for layer, block in enumerate(plan.blocks):
            h = self.normalise(x, block.input_norm)
            fused = apply(h, block.query_key_value).view(rows, width, -1, shape.head_size)
            turned = fused[:, :, :rotated]
            # The sign of the rotated half lives in the sine table, so that one roll does.
            turned = turned * cosine + turned.roll(shape.head_size // 2, -1) * sine
            queries, keys = turned[:, :, : shape.heads], turned[:, :, shape.heads :]
            x = x + apply(attend(layer, queries, keys, fused[:, :, rotated:]), block.output)
            h = self.normalise(x, block.middle_norm)
            gate, up = apply(h, block.gate_up).chunk(2, -1)
            x = x + apply(functional.silu(gate) * up, block.down)
        return self.normalise(x, plan.norm)

    def normalise(self, x: Tensor, weight: Tensor) -> Tensor:
        if weight.dim() == 1:
            return functional.rms_norm(x, (self.shape.hidden,), weight, self.shape.epsilon)
        return functional.rms_norm(x, (self.shape.hidden,), None, self.shape.epsilon) * weight

    def plan(self, owners: list[DecoderWeights]) -> Plan:
        """For rows sorted by version, each with its owner."""
        return make_plan(*run_lengths(owners), self.minimum_rows)

    # -- prompts ----------------------------------------------------------------------------------------------------

    def chunks(self, prompts: Sequence[Sequence[int]]) -> list[list[int]]:
        """Which prompts are read together. On a CPU those of one width only: from about 200 tokens on, its attention
        blocks its sums by the width, so that padding a row to its longest companion would change the row's last bits."""
        return prompt_chunks(prompts, self.max_prompt_tokens, one_width=self.device.type == "cpu")

    def causal(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Attention within prompts padded on the right: what is padded is never looked at by what is not."""
        repeats = self.shape.heads // self.shape.key_value_heads
        q, k, v = (each.transpose(1, 2) for each in (queries, keys, values))
        if repeats > 1:
            k, v = k.repeat_interleave(repeats, 1), v.repeat_interleave(repeats, 1)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return mixed.transpose(1, 2).flatten(2)

    def read(self, prompts: Sequence[Sequence[int]], versions: list[DecoderWeights], slots: Tensor | None) -> Tensor:
        """Hidden states [rows, longest, hidden] of prompts sorted by version; stored in `slots` if given."""
        width = round_up(max(len(prompt) for prompt in prompts))
        padded = [[*prompt, *[0] * (width - len(prompt))] for prompt in prompts]
        tokens = torch.tensor(padded, device=self.device)
        # Padding may reach beyond the last position; its values are never read.
        positions = (
            torch.arange(width, device=self.device).clamp(max=self.shape.max_positions - 1).expand(len(prompts), width)
        )

        def attend(layer: int, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
            if slots is not None:
                stored = torch.stack((keys, values)).transpose(2, 3)
                self.cache.layers[layer][:, slots, :, :width] = stored
            return self.causal(queries, keys, values)

        return self.forward(tokens, positions, self.plan(versions), attend)

    def admit(self, prompts: Sequence[Sequence[int]], versions: list[DecoderWeights]) -> Tensor:
        """Adds rows behind the present ones; returns their logits [rows, vocabulary] in the order given."""
        first = len(self.lengths)
        self.cache.reserve(first + len(prompts), round_up(max(len(prompt) for prompt in prompts) + 1))
        logits = torch.empty(len(prompts), self.shape.vocabulary, dtype=self.dtype, device=self.device)
        for chunk in self.chunks(prompts):
            chunk = sorted(chunk, key=lambda row: versions[row].order())
            chosen = [prompts[row] for row in chunk]
            owners = [versions[row] for row in chunk]
            slots = torch.tensor([first + row for row in chunk], device=self.device)
            hidden = self.read(chosen, owners, slots)
            ends = torch.tensor([len(prompt) - 1 for prompt in chosen], device=self.device)
            last = hidden[torch.arange(len(chosen), device=self.device), ends].unsqueeze(1)
            logits[slots - first] = apply(last, self.plan(owners).head).squeeze(1)
        self.versions.extend(versions)
        self.lengths.extend(len(prompt) for prompt in prompts)
        self.composition = None
        return logits

    def score(self, texts: Sequence[Sequence[int]], version: DecoderWeights) -> list[Tensor]:
        """Hidden states [tokens, hidden] of each text, nothing stored.

        Read together whatever their widths: all are of one request, so no company of another's changes them.
        """
        hidden = self.read(texts, [version] * len(texts), None)
        return [hidden[row, : len(text)] for row, text in enumerate(texts)]

    def logits(self, hidden: Tensor, version: DecoderWeights) -> Tensor:
        """[tokens, hidden] -> [tokens, vocabulary]"""
        return apply(hidden.unsqueeze(0), self.plan([version]).head)[0]

    # -- one token per row ------------------------------------------------------------------------------------------

    def compose(self) -> Composition:
        stacked = side_by_side(self.versions, self.minimum_rows, self.stack) if self.stacks else None
        return stacked or sorted_by_version(self.versions, self.minimum_rows, self.device)

    def step(self, tokens: Sequence[int]) -> Tensor:
        """Reads one token per row; returns logits [rows, vocabulary]."""
        if self.composition is None:
            self.composition = self.compose()
        order, back, shape = self.composition.order, self.composition.back, self.composition.shape
        needed = round_up(max(self.lengths) + 1)
        self.cache.reserve(len(tokens), needed)
        span = self.cache.span(needed)
        lengths = torch.tensor(self.lengths, device=self.device)
        mask = self.visible(lengths, span)
        addresses = self.cache.addresses(torch.arange(len(tokens), device=self.device), lengths)

        def to_places(rows: Tensor) -> Tensor:
            return (rows if order is None else rows[order]).view(*shape, *rows.shape[1:])

        def to_rows(places: Tensor) -> Tensor:
            places = places.flatten(0, 1)
            return places if back is None else places[back]

        def attend(layer: int, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
            self.cache.write(layer, addresses, to_rows(torch.cat((keys, values), 2)))
            return to_places(self.look_back(layer, to_rows(queries), mask))

        inputs = torch.tensor(tokens, device=self.device)
        hidden = self.forward(to_places(inputs), to_places(lengths), self.composition.plan, attend)
        self.lengths = [length + 1 for length in self.lengths]
        return to_rows(apply(hidden, self.composition.plan.head))

    def visible(self, lengths: Tensor, span: int) -> Tensor:
        """Mask [rows, 1, 1, span]: 0 where a row has a token (the new one included), minus infinity elsewhere."""
        hidden = torch.arange(span, device=self.device) > lengths.unsqueeze(1)
        mask = torch.zeros(len(lengths), span, dtype=self.dtype, device=self.device)
        return mask.masked_fill_(hidden, float("-inf")).view(len(lengths), 1, 1, span)

    def look_back(self, layer: int, queries: Tensor, mask: Tensor) -> Tensor:
        """Attention of one new token per row over its slot. Heads that share keys stand as one head's queries."""
        shape = self.shape
        rows = len(queries)
        grouped = queries.reshape(rows, shape.key_value_heads, -1, shape.head_size)
        keys, values = self.cache.layers[layer][:, :rows, :, : mask.shape[-1]]
        if self.dtype.itemsize < 4:
            # It keeps its scores in float32, as the reading of prompts and the training do: rounded to bfloat16, scores
            # of the size that Qwen2's are would move the distribution three times as far.
            mixed = functional.scaled_dot_product_attention(grouped, keys, values, attn_mask=mask)
            return mixed.reshape(rows, -1)
        # Else not: for one query on several threads it splits the keys over the threads by the number of rows, and a
        # row's last bits then depend on its company. This is as fast.
        scores = torch.matmul(grouped * shape.head_size**-0.5, keys.transpose(2, 3)) + mask
        mixed = torch.matmul(scores.softmax(-1), values)
        return mixed.reshape(rows, -1)

    def remove(self, rows: Sequence[int]) -> list[int]:
        """Frees rows; the last rows move into their places. Returns which old row each remaining row was."""
        remaining = list(range(len(self.lengths)))
        for row in sorted(rows, reverse=True):
            last = len(remaining) - 1
            if row != last:
                self.cache.move(last, row, self.lengths[remaining[last]])
                remaining[row] = remaining[last]
            remaining.pop()
        self.versions = [self.versions[row] for row in remaining]
        self.lengths = [self.lengths[row] for row in remaining]
        self.composition = None
        if not remaining:
            self.cache.clear()
        return remaining

    def compact(self) -> None:
        """Gives back the memory that only rows which are gone needed."""
        self.cache.shrink(len(self.lengths), max(self.lengths, default=0))

    def reset(self) -> None:
        """Forgets all rows and gives their memory back."""
        self.versions = []
        self.lengths = []
        self.composition = None
        self.cache.clear()
        self.stack = Stack()


def rotary_tables(config: Any, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosine and signed sine [positions, head size]."""
    frequencies, scaling = rotary_frequencies(config)
    angles = torch.arange(config.max_position_embeddings).double().outer(frequencies.double())
    cosine, sine = angles.cos() * scaling, angles.sin() * scaling
    tables = (torch.cat((cosine, cosine), -1), torch.cat((-sine, sine), -1))
    return tables[0].to(device, dtype), tables[1].to(device, dtype)


def rotary_frequencies(config: Any) -> tuple[Tensor, float]:
    """Frequencies [head size / 2] and scaling, to the bit those of Transformers."""
    parameters = rotary_parameters(config)
    if parameters.get("rope_type") == "default" and "rope_theta" in parameters:
        size = decoder_shape(config).head_size
        return 1.0 / (parameters["rope_theta"] ** (torch.arange(0, size, 2, dtype=torch.float) / size)), 1.0
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

    rotary = LlamaRotaryEmbedding(config)
    return rotary.inv_freq, rotary.attention_scaling


def round_up(length: int) -> int:
    """Spans are multiples of this many tokens: sums over them then run through the same vector lanes in every batch."""
    return -(-length // SPAN_STEP) * SPAN_STEP


def prompt_chunks(prompts: Sequence[Sequence[int]], most: int, *, one_width: bool) -> list[list[int]]:
    """Rows to read together, of bounded size: of one rounded width, or of similar length, so that little is padding."""
    chunks: list[list[int]] = []
    for row in sorted(range(len(prompts)), key=lambda each: len(prompts[each])):
        length = len(prompts[row])
        shortest = len(prompts[chunks[-1][0]]) if chunks else 0
        matches = round_up(length) == round_up(shortest) if one_width else length <= 1.5 * shortest + 16
        if chunks and matches and (len(chunks[-1]) + 1) * length <= most:
            chunks[-1].append(row)
        else:
            chunks.append([row])
    return chunks
