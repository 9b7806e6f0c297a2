"""`reload.py QUESTIONS BASE FOLDER…`: greedy answers of exported agents by Transformers and PEFT alone, as JSON, [folder][question].

An adapter is put on BASE; a merged model stands for itself.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer


def load(folder: Path, base: str) -> Any:
    if not (folder / "adapter_config.json").is_file():
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), folder)


def answers(folder: Path, base: str, questions: list[str]) -> list[str]:
    model, tokenizer = load(folder, base).eval(), AutoTokenizer.from_pretrained(folder)
    found = []
    for question in questions:
        chat = [{"role": "user", "content": question}]
        asked = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        written = model.generate(**asked, max_new_tokens=80, do_sample=False)
        found.append(tokenizer.decode(written[0, asked["input_ids"].shape[1] :], skip_special_tokens=True))
    return found


if __name__ == "__main__":
    questions, base, *folders = sys.argv[1:]
    print(json.dumps([answers(Path(folder), base, json.loads(questions)) for folder in folders]))
