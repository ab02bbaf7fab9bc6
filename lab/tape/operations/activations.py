"""Element-wise activations: identity, step, logistic, tanh, ReLU, leaky ReLU, softplus, GELU, exp, log, square."""

from __future__ import annotations

import numpy as np

from lab.errors import ParameterError, near
from lab.kernels import kernel
from lab.tape.elementary import exp_in, exp_of, log_in, log_of, logistic_of, tanh_of
from lab.tape.listing import Listing, Node
from lab.tape.registry import AUX, DOUT, DX, FLOATS, FRESH, OUT, SIZE, X, case, find_operation, opcode, operation


@kernel
def _slices(a, r, n):
    """Input and output of an element-wise instruction."""
    return a[r[X] : r[X] + n * r[SIZE]], a[r[OUT] : r[OUT] + n * r[SIZE]]


@kernel
def _gradients(a, r, n):
    """Gradients of input and output of an element-wise instruction."""
    return a[r[DX] : r[DX] + n * r[SIZE]], a[r[DOUT] : r[DOUT] + n * r[SIZE]]


@kernel
def step_forward(a, r, f, n, train, random):
    x, y = _slices(a, r, n)
    for i in range(x.size):
        y[i] = 1 if x[i] > 0 else 0


@kernel
def logistic_forward(a, r, f, n, train, random):
    x, y = _slices(a, r, n)
    logistic_of(x, y)


@kernel
def logistic_backward(a, r, f, n, train, random):
    x, y = _slices(a, r, n)
    dx, dy = _gradients(a, r, n)
    one = a.dtype.type(1)
    if r[FRESH] & 1:
        for i in range(x.size):
            dx[i] = dy[i] * y[i] * (one - y[i])
    else:
        for i in range(x.size):
            dx[i] += dy[i] * y[i] * (one - y[i])


@kernel
def tanh_forward(a, r, f, n, train, random):
    x, y = _slices(a, r, n)
    tanh_of(x, y)


@kernel
def tanh_backward(a, r, f, n, train, random):
    x, y = _slices(a, r, n)
    dx, dy = _gradients(a, r, n)
    one = a.dtype.type(1)
    if r[FRESH] & 1:
        for i in range(x.size):
            dx[i] = dy[i] * (one - y[i] * y[i])
    else:
        for i in range(x.size):
            dx[i] += dy[i] * (one - y[i] * y[i])


@kernel
def leaky_forward(a, r, f, n, train, random):
    x, y = _slices(a, r, n)
    zero = a.dtype.type(0)
    slope = a.dtype.type(f[r[FLOATS]]) if r[FLOATS] >= 0 else zero
    for i in range(x.size):
        y[i] = x[i] if x[i] > zero else slope * x[i]


@kernel
def leaky_backward(a, r, f, n, train, random):
    x, _y = _slices(a, r, n)
    dx, dy = _gradients(a, r, n)
    zero = a.dtype.type(0)
    slope = a.dtype.type(f[r[FLOATS]]) if r[FLOATS] >= 0 else zero
    if r[FRESH] & 1:
        for i in range(x.size):
            dx[i] = dy[i] if x[i] > zero else slope * dy[i]
    else:
        for i in range(x.size):
            dx[i] += dy[i] if x[i] > zero else slope * dy[i]


@kernel
def softplus_forward(a, r, f, n, train, random):
    # log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)); kept: the exponential, so that nothing overflows.
    x, y = _slices(a, r, n)
    one, zero = a.dtype.type(1), a.dtype.type(0)
    for i in range(x.size):
        y[i] = -abs(x[i])
    exp_in(y)
    for i in range(x.size):
        y[i] = one + y[i]
    log_in(y)
    for i in range(x.size):
        y[i] += max(x[i], zero)


@kernel
def softplus_backward(a, r, f, n, train, random):
    x, _y = _slices(a, r, n)
    dx, dy = _gradients(a, r, n)
    s = a[r[AUX] : r[AUX] + n * r[SIZE]]
    logistic_of(x, s)
    for i in range(x.size):
        dx[i] += dy[i] * s[i]


@kernel
def gelu_forward(a, r, f, n, train, random):
    x, y = _slices(a, r, n)
    t = a[r[AUX] : r[AUX] + n * r[SIZE]]
    c, d, h, one = a.dtype.type(0.7978845608028654), a.dtype.type(0.044715), a.dtype.type(0.5), a.dtype.type(1)
    for i in range(x.size):
        y[i] = c * (x[i] + d * x[i] * x[i] * x[i])
    tanh_of(y, t)
    for i in range(x.size):
        y[i] = h * x[i] * (one + t[i])


@kernel
def gelu_backward(a, r, f, n, train, random):
    x, _y = _slices(a, r, n)
    dx, dy = _gradients(a, r, n)
    t = a[r[AUX] : r[AUX] + n * r[SIZE]]
    c, d, h, one = a.dtype.type(0.7978845608028654), a.dtype.type(3 * 0.044715), a.dtype.type(0.5), a.dtype.type(1)
    if r[FRESH] & 1:
        for i in range(x.size):
            inner = c * (one + d * x[i] * x[i])
            dx[i] = dy[i] * (h * (one + t[i]) + h * x[i] * (one - t[i] * t[i]) * inner)
    else:
        for i in range(x.size):
            inner = c * (one + d * x[i] * x[i])
            dx[i] += dy[i] * (h * (one + t[i]) + h * x[i] * (one - t[i] * t[i]) * inner)


@kernel
def exp_forward(a, r, f, n, train, random):
    x, y = _slices(a, r, n)
    exp_of(x, y)


@kernel
def exp_backward(a, r, f, n, train, random):
    x, y = _slices(a, r, n)
    dx, dy = _gradients(a, r, n)
    for i in range(x.size):
        dx[i] += dy[i] * y[i]


