"""Compiles functions on memrefs to machine code and calls them on numpy arrays.

The functions carry `llvm.emit_c_interface`; the passes are the tail of the CPU pipeline, without tasks.
"""
import ctypes
import os
import re
import subprocess
import tempfile

import numpy as np

TAIL = ("func.func(scf-forall-to-for,canonicalize,cse,loop-invariant-code-motion),"
        "func.func(arith-expand{include-bf16=true}),expand-strided-metadata,lower-affine,func.func(canonicalize,cse),"
        "convert-vector-to-scf,convert-scf-to-cf,convert-vector-to-llvm,convert-math-to-llvm,convert-math-to-libm,"
        "finalize-memref-to-llvm,convert-arith-to-llvm,convert-index-to-llvm,convert-ub-to-llvm,convert-func-to-llvm,"
        "convert-cf-to-llvm,reconcile-unrealized-casts")


def runs_512():
    """Whether this processor has the AVX-512 that code for 512 bits uses."""
    with open("/proc/cpuinfo") as f:
        flags = next(line for line in f if line.startswith("flags")).split()
    return {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= set(flags)


def _tool(name, *others):
    for candidate in (name, *others):
        for folder in os.environ["PATH"].split(os.pathsep):
            if os.access(os.path.join(folder, candidate), os.X_OK):
                return os.path.join(folder, candidate)
    raise FileNotFoundError(name)


def _cast(array):
    """A pointer to the memref descriptor of an array: allocated, aligned, offset, sizes, strides."""
    n = array.ndim

    class Descriptor(ctypes.Structure):
        _fields_ = [("allocated", ctypes.c_void_p), ("aligned", ctypes.c_void_p), ("offset", ctypes.c_int64),
                    ("dims", ctypes.c_int64 * (2 * max(n, 1)))]

    strides = [s // array.itemsize for s in array.strides]
    return ctypes.byref(Descriptor(array.ctypes.data, array.ctypes.data, 0,
                                   (ctypes.c_int64 * (2 * max(n, 1)))(*array.shape, *strides)))


class Code:
    """A shared library made of MLIR text. `passes` run on functions behind strand-vectorize; `flags` are clang's."""

    def __init__(self, text, bits=512, vectorize="", keep=None, passes="", flags=()):
        self.folder = tempfile.TemporaryDirectory()
        at = keep or self.folder.name
        source, out, library = (os.path.join(at, n) for n in ("in.mlir", "out.mlir", "code.so"))
        with open(source, "w") as f:
            f.write(text)
        own = ",".join(filter(None, [f"strand-vectorize{{vector-bits={bits} {vectorize}}}", passes]))
        pipeline = f"builtin.module(func.func({own}),{TAIL})"
        made = subprocess.run([_tool("strand-opt"), source, f"--pass-pipeline={pipeline}", "-o", out],
                              stderr=subprocess.PIPE, text=True)
        if made.returncode:
            raise RuntimeError(made.stderr)
        self.remarks = made.stderr
        llvm = subprocess.run([_tool("mlir-translate", "mlir-translate-22"), "--mlir-to-llvmir", out], check=True,
                              stdout=subprocess.PIPE).stdout
        # As lib/Target/Object.cpp does, allow contraction; clang's -ffp-contract says nothing about IR.
        with open(os.path.join(at, "code.ll"), "wb") as f:
            f.write(re.sub(rb"= (fmul|fadd|fsub) ", rb"= \1 contract ", llvm))
        machine = ["-mavx2", "-mfma", "-mf16c", "-mbmi2"] if bits == 256 else ["-march=native", "-mprefer-vector-width=512"]
        subprocess.run([_tool("clang-22", "clang"), "-O2", *machine, *flags, "-fPIC", "-shared", "-Wno-override-module",
                        os.path.join(at, "code.ll"), "-o", library, "-lm"], check=True)
        self.library = ctypes.CDLL(library)

    def __call__(self, name, *arrays):
        getattr(self.library, "_mlir_ciface_" + name)(*[_cast(a) for a in arrays])


def to_bf16(array):
    """f32 -> the upper halves of its elements (as uint16), and those elements as f32."""
    half = (np.ascontiguousarray(array, np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return half, (half.astype(np.uint32) << 16).view(np.float32)
