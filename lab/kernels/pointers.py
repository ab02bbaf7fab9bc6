"""Calls by address: kernels that an interpreter looks up in a table.

An interpreter that names every instruction's kernel contains them all: LLVM optimises each one again inside its
callers, and an edit of one compiles everything anew (60 s for forty kernels). With a table of addresses each kernel
is compiled and cached by itself, and only when a program uses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
from numba import types
from numba.extending import intrinsic

from lab.kernels.compiler import JIT


def entry(function, *examples):
    """Address (or, interpreted, the function itself) of a kernel compiled for arguments like `examples`."""
    if not JIT:
        return function
    signature = tuple(numba.typeof(example) for example in examples)
    function.compile(signature)
    compiled = function.overloads[signature]
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)


if TYPE_CHECKING:

    def call_at(address: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> None: ...

elif JIT:

    @intrinsic
    def call_at(typingctx, address, a, b, c, d, e, f):
        """Call the kernel at `address` with six arguments, of exactly the types given to `entry`; it returns nothing."""
        arguments_types = (a, b, c, d, e, f)

        def generate(context, builder, signature, arguments):
            kind = context.call_conv.get_function_type(types.none, arguments_types)
            pointer = builder.inttoptr(arguments[0], kind.as_pointer())
            status, _ = context.call_conv.call_function(builder, pointer, types.none, arguments_types, arguments[1:])
            with builder.if_then(status.is_error, likely=False):
                context.call_conv.return_status_propagate(builder, status)
            return context.get_dummy_value()

        return types.none(types.int64, *arguments_types), generate
else:

    def call_at(address, a, b, c, d, e, f):
        address(a, b, c, d, e, f)
