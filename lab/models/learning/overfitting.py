"""Over-fitting on noisy digits, and what helps: weight decay, dropout, augmentation."""

from __future__ import annotations

import numpy as np

from lab.data import sets
from lab.model import Figure, Layer, Picture, Preset, Stream
from lab.training import Perceptron, readings, redeclared
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
    """

    name = "overfitting"
    title = "Over-fitting"
    group = "Training monitor"
    icon = "mdi6.chart-bell-curve-cumulative"
    order = 30
    also = "overfit; overfitting; generalisation; generalization; regularisation; regularization; dropout; weight decay; L2; early stopping; data augmentation; augmentation; bias-variance; memorisation; noisy labels"
    equations = (
        r"\tilde E = E + \frac{\lambda}{2} \|w\|^2",
        r"\tilde h = h \odot m / (1 - \alpha), \quad m \sim \mathrm{Bernoulli}(1 - \alpha)",
    )
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
        return led_by(self, CURVES, ("network", "confusion" if self.task == "classification" else "fit"), opened="Health")

    def own_streams(self, shape):
        """Accuracy on moved test pictures."""
        if not shape.picture or self.task != "classification":
            return ()
        names = tuple(str(k) for k in range(MOVES))
        return (
            Stream("moved", "bars", "", "Accuracy on test pictures moved by so many pixels, mean of the four directions.", channels=names),
        )

    def own_pictures(self, shape):
        """Accuracy on moved test pictures."""
        if not shape.picture or self.task != "classification":
            return ()
        return (Picture("moved", "Moved test pictures", (Layer("moved"),), x="moved by (pixels)", y="accuracy", y_range=(0.0, 1.0)),)

    def look(self, constants, state, tape, stream):
        """Accuracy on moved test pictures."""
        return np.array([self.moved_accuracy(constants, tape, pixels) for pixels in range(MOVES)])

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

        table = "measured for this lab: 600 digits, 30 % random labels, 256 hidden units"
        yield Figure("test accuracy without help", 0.82, lambda run: accuracy(run), 0.03, source=table, slow=True)
        yield Figure("gain by weight decay", 0.05, gain(decay=3e-3), bound="at_least", source=table, slow=True)
        yield Figure("gain by dropout", 0.05, gain(dropout=0.5), bound="at_least", source=table, slow=True)
        yield Figure("gain by both", 0.08, gain(decay=3e-3, dropout=0.5), bound="at_least", source=table, slow=True)
        yield Figure("200 digits, test moved by a pixel", 0.40, moved(), 0.12, source=table)
        yield Figure("the same, trained on moved digits", 0.80, moved(shift=1), bound="at_least", source=table, slow=True)
