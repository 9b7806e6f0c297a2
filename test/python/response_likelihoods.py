"""Sums of log-probabilities by Transformers' own forward pass: what the scoring of responses is compared with.

python response_likelihoods.py FOLDER < [{"messages": [...], "response": "..."}]: one sum and token count per line of JSON.
The response is rendered as the template renders an assistant's turn, and everything up to the end token is summed.
"""

from __future__ import annotations

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def main(folder: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    results = []
    for item in json.load(sys.stdin):
        turn = {"role": "assistant", "content": item["response"]}
        prompt = tokenizer.apply_chat_template(item["messages"], add_generation_prompt=True, tokenize=False)
        whole = tokenizer.apply_chat_template([*item["messages"], turn], tokenize=False)
        start = len(tokenizer.encode(prompt, add_special_tokens=False))
        tokens = torch.tensor([tokenizer.encode(whole, add_special_tokens=False)])
        with torch.inference_mode():
            logprobs = model(tokens).logits[0, :-1].double().log_softmax(-1)
        own = logprobs.gather(1, tokens[0, 1:, None])[:, 0]
        results.append({"logProbability": own[start - 1 :].sum().item(), "tokens": tokens.shape[1] - start})
    print(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1])
