"""How two threads agree inside kernels: numbers in an array of int64 that are read, written and exchanged in one piece.

A hand-over between Python threads takes tens of microseconds, as long as half a training step of a small network; a kernel that looks at a
number in memory until it changes sees the change after a tenth of one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.kernels.compiler import JIT

if TYPE_CHECKING:

    def look(a: np.ndarray, i: int) -> int: ...

    def put(a: np.ndarray, i: int, value: int) -> None: ...

    def exchange(a: np.ndarray, i: int, expected: int, value: int) -> bool: ...

    def pause() -> None: ...

elif JIT:
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic
    from numba.np.arrayobj import make_array

    def _place(context, builder, signature, arguments):
        data = make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.gep(data, [context.cast(builder, arguments[1], signature.args[1], types.intp)])

    def _number(context, builder, signature, arguments, k):
        return context.cast(builder, arguments[k], signature.args[k], types.int64)

    @intrinsic
    def look(typingctx, a, i):
        """Read a[i]: what its writer wrote before is seen, too."""

        def generate(context, builder, signature, arguments):
            return builder.load_atomic(_place(context, builder, signature, arguments), "seq_cst", 8)

        return types.int64(a, i), generate

    @intrinsic
    def put(typingctx, a, i, value):
        """Write a[i]: who reads it sees all that was written before."""

        def generate(context, builder, signature, arguments):
            value = _number(context, builder, signature, arguments, 2)
            builder.store_atomic(value, _place(context, builder, signature, arguments), "seq_cst", 8)
            return context.get_dummy_value()

        return types.none(a, i, value), generate

    @intrinsic
    def exchange(typingctx, a, i, expected, value):
        """Write a[i] if it is as expected; returns whether it was. Of several threads one succeeds."""

        def generate(context, builder, signature, arguments):
            expected, value = (_number(context, builder, signature, arguments, k) for k in (2, 3))
            found = builder.cmpxchg(_place(context, builder, signature, arguments), expected, value, "seq_cst", "seq_cst")
            return builder.extract_value(found, 1)

        return types.boolean(a, i, expected, value), generate

    @intrinsic
    def pause(typingctx):
        """Tell the processor that a loop waits."""

        def generate(context, builder, signature, arguments):
            name, number = builder.module.triple, ir.IntType(32)
            if name.startswith(("x86_64", "i686")):
                kind, told = ir.FunctionType(ir.VoidType(), []), ("llvm.x86.sse2.pause",)
            elif name.startswith(("aarch64", "arm64")):
                kind, told = ir.FunctionType(ir.VoidType(), [number]), ("llvm.aarch64.hint", number(1))
            else:
                return context.get_dummy_value()
            builder.call(cgutils.get_or_insert_function(builder.module, kind, told[0]), told[1:])
            return context.get_dummy_value()

        return types.none(), generate
else:

    def look(a, i):
        return a[i]

    def put(a, i, value):
        a[i] = value

    def exchange(a, i, expected, value):
        same = a[i] == expected
        if same:
            a[i] = value
        return same

    def pause():
        pass
