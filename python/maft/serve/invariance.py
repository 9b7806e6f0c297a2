"""Whether a row's numbers depend on what it is batched with, tried out on this machine.

The promise of the server on a CPU is that the same request with the same seed gives the same text whatever it is
batched with. Two ways were measured on the tiny architecture (64 rows over 7 versions, one thread, AVX2):

- float64 throughout: rounding noise of 1e-15 cannot move a draw in practice, whatever the kernels do. Costs half of
  the tokens per second (ratio to a plain float32 loop 0.46 instead of 0.9 to 1), because small float64 matrix products run at a quarter of the float32 speed.
- float32 with fixed orders of summation: a product of enough rows (2 to 32, by processor, threads and layout: smaller
  ones take other kernels) gives each row the same bits however many rows there are, and whether or not the product is
  one of a stack (`stack.py`), so smaller ones are padded; attention does so once
  spans are multiples of 16 (what is masked adds exact zeros at the end) and prompts that are read together have the same
  span. Nearly free.

The second is a property of the kernels, not of the mathematics. So it is *checked* when a model is loaded, with the
threads that will be used: rows alone and in several compositions, prompts and steps, bit for bit. Where any bit
differs, everything is computed in float64. `--precision float64` chooses that by hand.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from maft.serve.decoder import Decoder
from maft.serve.weights import DecoderWeights, is_small

#: Lengths of the prompts tried: around multiples of the span, short and long, and of the long ones some that share a
#: width, which are read together.
LENGTHS = (1, 5, 15, 16, 17, 33, 64, 100, 150, 200, 153, 205, 497, 510, 780)
STEPS = 2
#: Least numbers of rows tried, cheapest first.
MINIMUM_ROWS = (2, 4, 12, 32)
#: How the rows are batched: each row alone is the reference for the others.
COMPOSITIONS = (
    (2, 7),
    (9, 3, 0),
    (8, 10),
    (11, 9, 12, 13),
    (0, 1, 2, 3, 4),
    (8, 7, 6, 5, 4, 3, 1),
    (14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0) * 2,
)


def trace(decoder: Decoder, prompts: list[list[int]], versions: list[DecoderWeights]) -> Tensor:
    """Logits [rows, 1 + STEPS, vocabulary] of rows that start together and read fixed tokens."""
    logits = [decoder.admit(prompts, versions)]
    for step in range(STEPS):
        logits.append(decoder.step([(7 * step + len(prompt)) % decoder.shape.vocabulary for prompt in prompts]))
    decoder.reset()
    return torch.stack(logits, dim=1)


def make_invariant(decoder: Decoder, weights: DecoderWeights) -> bool:
    """Sets the decoder's least number of rows to the first that makes it invariant, stacked if it can be; False if none
    does."""
    for stacks in (True, False) if is_small(decoder.shape, decoder.dtype, decoder.device) else (False,):
        for minimum in MINIMUM_ROWS:
            decoder.minimum_rows, decoder.stacks = minimum, stacks
            if is_batch_invariant(decoder, weights):
                return True
    return False


def is_batch_invariant(decoder: Decoder, weights: DecoderWeights) -> bool:
    """Tries the first layer and the head: the others have the same shapes. Leaves the decoder empty."""
    shallow = replace(weights, blocks=weights.blocks[:1])
    kinds = [replace(shallow) for _ in range(3)]
    longest = decoder.shape.max_positions - STEPS - 1
    draws = torch.Generator().manual_seed(0)
    prompts = [
        torch.randint(decoder.shape.vocabulary, (min(length, longest),), generator=draws).tolist() for length in LENGTHS
    ]
    alone = [trace(decoder, [prompt], [shallow])[0] for prompt in prompts]
    for rows in COMPOSITIONS:
        for versions in ([shallow] * len(rows), [kinds[place % len(kinds)] for place in range(len(rows))]):
            together = trace(decoder, [prompts[row] for row in rows], versions)
            if not all(torch.equal(together[place], alone[row]) for place, row in enumerate(rows)):
                return False
    return True
