"""What editors and type checkers see: the operations of the tape as methods with types, and mistakes named where they are written."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from lab.tape import operations, registry  # noqa: F401

ROOT = Path(__file__).parent.parent
SNIPPET = """
from lab.tape import Tape

t = Tape()
x = t.input("x", (8,))
reveal_type(t.relu(t.affine(x, 4, name="hidden")))
reveal_type(t.lstm(x, 3))
t.affine(x, "four")
t.affine(x, 4, unit=3)
t.softmacks(x)
"""
SAID = (
    (6, 'Revealed type is "lab.tape.listing.Node"'),
    (7, 'Revealed type is "list[lab.tape.listing.Node]"'),
    (8, 'Argument 2 to "affine" of "Operations" has incompatible type "str"; expected "int | None"'),
    (9, 'Unexpected keyword argument "unit" for "affine" of "Operations"'),
    (10, '"Tape" has no attribute "softmacks"'),
)


def test_every_operation_of_the_lab_says_all_its_types():
    own = [function for function in registry.OPERATIONS.values() if function.__module__.startswith("lab.")]
    assert len(own) > 50
    bare = {
        f"{f.__name__}.{name}"
        for f in own
        for name in (*f.__code__.co_varnames[: f.__code__.co_argcount + f.__code__.co_kwonlyargcount], "return")
        if name not in f.__annotations__
    }
    assert not bare


@pytest.mark.long
def test_a_type_checker_sees_the_operations(tmp_path):
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not beside this Python")
    (tmp_path / "snippet.py").write_text(SNIPPET, "utf-8")
    command = (
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(ROOT / "pyproject.toml"),
        "--no-error-summary",
        "--no-pretty",
        str(tmp_path / "snippet.py"),
    )
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if "snippet.py:" in line]
    for number, words in SAID:
        assert [line for line in lines if f"snippet.py:{number}:" in line and words in line], done.stdout + done.stderr
    assert {line.split("snippet.py:")[1].split(":")[0] for line in lines} == {str(number) for number, _ in SAID}
