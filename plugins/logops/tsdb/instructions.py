"""Processor instructions for which numba has no function."""

import sys
from collections.abc import Callable
from typing import Any

import llvmlite.binding
import numba
from llvmlite import ir
from numba.extending import intrinsic as _intrinsic


def intrinsic(build: Callable[..., Any]) -> Any:
    """Apply numba's decorator and return Any: callers pass other arguments than the decorated function declares."""
    return _intrinsic(build)


_WORD = ir.IntType(64)
_BYTES16 = ir.VectorType(ir.IntType(8), 16)


@intrinsic
def load64(_typing: Any, data: Any, _position: Any) -> Any:
    """Read the 8 bytes of an array at `position` as a little-endian number, without a bounds check."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        first = builder.gep(array.data, [arguments[1]])
        word = builder.load(builder.bitcast(first, _WORD.as_pointer()), align=1)
        return builder.bswap(word) if sys.byteorder == "big" else word

    return numba.uint64(data, numba.intp), build


@intrinsic
def high_bits16(_typing: Any, data: Any, _position: Any) -> Any:
    """Return the high bits of 16 bytes of an array, that of the byte at `position` lowest, without a bounds check."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        first = builder.gep(array.data, [arguments[1]])
        vector = builder.load(builder.bitcast(first, _BYTES16.as_pointer()), align=1)
        bits = builder.bitcast(builder.icmp_signed("<", vector, _BYTES16(None)), ir.IntType(16))
        return builder.zext(builder.bitreverse(bits) if sys.byteorder == "big" else bits, _WORD)

    return numba.uint64(data, numba.intp), build


@intrinsic
def trailing_zeros(_typing: Any, _word: Any) -> Any:
    """Return the position of the lowest bit of a word that is 1; 64 if none is."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return numba.uint64(numba.uint64), build


@intrinsic
def swap64(_typing: Any, _word: Any) -> Any:
    """Reverse the 8 bytes of a word."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bswap(arguments[0])

    return numba.uint64(numba.uint64), build


@intrinsic
def crc32c_by_sse42(_typing: Any, _crc: Any, _word: Any) -> Any:
    """Add 8 bytes to a CRC32C."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_WORD, [_WORD, _WORD])
        return builder.call(builder.module.declare_intrinsic("llvm.x86.sse42.crc32.64.64", (), kind), arguments)

    return numba.uint64(numba.uint64, numba.uint64), build


def has_sse42() -> bool:
    """Return whether code that numba compiles on this machine may use `crc32c_by_sse42`."""
    return bool(llvmlite.binding.get_host_cpu_features().get("sse4.2")) and not getattr(numba.config, "CPU_NAME", "")
