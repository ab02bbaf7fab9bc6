"""The one door to Numba: compiled kernels, vectorisable elementary functions, random numbers."""

import lab.kernels.configuration  # noqa: F401  (before anything else imports Numba)
from lab.kernels.atomic import exchange, look, pause, put
from lab.kernels.blas import Laid, multiply_add
from lab.kernels.cache import cache_folder, cache_writable, unkept
from lab.kernels.compiler import JIT, kernel
from lab.kernels.elementary import (
    exp,
    exp32,
    exp_within,
    exp_within32,
    expm1,
    expm1_quotient,
    exprel,
    finite,
    log,
    sigmoid,
    sigmoid32,
    tanh,
    tanh32,
)
from lab.kernels.host import processor
from lab.kernels.marks import first_mark, marks
from lab.kernels.pointers import call_at, entry
from lab.kernels.random import below, exponential, next_bits, normal, poisson, seed_state, uniform

__all__ = [
    "JIT", "Laid", "below", "cache_folder", "cache_writable", "call_at", "entry", "exchange", "exp", "exp32", "exp_within", "exp_within32", "expm1",
    "expm1_quotient", "exponential", "exprel", "finite", "first_mark", "kernel", "log", "look", "marks", "multiply_add", "next_bits", "normal", "pause", "poisson", "processor", "put", "seed_state",
    "sigmoid", "sigmoid32", "tanh", "tanh32", "uniform", "unkept",
]  # fmt: skip
