"""`npm run mutants:python [-- MODULE…]`: changes one operator, number or statement of a module at a time, and runs the tests
that reach its line.

No file is touched: each mutant is a forked process whose import of the module finds the changed code. What is known is kept
in dist/mutants/python.json and asked for again only where the module or its tests have changed. Mutants of what is raised,
of annotations and of docstrings are not made. Processes that tests start run the code as it is.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import importlib.abc
import importlib.util
import json
import os
import pickle
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

ROOT = Path(__file__).parents[2]
KNOWN = ROOT / "dist/mutants/python.json"
TRAINER = ["test_train_loop.py", "test_train_preferences.py"]
#: Modules with rules of the method, and the tests that should notice.
MODULES = {
    "maft.serve.draw": ["test_serve_draw.py"],
    "maft.train.schedule": TRAINER,
    "maft.train.preferences": TRAINER,
    "maft.train.loop": [*TRAINER, "test_train_resume.py"],
    "maft.train.encoding": TRAINER,
    "maft.train.examples": [*TRAINER, "test_train_job.py"],
}
#: Mutants that loop for ever are killed by the clock: this many times what their tests took, and some seconds.
PATIENCE = 10

SWAPS: dict[type[ast.AST], list[type[ast.AST]]] = {
    ast.Lt: [ast.LtE, ast.GtE], ast.LtE: [ast.Lt, ast.Gt], ast.Gt: [ast.GtE, ast.LtE], ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.Is: [ast.IsNot], ast.IsNot: [ast.Is], ast.In: [ast.NotIn],
    ast.NotIn: [ast.In], ast.And: [ast.Or], ast.Or: [ast.And], ast.Add: [ast.Sub], ast.Sub: [ast.Add],
    ast.Mult: [ast.Div], ast.Div: [ast.Mult], ast.FloorDiv: [ast.Mult], ast.Mod: [ast.Mult], ast.Pow: [ast.Mult],
    ast.RShift: [ast.LShift], ast.BitXor: [ast.BitOr], ast.BitOr: [ast.BitAnd],
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "ceil": "floor", "cumsum": "cumprod"}


@dataclass
class Mutant:
    line: int
    was: str
    code: CodeType
    now: str


def variants(node: ast.AST) -> Iterator[Callable[[Any], ast.AST]]:
    """What may be made of a node: functions that change a copy of it, or return what takes its place."""

    def setting(field: str, value: object) -> Callable[[Any], ast.AST]:
        return lambda target: setattr(target, field, value) or target

    match node:
        case ast.Compare(ops=[op]):
            yield from (setting("ops", [swap()]) for swap in SWAPS.get(type(op), []))
        case ast.BoolOp(op=op) | ast.BinOp(op=op) | ast.AugAssign(op=op):
            yield from (setting("op", swap()) for swap in SWAPS.get(type(op), []))
        # Not of a number: of two dimensions, the last one is both 1 and -1.
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
            yield lambda target: target.operand
        case ast.IfExp(body=body, orelse=orelse):
            yield setting("body", orelse)
            yield setting("orelse", body)
        case ast.If(test=test):
            yield setting("test", ast.UnaryOp(ast.Not(), test))
        case ast.comprehension(ifs=[_, *_]):
            yield setting("ifs", [])
        case ast.Constant(value=bool(value)):
            yield setting("value", not value)
        case ast.Constant(value=int(value) | float(value)):
            yield setting("value", value + 1)
        case ast.JoinedStr(values=values):
            for index, part in enumerate(values):
                if isinstance(part, ast.FormattedValue):
                    yield setting("values", [*values[:index], *values[index + 1 :]])
        case ast.Name(id=name) if name in NAMES:
            yield setting("id", NAMES[name])
        case ast.Attribute(attr=name) if name in NAMES:
            yield setting("attr", NAMES[name])
        case ast.Expr(value=ast.Call()):
            yield lambda target: ast.copy_location(ast.Pass(), target)


def is_check(node: ast.AST) -> bool:
    """`zip(strict=True)` fails for bugs alone."""
    return isinstance(node, ast.keyword) and node.arg == "strict"


def places(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None]]:
    """Every node that may be changed: its parent, the field, and the index in it."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.Raise) and not is_check(child):
                yield node, field, index
                yield from places(child)


def child_at(parent: ast.AST, field: str, index: int | None) -> ast.AST:
    value = getattr(parent, field)
    return value if index is None else value[index]


def mutants_of(path: Path) -> Iterator[Mutant]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for number, place in enumerate(places(tree)):
        node = child_at(*place)
        for variant in range(sum(1 for _ in variants(node))):
            changed = copy.deepcopy(tree)
            parent, field, index = list(places(changed))[number]
            target = child_at(parent, field, index)
            made = list(variants(target))[variant](target)
            if index is None:
                setattr(parent, field, made)
            else:
                getattr(parent, field)[index] = made
            ast.fix_missing_locations(changed)
            line = getattr(node, "lineno", getattr(place[0], "lineno", 0))
            yield Mutant(line, ast.unparse(node), compile(changed, str(path), "exec"), ast.unparse(made))


