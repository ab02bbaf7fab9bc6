"""Elementary functions over a whole slice, in the precision of the slice, as vector loops."""

from __future__ import annotations

from lab.kernels import exp, exp32, kernel, log, sigmoid, sigmoid32, tanh, tanh32


@kernel
def move(a, target, source, size):
    """Copy `size` values inside the arena (a loop: assigning a slice drags Numba's text formatting into every kernel)."""
    x, y = a[source : source + size], a[target : target + size]
    for i in range(size):
        y[i] = x[i]


@kernel
def largest(x):
    """The largest value, by eight at a time: one alone waits for every comparison."""
    whole = x.size - x.size % 8
    top = x[0]
    if whole:
        a, b, c, d, e, f, g, h = x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]
        for i in range(8, whole, 8):
            a, b, c, d = max(a, x[i]), max(b, x[i + 1]), max(c, x[i + 2]), max(d, x[i + 3])
            e, f, g, h = max(e, x[i + 4]), max(f, x[i + 5]), max(g, x[i + 6]), max(h, x[i + 7])
        top = max(max(max(a, b), max(c, d)), max(max(e, f), max(g, h)))
    for i in range(whole, x.size):
        top = max(top, x[i])
    return top


@kernel
def exp_of(x, y):
    """y = exp(x)."""
    if x.itemsize == 4:
        for i in range(x.size):
            y[i] = exp32(x[i])
    else:
        for i in range(x.size):
            y[i] = exp(x[i])


@kernel
def exp_in(x):
    """x = exp(x), in place: of one slice given twice the compiler must fear that its halves overlap, and takes the values one by one."""
    if x.itemsize == 4:
        for i in range(x.size):
            x[i] = exp32(x[i])
    else:
        for i in range(x.size):
            x[i] = exp(x[i])


@kernel
def tanh_of(x, y):
    """y = tanh(x)."""
    if x.itemsize == 4:
        for i in range(x.size):
            y[i] = tanh32(x[i])
    else:
        for i in range(x.size):
            y[i] = tanh(x[i])


@kernel
def logistic_of(x, y):
    """y = 1 / (1 + exp(-x))."""
    if x.itemsize == 4:
        for i in range(x.size):
            y[i] = sigmoid32(x[i])
    else:
        for i in range(x.size):
            y[i] = sigmoid(x[i])


@kernel
def tanh_in(x):
    """x = tanh(x), in place."""
    if x.itemsize == 4:
        for i in range(x.size):
            x[i] = tanh32(x[i])
    else:
        for i in range(x.size):
            x[i] = tanh(x[i])


@kernel
def logistic_in(x):
    """x = 1 / (1 + exp(-x)), in place."""
    if x.itemsize == 4:
        for i in range(x.size):
            x[i] = sigmoid32(x[i])
    else:
        for i in range(x.size):
            x[i] = sigmoid(x[i])


@kernel
def log_of(x, y):
    """y = log(x)."""
    for i in range(x.size):
        y[i] = log(x[i])


@kernel
def log_in(x):
    """x = log(x), in place."""
    for i in range(x.size):
        x[i] = log(x[i])
