"""The example of docs/adding-a-model.md runs as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

from lab.__main__ import main

PAGE = (Path(__file__).parent.parent / "docs" / "adding-a-model.md").read_text("utf-8")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    Path("ion_channel.py").write_text(code, "utf-8")
    return tmp_path


def test_commands_of_the_page_succeed(here, capsys):
    (shell,) = re.findall(r"```sh\n(.*?)```", PAGE, re.S)
    for line in shell.strip().splitlines():
        program, *arguments = shlex.split(line)
        assert program == "lab"
        assert main(arguments) == 0, line
    printed = capsys.readouterr().out
    assert "ok   fraction of time open" in printed
    assert "stream current: samples, 50000 rows" in printed
