"""A command that stands in a file of one's own (that of docs/adding-a-model.md) has its help, its options and its errors like any other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.__main__ import main
from lab.commands import options

PAGE = (Path(__file__).parent.parent / "docs" / "adding-a-model.md").read_text("utf-8")
(CODE,) = (code for code in re.findall(r"```py\n(.*?)```", PAGE, re.S) if "@app.command" in code)
COMMANDS = Path(options.__file__).parent


@pytest.fixture
def bounds(tmp_path):
    (tmp_path / "bounds.py").write_text(CODE, "utf-8")
    exec(compile(CODE, str(tmp_path / "bounds.py"), "exec"), {"__name__": "bounds"})
    yield
    del options.app["bounds"]


def test_it_stands_in_the_help_and_does_its_work(bounds, capsys):
    assert main(["--help"]) == 0
    assert re.search(r"bounds +Print the lowest and the highest value of a parameter", capsys.readouterr().out)
    assert main(["bounds", "hodgkin-huxley", "temperature"]) == 0
    assert re.fullmatch(r"temperature: -?\d+ to \d+ .*C\n", capsys.readouterr().out)
    assert main(["bounds", "hodgkin-huxley", "temperature", "--json"]) == 0
    assert capsys.readouterr().out.startswith("[")


def test_its_mistakes_are_one_sentence(bounds, capsys):
    assert main(["bounds", "hodgkin-huxly", "temperature"]) == 2
    assert capsys.readouterr().err == "lab: There is no model 'hodgkin-huxly': did you mean 'hodgkin-huxley'?\n"
    assert main(["bounds", "hodgkin-huxley"]) == 2
    assert "--parameter requires an argument" in capsys.readouterr().err


def test_every_file_of_the_folder_is_read_by_listing(capsys):
    """No list names the commands: what is registered in a file there is in the help."""
    said = set()
    for file in COMMANDS.glob("*.py"):
        said |= set(re.findall(r"^@app\.command\ndef (\w+)", file.read_text("utf-8"), re.M))
    assert len(said) > 10
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert not [name for name in said if not re.search(rf"^│ {name.strip('_').replace('_', '-')} ", shown, re.M)]
    face = (COMMANDS / "__init__.py").read_text("utf-8")
    assert not [file.stem for file in COMMANDS.glob("*.py") if f"import {file.stem}" in face]
