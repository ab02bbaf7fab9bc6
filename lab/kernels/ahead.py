"""Memory that will be needed soon, asked for while something else is computed: it changes no number, only how long one waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.kernels.compiler import JIT, elementary

if TYPE_CHECKING:

    def ask_for(a: np.ndarray, i: int, j: int) -> None: ...

elif JIT:
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic
    from numba.np.arrayobj import make_array

    @intrinsic
    def ask_for(typingctx, a, i, j):
        """Have the cache line of a[i, j] brought near; nobody waits for it."""

        def generate(context, builder, signature, arguments):
            place = [context.cast(builder, arguments[k], signature.args[k], types.intp) for k in (1, 2)]
            pointer = cgutils.get_item_pointer(
                context, builder, signature.args[0], make_array(signature.args[0])(context, builder, arguments[0]), place
            )
            byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
            fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
            builder.call(fetch, [builder.bitcast(pointer, byte), number(0), number(3), number(1)])  # to read, often, data
            return context.get_dummy_value()

        return types.none(a, i, j), generate
else:

    def ask_for(a, i, j):
        pass


@elementary
def ask_for_row(a, i):
    """Have row i of a matrix of float32 brought near, line by line of 64 bytes."""
    for j in range(0, a.shape[1], 16):
        ask_for(a, i, j)
