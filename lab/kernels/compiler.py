"""How every kernel is compiled, and the few words for it: `kernel`, and for the functions that kernels share two more.

The GIL is released (a held GIL stretches the window's beat from 16 to 100 ms), division follows NumPy (the default branch
at each division stops LLVM from vectorising), fast-math goes without the two flags that would let the compiler assume away
NaN and infinity (divergence must stay detectable; only x - x, with the same x on both sides, may become 0 even where x is
infinite: kernels ask `finite`, which compares), and what was compiled is kept on disk.
"""

from __future__ import annotations

import os

import numba
import numpy as np

from lab.kernels.cache import KernelCache

JIT = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]
# reassoc lets sums vectorise; nnan and ninf are absent on purpose: they would delete our checks for finite numbers.
FAST = {"reassoc", "contract", "arcp", "nsz"}
EXACT = {"contract", "nsz"}


def compiled(function, **options):
    """Numba's dispatcher of a function, with our cache if the function stands in a file."""
    if not JIT:
        # Divisions by zero and overflows are as silent as in the compiled function; random generators overflow always.
        plain = np.errstate(all="ignore")(function)
        plain.py_func = function
        return plain
    dispatcher = numba.njit(nogil=True, error_model="numpy", **options)(function)
    if os.path.isfile(function.__code__.co_filename):
        dispatcher._cache = KernelCache(dispatcher, options)
    return dispatcher


def kernel(function=None, *, fast=True, inline=False):
    """Compile a function under the policy above.

    fast=False keeps the written order of sums (compensated arithmetic needs it); inline=True pastes the function into
    its callers before type inference. With NUMBA_DISABLE_JIT=1 the plain function is returned, with NumPy's warnings
    silenced. A closure may hold numbers, strings, arrays and other kernels.
    """
    if function is None:
        return lambda f: kernel(f, fast=fast, inline=inline)
    return compiled(function, fastmath=FAST if fast else EXACT, inline="always" if inline else "never")


def elementary(function):
    """Compile for use in the loops of kernels: pasted in by LLVM so that they vectorise, fused multiply-add allowed."""
    return compiled(function, fastmath=EXACT, forceinline=True)


def strict(function=None, *, paste=True):
    """Compile with IEEE arithmetic exactly as written, which gives the same bytes as the interpreter.

    Pasted into its callers, because a call even on a rare path keeps the generator's state out of the registers: normal
    numbers took three times as long.
    """
    if function is None:
        return lambda f: strict(f, paste=paste)
    # fastmath=False must be written: left out, it is inherited from whichever kernel is the first to call this one.
    return compiled(function, fastmath=False, forceinline=paste)
