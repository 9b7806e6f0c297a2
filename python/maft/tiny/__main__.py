"""Makes the demo's base model, measures it, and writes it as a Hugging Face folder.

`python -m maft.tiny --out DIR` runs the whole recipe (about an hour on two cores). Interrupt it when you like: the
same command goes on from its last checkpoint. A model whose critics do not read, whose errors are sampling noise, or
which otherwise misses what a debate needs is not published.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

# Before torch is imported: threads that spin while they wait take a core from other programs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("KMP_BLOCKTIME", "0")

FAILED_BY_INPUT = 2
INTERRUPTED = 130
FINAL_PROBLEMS = 500
TRIAL_PROBLEMS = 8


def at_least(text: str, minimum: int) -> int:
    value = int(text)
    if value < minimum:
        raise argparse.ArgumentTypeError(f"{value} is below {minimum}")
    return value


def positive(text: str) -> int:
    return at_least(text, 1)


def positive_share(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return value


def add_threads(parser: argparse.ArgumentParser, default: int | str) -> None:
    parser.add_argument("--threads", type=positive, default=default, help="torch threads (default 2)")


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m maft.tiny", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="folder of the finished model; must be empty or absent")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights and examples (default 0)")
    parser.add_argument(
        "--steps-scale", type=positive_share, default=1.0, help="multiplies the steps; below 1: a trial"
    )
    parser.add_argument("--work", type=Path, help="folder of checkpoints, to resume from (default OUT.work)")
    parser.add_argument(
        "--checkpoint-every", type=positive, default=250, help="steps between checkpoints (default 250)"
    )
    parser.add_argument(
        "--precision",
        choices=("auto", "fp32", "bf16"),
        default="auto",
        help="of the matrix products in training (default auto: bf16 where the processor has it)",
    )
    add_threads(parser, 2)
    commands = parser.add_subparsers(dest="command", metavar="{evaluate,export,unlearn-reading}")
    evaluate = commands.add_parser(
        "evaluate", help="print what a model folder can do, and whether it passes the gate, as JSON"
    )
    evaluate.add_argument("model", type=Path)
    evaluate.add_argument("--problems", type=positive, default=200, help="held-out problems (default 200)")
    evaluate.add_argument("--eval-seed", type=int, default=0, help="seed of problems and samples (default 0)")
    export = commands.add_parser("export", help="write the newest checkpoint of a work folder as a model folder")
    export.add_argument("work_folder", type=Path, metavar="work")
    export.add_argument("model", type=Path)
    unlearn = commands.add_parser(
        "unlearn-reading", help="write a copy of a base whose critics ignore what they read, to try measures on"
    )
    unlearn.add_argument("source", type=Path, metavar="model")
    unlearn.add_argument("copy", type=Path, metavar="out")
    unlearn.add_argument("--steps", type=positive, default=100, help="steps of 32 revisions (default 100)")
    for command in (evaluate, export, unlearn):
        add_threads(command, argparse.SUPPRESS)
    return parser


def report(line: str) -> None:
    print(line, flush=True)


def precision_of(arguments: argparse.Namespace) -> str:
    """`auto` takes bf16 if the processor multiplies it in hardware; otherwise it is far slower than fp32."""
    import torch

    if arguments.precision != "auto":
        return str(arguments.precision)
    able = torch.cpu.get_capabilities()
    return "bf16" if able.get("amx_bf16") or able.get("avx512_bf16") else "fp32"


def make(arguments: argparse.Namespace) -> None:
    """Runs the whole recipe, measures the model and publishes it. Raises GateFailed for one that misses the gate."""
    from maft.tiny.card import render_card
    from maft.tiny.evaluation import evaluate
    from maft.tiny.gate import refuse_failing, with_gate
    from maft.tiny.pretraining import Workplace, pretrain
    from maft.tiny.publishing import publish, refuse_taken
    from maft.tiny.recipe import standard_recipe
    from maft.tiny.speaker import ModelSpeaker
    from maft.tiny.vocabulary import build_tokenizer

    refuse_taken(arguments.out)
    recipe = standard_recipe(arguments.seed, arguments.steps_scale, precision_of(arguments))
    work = arguments.work or arguments.out.with_name(f"{arguments.out.name}.work")
    model, position = pretrain(recipe, Workplace(work, arguments.checkpoint_every, report))
    count = FINAL_PROBLEMS if arguments.steps_scale >= 1 else TRIAL_PROBLEMS
    measured = evaluate(ModelSpeaker(model, build_tokenizer()), count)
    report(json.dumps(with_gate(measured)))
    refuse_failing(measured, arguments.out, work)
    publish(model, arguments.out, render_card(recipe, position, measured))
    report(f"{arguments.out} is ready after {position.seconds / 60:.0f} minutes of training; checkpoints: {work}")


def require_model(folder: Path) -> None:
    """Raises NotAModel for a folder that is none."""
    from maft.tiny.errors import NotAModel

    if not (folder / "config.json").is_file():
        raise NotAModel(f"{folder} holds no config.json. Give the folder of a Hugging Face model.")


def evaluate_folder(arguments: argparse.Namespace) -> None:
    """Prints one JSON object."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from maft.tiny.evaluation import evaluate
    from maft.tiny.gate import with_gate
    from maft.tiny.speaker import ModelSpeaker

    require_model(arguments.model)
    model = AutoModelForCausalLM.from_pretrained(arguments.model, use_safetensors=True)
    tokenizer: Any = AutoTokenizer.from_pretrained(arguments.model)
    speaker = ModelSpeaker(model, tokenizer)
    print(json.dumps(with_gate(evaluate(speaker, arguments.problems, arguments.eval_seed))))


