"""The grader's process: lines in and out, limits, and that it never outlives whoever asked."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from maft.grade.checker import _WHOLE_NUMBER, Checker, _expressions, _verified
from maft.grade.pool import Pool, PoolSettings, WorkersFail
from maft.grade.verdict import Pair, Verdict, line_of, pair_of

PYTHON_FOLDER = Path(__file__).parents[2] / "python"
#: Math-Verify integrates for ten seconds and more, on a fast machine.
POISON = {
    side: " + ".join(f"\\int_0^1 \\{outer}(\\{inner}(x^x)))dx" for inner in ("sin(\\sin", "sin(\\cos", "cos(\\sin"))
    for side, outer in (("a", "sin"), ("b", "cos"))
}


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "maft.grade", *arguments],
        env={**os.environ, "PYTHONPATH": str(PYTHON_FOLDER)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def graded(pairs: list[dict[str, str]], *arguments: str) -> dict[int, dict[str, object]]:
    lines = "".join(json.dumps({"id": index, **pair}) + "\n" for index, pair in enumerate(pairs))
    out, err = start(*arguments).communicate(lines, timeout=60)
    assert err == ""
    return {verdict.pop("id"): verdict for verdict in map(json.loads, out.splitlines())}


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        ("\\frac{1}{2}", "0.5", True),
        ("x=5", "5", True),
        ("The answer is $5$.", "5", True),
        ("\\boxed{5}", "5", True),
        ("\\$32", "32", True),
        ("(1,2)", "(2,1)", False),
        ("(3,1)", "\\{1,3\\}", False),
        ("(3,1)", "3,1", True),
        ("(1,2)", "x=2,y=1", False),
    ],
)
def test_expressions_and_texts_are_compared(a: str, b: str, equal: bool) -> None:
    assert Checker().check(a, b) == Checker().check(b, a) == Verdict(equal)


EQUAL = [
    ("1/2^{60}", "2^{-60}"),
    ("0.333333", "\\frac{1}{3}"),
    ("2\\text{ hours }30\\text{ minutes}", "2 \\text{ hours } \\frac{60}{2} \\text{ minutes}"),
    ("2+\\pi\\text{i}", "\\pi i+2"),
    ("25\\text{ cm}^2", "25"),
    ("3\\text{ and }5", "5,3"),
    ("x=1\\text{ or }x=2", "1,2"),
    ("1+2+\\cdots+n", "1 + 2 + \\cdots + n"),
    ("1011_2", "1011_{2}"),
    ("\\text{Monday}", "monday"),
    ("\\sqrt{2}+\\sqrt{3}", "\\sqrt{5+2\\sqrt{6}}"),
    ("V_1 : V_2 = 11 : 21", "\\frac{11}{21}"),
]
UNEQUAL = [
    ("1/2^{60}", "1/2^{61}"),
    ("10^{20}", "10^{20}+1"),
    ("0.000000001", "0.000000002"),
    ("\\sqrt{2}", "\\sqrt{2}+10^{-16}"),
    ("2\\text{ hours }30\\text{ minutes}", "2\\text{ hours }45\\text{ minutes}"),
    ("7\\text{ boys, }5\\text{ girls}", "7\\text{ boys, }6\\text{ girls}"),
    ("2\\text{ hours}", "2\\text{ minutes}"),
    ("9\\text{ a.m.}", "9\\text{ p.m.}"),
    ("2+\\pi\\text{i}", "2+\\pi"),
    ("1+2+\\cdots+n", "1"),
    ("1 \\equiv x \\pmod 3", "1"),
    ("1011_2", "1011_3"),
    # The base may be left out, but then 1011_2 would equal 1011_3 by way of 1011.
    ("1011_2", "1011"),
    ("7=11a+c", "11a+c"),
    ("2x+z=1", "1"),
    ("1-\\frac{1}{\\mathrm{e}}", "1+\\frac{1}{\\mathrm{e}}"),
]


@pytest.mark.parametrize(("a", "b", "equal"), [(*pair, True) for pair in EQUAL] + [(*pair, False) for pair in UNEQUAL])
def test_what_is_not_read_is_compared_as_text_and_what_is_rounded_exactly(a: str, b: str, equal: bool) -> None:
    assert [Checker().check(a, b).equal, Checker().check(b, a).equal] == [equal, equal]


def test_whole_numbers_are_compared_as_math_verify_would() -> None:
    numbers = ["0", "7", "-7", "10", "100", "-100", "101", "12345678", "12345679", "999999999999999999"]
    assert all(_WHOLE_NUMBER.fullmatch(number) for number in numbers)
    for a, b in itertools.product(numbers, repeat=2):
        assert Checker().check(a, b).equal == _verified(_expressions(a), _expressions(b)), (a, b)


def test_what_is_written_in_several_ways_is_no_plain_whole_number() -> None:
    assert not any(_WHOLE_NUMBER.fullmatch(text) for text in ["-0", "007", "+7", "1,000", "7.0", "7 ", "٧", ""])
    assert Checker().check("007", "7").equal and Checker().check("-0", "0").equal


def test_a_side_without_an_expression_is_named() -> None:
    assert Checker().check("", "5") == Verdict(False, "no expression in a")
    assert Checker().check("5", "\\text{ }") == Verdict(False, "no expression in b")


def test_every_pair_has_its_verdict_and_poison_costs_its_limit_only() -> None:
    pairs = [POISON, {"a": "2x", "b": "x+x"}, POISON, {"a": "1", "b": "2"}]
    verdicts = graded(pairs, "--workers", "2", "--time-limit", "5")
    late = {"equal": False, "reason": "time limit"}
    assert verdicts == {0: late, 1: {"equal": True}, 2: late, 3: {"equal": False}}


def test_a_pair_that_kills_its_worker_gets_a_verdict_and_the_next_one_a_new_worker() -> None:
    pool = Pool(PoolSettings(workers=1, time_limit=30, memory_limit_bytes=2**31))
    try:
        pool.add(Pair(0, "2y", "y+y"))
        assert verdicts_of(pool) == {0: Verdict(True)}
        pool.add(Pair(1, POISON["a"], POISON["b"]))
        pool.add(Pair(2, "2x", "x+x"))
        threading.Timer(1, os.kill, (pool._workers[0].process.pid, signal.SIGKILL)).start()
        assert verdicts_of(pool) == {1: Verdict(False, "the checker died"), 2: Verdict(True)}
    finally:
        pool.close()


def end_at_once(*_: object) -> None:
    """A worker on a machine without Math-Verify."""


def test_workers_that_cannot_start_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maft.grade.pool.work", end_at_once)
    pool = Pool(PoolSettings(workers=1, time_limit=1, memory_limit_bytes=2**31))
    try:
        pool.add(Pair(0, "1", "2"))
        with pytest.raises(WorkersFail):
            verdicts_of(pool)
    finally:
        pool.close()


def verdicts_of(pool: Pool) -> dict[int, Verdict]:
    found: dict[int, Verdict] = {}
    while pool.busy:
        verdicts, _ = pool.wait([])
        found.update({pair.id: verdict for pair, verdict in verdicts})
    return found


def test_a_line_that_is_no_pair_ends_it_with_code_2() -> None:
    process = start()
    _, err = process.communicate('{"id": 1, "a": "1"}\n', timeout=60)
    assert process.returncode == 2
    assert 'must be {"id"' in err


def test_nothing_outlives_a_killed_grader_not_even_a_worker_in_the_middle_of_a_pair() -> None:
    process = start("--workers", "1", "--time-limit", "1")
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps({"id": 0, "a": "2x", "b": "x+x"}) + "\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline()) == {"id": 0, "equal": True}
    process.stdin.write(json.dumps({"id": 1, **POISON}) + "\n")
    process.stdin.flush()
    time.sleep(0.3)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while members(process.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert members(process.pid) == []


def members(group: int) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if line.split()[0] == str(group) and "Z" not in line.split()[1]]


def test_lines_carry_the_id_and_the_reason() -> None:
    assert pair_of(b'{"id": 3, "a": "x", "b": "y"}') == Pair(3, "x", "y")
    assert json.loads(line_of(Pair(3, "x", "y"), Verdict(False, "time limit"))) == {
        "id": 3,
        "equal": False,
        "reason": "time limit",
    }
    assert json.loads(line_of(Pair(3, "x", "y"), Verdict(True))) == {"id": 3, "equal": True}
