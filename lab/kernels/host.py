"""Which processor kernels are compiled for: another one may round, or order sums, otherwise."""

from __future__ import annotations

import hashlib
from functools import cache

import llvmlite.binding as llvm
from numba.core import config

from lab.kernels.compiler import JIT


@cache
def processor() -> str:
    """Name of the processor's kind as the compiler knows it, and a digest of what it can do; `interpreted` without compiler."""
    if not JIT:
        return "interpreted"
    name = config.CPU_NAME or llvm.get_host_cpu_name()  # type: ignore[attr-defined]
    features = config.CPU_FEATURES  # type: ignore[attr-defined]
    if features is None:
        features = "" if name == "generic" else llvm.get_host_cpu_features().flatten()
    return f"{name} {hashlib.sha256(features.encode()).hexdigest()[:8]}"
