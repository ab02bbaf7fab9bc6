"""Which of many bytes are set: 64 of them at a time, as the bits of one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.kernels.compiler import JIT

if TYPE_CHECKING:

    def marks(a: np.ndarray, j: int) -> np.uint64: ...

    def first_mark(word: np.uint64) -> int: ...

elif JIT:
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic
    from numba.np.arrayobj import make_array

    @intrinsic
    def marks(typingctx, a, j):
        """Bit i of the answer says whether a[64 j + i], of an array of bytes, is not 0."""

        def generate(context, builder, signature, arguments):
            data = make_array(signature.args[0])(context, builder, arguments[0]).data
            place = builder.shl(context.cast(builder, arguments[1], signature.args[1], types.int64), ir.Constant(ir.IntType(64), 6))
            many = ir.VectorType(ir.IntType(8), 64)
            found = builder.load(builder.bitcast(builder.gep(data, [place]), many.as_pointer()), align=1)
            return builder.bitcast(builder.icmp_unsigned("!=", found, many(None)), ir.IntType(64))

        return types.uint64(a, j), generate

    @intrinsic
    def first_mark(typingctx, word):
        """Number of the lowest bit that is set; 64 if none is."""

        def generate(context, builder, signature, arguments):
            number = ir.IntType(64)
            kind = ir.FunctionType(number, [number, ir.IntType(1)])
            count = cgutils.get_or_insert_function(builder.module, kind, "llvm.cttz.i64")
            return builder.call(count, [arguments[0], ir.IntType(1)(0)])

        return types.int64(types.uint64), generate
else:

    def marks(a, j):
        return np.packbits(a[64 * j : 64 * j + 64] != 0, bitorder="little").view(np.uint64)[0]

    def first_mark(word):
        word = int(word)
        return (word & -word).bit_length() - 1 if word else 64
