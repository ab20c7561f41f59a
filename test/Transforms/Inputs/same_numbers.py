"""Runs the functions of a file as they are and as passes leave them, through loops, and compares the results.

    same_numbers.py FILE PASSES [TOLERANCE]

Arguments of functions are tensors of f32 with 9 rows where the size is unknown, and last the offsets of three
sequences, one of them empty. Values are normal, seeded by the function's name.
"""
import ctypes
import os
import re
import shutil
import subprocess
import sys
import tempfile

import numpy as np

ROWS, OFFSETS = 9, [0, 5, 5, 9]
TO_LOOPS = ("func.func(strand-decompose,convert-elementwise-to-linalg,canonicalize,cse,strand-own-inits),"
            "eliminate-empty-tensors,one-shot-bufferize{bufferize-function-boundaries "
            "function-boundary-type-conversion=identity-layout-map},"
            "func.func(convert-linalg-to-loops,arith-expand{include-bf16=true}),canonicalize,cse,strand-loops-to-llvm")


def compile_functions(text, passes, folder, name):
    source, llvm, library = (os.path.join(folder, name + end) for end in (".mlir", ".ll", ".so"))
    made = subprocess.run(["strand-opt", "-", f"--pass-pipeline=builtin.module({passes}{TO_LOOPS})",
                           "-mlir-print-op-on-diagnostic=false", "-o", source],
                          input=text, stderr=subprocess.PIPE, text=True)
    if made.returncode:
        sys.exit(made.stderr)
    subprocess.run(["mlir-translate", "--mlir-to-llvmir", source, "-o", llvm], check=True)
    lib = os.path.join(os.path.dirname(os.path.dirname(shutil.which("mlir-translate"))), "lib")
    subprocess.run(["clang-22", "-O1", "-fPIC", "-shared", "-Wno-override-module", llvm, "-o", library, "-lm",
                    f"-L{lib}", f"-Wl,-rpath,{lib}", "-lmlir_c_runner_utils"], check=True) # memrefCopy
    return ctypes.CDLL(library)


def shape_of(text):
    return [ROWS if d == "?" else int(d) for d in text.split("x")[:-1]]


def descriptor(rank):
    class Descriptor(ctypes.Structure):
        _fields_ = [("allocated", ctypes.c_void_p), ("aligned", ctypes.c_void_p), ("offset", ctypes.c_int64),
                    ("sizes", ctypes.c_int64 * max(rank, 1)), ("strides", ctypes.c_int64 * max(rank, 1))]
        if not rank:
            _fields_ = _fields_[:3]
    return Descriptor


def describe(array):
    d = descriptor(array.ndim)()
    d.allocated = d.aligned = array.ctypes.data
    for i in range(array.ndim):
        d.sizes[i], d.strides[i] = array.shape[i], array.strides[i] // array.itemsize
    return d


def call(library, name, arguments, results):
    class Results(ctypes.Structure):
        _fields_ = [(f"r{i}", descriptor(len(s))) for i, s in enumerate(results)]
    out = Results()
    copies = [a.copy() for a in arguments]
    getattr(library, "_mlir_ciface_" + name)(ctypes.byref(out), *[ctypes.byref(describe(a)) for a in copies])
    arrays = []
    for i, shape in enumerate(results):
        d = getattr(out, f"r{i}")
        n = int(np.prod(shape, dtype=int))
        data = (ctypes.c_float * n).from_address(d.aligned + 4 * d.offset)
        arrays.append(np.array(data, np.float64).reshape(shape))
    return arrays


def main():
    path, passes, tolerance = sys.argv[1], sys.argv[2], float(sys.argv[3]) if len(sys.argv) > 3 else 2e-5
    with open(path) as f:
        text = "".join(line for line in f if not line.lstrip().startswith("//"))
    signature = re.compile(r"func\.func @(\w+)\(([^{]*?)\)\s*->\s*\(?(.*?)\)? \{")
    text = signature.sub(lambda m: m.group(0)[:-1] + "attributes {llvm.emit_c_interface} {", text)
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        before = compile_functions(text, "", folder, "before")
        after = compile_functions(text, passes + ",", folder, "after")
        functions = re.findall(r"func\.func @(\w+)\(([^{]*?)\)\s*->\s*\(?(.*?)\)? attributes \{llvm.emit_c", text)
        for name, given, returned in functions:
            rng = np.random.default_rng(sum(map(ord, name)))
            shapes = [shape_of(t) for t in re.findall(r"tensor<([^>]*f32)>", given)]
            arguments = [rng.standard_normal(s).astype(np.float32) for s in shapes]
            arguments.append(np.array(OFFSETS, np.int32))
            results = [shape_of(t) for t in re.findall(r"tensor<([^>]*f32)>", returned)]
            want, got = (call(library, name, arguments, results) for library in (before, after))
            for w, g in zip(want, got):
                error = np.abs(w - g).max() / max(np.abs(w).max(), 1e-30)
                if not error < tolerance:
                    failures += 1
                    print(f"FAILED {name}: {error:.2g}")
    print(f"{len(functions) - failures} of {len(functions)} the same")


main()