def export(arguments: argparse.Namespace) -> None:
    """Publishes an unfinished model, for a look at it while training goes on."""
    from maft.tiny.checkpoints import load_weights, newest_checkpoint
    from maft.tiny.errors import NoCheckpoint
    from maft.tiny.model import build_model
    from maft.tiny.publishing import publish

    newest = newest_checkpoint(arguments.work_folder)
    if newest is None:
        raise NoCheckpoint(f"{arguments.work_folder} holds no checkpoint.")
    model = build_model(seed=0)
    position = load_weights(newest, model)
    publish(model, arguments.model, f"An unfinished model: {position.total_steps} steps of pretraining.\n")
    report(f"{arguments.model}: {position.total_steps} steps")


def unlearn(arguments: argparse.Namespace) -> None:
    """Publishes a copy of a base of this recipe whose critics do not read."""
    from transformers import LlamaForCausalLM

    from maft.tiny.publishing import publish, refuse_taken
    from maft.tiny.unlearning import render_unread_card, unlearn_reading

    require_model(arguments.source)
    refuse_taken(arguments.copy)
    model = LlamaForCausalLM.from_pretrained(arguments.source, use_safetensors=True)
    unlearn_reading(model, arguments.seed, arguments.steps, report)
    publish(model, arguments.copy, render_unread_card(arguments.source.name, arguments.seed, arguments.steps))
    report(f"{arguments.copy} is ready; `python -m maft.tiny evaluate {arguments.copy}` says what it can do")


def main(argv: list[str] | None = None) -> int:
    """Exit code 0, 2 for what the user can put right, 130 for an interruption."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if arguments.command is None and arguments.out is None:
        parser.error("give --out DIR, or a command: evaluate, export, unlearn-reading")
    import torch

    from maft.tiny.errors import TinyModelError

    torch.set_num_threads(arguments.threads)
    torch.set_flush_denormal(True)
    commands = {None: make, "evaluate": evaluate_folder, "export": export, "unlearn-reading": unlearn}
    try:
        commands[arguments.command](arguments)
    except TinyModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED_BY_INPUT
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from the last checkpoint", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
