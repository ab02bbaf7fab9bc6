"""Every command that the documentation shows is run, page by page, in an empty folder.

A page may hold Python blocks too: one that begins with a comment `# file.py` (or `.toml`, `.csv`) is written to that file;
others are executed. Set-up lines (those that make or use the virtual environment) are CI's business.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import re
import shlex
from pathlib import Path

import pytest

from lab.__main__ import main

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.S | re.M)
WINDOW = {"lab", "lab open"}  # these need a person


def commands(page: Path) -> list[str]:
    """All lines of a page's shell blocks that call the program without its window."""
    out = []
    for language, text in BLOCK.findall(page.read_text("utf-8")):
        if language == "sh":
            for line in text.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words and words[0] == "lab" and " ".join(words[:2]) not in WINDOW and words != ["lab"]:
                    out.append(shlex.join(words))
    return out


def test_the_documentation_shows_commands():
    assert sum(len(commands(page)) for page in PAGES) > 5


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
@pytest.mark.timeout(600)
def test_commands_and_code_of_the_page_run(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if page.name == "adding-a-model.md":
        pytest.skip("its example is run by test_adding_a_model.py")
    names = {"__name__": "__docs__"}  # the blocks of a page go on from one another
    for language, text in BLOCK.findall(page.read_text("utf-8")):
        first = re.match(r"# (\S+\.(?:py|toml|csv|txt))\n", text)
        if language in ("python", "toml", "csv", "text") and first:
            Path(first.group(1)).write_text(text, "utf-8")
        elif language == "python":
            exec(compile(text, f"{page.name}", "exec"), names)
        elif language == "sh":
            for line in text.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words and words[0] == "lab" and shlex.join(words) in commands(page):
                    assert main(words[1:]) == 0, f"{line}\n{capsys.readouterr().err}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_and_pictures_of_the_page_exist(page):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_command_is_documented():
    from lab.commands import app

    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    names = [name for name in app if not name.startswith("-")]
    assert names
    assert [name for name in names if f"lab {name}" not in text] == []


def test_the_operation_that_the_page_of_the_tape_adds_imports_what_it_uses():
    (block,) = (text for language, text in BLOCK.findall((ROOT / "docs" / "tape.md").read_text("utf-8")) if "opcode(" in text)
    nodes = list(ast.walk(ast.parse(block)))
    made = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    made |= {n.name for n in nodes if isinstance(n, ast.FunctionDef)} | {n.arg for n in nodes if isinstance(n, ast.arg)}
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            assert all(hasattr(module, alias.name) for alias in node.names)
            made |= {alias.name for alias in node.names}
    assert {n.id for n in nodes if isinstance(n, ast.Name)} <= made | set(dir(builtins))
