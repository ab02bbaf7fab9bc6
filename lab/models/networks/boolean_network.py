"""Neurons as logic gates: circuits drawn or compiled from a formula, their truth table, and what one gate can and cannot do."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lab.errors import LabError, ModelError
from lab.graph import logic
from lab.graph.document import Graph
from lab.graph.kinds.gates import MOST_INPUTS, Program, compiled, half_adder, parity
from lab.graph.kinds.gates import logic as one_gate
from lab.model import Clock, Figure, Layer, Model, Picture, Preset, Stream, action, index, param

XOR = parity(2).to_json()


@lru_cache(maxsize=16)
def _program(text: str) -> tuple[Graph, Program]:
    graph = Graph.from_json(text)
    if graph.family != "gates":
        raise ModelError(f"The graph holds {graph.kinds.title.lower()}: this model takes gates and units.")
    return graph, compiled(graph)


@lru_cache(maxsize=16)
def _values(text: str) -> np.ndarray:
    """Values of every node (rows of the program) for every input pattern."""
    program = _program(text)[1]
    return program.evaluate(logic.patterns(len(program.inputs)).T)


@lru_cache(maxsize=16)
def _verdict(table: tuple[int, ...], names: tuple[str, ...] = ()) -> tuple[tuple[float, ...] | None, float, str]:
    found = logic.single_gate(table)
    if found is None:
        return None, 0.0, logic.why_not(table)
    weights, threshold = found
    terms = " + ".join(f"{w:g}·{names[k] if k < len(names) else f'x{k + 1}'}" for k, w in enumerate(weights))
    return tuple(weights.tolist()), threshold, f"One gate can: {terms} ≥ {threshold:g}.".replace("+ -", "− ")


class BooleanNetwork(Model):
    """Neurons as logic: a gate gives 1 where the weighted sum of its inputs reaches its threshold, and a network of gates is a circuit.

    Each step shows the next pattern of the inputs; click an input to change it. Draw gates and wires on the canvas and the
    truth table follows. *Compile* turns a formula (`a and not b`, `a ^ b ^ c`) or the digits of a truth table (`0110`) into
    threshold gates: one where one can do it, counting gates where only the number of ones matters, otherwise a gate
    for each prime implicant.

    Of the 16 functions of two inputs one gate can do 14: not XOR, nor its complement, because no line parts their ones from
    their zeros. With one hidden layer all can be done; parity of n inputs needs only n hidden gates.
    """

    name = "boolean-network"
    title = "Neurons as logic"
    group = "Units and gates"
    icon = "mdi6.gate-and"
    order = 5
    also = "logic gates; AND; OR; XOR gate; half adder; NAND; gates; McCulloch-Pitts; McCulloch; Boolean; truth table; parity; majority; binary neurons"
    takes = ({"what": "graph", "family": "gates"},)
    equations = (r"y = [\,\textstyle\sum_i w_i x_i \geq \theta\,] = [\,\textstyle\sum_i w_i x_i + b \geq 0\,], \qquad b = -\theta",)
    symbols = r"y: output of a gate; w_i: weight of input i; \theta: threshold"
    source = (
        "McCulloch and Pitts, Bull Math Biophys 5:115 (1943); Minsky and Papert, Perceptrons (1969); Quine, Am Math Monthly 59:521 (1952)"
    )
    presets = {
        "XOR with hidden gates": Preset({}, shows="one gate would do for = '0 of 1 output'", after=4.0),
        "AND": Preset({"graph": one_gate("and").to_json()}, shows="one gate would do for = '1 of 1 output'", after=4.0),
        "OR": Preset({"graph": one_gate("or").to_json()}, shows="one gate would do for = '1 of 1 output'", after=4.0),
        "Half adder": Preset({"graph": half_adder().to_json()}, shows="one gate would do for = '1 of 2 outputs'", after=4.0),
        "Parity of 4": Preset({"graph": parity(4).to_json()}, shows="one gate would do for = '0 of 1 output'", after=4.0),
        "Majority of 3": Preset(
            {"graph": logic.circuit((0, 0, 0, 1, 0, 1, 1, 1)).to_json()}, shows="one gate would do for = '1 of 1 output'", after=4.0
        ),
    }

    graph: str = param(XOR, kind="graph", builds=True, doc="Inputs, gates and outputs (JSON text of the canvas).", group="Network")
    speed_of_patterns: float = param(1.0, "1/s", lo=0.1, hi=100, log=True, doc="Patterns shown in a second.", group="Network")

    def check(self) -> None:
        try:
            program = _program(self.graph)[1]
        except LabError as error:
            raise self.refuse("graph", str(error).rstrip(".")) from None
        if len(program.inputs) > MOST_INPUTS:
            raise self.refuse(
                "graph", f"holds {len(program.inputs)} inputs and may hold {MOST_INPUTS}, because its truth table has 2^n rows"
            )

    @property
    def clock(self) -> Clock:
        return Clock(1.0, "pattern", physical=False)

    @property
    def speed(self) -> float:
        return self.speed_of_patterns

    @property
    def default_steps(self) -> int:
        return 4

    @property
    def streams(self):
        return (
            Stream("activity", "graph", "", "Every gate with its value for the present pattern.", canvas="activity"),
            Stream("table", "table", "", "The truth table; the present pattern is marked."),
            Stream("points", "cloud", "", "Input patterns by the value of the first output.", channels=("x1", "x2", "output")),
            Stream("border", "curve", "", "The line of a single gate that parts them, where there is one.", channels=("border",)),
            *(
                (
                    Stream(
                        "cube",
                        "cloud",
                        "",
                        "Corners of the cube of three inputs by the first output, and the plane of a single gate that parts them, where there is one.",
                        channels=("x", "y", "z", "label", "size"),
                    ),
                )
                if self._three()
                else ()
            ),
            Stream(
                "rules",
                "table",
                "",
                "Every threshold gate written in both ways: with its threshold, and with a bias, which is minus the threshold.",
            ),
            Stream("verdict", "table", "", "Which outputs one gate could give, and why not."),
        )

    @property
    def pictures(self):
        return (
            Picture("table", "Truth table", (Layer("table"),), front=True, weight=1.2),
            Picture("verdict", "Could one gate do it?", (Layer("verdict"),), front=True),
            *(
                (
                    Picture(
                        "cube",
                        "The first output over its three inputs",
                        (Layer("cube"),),
                        labels=("0", "1", "plane", "edge"),
                        equal=True,
                        front=True,
                        doc="Drag to turn the cube. A gate with three inputs is a plane: ones on its one side, zeros on the other.",
                    ),
                )
                if self._three()
                else ()
            ),
            *(
                ()
                if self._three()
                else (
                    Picture(
                        "plane",
                        "The first output over its first two inputs",
                        (Layer("points"), Layer("border")),
                        x=(*self._inputs(), "x1")[0],
                        y=(*self._inputs(), "x1", "x2")[1],
                        x_range=(-0.5, 1.5),
                        y_range=(-0.5, 1.5),
                    ),
                )
            ),
            Picture(
                "rules",
                "Threshold and bias of each gate",
                (Layer("rules"),),
                doc="A weight says how strong a synapse is. The threshold is what the sum has to reach; brought to the other side it is a bias, b = −θ.",
            ),
            Picture("circuit", "Circuit: click an input to change it", (Layer("activity"),), pick="toggle", levels=(0.0, 1.0)),
        )

    def _inputs(self) -> tuple[str, ...]:
        """Names of the inputs, in the order of the truth table."""
        graph, program = _program(self.graph)
        return tuple(graph.node(program.rows[k].id).title for k in program.inputs)

    def _three(self) -> bool:
        return len(_program(self.graph)[1].inputs) == 3

    def _cube(self, table: tuple[int, ...]) -> np.ndarray:
        """(n, 5) x1, x2, x3, class, size: corners by output (0, 1), dots of the separating plane inside the cube (2), dots of the edges (3)."""
        corners = logic.patterns(3).astype(float)
        parts = [np.column_stack([corners, np.array(table, float), np.full(8, 2.0)])]
        along = np.linspace(0.08, 0.92, 12)
        for axis in range(3):
            for one, other in logic.patterns(2):
                line = np.insert(np.tile([float(one), float(other)], (len(along), 1)), axis, along, axis=1)
                parts.append(np.column_stack([line, np.full(len(line), 3.0), np.full(len(line), 0.3)]))
        weights, threshold, _ = _verdict(table)
        if weights is not None and any(weights):
            normal = np.array(weights)
            steep = int(np.abs(normal).argmax())
            grid = np.stack(np.meshgrid(*[np.linspace(0.0, 1.0, 21)] * 2), -1).reshape(-1, 2)
            others = [k for k in range(3) if k != steep]
            height = (threshold - grid @ normal[others]) / normal[steep]
            inside = (height >= 0) & (height <= 1)
            plane = np.insert(grid[inside], steep, height[inside], axis=1)
            parts.append(np.column_stack([plane, np.full(len(plane), 2.0), np.full(len(plane), 0.4)]))
        return np.concatenate(parts)

    def build(self, seed: int):
        return _values(self.graph)

    def start(self, constants, seed: int):
        return {"pattern": np.zeros(1, np.int64)}

    def state_bounds(self, constants, state, step):
        return {"pattern": index(constants.shape[1])}

    def advance(self, constants, state, n: int, out) -> int:
        state["pattern"][0] = (state["pattern"][0] + n) % constants.shape[1]
        return n

    def changed_live(self, before, constants, state) -> None:
        state["pattern"] %= _values(self.graph).shape[1]

    def _tables(self) -> dict[str, tuple[int, ...]]:
        graph, program = _program(self.graph)
        values = _values(self.graph)
        return {graph.node(program.rows[k].id).title: tuple((values[k] >= 0.5).astype(int).tolist()) for k in program.outputs}

    def observe(self, constants, state, stream: str):
        graph, program = _program(self.graph)
        values, now = _values(self.graph), int(state["pattern"][0])
        patterns = logic.patterns(len(program.inputs))
        place = {row.id: k for k, row in enumerate(program.rows)}
        if stream == "activity":
            number = {n.id: k for k, n in enumerate(graph.nodes)}
            nodes = np.array([(n.x, -n.y, values[place[n.id], now]) for n in graph.nodes], float).reshape(-1, 3)
            edges = np.array(
                [(number[e.source], number[e.target], getattr(e.properties, "weight", 1.0)) for e in graph.edges], float
            ).reshape(-1, 3)
            return {"nodes": nodes, "edges": edges}
        if stream == "table":
            names, tables = self._inputs(), self._tables()
            return [
                {
                    "": "▶" if k == now else "",
                    **{a: int(v) for a, v in zip(names, p, strict=True)},
                    **{f"→ {b}": t[k] for b, t in tables.items()},
                }
                for k, p in enumerate(patterns[:256])
            ]
        if stream == "rules":
            return self._rules(now)
        if stream == "verdict":
            if not program.inputs:
                return []
            return [{"output": name, "verdict": _verdict(table, self._inputs())[2]} for name, table in self._tables().items()]
        outputs = list(self._tables().values())
        two = len(program.inputs) >= 2 and bool(outputs)
        if stream == "points":
            first = [k for k, p in enumerate(patterns) if not p[2:].any()] if two else []
            return np.array([(patterns[k][0], patterns[k][1], 0.0, outputs[0][k], 3.0) for k in first], float).reshape(-1, 5)[:, [0, 1, 3]]
        if stream == "cube":
            return self._cube(outputs[0]) if outputs else np.empty((0, 5))
        if stream == "border":
            weights, threshold, _ = _verdict(outputs[0]) if two and len(program.inputs) == 2 else (None, 0.0, "")
            if weights is None or not any(weights):
                return np.full((2, 2), np.nan)
            if abs(weights[1]) > 1e-9:
                x = np.array([-1.0, 2.0])
                return np.array([x, (threshold - weights[0] * x) / weights[1]])
            return np.array([[threshold / weights[0]] * 2, [-1.0, 2.0]])
        return super().observe(constants, state, stream)

    def _rules(self, now: int) -> list[dict[str, object]]:
        """Threshold gates with their synapses, threshold and bias, and the sums of the present pattern both ways."""
        graph, program = _program(self.graph)
        values = {row.id: float(_values(self.graph)[k, now]) for k, row in enumerate(program.rows)}
        found: list[dict[str, object]] = []
        for node in graph.nodes:
            theta = getattr(node.parameters, "threshold", None)
            if theta is None or node.id not in values:
                continue
            wires = [
                (graph.node(e.source).title, getattr(e.properties, "weight", 1.0), values[e.source])
                for e in graph.edges
                if e.target == node.id
            ]
            total = sum(w * v for _, w, v in wires)
            found.append(
                {
                    "gate": node.title,
                    "synapses": ", ".join(f"{name} {w:+g}" for name, w, _ in wires),
                    "threshold θ": theta,
                    "bias b = −θ": 0.0 - theta,
                    "Σ w x": total,
                    "Σ w x + b": total - theta,
                    "Σ w x ≥ θ": int(total >= theta),
                    "Σ w x + b ≥ 0": int(total - theta >= 0),
                }
            )
        return found

    def labels(self, constants, stream: str):
        return tuple(n.title for n in _program(self.graph)[0].nodes) if stream == "activity" else ()

    def summary(self, constants, state):
        graph, program = _program(self.graph)
        now = logic.patterns(len(program.inputs))[int(state["pattern"][0])]
        tables = self._tables().values() if program.inputs else ()
        alone = sum(_verdict(t)[0] is not None for t in tables)
        return {
            "gates": len(graph.nodes) - len(program.inputs) - len(program.outputs),
            "pattern": "".join(f"{v:.0f}" for v in now),
            "one gate would do for": f"{alone} of {len(tables)} output{'s' * (len(tables) != 1)}",
        }

    @action(
        "Compile a formula or table",
        text=(str, param("a ^ b", doc="A formula with and, or, not, ^ and brackets, or the digits of a truth table.")),
    )
    def compile(self, constants, state, text):
        """Build threshold gates that compute a formula or a truth table, with as few of them as simple rules find."""
        table, names = logic.read(text)
        state["pattern"][0] = 0
        return {"graph": logic.circuit(table, names).to_json()}

    @action("Change an input", hidden=True, index=(int, param(0, lo=0, hi=100_000, doc="Number of the node.")))
    def toggle(self, constants, state, index):
        """Change the value of an input that was clicked."""
        graph, program = _program(self.graph)
        ids = [program.rows[k].id for k in program.inputs]
        if index < len(graph.nodes) and graph.nodes[index].id in ids:
            state["pattern"][0] ^= 1 << (len(ids) - 1 - ids.index(graph.nodes[index].id))

    @classmethod
    def figures(cls):
        """Every function of two and three inputs, by exhaustion."""

        def all_tables(n):
            return [tuple(int(c) for c in f"{k:0{1 << n}b}") for k in range(1 << (1 << n))]

        def right(n):
            def measure(run):
                good = 0
                for table in all_tables(n):
                    program = compiled(logic.circuit(table))
                    good += tuple(program.evaluate(logic.patterns(n).T)[program.outputs[0]].astype(int).tolist()) == table
                return float(good)

            return measure

        def single(n):
            return lambda run: float(sum(logic.single_gate(table) is not None for table in all_tables(n)))

        def odd(run):
            program = compiled(parity(8))
            hidden = sum(r.kind == "threshold" for r in program.rows) - 1
            x = logic.patterns(8)
            return float(hidden if (program.evaluate(x.T)[program.outputs[0]] == x.sum(1) % 2).all() else -1)

        def both_ways(run):
            """Gates and patterns of three circuits at which the two ways disagree with each other or with the circuit."""
            wrong = 0
            for document in (XOR, half_adder().to_json(), parity(4).to_json()):
                model = cls(graph=document)
                _, program = _program(document)
                outcome = _values(document)
                titles = {program.rows[k].id: k for k in range(len(program.rows))}
                for now in range(outcome.shape[1]):
                    rules = model._rules(now)
                    gates = [n for n in _program(document)[0].nodes if getattr(n.parameters, "threshold", None) is not None]
                    for row, node in zip(rules, gates, strict=True):
                        wrong += not row["Σ w x ≥ θ"] == row["Σ w x + b ≥ 0"] == int(outcome[titles[node.id], now])
            return float(wrong)

        yield Figure("gates that threshold and bias tell differently, three circuits, all patterns", 0, both_ways, source="b = -theta")
        yield Figure("two-input functions compiled and right", 16, right(2), source="exhaustion")
        yield Figure("three-input functions compiled and right", 256, right(3), source="exhaustion")
        yield Figure("two-input functions of one gate", 14, single(2), source="Muroga, Threshold Logic (1971)")
        yield Figure("three-input functions of one gate", 104, single(3), source="Muroga, Threshold Logic (1971)")
        yield Figure("hidden gates for parity of 8", 8, odd, source="counting construction")