@kernel
def log_forward(a, r, f, n, train, random):
    x, y = _slices(a, r, n)
    log_of(x, y)


@kernel
def log_backward(a, r, f, n, train, random):
    x, _y = _slices(a, r, n)
    dx, dy = _gradients(a, r, n)
    for i in range(x.size):
        dx[i] += dy[i] / x[i]


@kernel
def square_forward(a, r, f, n, train, random):
    x, y = _slices(a, r, n)
    for i in range(x.size):
        y[i] = x[i] * x[i]


@kernel
def square_backward(a, r, f, n, train, random):
    x, _y = _slices(a, r, n)
    dx, dy = _gradients(a, r, n)
    for i in range(x.size):
        dx[i] += dy[i] * (x[i] + x[i])


opcode("step", step_forward)
opcode("logistic", logistic_forward, logistic_backward, fresh=True)
opcode("tanh", tanh_forward, tanh_backward, fresh=True)
opcode("leaky", leaky_forward, leaky_backward, fresh=True)
opcode("softplus", softplus_forward, softplus_backward)
opcode("gelu", gelu_forward, gelu_backward, fresh=True)
opcode("exp", exp_forward, exp_backward)
opcode("log", log_forward, log_backward)
opcode("square", square_forward, square_backward)


@operation
def identity(tape: Listing, x: Node, *, name: str | None = None) -> Node:
    """The value itself (a linear layer)."""
    return tape.alias(x, x.shape, name=name, prefix="identity")


@operation
def step(tape: Listing, x: Node, *, name: str | None = None) -> Node:
    """Heaviside step: 1 where x > 0, else 0; its gradient is zero."""
    return tape.emit("step", [x], x.shape, name=name)


@operation
def logistic(tape: Listing, x: Node, *, name: str | None = None) -> Node:
    """Logistic function 1 / (1 + exp(-x))."""
    return tape.emit("logistic", [x], x.shape, name=name)


@operation
def tanh(tape: Listing, x: Node, *, name: str | None = None) -> Node:
    """Hyperbolic tangent."""
    return tape.emit("tanh", [x], x.shape, name=name)


@operation
def relu(tape: Listing, x: Node, *, name: str | None = None) -> Node:
    """Rectified linear unit max(x, 0)."""
    return tape.emit("leaky", [x], x.shape, name=tape.free_name(name, "relu"))


@operation
def leaky(tape: Listing, x: Node, slope: float = 0.01, *, name: str | None = None) -> Node:
    """Leaky ReLU: x where positive, else slope x; `<name>.slope` is live."""
    return tape.emit("leaky", [x], x.shape, name=name, floats={"slope": (slope, -1.0, 1.0)})


@operation
def softplus(tape: Listing, x: Node, *, name: str | None = None) -> Node:
    """log(1 + exp(x)), without overflow."""
    return tape.emit("softplus", [x], x.shape, name=name, scratch=x.size)


@operation
def gelu(tape: Listing, x: Node, *, name: str | None = None) -> Node:
    """Gaussian error linear unit in its tanh form (Hendrycks and Gimpel 2016, section 2)."""
    return tape.emit("gelu", [x], x.shape, name=name, scratch=x.size)


@operation
def exp(tape: Listing, x: Node, *, name: str | None = None) -> Node:
    """Exponential."""
    return tape.emit("exp", [x], x.shape, name=name)


@operation
def log(tape: Listing, x: Node, *, name: str | None = None) -> Node:
    """Natural logarithm."""
    return tape.emit("log", [x], x.shape, name=name)


@operation
def square(tape: Listing, x: Node, *, name: str | None = None) -> Node:
    """Square of every value."""
    return tape.emit("square", [x], x.shape, name=name)


ACTIVATIONS = ("identity", "step", "logistic", "tanh", "relu", "leaky", "softplus", "gelu")


@operation
def activation(tape: Listing, x: Node, kind: str, *, name: str | None = None) -> Node:
    """The activation called `kind` (one of identity, step, logistic, tanh, relu, leaky, softplus, gelu)."""
    if kind not in ACTIVATIONS:
        raise ParameterError(f"tape: there is no activation '{kind}'; {near(kind, ACTIVATIONS)}", owner="tape", names=("activation",))
    return find_operation(kind)(tape, x, name=name)


_PLUS = {"x": np.array([[0.5, 1.0, 2.5], [0.1, 3.0, 7.0]])}
case("identity", {"x": (7,)}, lambda t, x: t.identity(x), lambda x: x)
case("step", {"x": (7,)}, lambda t, x: t.step(x), lambda x: (x > 0).astype(float), smooth=False)
case("logistic", {"x": (7,)}, lambda t, x: t.logistic(x), lambda x: 1 / (1 + np.exp(-x)))
case("tanh", {"x": (7,)}, lambda t, x: t.tanh(x), lambda x: np.tanh(x))
case("relu", {"x": (7,)}, lambda t, x: t.relu(x), lambda x: np.maximum(x, 0), kinks=True)
case("leaky", {"x": (7,)}, lambda t, x: t.leaky(x, 0.2), lambda x: np.where(x > 0, x, 0.2 * x), kinks=True)
case("softplus", {"x": (7,)}, lambda t, x: t.softplus(x), lambda x: np.logaddexp(0, x))
case("gelu", {"x": (7,)}, lambda t, x: t.gelu(x), lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))
case("exp", {"x": (7,)}, lambda t, x: t.exp(x), lambda x: np.exp(x))
case("log", _PLUS, lambda t, x: t.log(x), lambda x: np.log(x))
case("square", {"x": (7,)}, lambda t, x: t.square(x), lambda x: x * x)
