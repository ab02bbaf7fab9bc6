# Written by `python -m lab.tape.signatures` from the operations: change one there and write this anew.
# fmt: off
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lab.tape.listing import Node

class Operations:
    def activation(self, x: Node, kind: str, *, name: str | None = None) -> Node:
        """The activation called `kind` (one of identity, step, logistic, tanh, relu, leaky, softplus, gelu)."""
    def exp(self, x: Node, *, name: str | None = None) -> Node:
        """Exponential."""
    def gelu(self, x: Node, *, name: str | None = None) -> Node:
        """Gaussian error linear unit in its tanh form (Hendrycks and Gimpel 2016, section 2)."""
    def identity(self, x: Node, *, name: str | None = None) -> Node:
        """The value itself (a linear layer)."""
    def leaky(self, x: Node, slope: float = 0.01, *, name: str | None = None) -> Node:
        """Leaky ReLU: x where positive, else slope x; `<name>.slope` is live."""
    def log(self, x: Node, *, name: str | None = None) -> Node:
        """Natural logarithm."""
    def logistic(self, x: Node, *, name: str | None = None) -> Node:
        """Logistic function 1 / (1 + exp(-x))."""
    def relu(self, x: Node, *, name: str | None = None) -> Node:
        """Rectified linear unit max(x, 0)."""
    def softplus(self, x: Node, *, name: str | None = None) -> Node:
        """log(1 + exp(x)), without overflow."""
    def square(self, x: Node, *, name: str | None = None) -> Node:
        """Square of every value."""
    def step(self, x: Node, *, name: str | None = None) -> Node:
        """Heaviside step: 1 where x > 0, else 0; its gradient is zero."""
    def tanh(self, x: Node, *, name: str | None = None) -> Node:
        """Hyperbolic tangent."""
    def affine(self, x: Node, units: int | None = None, *, weight: Node | None = None, bias: bool | Node = True, transposed: bool = False, init: Any = "xavier", signs: Sequence[float] | np.ndarray | None = None, name: str | None = None) -> Node:
        """Affine layer y = x W + b over the last axis; the weight has the shape (inputs, units).

        weight: a parameter to use again (tied weights); with `transposed=True` its transpose is used. bias: True for a new
        one, False for none, or a parameter. New parameters are called `<name>.weight` and `<name>.bias`. signs: of the inputs, as
        for `parameter` (a neuron that excites or inhibits, but not both).
        """
    def matmul(self, x: Node, y: Node, *, transposed: bool = False, name: str | None = None) -> Node:
        """Matrix product x y (or x y^T) over the last two axes, one for each sample and leading index.

        Both have a batch axis, or neither; a matrix without one (a parameter) on the right is `affine(x, weight=y, bias=False)`.
        """
    def add(self, x: Node, y: Node, *, name: str | None = None) -> Node:
        """Sum of two values; the smaller is repeated along axes of 1 (NumPy's rule)."""
    def mean(self, x: Node, axis: int | None = None, *, keep: bool = False, name: str | None = None) -> Node:
        """Mean over an axis of a sample, or over all its values; keep=True leaves an axis of 1."""
    def multiply(self, x: Node, y: Node, *, name: str | None = None) -> Node:
        """Product value by value; the smaller is repeated along axes of 1."""
    def scale(self, x: Node, factor: float = 1.0, offset: float = 0.0, *, name: str | None = None) -> Node:
        """factor x + offset; both are live (`<name>.factor`, `<name>.offset`)."""
    def shift(self, x: Node, offset: float, *, name: str | None = None) -> Node:
        """x + offset, a live number."""
    def subtract(self, x: Node, y: Node, *, name: str | None = None) -> Node:
        """Difference x - y; the smaller is repeated along axes of 1."""
    def sum(self, x: Node, axis: int | None = None, *, keep: bool = False, name: str | None = None) -> Node:
        """Sum over an axis of a sample, or over all its values; keep=True leaves an axis of 1."""
    def attention(self, q: Node, k: Node, v: Node, *, causal: bool = False, name: str | None = None) -> Node:
        """What all heads read, side by side (T, heads * size): queries q (heads, T, size), keys k and values v (heads, S, size).

        Nodes: `<name>.scores` q.k / root of size, `<name>.attention` its softmax, `<name>.heads` the weighted values (heads, T, size).
        causal=True lets place i see the places 0 to i only.
        """
    def average_pool(self, x: Node, size: int = 2, *, stride: int | None = None, padding: int | str = 0, name: str | None = None) -> Node:
        """Mean under each window (stride: the size); outside pixels count as 0."""
    def conv2d(self, x: Node, filters: int | None = None, *, size: int = 3, stride: int = 1, padding: int | str = "same", weight: Node | None = None, bias: bool | Node = True, init: Any = "he", name: str | None = None) -> Node:
        """Cross-correlation of pictures with `filters` kernels of size x size x channels; weight (size, size, channels, filters).

        padding: "same" (stride 1, odd size), "valid" (none) or a number of zero pixels on every side.
        """
    def max_pool(self, x: Node, size: int = 2, *, stride: int | None = None, padding: int | str = 0, name: str | None = None) -> Node:
        """Largest value under each window (stride: the size); the gradient goes to the first of equals."""
    def embedding(self, tokens: Node, width: int | None = None, *, weight: Node | None = None, init: Any = "small", name: str | None = None) -> Node:
        """Rows of a table chosen by whole numbers: (...) becomes (..., width).

        tokens: a node made by `labels`. weight: a parameter of shape (classes, width) to use again, else `<name>.weight` is made.
        """
    def one_hot(self, tokens: Node, *, name: str | None = None) -> Node:
        """1 at the place of a whole number and 0 elsewhere: (...) becomes (..., classes)."""
    def accuracy(self, logits: Node, labels: Node, *, name: str | None = None) -> Node:
        """1 where the largest logit (or, with one logit, its sign) is that of the label, else 0."""
    def bernoulli(self, logits: Node, target: Node, *, name: str | None = None) -> Node:
        """Bernoulli cross-entropy, summed over the values of a sample, from logits and targets in [0, 1]."""
    def cross_entropy(self, logits: Node, target: Node, *, name: str | None = None) -> Node:
        """Categorical cross-entropy over the last axis, from logits and either labels or target probabilities.

        With logits (..., classes) the target is labels of shape (...) or probabilities of shape (..., classes); the result has
        the shape (...), one value per label. A gradient flows into probabilities that are computed; `stop_gradient` cuts it.
        """
    def kl_categorical(self, logits: Node, other: Node, *, name: str | None = None) -> Node:
        """Divergence of the distribution softmax(other) from softmax(logits) over the last axis, sum p (log p - log q), p of the first.

        One value per distribution: (..., classes) becomes (...). The gradient flows into both (as TRADES wants it, Zhang et al. 2019).
        """
    def kl_gaussian(self, mean: Node, log_variance: Node, *, name: str | None = None) -> Node:
        """Divergence of a diagonal Gaussian from the standard one, 1/2 sum(exp(lv) + m^2 - lv - 1) (Kingma and Welling 2014, appendix B)."""
    def mse(self, x: Node, target: Node, *, name: str | None = None) -> Node:
        """Mean over the values of a sample of (x - target)^2."""
    def squared_error(self, x: Node, target: Node, *, name: str | None = None) -> Node:
        """Half the sum over the values of a sample of (x - target)^2."""
    def batch_norm(self, x: Node, *, keep: float = 0.9, epsilon: float = 1e-05, name: str | None = None) -> Node:
        """(x - mean) / sqrt(variance + epsilon) gain + bias, per entry of the last axis, over the batch and all other axes.

        In training mean and variance are the minibatch's and the gradient flows through them; running values move by 1 - keep
        at each step and serve in evaluation, where a sample's result does not depend on its batch.
        """
    def layer_norm(self, x: Node, *, epsilon: float = 1e-05, name: str | None = None) -> Node:
        """(x - mean) / sqrt(variance + epsilon) gain + bias over the last axis of each sample."""
    def augment(self, x: Node, shift: int = 1, flip: float = 0.0, *, name: str | None = None) -> Node:
        """In training, each picture (height, width[, channels]) moved by up to `shift` pixels, and mirrored with probability `flip`.

        What moves in from outside is 0. No gradient flows back; use it on inputs.
        """
    def dropout(self, x: Node, rate: float = 0.5, *, name: str | None = None) -> Node:
        """Inverted dropout (Srivastava et al. 2014): in training each value is 0 with probability `rate`, else divided by 1 - rate."""
    def gaussian(self, shape: int | Sequence[int], *, name: str | None = None) -> Node:
        """Standard normal numbers of the given shape per sample, new at each pass, in training and evaluation alike.

        A sample of a Gaussian layer is `mean + t.exp(t.scale(log_variance, 0.5)) * t.gaussian(mean.shape)`.
        """
    def label_noise(self, labels: Node, rate: float = 0.1, *, name: str | None = None) -> Node:
        """In training, each label is drawn anew among all classes with the live probability `<name>.rate`."""
    def noise(self, x: Node, deviation: float = 0.1, *, name: str | None = None) -> Node:
        """In training, x plus Gaussian noise of the live standard deviation `<name>.deviation`."""
    def uniform(self, shape: int | Sequence[int], low: float = 0.0, high: float = 1.0, *, name: str | None = None) -> Node:
        """Numbers drawn evenly from low to high (live), new at each pass, in training and evaluation alike."""
    def gru(self, x: Node, units: int, *, init: Any = "xavier", name: str | None = None) -> list[Node]:
        """A gated recurrent unit over a sequence (steps, values), unrolled in time: its output (units,) at every step.

        Parameters `<name>.drive.weight` (values, 3 units) and `.drive.bias`, `<name>.recurrent` (units, 3 units) and `<name>.recalled` (units,),
        see `gru_cell`. Step k has the output `<name>.k` and the gates `<name>.k.gates` (r z).
        """
    def gru_cell(self, drive: Node, state: Node | None = None, recurrent: Node | None = None, recalled: Node | None = None, *, step: int | None = None, name: str | None = None) -> Node:
        """One step of a gated recurrent unit (Cho et al. 2014); the result (units,) is its output and its state (none before: 0).

            r, z = logistic of the first two thirds of drive + h W;   n = tanh(third third of drive + r (h W + c));   h' = n + z (h - n)

        drive: what comes from outside, (3 units,), or (steps, 3 units) of which `step` says the row. recurrent: W (units, 3 units). recalled:
        c (units,). The reset gate multiplies what the past brings, after the product. The gates are the node `<name>.gates` (r z). Made of
        other operations: it has no kernel of its own.
        """
    def lstm(self, x: Node, units: int, *, forget: float = 1.0, init: Any = "xavier", name: str | None = None) -> list[Node]:
        """A long short-term memory over a sequence (steps, values), unrolled in time: its output (units,) at every step.

        Parameters `<name>.input` (values, 4 units), `<name>.recurrent` (units, 4 units) and one `<name>.bias` (4 units), whose forget
        part starts at `forget`. Step k has the state `<name>.k` (2, units), the gates `<name>.k.gates` (i f g o) and the output `<name>.k.h`.
        """
    def lstm_cell(self, drive: Node, state: Node | None = None, recurrent: Node | None = None, *, step: int | None = None, scratch: Node | None = None, name: str | None = None) -> Node:
        """One step of a long short-term memory; the result (2, units) holds its output h and its cell c, as `state` does (none: both are 0).

        drive: what comes to the gates from outside, (4 units,), or (steps, 4 units) of which `step` says the row; its quarters are the
        input gate, the forget gate, the candidate and the output gate (i f g o). recurrent: weights (units, 4 units) from h to the
        gates. The gates are the node `<name>.gates`. scratch: the node `<name>.gates.scratch1` of another step, to save memory.
        """
    def free(self, name: str, shape: int | Sequence[int], *, start: Node | float = 0.0) -> Node:
        """A value that `settle` moves within each pass; it starts as a copy of `start`, a node of its shape or a number.

        No gradient flows from it into its start: what it came to is given, as an input is.
        """
    def settle(self, loss: Node, free: Sequence[Node], *, steps: int, rate: float, rule: str = "gradient", ascend: bool = False, ball: tuple[Node, float] | None = None, norm: float = math.inf, low: float = -math.inf, high: float = math.inf, name: str | None = None) -> Node:
        """Move the `free` nodes `steps` times along the gradient of `loss` wherever they are used; returns the loss of each step.

        The result has the shape (steps + 1,) per sample: the inner loss before the first step and after each one. In every step a
        sample moves down (ascend=True: up) by `rate` times its own gradient, its sign ("sign") or its direction of length 1
        ("normalised"), then back into the ball of radius eps around a node (ball=(node, eps), in the maximum norm or norm=2) and into the
        range from low to high; where it starts is put into both, too. The inner steps run in evaluation mode (no dropout, running
        statistics), whatever the mode of the pass, which is given back after them. Live: `<name>.rate`, `.steps` (up to
        the given number), `.eps`, `.low`, `.high`.

        Parameters get the gradient of an outer loss at the values where the free nodes came to rest, not through the way there
        (Madry et al. 2018 for attacks; in predictive coding this is the rule of learning).
        """
    def concatenate(self, parts: Sequence[Node], *, axis: int = -1, name: str | None = None) -> Node:
        """Several values joined along an axis of a sample."""
    def flatten(self, x: Node, *, name: str | None = None) -> Node:
        """All values of a sample along one axis; no copy."""
    def reshape(self, x: Node, shape: int | Sequence[int], *, name: str | None = None) -> Node:
        """The same values under another shape per sample; no copy."""
    def select(self, x: Node, index: int, *, axis: int = 0, name: str | None = None) -> Node:
        """Entry `index` along an axis of a sample, which disappears (one time step of a sequence)."""
    def slice(self, x: Node, start: int, stop: int, *, axis: int = -1, name: str | None = None) -> Node:
        """Values start to stop - 1 along an axis of a sample."""
    def stack(self, parts: Sequence[Node], *, name: str | None = None) -> Node:
        """Several values of one shape along a new first axis of a sample (time steps to a sequence)."""
    def stop_gradient(self, x: Node, *, name: str | None = None) -> Node:
        """The same value, through which no gradient flows."""
    def transpose(self, x: Node, axes: Sequence[int] | None = None, *, name: str | None = None) -> Node:
        """The axes of a sample in another order (default: reversed), up to four of them."""
    def log_softmax(self, x: Node, *, name: str | None = None) -> Node:
        """Logarithm of the softmax over the last axis, without overflow."""
    def softmax(self, x: Node, *, causal: bool = False, name: str | None = None) -> Node:
        """Softmax over the last axis; causal=True lets row i of the last two axes see the columns 0 to i only."""
