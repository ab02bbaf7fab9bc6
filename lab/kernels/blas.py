"""Matrix products inside one array whose rows may lie apart, added to what is there: the BLAS that np.dot calls, with all its arguments.

np.dot takes whole matrices and overwrites. A gradient that is added needed a temporary matrix and another pass, and the part
of a row that is a matrix's own had to be copied out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lab.kernels.compiler import JIT, kernel


class Laid(NamedTuple):
    """How a matrix lies in an array: the place of its first value, the distance between rows, and whether it lies transposed (not 0)."""

    start: int
    apart: int
    turned: int


if TYPE_CHECKING:

    def multiply_add(a: np.ndarray, x: Laid, w: Laid, y: Laid, n: int, k: int, m: int, add: int) -> None: ...

elif JIT:
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic
    from numba.np.arrayobj import make_array

    @intrinsic
    def multiply_add(typingctx, a, x, w, y, n, k, m, add):
        """Y = X W, or Y += X W where `add` is not 0, inside the array `a`: X (n, k), W (k, m), Y (n, m), each a `Laid`.

        A turned X (W) lies transposed, (k, n) or (m, k); Y cannot be turned. Nothing is checked.
        """
        if not isinstance(a, types.Array) or a.ndim != 1 or a.dtype not in (types.float32, types.float64):
            return None

        def generate(context, builder, signature, arguments):
            array, dtype = signature.args[0], signature.args[0].dtype
            data = make_array(array)(context, builder, arguments[0]).data

            def whole(value, kind):
                return context.cast(builder, value, kind, types.intp)

            (x, ldx, tx), (w, ldw, tw), (y, ldy, _) = (
                [whole(builder.extract_value(value, i), part) for i, part in enumerate(kind)]
                for value, kind in zip(arguments[1:4], signature.args[1:4], strict=True)
            )
            n, k, m, add = (whole(value, kind) for value, kind in zip(arguments[4:], signature.args[4:], strict=True))
            letter, size, pointer = ir.IntType(8), context.get_value_type(types.intp), ir.IntType(8).as_pointer()

            def place(offset):
                return builder.bitcast(builder.gep(data, [offset]), pointer)

            def number(value):
                return context.get_constant(dtype, value)

            def turned(flag):
                is_set = builder.icmp_signed("!=", flag, size(0))
                return builder.select(is_set, ir.Constant(letter, ord("t")), ir.Constant(letter, ord("n")))

            one = builder.bitcast(cgutils.alloca_once_value(builder, number(1.0)), pointer)
            kept = cgutils.alloca_once(builder, context.get_value_type(dtype))
            builder.store(builder.select(builder.icmp_signed("!=", add, size(0)), number(1.0), number(0.0)), kept)
            kind = ir.FunctionType(
                ir.IntType(32), [letter] * 3 + [size] * 3 + [pointer, pointer, size, pointer, size, pointer, pointer, size]
            )
            gemm = cgutils.get_or_insert_function(builder.module, kind, "numba_xxgemm")
            # BLAS counts by columns, for which our rows are the transposed matrices: Y' = W' X'.
            builder.call(
                gemm,
                [
                    ir.Constant(letter, ord("s" if dtype is types.float32 else "d")), turned(tw), turned(tx), m, n, k,
                    one, place(w), ldw, place(x), ldx, builder.bitcast(kept, pointer), place(y), ldy,
                ],
            )  # fmt: skip
            return context.get_dummy_value()

        return types.none(a, x, w, y, n, k, m, add), generate
else:

    def _matrix(a, laid, rows, columns):
        start, distance, turned = laid
        rows, columns = (columns, rows) if turned else (rows, columns)
        found = np.array([a[start + i * distance : start + i * distance + columns] for i in range(rows)])
        return found.T if turned else found

    @kernel
    def multiply_add(a, x, w, y, n, k, m, add):
        product = _matrix(a, x, n, k) @ _matrix(a, w, k, m)
        for i in range(n):
            row = a[y.start + i * y.apart : y.start + i * y.apart + m]
            row[:] = row + product[i] if add else product[i]
