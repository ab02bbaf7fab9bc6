"""Predictive coding node by node: values and errors wired on the canvas, settling and learning by what each of them hears."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from lab.errors import DivergenceError, LabError, ModelError
from lab.graph.kinds.predictions import FREE, HELD, LEARNING, TAUGHT, chain, cues, exclusive, judged, lawn, layered
from lab.model import MOST_STEPS, Bound, Clock, Figure, Layer, Model, Picture, Preset, Remedy, Stage, State, Stream, action, param
from lab.training import predictive as layers
from lab.training.predictive_nodes import MOST, Circuit, Learned, Moving, Wired, bend, foretell, learn, measure, settle, wired

PATTERNS = 64
SWEEPS = 2000  # of one pattern
RUNAWAY = 1e30
LEARN, PREDICT = "learn", "predict"
TRIAL, SWEEP = range(2)  # counters; sweep 0: the next pattern is to be begun


class PredictiveNodes(Model):
    r"""Value nodes predict each other, error nodes say how far off that is, and every free value moves until the errors on both of its sides balance.

    An error node hears one value and what others predict of it: \(\varepsilon = (x - \mu)/\nu\). A free value is pulled by its own error
    towards what is predicted of it, and by the errors of what it predicts towards what would explain them. Nothing else is told to anybody, and
    the energy falls. The numbers in the nodes are those of the present sweep; on each wire stand its weight, what goes forward and what comes back.

    - *Two cues, one cause*: what is seen and what is felt do not agree; the size settles at their mean, weighted by precision;
    - *Explaining away*: rain and a sprinkler both explain a wet lawn. Click the sprinkler to hold it at 1, and rain is believed less;
    - *A chain held at both ends*: an error that begins at the output wanders down, link by link;
    - *Exclusive or, learned*: patterns are held one after the other, and weights learn from what is left in the error nodes. Then *predict*
      frees the output: it says the answer by itself. *Keep the weights* writes what was learned onto the canvas.

    Click a node in the picture to hold or free it, a node of the canvas to read its arithmetic. The page `predictive-coding` does the same
    for whole layers, beside back-propagation.
    """

    name = "predictive-nodes"
    title = "Predictive coding, node by node"
    group = "Units and gates"
    icon = "mdi6.swap-vertical-circle-outline"
    order = 20
    also = "error nodes; value nodes; explaining away; cue combination; multisensory; precision weighted; free energy; Rao Ballard; local learning; predictive coding circuit"
    takes = ({"what": "graph", "family": "predictions"},)
    equations = (
        r"\mu_i = \sum_j M_{ij}\, \sigma(x_j) + \beta_i, \qquad \tau \dot{\varepsilon}_i = x_i - \mu_i - \nu_i \varepsilon_i",
        r"\tau \dot{x}_j = -\varepsilon_j + \sigma'(x_j) \sum_i W_{ji}\, \varepsilon_i",
        r"\gamma \dot{M}_{ij} = \varepsilon_i\, \sigma(x_j), \qquad F = \frac{1}{2} \sum_i \nu_i\, \varepsilon_i^2",
    )
    symbols = r"x_j: value of node j; \mu_i: what is predicted of value i; \varepsilon_i: its error node; \nu_i: variance, one over the precision; \beta_i: bias; M, W: weights forwards and back; \sigma: activation function; \gamma: time constant of learning; F: energy"
    source = (
        "Rao and Ballard, Nature Neuroscience 2:79 (1999); Whittington and Bogacz, Neural Computation 29:1229 (2017); "
        "Bogacz, J Math Psychol 76:198 (2017); Ernst and Banks (cues), Nature 415:429 (2002)"
    )
    presets = {
        "Two cues, one cause": Preset({}, shows="abs(x of size - 2.6) < 0.000001", after=200.0),
        "Explaining away": Preset({"graph": lawn().to_json()}, shows="x of rain > x of sprinkler and energy > 0.1", after=300.0),
        "A chain held at both ends": Preset({"graph": chain().to_json()}, shows="abs(energy - 0.166667) < 0.0001", after=300.0),
        "Exclusive or, learned": Preset(
            {"graph": exclusive().to_json(), **LEARNING}, shows="largest error when predicting < 0.1", after=10_000.0
        ),
    }  # fmt: skip

    graph: str = param(cues().to_json(), kind="graph", builds=True, doc="Value nodes, error nodes and predictions (JSON text of the canvas).", group="Network")  # fmt: skip
    mode: str = param(LEARN, choices=(LEARN, PREDICT), main=True, label="What is held", doc="Learn: also what is held to learn. Predict: that is free.")  # fmt: skip
    rate: float = param(0.1, lo=0.0, hi=2.0, main=True, label="State rate", symbol=r"dt/\tau", soft=(0.0, 0.5), doc="Step over time constant of values and error nodes.")  # fmt: skip
    errors: str = param("at once", choices=("at once", "follow"), label="Error nodes", doc="At once: where their equation is at rest. Follow: they move as slowly as the values.")  # fmt: skip
    begin: str = param(
        "their values", choices=("their values", "the prediction"), label="Values begin at", doc="Where free values begin a pattern."
    )
    learning: float = param(0.0, lo=0.0, hi=2.0, main=True, label="Learning rate", symbol=r"\eta", soft=(0.0, 0.3), doc="How far weights move after each pattern; 0: they stay.")  # fmt: skip
    sweeps: int = param(200, lo=1, hi=SWEEPS, soft=(1, 300), doc="Sweeps of each pattern, before weights learn and the next one is held.")
    patterns: str = param("", doc="What held nodes are held at: their names, then rows of values (a, b, y; 0, 0, 0; 0, 1, 1). Empty: their own values.")  # fmt: skip
    pace: float = param(8.0, "1/s", lo=0.5, hi=1e5, log=True, label="Sweeps a second", doc="How fast it settles on the screen.")

    def check(self) -> None:
        """Refuse what is no network of values and errors, and patterns that do not fit it."""
        try:
            wired(self.graph)
        except LabError as error:
            raise self.refuse("graph", str(error).rstrip(".")) from None
        self.table()

    def table(self) -> tuple[tuple[str, ...], np.ndarray]:
        """(titles, values (patterns, titles)) of what is held."""
        rows = [[w.strip() for w in line.split(",")] for line in self.patterns.split(";") if line.strip()]
        if not rows:
            return (), np.empty((1, 0))
        names, known = tuple(rows[0]), {n.title for n in wired(self.graph).graph.nodes if n.kind == "value"}
        unknown = [n for n in names if n not in known]
        if unknown:
            raise self.refuse("patterns", f"names '{unknown[0]}', and there is no such value node: the first row names nodes of the canvas, joined by commas")  # fmt: skip
        if len(rows) - 1 > PATTERNS or len(rows) == 1:
            raise self.refuse("patterns", f"must be one to {PATTERNS} rows of values after the row of names")
        try:
            values = np.array([[float(v) for v in row] for row in rows[1:]], float)
            assert values.shape == (len(rows) - 1, len(names)) and (np.abs(values) <= 100).all()
        except (ValueError, AssertionError):
            raise self.refuse("patterns", f"must have {len(names)} numbers from -100 to 100 in each row, joined by commas") from None
        return names, values

    @property
    def clock(self) -> Clock:
        """One step moves all free values once."""
        return Clock(1.0, "sweep", physical=False, name="sweep")

    @property
    def speed(self) -> float:
        """So that every sweep can be seen."""
        return self.pace

    @property
    def default_steps(self) -> int:
        """Each pattern once; where something is learned, half a minute."""
        return max(self.sweeps * len(self.table()[1]), round(30 * self.pace) if self.learning else 1)

    @property
    def streams(self):
        """The energy of every sweep, and the nodes as they stand."""
        return (
            Stream("energy", "trace", "", "Energy F of the present pattern.", every=1),
            Stream("answers", "trace", "", "Largest error of what is predicted of the nodes held to learn, over all patterns, after each pattern.", (1,), ("error",), events=True),
            Stream("activity", "graph", "", "Every node with its number; wires with their weights.", canvas="activity", meanings=("value and error nodes", "wires, both ways")),
            Stream("nodes", "table", "", "Every value: where it is, its error, what pulls it (its own error, and errors of what it predicts), and where a linear network comes to rest."),
            Stream("wires", "table", "", "Every prediction: its weights, what goes forward, what comes back."),
            Stream("predictions", "table", "", "What is predicted for each pattern."),
        )  # fmt: skip

    @property
    def pictures(self):
        """The nodes in front; the energy and the numbers beside them."""
        found = [
            Picture("activity", "Nodes: click a value to hold or free it", (Layer("activity"),), colours="diverging", levels=(-1.0, 1.0), pick="hold_node", equal=True, front=True, weight=1.2),
            Picture("energy", "Energy", (Layer("energy"),), y="F", window=400.0, figures=("energy",), front=True),
            Picture("nodes", "Values and their errors", (Layer("nodes"),), front=True),
            Picture("wires", "What flows on the wires", (Layer("wires"),)),
        ]  # fmt: skip
        if self._taught():
            found.append(
                Picture(
                    "answers",
                    "Largest error when predicting",
                    (Layer("answers"),),
                    y="error",
                    y_log=True,
                    figures=("largest error when predicting",),
                    front=True,
                )
            )
            found.append(Picture("predictions", "What it predicts", (Layer("predictions"),), front=True))
        return tuple(found)  # fmt: skip

    @property
    def stage(self):
        """What the canvas does not say: numbers and the energy; where something is learned, how well it is predicted."""
        if self._taught():
            return Stage(
                "answers", companions=("predictions",), drawers=(("Settling", ("energy", "nodes", "wires")), ("Nodes", ("activity",)))
            )
        return Stage("nodes", companions=("energy",), drawers=(("Wires", ("wires",)), ("Nodes", ("activity",))))

    def _taught(self) -> bool:
        return bool(self.patterns.strip()) and TAUGHT in wired(self.graph).held

    # -- set up --

    def build(self, seed: int) -> Wired:
        """The network as arrays."""
        return wired(self.graph)

    def start(self, constants: Wired, seed: int):
        """Weights as they are drawn; the first pattern is to be begun."""
        first = constants.first
        return {
            "x": constants.x.copy(), "eps": np.zeros(len(constants.errors)), "mu": np.zeros(len(constants.errors)),
            "M": first.M.copy(), "W": first.W.copy(), "b": first.b.copy(),
            "counters": np.zeros(2, np.int64),  # TRIAL, SWEEP
            "energy": np.zeros(1), "rise": np.zeros(1),
        }  # fmt: skip

    def state_bounds(self, constants: Wired, state: State, step: int) -> dict[str, Bound]:
        """Arrays as long as the network has nodes and wires; how far the patterns have got."""
        values, errors, wires = (Bound(shape=(len(ids),)) for ids in (constants.values, constants.errors, constants.wires))
        return {
            "x": values, "eps": errors, "mu": errors, "M": wires, "W": wires, "b": errors,
            "counters": Bound(0, (MOST_STEPS, SWEEPS)),
        }  # fmt: skip

    def free(self, constants: Wired, mode: str | None = None) -> np.ndarray:
        """Which values move."""
        loose = (FREE,) if (mode or self.mode) == LEARN else (FREE, TAUGHT)
        return np.array([h in loose for h in constants.held], np.bool_)

    def hold(self, constants: Wired, x: np.ndarray, free: np.ndarray, pattern: int) -> None:
        """Put held values where the pattern wants them; free ones where they begin, if that is not the prediction."""
        x[:] = constants.x
        names, rows = self.table()
        place = {constants.graph.node(id).title: k for k, id in enumerate(constants.values)}
        for name, value in zip(names, rows[pattern % len(rows)], strict=True):
            if not free[place[name]]:
                x[place[name]] = value

    # -- settle and learn --

    def advance(self, constants: Wired, state, n: int, out) -> int:
        """Settle, and learn where a pattern has settled."""
        c, w = constants.circuit, Learned(state["M"], state["W"], state["b"])
        m, free, counters = Moving(state["x"], state["eps"], state["mu"]), self.free(constants), state["counters"]
        follow, done, events = self.errors == "follow", 0, out.events.get("answers")
        rows = out["energy"] if out.wanted("energy") else np.empty(n)
        room = np.empty(len(constants.values))
        with np.errstate(over="ignore", invalid="ignore"):
            while done < n:
                if events is not None and len(events.steps) - events.count[0] <= 1:
                    break
                at = min(int(counters[SWEEP]), self.sweeps - 1)
                if at == 0:
                    self.hold(constants, m.x, free, int(counters[TRIAL]))
                    if self.begin == "the prediction":
                        foretell(c, w, m, free, constants.order)
                    m.eps[:] = 0.0
                    state["energy"][0] = measure(c, w, m, 0.0, follow, room, np.empty_like(room))
                k = min(n - done, self.sweeps - at)
                settle(c, w, m, free, self.rate, follow, rows[done : done + k])
                low = rows[done : done + k] < RUNAWAY
                if not low.all() or not np.isfinite(m.x).all():
                    raise self._ran_away(done + int(np.argmin(low)))
                rise = np.diff(np.concatenate([state["energy"], rows[done : done + k]])).max()
                state["rise"][0] = max(float(state["rise"][0]), float(rise))
                state["energy"][0] = rows[done + k - 1]
                counters[SWEEP] = at + k
                done += k
                if counters[SWEEP] >= self.sweeps:
                    self._end(constants, state, c, w, m, events, done - 1)
        return done

    def _end(self, constants: Wired, state, c: Circuit, w: Learned, m: Moving, events, at: int) -> None:
        """A pattern has settled: weights learn, and the next one comes."""
        rows = len(self.table()[1])
        if self.learning and self.mode == LEARN:
            learn(c, w, m, self.learning)
            if not (np.isfinite(w.M).all() and np.abs(w.M).max(initial=0.0) < RUNAWAY):
                raise self._ran_away(at)
        state["counters"][TRIAL] += 1
        state["counters"][SWEEP] = 0
        if events is not None and self._taught() and state["counters"][TRIAL] % rows == 0:
            events.append(at, 0, max(self.off(constants, state), 1e-18))
        if rows == 1 and not self.learning:
            state["counters"][SWEEP] = min(1, self.sweeps - 1)  # one pattern that teaches nothing goes on settling

    def _ran_away(self, step: int) -> DivergenceError:
        return DivergenceError(
            f"{self._owner()}: values ran away, most likely because the state rate {self.rate:g} is too large for these weights and precisions, or the learning rate "
            f"{self.learning:g} too large: {self.remedy('energy')}.", model=self._owner(), stream="energy", step=step, remedy=self.remedy("energy"),
        )  # fmt: skip

    def remedy(self, stream: str) -> str:
        """What to try when values ran away."""
        return f"lower the state rate to {self.rate / 4:g} or the learning rate to {self.learning / 4:g}"

    def remedies(self, stream: str) -> tuple[Remedy, ...]:
        """Smaller steps."""
        return (Remedy("A quarter of both rates", {"rate": self.rate / 4, "learning": self.learning / 4}),)

    def changed_live(self, before, constants: Wired, state) -> None:
        """Nodes and wires that were there keep their numbers, unless the canvas says another weight now; other rules begin the pattern again."""
        assert isinstance(before, PredictiveNodes)
        if any(getattr(self, n) != getattr(before, n) for n in ("mode", "errors", "begin", "patterns", "sweeps")):
            state["counters"][SWEEP] = 0
            state["rise"][0] = 0.0
        if before.graph == self.graph:
            return
        old, new = wired(before.graph), wired(self.graph)
        held = {id: (h, v) for id, h, v in zip(old.values, old.held, old.x, strict=True)}
        kept = {id: k for k, id in enumerate(old.values)}
        free = self.free(new)
        stays = [id in kept and (free[k] or (new.held[k], new.x[k]) == held[id]) for k, id in enumerate(new.values)]
        x = np.array(
            [state["x"][kept[id]] if stay else new.x[k] for k, (id, stay) in enumerate(zip(new.values, stays, strict=True))], float
        )
        for name, ids, was, first, earlier in (
            ("M", new.wires, old.wires, new.first.M, old.first.M), ("W", new.wires, old.wires, new.first.W, old.first.W), ("b", new.errors, old.errors, new.first.b, old.first.b),
        ):  # fmt: skip
            place = {id: k for k, id in enumerate(was)}
            state[name] = np.array([state[name][place[id]] if id in place and earlier[place[id]] == value else value for id, value in zip(ids, first, strict=True)], float)  # fmt: skip
        place = {id: k for k, id in enumerate(old.errors)}
        for name in ("eps", "mu"):
            state[name] = np.array([state[name][place[id]] if id in place else 0.0 for id in new.errors], float)
        state["x"] = x
        state["rise"][0] = 0.0
        m, w = Moving(state["x"], state["eps"], state["mu"]), Learned(state["M"], state["W"], state["b"])
        room = np.empty(len(new.values))
        with np.errstate(over="ignore", invalid="ignore"):
            energy = measure(new.circuit, w, m, 0.0, self.errors == "follow", room, np.empty_like(room))
        state["energy"][0] = energy if np.isfinite(energy) else 0.0
        if not np.isfinite(m.mu).all():
            m.mu[:], m.eps[:] = 0.0, 0.0

    # -- readings --

    def answer(self, constants: Wired, state, pattern: int) -> np.ndarray:
        """Values when what is held to learn is free, where they are predicted."""
        free, x = self.free(constants, PREDICT), constants.x.copy()
        self.hold(constants, x, free, pattern)
        m = Moving(x, np.zeros(len(constants.errors)), np.zeros(len(constants.errors)))
        foretell(constants.circuit, Learned(state["M"], state["W"], state["b"]), m, free, constants.order)
        return x

    def off(self, constants: Wired, state) -> float:
        """Largest distance of a predicted from a wanted value, over all patterns and nodes that are held to learn."""
        names, rows = self.table()
        place = {constants.graph.node(id).title: k for k, id in enumerate(constants.values)}
        taught = [(j, place[n]) for j, n in enumerate(names) if constants.held[place[n]] == TAUGHT]
        found = [self.answer(constants, state, p) for p in range(len(rows))]
        return max((abs(float(x[k] - row[j])) for x, row in zip(found, rows, strict=True) for j, k in taught), default=0.0)

    def rest(self, constants: Wired, state) -> np.ndarray | None:
        """Where a linear network comes to rest: the values with the least energy; None where it is curved or feedback is its own."""
        c, x = constants.circuit, state["x"]
        if c.kind.any() or (c.own & (state["W"] != state["M"])).any() or not len(c.of):
            return None
        root = np.sqrt(c.precision)
        A = np.zeros((len(c.of), len(x)))
        A[np.arange(len(c.of)), c.of] += 1.0
        np.subtract.at(A, (c.target, c.source), state["M"])
        free = self.free(constants)
        right = root * (state["b"] - A[:, ~free] @ x[~free])
        found = x.copy()
        if free.any():
            found[free] += np.linalg.lstsq(root[:, None] * A[:, free], right - root * (A[:, free] @ x[free]), rcond=1e-12)[0]
        return found

    def pulls(self, constants: Wired, state) -> tuple[np.ndarray, np.ndarray]:
        """(by its own errors, by what it explains) of every value."""
        c, x = constants.circuit, state["x"]
        f, d, own, told = (np.zeros(len(x)) for _ in range(4))
        bend(c.kind, x, f, d)
        np.subtract.at(own, c.of, state["eps"])
        np.add.at(told, c.source, np.where(c.own, state["W"], state["M"]) * state["eps"][c.target])
        return own, d * told

    def observe(self, constants: Wired, state, stream: str):
        """Nodes as they stand, and their numbers."""
        graph, c = constants.graph, constants.circuit
        title = {n.id: n.title for n in graph.nodes}
        if stream == "activity":
            now = dict(zip((*constants.values, *constants.errors), (*state["x"], *state["eps"]), strict=True))
            number = {n.id: k for k, n in enumerate(graph.nodes)}
            weights = dict(zip(constants.wires, state["M"], strict=True))
            return {
                "nodes": np.array([(n.x, -n.y, now[n.id]) for n in graph.nodes], float).reshape(-1, 3),
                "edges": np.array([(number[e.source], number[e.target], weights.get(e.id, 1.0)) for e in graph.edges], float).reshape(
                    -1, 3
                ),
            }
        if stream == "nodes":
            own, told = self.pulls(constants, state)
            rest, free = self.rest(constants, state), self.free(constants)
            return [
                {
                    "value": title[id], "x": float(state["x"][k]), "": "" if free[k] else "held",
                    "ε": ", ".join(f"{state['eps'][j]:.3g}" for j in np.flatnonzero(c.of == k)) or "none",
                    "−ε": float(own[k]), "σ′ Σ W ε": float(told[k]),
                } | ({"at rest": float(rest[k])} if rest is not None else {})
                for k, id in enumerate(constants.values)
            ]  # fmt: skip
        if stream == "wires":
            f, d = np.zeros(len(state["x"])), np.zeros(len(state["x"]))
            bend(c.kind, state["x"], f, d)
            back = np.where(c.own, state["W"], state["M"])
            return [
                {
                    "from": title[constants.values[i]], "to": title[constants.errors[j]], "M": float(state["M"][k]), "M σ(x) →": float(state["M"][k] * f[i]),
                    "W": float(back[k]), "← W ε": float(back[k] * state["eps"][j]), "M would grow by": float(f[i] * state["eps"][j]),
                }
                for k, (i, j) in enumerate(zip(c.source, c.target, strict=True))
            ]  # fmt: skip
        if stream == "predictions":
            return self._predictions(constants, state)
        return super().observe(constants, state, stream)

    def _predictions(self, constants: Wired, state) -> list[dict[str, Any]]:
        names, rows = self.table()
        place = {constants.graph.node(id).title: k for k, id in enumerate(constants.values)}
        now, found = int(state["counters"][TRIAL]) % len(rows), []
        for p, row in enumerate(rows):
            x = self.answer(constants, state, p)
            told: dict[str, Any] = {"": "▶" if p == now else ""}
            for name, value in zip(names, row, strict=True):
                told[name] = float(value)
                if constants.held[place[name]] == TAUGHT:
                    told[f"{name} predicted"] = float(x[place[name]])
            found.append(told)
        return found

    def labels(self, constants: Wired, stream: str) -> tuple[str, ...]:
        """Names of the nodes."""
        return tuple(n.title for n in constants.graph.nodes) if stream == "activity" else ()

    def summary(self, constants: Wired, state):
        """Energy, what was learned, and where the values stand."""
        found = {"largest error when predicting": self.off(constants, state)} if self._taught() else {}
        found |= {"energy": float(state["energy"][0]), "largest rise of the energy": float(state["rise"][0])}
        found["patterns"] = int(state["counters"][TRIAL])
        rest = self.rest(constants, state)
        if rest is not None:
            found["from rest"] = float(np.abs(rest - state["x"]).max())
        for k, id in list(enumerate(constants.values))[:12]:
            found[f"x of {constants.graph.node(id).title}"] = float(state["x"][k])
        return found

    # -- by hand --

    @action(
        "Hold or free a node", hidden=True, index=(int, param(0, lo=0, hi=MOST - 1, doc="Number of the node, in the order of the graph."))
    )
    def hold_node(self, constants: Wired, state, index: int):
        """A free value is held where it is; a held one is freed."""
        graph = constants.graph
        if index >= len(graph.nodes):
            raise ModelError(f"{self.name}.hold_node.index: must be below the number of nodes, {len(graph.nodes)} (got {index}).")
        node = graph.nodes[index]
        if node.kind != "value":
            raise ModelError(
                f"{node.title} is an error node: its value can be held, not the error. Click {graph.node(judged(graph, node.id)).title}."
            )
        free = node.parameters.held == FREE  # type: ignore[attr-defined]
        now = float(np.clip(round(float(state["x"][constants.values.index(node.id)]), 6), -100, 100))
        return {"graph": graph.set(node.id, **({"held": HELD, "value": now} if free else {"held": FREE})).to_json()}

    @action("Settle again", shortcut="S")
    def again(self, constants: Wired, state) -> None:
        """The present pattern begins again; weights stay."""
        state["counters"][SWEEP] = 0
        state["rise"][0] = 0.0

    @action("Keep the weights")
    def keep(self, constants: Wired, state):
        """Write what was learned onto the canvas: weights of the wires, biases of the error nodes."""
        graph = constants.graph
        for id, M, W in zip(constants.wires, state["M"], state["W"], strict=True):
            own = graph.edge(id).properties.own  # type: ignore[attr-defined]
            graph = graph.set(id, weight=float(np.clip(M, -100, 100)), **({"back": float(np.clip(W, -100, 100))} if own else {}))
        for id, b in zip(constants.errors, state["b"], strict=True):
            graph = graph.set(id, bias=float(np.clip(b, -100, 100)))
        return {"graph": graph.to_json()}

    @action("Forget what was learned")
    def forget(self, constants: Wired, state) -> None:
        """Weights and biases as they are drawn."""
        for name, value in constants.first._asdict().items():
            state[name][:] = value
        state["counters"][:] = 0

    @classmethod
    def figures(cls):
        """Rest against linear algebra, slopes against differences, whole layers, and what is learned."""

        def drawn(sizes, seed, activation, spread=0.6, **values):
            rng = np.random.default_rng(seed)
            weights = rng.normal(0.0, spread, sum(a * b for a, b in itertools.pairwise(sizes)))
            return cls(
                graph=layered(sizes, weights.tolist(), activation, rng.normal(0.0, 1.0, sizes[0] + sizes[-1]).tolist()).to_json(), **values
            )

        def cue(run):
            return run(cls(), steps=400, seed=0, record={}).summary["x of size"]

        def rest(run):
            models = [drawn((2, 3, 2), seed, "identity", rate=0.1) for seed in range(5)]
            return max(float(run(m, steps=6000, seed=0, record={}).summary["from rest"]) for m in models)

        def rises(run):
            models = [drawn((2, 3, 2), seed, "tanh", rate=0.02) for seed in range(5)]
            return max(float(run(m, steps=400, seed=0, record={}).summary["largest rise of the energy"]) for m in models)

        def slopes(run):
            """Largest difference of a value's pull from minus the central difference of the energy."""
            found = []
            for seed in range(3):
                s = run(drawn((2, 3, 2), seed, "tanh"), steps=5, seed=0, record={}).simulation
                own, told = s.model.pulls(s.constants, s.state)
                w, room = Learned(s.state["M"], s.state["W"], s.state["b"]), np.empty(len(own))

                def energy(k, step, s=s, w=w, room=room):
                    x = s.state["x"].copy()
                    x[k] += step
                    m = Moving(x, s.state["eps"].copy(), s.state["mu"].copy())
                    return measure(s.constants.circuit, w, m, 0.0, False, room, np.empty_like(room))

                found += [abs(own[k] + told[k] + (energy(k, 1e-5) - energy(k, -1e-5)) / 2e-5) for k in range(len(own))]
            return float(max(found))

        def whole(run):
            """Largest difference of values from whole layers that settle with the same weights."""
            s = run(drawn((2, 3, 2), 1, "tanh", rate=0.1, begin="the prediction"), steps=25, seed=0, record={}).simulation
            net = layers.layout((2, 3, 2))
            w = layers.Weights(s.state["M"].copy(), np.zeros(5), s.state["M"].copy())
            how = layers.How(1, 0, layers.TRAIN, layers.STRICT, True, False, 0.1, np.ones(3), 0.0, np.zeros(2))
            nodes, energies, x = layers.empty(net, 1), np.zeros((26, 3)), s.constants.x
            layers.begin(net, w, nodes, how, x[None, :2].copy(), x[None, 5:].copy(), 1.0, False, energies[0], w)
            layers.settle(net, w, nodes, how, w, energies[1:], 0, 25)
            # Whole layers bend their inputs, too, as the nodes do here.
            return float(np.abs(nodes.x - s.state["x"]).max())

        def answered(run):
            rng = np.random.default_rng(0)
            found = []
            for _ in range(5):
                graph = layered((2, 3, 1), rng.normal(0.0, 1.0, 9).tolist()).to_json()
                model = cls(graph=graph, **LEARNING)
                found.append(run(model, steps=80_000, seed=0, record={}).summary["largest error when predicting"] < 0.2)
            return float(np.mean(found))

        bogacz = "Bogacz (2017)"
        yield Figure("two cues of precision 4 and 1, where the size settles", 2.6, cue, 1e-9, source="mean weighted by precision")
        yield Figure("linear networks at rest against least squares, five of them", 1e-9, rest, bound="at_most", source=bogacz)
        yield Figure("largest rise of the energy in small steps", 1e-12, rises, bound="at_most", source="gradient descent on F")
        yield Figure("pull of a value against the slope of the energy", 1e-8, slopes, bound="at_most", source="central differences")
        yield Figure("values against whole layers that settle", 1e-12, whole, bound="at_most", source="the model predictive-coding")
        yield Figure("share of five first weights that learn exclusive or", 0.8, answered, bound="at_least", source="the lab's set-up")