class Replacing(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from code at hand."""

    def __init__(self, module: str, code: CodeType) -> None:
        self.module, self.code = module, code

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        return importlib.util.spec_from_loader(name, self) if name == self.module else None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self.code.co_filename
        exec(self.code, module.__dict__)  # noqa: S102


class Reached:
    """A pytest plugin: which tests reach which line of a file, and how long each takes."""

    def __init__(self, file: str) -> None:
        self.file, self.test = file, ""
        self.lines: dict[int, set[str]] = defaultdict(set)
        self.seconds: dict[str, float] = defaultdict(float)

    def trace(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename != self.file:
            return None
        self.lines[frame.f_lineno].add(self.test)
        return self.trace

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.test = nodeid

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] += report.duration


def in_child(work: Callable[[], int], patience: float) -> int | None:
    """The exit code of a forked process; None where it took too long. Its output is nobody's."""
    child = os.fork()
    if child == 0:
        os.setsid()
        silence = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(silence, descriptor)
        code = 70
        try:
            code = int(work())
        finally:
            os._exit(code)
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def run_tests(tests: list[str], *plugins: object) -> int:
    import pytest

    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests], plugins=list(plugins)))


def measure(path: Path, tests: list[str]) -> Reached:
    """Runs all tests once without a mutant, and raises where one fails."""
    with tempfile.NamedTemporaryFile() as file:

        def work() -> int:
            reached = Reached(str(path))
            sys.settrace(reached.trace)
            code = run_tests(tests, reached)
            sys.settrace(None)
            Path(file.name).write_bytes(pickle.dumps((dict(reached.lines), dict(reached.seconds))))
            return code

        if in_child(work, 1800) != 0:
            raise SystemExit(f"The tests of {path.name} fail, or take longer than half an hour, without any mutant.")
        reached = Reached(str(path))
        reached.lines, reached.seconds = pickle.loads(Path(file.name).read_bytes())
    return reached


def verdict(module: str, mutant: Mutant, reached: Reached, every: list[str]) -> str:
    """`killed`, `timeout`, `survived`, or `unreached`: no test comes to its line."""
    tests = reached.lines.get(mutant.line, set())
    if not tests:
        return "unreached"
    # What runs while modules are loaded belongs to all tests.
    chosen = every if "" in tests else sorted(tests, key=lambda test: reached.seconds[test])
    patience = 60 + PATIENCE * sum(reached.seconds[test] for test in (reached.seconds if "" in tests else tests))

    def work() -> int:
        sys.meta_path.insert(0, Replacing(module, mutant.code))
        return run_tests(chosen)

    code = in_child(work, patience)
    return "timeout" if code is None else "survived" if code == 0 else "killed"


def judge(module: str, known: dict[str, str]) -> tuple[int, int]:
    """Prints who survives; returns how many were killed, of how many."""
    path = ROOT / "python" / f"{module.replace('.', '/')}.py"
    tests = [str(ROOT / "test/python" / name) for name in MODULES[module]]
    sources = hashlib.sha256(b"".join(Path(file).read_bytes() for file in [__file__, str(path), *tests])).hexdigest()[
        :16
    ]
    reached: Reached | None = None
    verdicts: list[str] = []
    for number, mutant in enumerate(mutants_of(path)):
        key = f"{module} {sources} {number}"
        if key not in known:
            reached = reached or measure(path, tests)
            known[key] = verdict(module, mutant, reached, tests)
            KNOWN.write_text(json.dumps(known, indent=0), encoding="utf-8")
        verdicts.append(known[key])
        if known[key] in ("survived", "unreached"):
            print(f"{known[key]} {path.relative_to(ROOT)}:{mutant.line}: {mutant.was} -> {mutant.now}", flush=True)
    killed = len(verdicts) - verdicts.count("survived") - verdicts.count("unreached")
    print(f"{module}: {killed} of {len(verdicts)} mutants killed ({100 * killed / len(verdicts):.1f} %)", flush=True)
    return killed, len(verdicts)


def main(modules: list[str]) -> None:
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT / "python"), str(ROOT / "test/python")]
    KNOWN.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(KNOWN.read_text(encoding="utf-8")) if KNOWN.exists() else {}
    # Once, before anything is forked; our own modules are imported by each child.
    import peft  # noqa: F401
    import pytest  # noqa: F401
    import torch  # noqa: F401
    import transformers.models.llama.modeling_llama  # noqa: F401
    import trl.trainer.sft_trainer  # noqa: F401

    counts = [judge(module, known) for module in modules or MODULES]
    killed, total = (sum(column) for column in zip(*counts, strict=True))
    print(f"{killed} of {total} mutants killed ({100 * killed / total:.1f} %)")


if __name__ == "__main__":
    main(sys.argv[1:])
