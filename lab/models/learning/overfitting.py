"""Over-fitting on noisy digits, and what helps: weight decay, dropout, augmentation."""

from __future__ import annotations

import math

import numpy as np

from lab.data import sets
from lab.model import Figure, Layer, Picture, Preset, Stream
from lab.training import Perceptron, readings, redeclared
from lab.training.perceptron import ATTACKED
from lab.training.stage import CURVES, led_by

MOVES = 4  # pixels


class Overfitting(Perceptron):
    """A network large enough to learn 600 digits by heart, of which 30 % bear a random label.

    Without help the training accuracy climbs above what can be known and the test loss rises: the network learns the
    noise. Weight decay `E + lambda/2 |w|^2` keeps the weights small, dropout keeps units from relying on one another, and
    augmentation shows moved or noisy pictures. Switch each on while it runs, or run the presets and compare them: on clean digits
    (label noise 0) decay and dropout hardly matter, because there is little to over-fit. What augmentation teaches is another
    matter: 200 clean digits leave a network that reads four in ten of the test pictures once they are moved by a pixel; trained
    on moved ones it reads more than eight.

    *Dropped and kept* shows dropout in the next step of learning: what the units of the last hidden layer say, the mask (nothing, or `1/(1 - alpha)`),
    what is passed on, and that the slope on the way back is that same mask. *Norm of each layer* is the length of all its weights in one.
    """

    name = "overfitting"
    title = "Over-fitting"
    group = "Training monitor"
    icon = "mdi6.chart-bell-curve-cumulative"
    order = 30
    also = "overfit; overfitting; generalisation; generalization; regularisation; regularization; dropout; weight decay; L2; early stopping; data augmentation; augmentation; bias-variance; memorisation; noisy labels"
    passes_on = ATTACKED
    equations = (
        r"\tilde E = E + \frac{\lambda}{2} \|w\|^2, \quad \|w\|_F = \sqrt{\textstyle\sum_{ij} w_{ij}^2}",
        r"\tilde h = h \odot m / (1 - \alpha), \quad m \sim \mathrm{Bernoulli}(1 - \alpha)",
    )
    symbols = r"\lambda: weight decay; m: mask of the units that are kept; \alpha: part of the units that is dropped"
    source = "Krogh and Hertz, NIPS 4:950 (1991); Srivastava et al., J. Mach. Learn. Res. 15:1929 (2014)"
    presets = {
        "Nothing done about it": Preset(
            {}, shows="test accuracy < 0.87 and accuracy at best > test accuracy + 0.02 and train accuracy > 0.8"
        ),
        "Weight decay": Preset({"decay": 3e-3}, shows="test accuracy > 0.86"),
        "Dropout": Preset({"dropout": 0.5}, shows="test accuracy > 0.86"),
        "Weight decay and dropout": Preset({"decay": 3e-3, "dropout": 0.5}, shows="test accuracy > 0.88"),
        "Augmentation: moved by a pixel": Preset({"shift": 1}, shows="test accuracy > 0.88"),
        "Augmentation: noise": Preset({"input_noise": 0.3}, shows="test accuracy > 0.88"),
        "Stop early": Preset({"patience": 3}, shows="test accuracy > 0.84 and epochs done < 60"),
        "200 clean digits": Preset(
            {"samples": 200, "label_noise": 0.0, "hidden": "64"}, shows="test accuracy > 0.85 and train accuracy > 0.98 and moved 1 < 0.65"
        ),
        "200 clean digits, moved by a pixel": Preset(
            {"samples": 200, "label_noise": 0.0, "hidden": "64", "shift": 1, "epochs": 200, "evaluate": 5.0},
            shows="moved 1 > 0.75",
            slow=True,
        ),
    }

    samples: int = redeclared(Perceptron, "samples", 600, main=True)
    label_noise: float = redeclared(Perceptron, "label_noise", 0.3, main=True)
    hidden: str = redeclared(Perceptron, "hidden", "256")
    rate: float = redeclared(Perceptron, "rate", 2e-3)
    epochs: int = redeclared(Perceptron, "epochs", 60)
    decay: float = redeclared(Perceptron, "decay", 0.0, main=True)
    dropout: float = redeclared(Perceptron, "dropout", 0.0, main=True)

    @property
    def stage(self):
        """Both curves large, where they part; the network and its confusions beside them."""
        if self.slow:
            return super().stage
        return led_by(
            self,
            CURVES,
            ("network", "confusion" if self.task == "classification" else "fit"),
            opened="Health",
            drawers=(("Norms", ("norms",)), ("Dropout", ("dropped",))),
        )

    def own_streams(self, shape):
        """Norms of the weights, what dropout does, accuracy on moved test pictures."""
        names = (*self.stage_names(), "all layers")
        found = [
            Stream(
                "norms", "trace", "", "Frobenius norm of the weights of each layer, and of all together.", (len(names),), names, events=True
            )
        ]
        if self.widths:
            found.append(
                Stream(
                    "dropped",
                    "matrices",
                    "",
                    "The units of the last hidden layer in the next step of learning: what dropout leaves of them, forward and back.",
                )
            )
        if shape.picture and self.task == "classification":
            pixels = tuple(str(k) for k in range(MOVES))
            found.append(
                Stream(
                    "moved", "bars", "", "Accuracy on test pictures moved by so many pixels, mean of the four directions.", channels=pixels
                )
            )
        return tuple(found)

    def own_pictures(self, shape):
        """Norms of the weights, what dropout does, accuracy on moved test pictures."""
        found = [
            Picture(
                "norms",
                "Norm of each layer",
                (Layer("norms"),),
                y="norm",
                figures=("norm of all weights",),
                doc="The root of the sum of all squares.",
            )
        ]
        if self.widths:
            found.append(
                Picture(
                    "dropped",
                    "Dropped and kept",
                    (Layer("dropped"),),
                    figures=("kept",),
                    doc="One example, with the very mask that the next step of learning draws.",
                )
            )
        if shape.picture and self.task == "classification":
            found.append(
                Picture("moved", "Moved test pictures", (Layer("moved"),), x="moved by (pixels)", y="accuracy", y_range=(0.0, 1.0))
            )
        return tuple(found)

    def look(self, constants, state, tape, stream):
        """Masks, and accuracy on moved test pictures."""
        if stream == "dropped":
            return self._dropped(constants, state, tape)
        return np.array([self.moved_accuracy(constants, tape, pixels) for pixels in range(MOVES)])

    def _look(self, constants, state, tape, out, step, watch):
        """The norms, too."""
        super()._look(constants, state, tape, out, step, watch)
        for channel, norm in enumerate(self.norms(constants, tape)):
            out.events["norms"].append(step, channel, norm)

    def norms(self, constants, tape):
        """Frobenius norm of the weights of each layer, and of all together."""
        arrays = constants.program.parameters(tape)
        squares = [float((arrays[stage.weight].astype(float) ** 2).sum()) for stage in constants.stages]
        return [*np.sqrt(squares), float(np.sqrt(sum(squares)))]

    def summary(self, constants, state):
        """The norm of all weights, and the share of units that is kept."""
        found = super().summary(constants, state) | {"norm of all weights": self.norms(constants, self.tape_state(constants, state))[-1]}
        return found | (
            {"kept": f"{100 * (1 - self.dropout):.4g} % of the units, times {1 / (1 - self.dropout):.4g}"} if self.dropout else {}
        )

    def mask(self, constants, state, tape):
        """(h, what dropout passes on, slopes of the loss before and after it), (units,) each, of one example in the next step; on a copy."""
        last, program = f"hidden{len(self.widths)}", constants.program
        copy = {name: array.copy() for name, array in tape.items()}
        program.step(copy, **self.slow_samples(constants, state))
        after = f"{last}.dropout" if self.dropout else f"{last}.out"
        values = [program.last(name)[0].astype(float) for name in (f"{last}.out", after)]
        slopes = [program.last_gradient(name)[0].astype(float) for name in (f"{last}.out", after)]
        return *values, *slopes

    def _dropped(self, constants, state, tape):
        """The mask of the next step beside what it does, forward and back."""
        h, passed, before, after = self.mask(constants, state, tape)
        known = np.where(h != 0, passed / np.where(h != 0, h, 1.0), np.nan)
        known = np.where(np.isnan(known) & (after != 0), before / np.where(after != 0, after, 1.0), known)
        wide = max(1, min(32, len(h)))
        block = lambda v: np.append(v, np.full(-len(v) % wide, np.nan)).reshape(-1, wide)  # noqa: E731
        scale = 1.0 / (1.0 - self.dropout)
        note = f"Dropout of {self.dropout:g}: {int(np.nansum(known == 0))} of {np.isfinite(known).sum()} units that say something are dropped, the others times {scale:.4g}."
        return [
            {"name": "", "values": None, "note": note if self.dropout else "Nothing is dropped: raise dropout."},
            {"name": "h", "at": (0, 0), "values": block(h), "note": "what the units say"},
            {"name": "mask", "at": (1, 0), "values": block(known), "lit": True, "note": "0 where dropped, 1/(1 - alpha) where kept (empty: a silent unit, whose mask does not matter)"},
            {"name": "passed on", "at": (2, 0), "values": block(passed), "note": "h times mask"},
            {"name": "slope that comes back", "at": (0, 1), "values": block(after), "note": "of the loss, after dropout"},
            {"name": "slope at h", "at": (2, 1), "values": block(before), "note": "that times the same mask"},
        ]  # fmt: skip

    def moved_accuracy(self, constants, tape, pixels):
        """Accuracy on the test pictures moved by so many pixels, mean of the four directions."""
        m, shape = constants.material, constants.outline.picture
        ways = ((pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels)) if pixels else ((0, 0),)
        return float(np.mean([readings.measure(self, constants, tape, sets.shifted(m.test_x, shape, *way), m.test_t)[1] for way in ways]))

    @classmethod
    def figures(cls):
        """Test accuracies, medians of three seeds."""
        found: dict[tuple, float] = {}

        def accuracy(run, **values):
            key = tuple(sorted(values.items()))
            if key not in found:
                model = cls(evaluate=60.0, **values)
                found[key] = float(np.median([run(model, seed=seed, record={}).summary["test accuracy"] for seed in (0, 1, 2)]))
            return found[key]

        def gain(**values):
            return lambda run: accuracy(run, **values) - accuracy(run)

        def moved(**values):
            def measure(run):
                model = cls(samples=200, label_noise=0.0, hidden="64", epochs=200, evaluate=0.0, **values)
                done = [run(model, seed=seed, record={}).simulation for seed in (0, 1, 2)]
                return float(np.median([model.moved_accuracy(s.constants, model.tape_state(s.constants, s.state), 1) for s in done]))

            return measure

        def masked(run):
            """What is passed on, and the slope that comes back, against 0 or 1/(1 - alpha) times what went in."""
            s = run(cls(dropout=0.25, batch=8), steps=30, seed=0, record={}).simulation
            h, passed, before, after = s.model.mask(s.constants, s.state, s.model.tape_state(s.constants, s.state))
            spoke = h > 0
            kept = spoke & (passed != 0)
            if not 0.4 < kept.sum() / max(1, spoke.sum()) < 1.0:
                return math.inf
            scale = np.where(kept, 1 / 0.75, 0.0)[spoke]
            return float(
                max(
                    np.abs(passed[spoke] - scale * h[spoke]).max(), np.abs(before[spoke] - scale * after[spoke]).max() / np.abs(after).max()
                )
            )

        def norm(run):
            s = run(cls(), steps=0, seed=0, record={}).simulation
            arrays, found = s.constants.program.parameters(s.state), s.model.norms(s.constants, s.state)
            return max(
                abs(n - float(np.linalg.norm(arrays[k.weight].astype(float), "fro")))
                for n, k in zip(found, s.constants.stages, strict=False)
            )

        yield Figure("Frobenius norms of the layers against NumPy's", 1e-9, norm, bound="at_most", source="definition")
        yield Figure(
            "dropout's mask forward and back, against 0 or 1/(1 - alpha)", 1e-5, masked, bound="at_most", source="Srivastava et al. (2014)"
        )
        table = "measured for this lab: 600 digits, 30 % random labels, 256 hidden units"
        yield Figure("test accuracy without help", 0.82, lambda run: accuracy(run), 0.03, source=table, slow=True)
        yield Figure("gain by weight decay", 0.05, gain(decay=3e-3), bound="at_least", source=table, slow=True)
        yield Figure("gain by dropout", 0.05, gain(dropout=0.5), bound="at_least", source=table, slow=True)
        yield Figure("gain by both", 0.08, gain(decay=3e-3, dropout=0.5), bound="at_least", source=table, slow=True)
        yield Figure("200 digits, test moved by a pixel", 0.40, moved(), 0.12, source=table)
        yield Figure("the same, trained on moved digits", 0.80, moved(shift=1), bound="at_least", source=table, slow=True)
