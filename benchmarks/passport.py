"""Make the table of docs/passport.md: the same runs in every simulator that is installed here.

.venv/bin/python benchmarks/passport.py [--write]
"""

from __future__ import annotations

import re
import sys
import tempfile
from datetime import date
from pathlib import Path

from lab import catalog
from lab.analysis.passport import Agreement, agreement, passport
from lab.analysis.passport.program import programs
from lab.engine.experiment import Experiment

PAGE = Path(__file__).resolve().parent.parent / "docs" / "passport.md"
RUNS = (
    ("Hodgkin-Huxley, 10 uA/cm2, 100 ms", "hodgkin-huxley", 100.0, {}),
    ("Leaky integrate-and-fire, normalised, v_in 1.5, 200 ms", "leaky-integrate-and-fire", 200.0, {"form": "normalised"}),
    ("Leaky integrate-and-fire under noise, 100 ms", "leaky-integrate-and-fire", 100.0, {"stimulus": "noise", "sigma": 2.0}),
    ("Adaptive exponential, Brette and Gerstner's cell, 200 ms", "adaptive-exponential", 200.0, {}),
    ("Izhikevich, regular spiking, 200 ms", "izhikevich", 200.0, {}),
    ("FitzHugh-Nagumo, 200 units of time", "fitzhugh-nagumo", 200.0, {}),
    ("Morris-Lecar, class II, 300 ms", "morris-lecar", 300.0, {}),
    ("Spiking network of Vogels and Abbott, 4000 cells, 100 ms", "spiking-network", 100.0, {}),
    ("Digits, 64 ReLU units, one epoch", "mlp", 1.0, {}),
)


def main() -> None:
    """Run everything, print the tables and, with --write, put them into the page."""
    versions: dict[str, str] = {}
    sections = []
    for title, model, length, parameters in RUNS:
        kind = catalog.load(model)
        with tempfile.TemporaryDirectory() as place:
            experiment = Experiment(model, parameters, steps=kind(**parameters).steps_for(length))
            found = passport(experiment, Path(place) / "out")
        versions |= {a.title: a.version for a in found.values() if a.version}
        said = {name: Agreement(a.program, a.title, a.state, a.sentence, "", a.seconds, a.lines) for name, a in found.items()}
        sections.append(f"### {title}\n\n{agreement.markdown(said)}")
        print(sections[-1], flush=True)
    missing = [p.title for p in programs().values() if p.title not in versions]
    heading = f"On {date.today():%d %B %Y}: {', '.join(f'{title} {version}' for title, version in versions.items())}."
    heading += f" Not run here: {', '.join(missing)}." if missing else ""
    if "--write" in sys.argv:
        text = "<!-- made -->\n" + "\n".join([heading + "\n", *sections]) + "<!-- end -->"
        PAGE.write_text(re.sub(r"<!-- made -->.*<!-- end -->", lambda _: text, PAGE.read_text("utf-8"), flags=re.S), "utf-8")


if __name__ == "__main__":
    main()
