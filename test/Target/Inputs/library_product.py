"""Calls @f of gpu-library.mlir on the host's memory, with 15 and with 17 rows: library_product.py FILE"""
import ctypes
import sys

import numpy as np

FIRST, DEPTH = 256, 1024


def narrow(x):
    """bf16, as its bits."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def wide(x):
    return (x.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def aligned(array):
    """A copy at a multiple of 64 bytes."""
    memory = np.empty(array.nbytes + 64, np.uint8)
    begin = -memory.ctypes.data % 64
    copy = memory[begin:begin + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


lib, pointer = ctypes.CDLL(sys.argv[1]), ctypes.c_void_p
lib.strand_rt_gpu_create.restype = pointer
lib.f_scratch.restype = ctypes.c_int64
why = ctypes.create_string_buffer(512)
ctx = pointer(lib.strand_rt_gpu_create(pointer(ctypes.addressof(ctypes.c_char.in_dll(lib, "m_device"))), why, ctypes.c_int64(512)))
random = np.random.default_rng(1)
w = aligned(narrow(random.standard_normal((1024, DEPTH))))
for rows in (15, 17):
    print(rows, "rows", flush=True)
    x, y = aligned(narrow(random.standard_normal((rows, 1536)))), aligned(np.full((rows, 1024), 0xFFFF, np.uint16))
    offsets = aligned(np.array([0, rows], np.int32))
    scratch = aligned(np.empty(lib.f_scratch(ctypes.c_int64(rows), ctypes.c_int64(1)), np.uint8))
    buffers = (pointer * 4)(*[a.ctypes.data for a in (x, w, offsets, y)])
    lib.f_call(ctx, buffers, (ctypes.c_int64 * 3)(rows, 2, rows), pointer(scratch.ctypes.data))
    assert lib.strand_rt_gpu_wait(ctx) == 0
    ctypes.CDLL(None).fflush(None)
    want = wide(x)[:, FIRST:FIRST + DEPTH] @ wide(w).T
    if (y == 0xFFFF).all():
        print("not computed", flush=True)
    else:
        print("right" if np.linalg.norm(wide(y) - want) <= 5e-3 * np.linalg.norm(want) else "wrong", flush=True)
lib.strand_rt_gpu_destroy(ctx)
