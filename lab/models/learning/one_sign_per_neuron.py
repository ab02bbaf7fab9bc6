"""One sign per neuron: a network that learns under Dale's law, beside one that is free."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.errors import ModelError
from lab.model import Figure, Layer, Picture, Preset, Stream, action, index, param
from lab.training import readings, redeclared
from lab.training.beside import Beside
from lab.training.dale import ON, Beneath, signs
from lab.training.learner import EVALUATIONS, TEST_SCORE
from lab.training.material import outline
from lab.training.perceptron import ATTACKED
from lab.training.spiking import populations
from lab.training.stage import led_by

FREE, OTHER = "free.", "other."  # the networks beside: without the law, and in the other form of it
SAME = "0: the same to the last bit"


class OneSignPerNeuron(Beside):
    """Real neurons excite or inhibit, but not both: all weights that leave a unit have one sign. What does a network lose by that?

    After each step, what has crossed zero is put back (projection). The same can be had without any sign of weights: let no weight
    be negative and count what inhibitory units send as minus. Both forms learn the same to the last bit; the third network, beside them on
    the same minibatches, is free. What the law costs is speed in the first epochs, not accuracy. Try:

    - look at the network: all that leaves a hidden unit has one colour; so has every column, and those of the free network are mixed;
    - move the *inhibitory share*: with none, no unit can be silenced and the network must live on its biases; at a half both sides are alike;
    - begin *unbalanced*: excitation exceeds inhibition fourfold at first, every unit is driven hard, and learning has to undo that;
    - hand the trained network to the spiking canvas and see it read a digit with spikes.

    Excitation and inhibition of a unit are summed over what it reads. Balanced first weights make them alike; learning does not keep them so:
    on the digits excitation comes to more than twice the inhibition, and the dots leave the line.
    """

    name = "one-sign-per-neuron"
    title = "One sign per neuron"
    group = "Closer to the brain"
    icon = "mdi6.plus-minus-variant"
    order = 92
    also = "Dale; Dale's law; Dale's principle; Dales law; excitatory and inhibitory units; sign constraint; biologically plausible; positive weights"
    equations = (
        r"w_{ji} \leftarrow \max(0, s_i w_{ji}) s_i \quad \mathrm{after\ each\ step}, \qquad s_i = \pm 1",
        r"z_j = \sum_i w_{ji} h_i + b_j \quad \mathrm{or} \quad z_j = \sum_i |w_{ji}| \, s_i h_i + b_j",
        r"E_j = \sum_{s_i = +1} w_{ji} h_i, \qquad I_j = \sum_{s_i = -1} |w_{ji}| h_i",
    )
    symbols = r"z_j: sum into unit j; b_j: its bias; E_j: excitation of unit j; I_j: inhibition of unit j"
    source = (
        "Eccles, Fatt and Koketsu, J Physiol 126:524 (1954); Cornford et al., Learning to live with Dale's principle, ICLR (2021); "
        "Song, Yang and Wang (projection and signed columns), PLoS Comput Biol 12:e1004792 (2016)"
    )
    passes_on = ATTACKED
    hands_over = {
        "to": "spiking-network",
        "words": "Let it spike",
        "about": "Open the spiking canvas with this network as populations, reading the digit on the canvas",
    }
    drawing = True
    own_name = "one sign"
    rivals = (("free", FREE), ("other form", OTHER))
    presets = {
        "Digits, one in five inhibits": Preset({}, shows="test accuracy > 0.94 and weights of the wrong sign = 0", slow=True),
        "Positive weights, the sign in the activation": Preset(
            {"dale": "positive weights"}, shows="test accuracy > 0.94 and weights of the wrong sign = 0", slow=True
        ),
        "Unbalanced at first: slower": Preset(
            {"balanced": False, "epochs": 3, "evaluate": 0.2, "looking": 10.0}, shows="gap > 0.02", after=1.0, slow=True
        ),
        "Half of them inhibit": Preset({"inhibitory": 0.5}, shows="test accuracy > 0.94", slow=True),
        "None inhibits": Preset({"inhibitory": 0.0}, shows="gap > 0.005", share=0.6, slow=True),
        "Two hidden layers": Preset({"hidden": "64-64"}, shows="test accuracy > 0.93", slow=True),
        "Moons": Preset(
            {"data": "moons", "hidden": "32-32", "epochs": 60, "evaluate": 2.0},
            shows="test accuracy > 0.8 and free accuracy > 0.94 and weights of the wrong sign = 0",
        ),
    }

    dale: str = redeclared(Beside, "dale", "signed columns", main=True)
    inhibitory: float = redeclared(Beside, "inhibitory", 0.2, main=True)
    compare: bool = param(
        True,
        live=False,
        group="Dale's law",
        label="Others beside",
        doc="Train a free network, and one in the other form, on the same minibatches.",
    )
    column_layer: int = param(
        1, lo=1, hi=17, group="Dale's law", label="Layer of the columns", doc="Layer whose weights are drawn, from 1."
    )

    # -- three networks on one tape --

    @property
    def compared(self) -> bool:
        """Whether other networks learn beside this one."""
        return self.compare and self.dale in ON

    def beside(self, tape, x, outputs):
        """The free network, and the other form of the law."""
        if not self.compared:
            return
        t = tape.find("t")
        for prefix, form in ((FREE, "off"), (OTHER, ON[1 - ON.index(self.dale)])):
            output, _ = self.network(Beneath(tape, prefix, form, self.inhibitory), x, outputs)
            if self.task == "classification":
                tape.cross_entropy(output, t, name=f"{prefix}loss")
                tape.accuracy(output, t, name=f"{prefix}accuracy")
            else:
                tape.mse(output, t, name=f"{prefix}loss")

    def state_bounds(self, constants, state, step):
        """Which neuron is looked at, too."""
        return super().state_bounds(constants, state, step) | {"picked": index(2**31)}

    def start(self, constants, seed):
        """The other form begins with the same weights, the free network with as large ones of its own."""
        state = super().start(constants, seed)
        if self.compared:
            arrays = constants.program.parameters(state)
            for name, array in arrays.items():
                if name.startswith(OTHER):
                    mine = arrays[name.removeprefix(OTHER)]
                    array[...] = (
                        mine
                        if array.ndim < 2
                        else np.abs(mine)
                        if self.dale == ON[0]
                        else mine * signs(len(mine), self.inhibitory)[:, None]
                    )
            state["best_parameters"][:] = state["parameters"]
        return state | {"picked": np.zeros(1, np.int64)}

    def apart(self, constants, state) -> float:
        """Largest difference of the weights of both forms, signs put where they belong."""
        arrays = constants.program.parameters(state)
        found = [0.0]
        for name, array in arrays.items():
            if name.startswith(OTHER):
                mine = arrays[name.removeprefix(OTHER)]
                own = signs(len(mine), self.inhibitory)[:, None] if mine.ndim == 2 else 1.0
                found.append(float(np.abs(array - mine * own).max()))
        return max(found)

    def _look(self, constants, state, tape, out, step, watch):
        super()._look(constants, state, tape, out, step, watch)
        excitation, inhibition = self._inputs(constants, state, tape)
        for k, (e, i) in enumerate(zip(excitation, inhibition, strict=True)):
            out.events["imbalance"].append(step, k, float(np.abs(e - i).sum() / max(float((e + i).sum()), 1e-12)))

    def _inputs(self, constants, state, tape):
        """(excitation, inhibition) of each unit of each layer, mean over the test examples."""
        m, c = constants.material, constants
        x = m.test_x[: readings.POINTS]
        names = ["x", *(s.value for s in c.stages[:-1])]
        values = [x, *c.program.forward(tape, names[1:], **self.given(x, m.test_t[: readings.POINTS]))] if len(names) > 1 else [x]
        arrays = c.program.parameters(tape)
        found: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        for value, stage in zip(values, c.stages, strict=True):
            h, weight = value.mean(0, dtype=float), arrays[stage.weight].astype(float)
            if self.dale == ON[1]:
                weight = weight * signs(len(weight), self.inhibitory)[:, None]
            found[0].append(h @ np.maximum(weight, 0))
            found[1].append(h @ np.maximum(-weight, 0))
        return found

    def summary(self, constants, state) -> dict[str, Any]:
        """Both accuracies, and whether both forms are still the same."""
        found = super().summary(constants, state)
        if self.compared:
            if state["figures"][EVALUATIONS]:
                found |= {
                    f"free {self.score_name}": float(state["beside"][0]),
                    "gap": float(state["beside"][0] - state["figures"][TEST_SCORE]),
                }
            apart = self.apart(constants, state)
            found["both forms differ by"] = SAME if apart == 0 else f"{apart:.3g} (dropout, noise or augmentation draw for each network)"
        return found

    # -- what can be looked at --

    def own_streams(self, shape):
        """Accuracies, columns, excitation and inhibition."""
        layers = self.stage_names()
        names = ("one sign", "free", "other form") if self.compared else ("one sign",)
        found = [
            Stream("accuracies", "trace", "", f"{self.score_name} on the test part.", (len(names),), names, events=True),
            Stream("imbalance", "trace", "", "Excitation minus inhibition over their sum, by layer.", (len(layers),), layers, events=True),
            Stream(
                "signed columns", "image", "", "Weights of a layer: a column for each unit that is read, the inhibitory ones on the right."
            ),
            Stream(
                "excitation and inhibition",
                "cloud",
                "",
                "Mean excitation and inhibition of each unit.",
                channels=("excitation", "inhibition", "layer"),
            ),
            Stream("balance", "curve", "", "Where both are equal."),
            Stream(
                "carried",
                "table",
                "",
                "This network as spiking populations that read the picture on the canvas, as one text.",
                canvas="carried",
            ),
        ]
        if self.compared:
            found.append(Stream("free columns", "image", "", "The same of the free network."))
        return tuple(found)

    def own_pictures(self, shape):
        """Columns beside those of the free network, balance, accuracies."""
        free = (
            Picture(
                "free columns",
                "Free columns",
                (Layer("free columns"),),
                colours="diverging",
                x="unit that is read",
                y="unit that reads",
                front=True,
            ),
        )
        layers = tuple(Layer("accuracies", channel=k, label=name) for k, name in enumerate(self.stream_names("accuracies")))
        return (
            Picture("signed columns", "Signed columns", (Layer("signed columns"),), colours="diverging", x="unit that is read", y="unit that reads", front=True, weight=1.5,
                    figures=("weights of the wrong sign",), doc="Blue inhibits, orange excites; no column has both."),
            *(free if self.compared else ()),
            Picture("accuracies", f"{self.score_name.capitalize()} of all three" if self.compared else self.score_name.capitalize(), layers, y=self.score_name,
                    figures=("gap", "both forms differ by"), front=True),
            Picture("excitation and inhibition", "Excitation and inhibition", (Layer("excitation and inhibition"), Layer("balance", theory=True, label="balanced")),
                    x="excitation", y="inhibition", labels=self.stage_names(), front=True),
            Picture("imbalance", "Imbalance by layer", (Layer("imbalance"),), y="(E − I) / (E + I)"),
        )  # fmt: skip

    def stream_names(self, stream):
        """Channels of one of the model's own streams."""
        return next(s.channels for s in self.own_streams(None) if s.name == stream)

    @property
    def stage(self):
        """The network drawn, what leaves a unit in one colour, the balance beside it; below the columns and those of the free network, accuracies."""
        shape = outline(self)
        drawn = ("canvas",) if shape.picture and self.task == "classification" else ()
        says = ("surface",) if shape.plane else ()
        free = ("free columns",) if self.compared else ()
        return led_by(
            self, (*drawn, "network"), (*says, "excitation and inhibition", "accuracies"), ("signed columns", *free, "loss"),
            drawers=(("Over time", ("imbalance", "score")),),
        )  # fmt: skip

    def look(self, constants, state, tape, stream):
        """Columns, balance, and the network as populations."""
        if stream in ("signed columns", "free columns"):
            stage = constants.stages[min(self.column_layer, len(constants.stages)) - 1]
            own = stream == "signed columns"
            weight = constants.program.parameters(tape)[stage.weight if own else f"{FREE}{stage.weight}"].astype(float)
            sign = signs(len(weight), self.inhibitory)
            if own and self.dale == ON[1]:
                weight = weight * sign[:, None]
            return weight[np.argsort(-sign, kind="stable")].T
        if stream == "excitation and inhibition":
            found = zip(*self._inputs(constants, state, tape), strict=True)
            return np.concatenate([np.column_stack([e, i, np.full(len(e), k)]) for k, (e, i) in enumerate(found)])
        if stream == "balance":
            excitation, inhibition = self._inputs(constants, state, tape)
            top = max(float(a.max()) for a in (*excitation, *inhibition))
            return np.array([[0.0, top], [0.0, top]])
        if stream == "carried":
            try:
                return [{"graph": self.spiking(constants, state).to_json(), "refusal": ""}]
            except ModelError as error:
                return [{"graph": "", "refusal": str(error)}]
        return super().look(constants, state, tape, stream)

    def spiking(self, constants, state):
        """The network as spiking populations that read the picture on the canvas, or the first test example."""
        shown = readings.seen(self, constants, state) if constants.outline.picture else constants.material.test_x[:1]
        return populations(self, constants, state, shown[0])

    @action("Save as spiking network", file=(str, param("", kind="file", doc="File to write, .json: a graph for the spiking canvas.")))
    def save_spiking(self, constants, state, file):
        """Write this network as spiking populations that read the picture on the canvas."""
        from lab.graph.files import write

        write(self.spiking(constants, state), file)

    @classmethod
    def figures(cls):
        """Signs kept exactly, both forms to the bit, accuracy beside the free network, and where the cost lies."""
        found: dict[tuple, Any] = {}

        def trained(run, **values):
            key = tuple(sorted(values.items()))
            if key not in found:
                found[key] = [run(cls(**values), seed=seed, record={"accuracies": 1}) for seed in (0, 1, 2)]
            return found[key]

        def broken(run):
            """Weights of the wrong sign after each of 300 steps."""
            s = run(cls(rate=0.03), steps=0, seed=1, record={}).simulation
            count = 0
            for _ in range(300):
                s.advance(1)
                count += s.summary()["weights of the wrong sign"]
            return float(count)

        def forms(run):
            return max(r.simulation.model.apart(r.simulation.constants, r.state) for r in trained(run))

        def gap(run):
            return float(np.median([r.summary["gap"] for r in trained(run)]))

        def early(run):
            """How many epochs the free network needs for 90 %, over those under the law (unbalanced: the lesson at its clearest)."""

            def needed(r, channel):
                data = r.recorded("accuracies")
                there = data.index == channel
                return float(data.time[there][np.argmax(data.values[there] >= 0.9)])

            runs = [
                run(cls(balanced=False, evaluate=0.1, looking=10.0, epochs=6), seed=seed, record={"accuracies": 1}) for seed in (0, 1, 2)
            ]
            return float(np.median([needed(r, 0) / needed(r, 1) for r in runs]))

        source = "the lab's set-up: digits, 64-64-10 ReLU, Adam 3e-3, 30 epochs, 80/20 by presynaptic unit"
        yield Figure("weights of the wrong sign after each of 300 steps", 0, broken, source="the law itself")
        yield Figure("signed columns against positive weights, largest difference", 0, forms, source="the same arithmetic", slow=True)
        yield Figure("accuracy of the free network minus that under the law", 0.015, gap, bound="at_most", source=source, slow=True)
        yield Figure(
            "epochs to 90 % over those of the free network, unbalanced",
            1.0,
            early,
            bound="at_least",
            source="the cost is speed in the first epochs",
            slow=True,
        )
