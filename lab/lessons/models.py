"""The list of all models with a sentence each, written to docs/models.md: `python -m lab.lessons.models` prints it."""

from __future__ import annotations

from lab import catalog


def page() -> str:
    """The page docs/models.md, made from the catalogue."""
    entries = catalog.entries()
    text = [
        "# Models",
        "",
        "All models of the lab, panel by panel; `lab list` prints the same, `lab show NAME` has parameters and presets of one, and its help page (F1) "
        "the equations, the lessons that show it and the statements of the course that are seen in it. "
        "This page is made from the catalogue by `lab/lessons/models.py`.",
    ]
    for panel, title in catalog.PANELS.items():
        text += ["", f"## {title}"]
        group = ""
        for entry in (e for e in entries if e.panel == panel):
            if entry.group != group:
                group = entry.group
                text += ["", f"### {group}", "", "| Model | Name | What it is |", "|---|---|---|"]
            text.append(f"| {entry.title} | `{entry.name}` | {entry.about.replace('|', '∣')} |")
    return "\n".join(text) + "\n"


if __name__ == "__main__":
    print(page(), end="")
