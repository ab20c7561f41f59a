"""check_ops.py on functions that do wrong: broken_ops.py FOLDER, with what write_ops.py made."""
import ctypes
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import numpy as np  # noqa: E402
from check_ops import Library, check  # noqa: E402

with open(os.path.join(sys.argv[1], "ops.json")) as f:
    function = json.load(f)[0]


class Broken(Library):
    def __init__(self, spoil):
        super().__init__(os.path.join(sys.argv[1], function["name"] + ".so"), True)
        self.spoil = spoil

    def call(self, places, sizes, rows, sequences):
        super().call(places, sizes, rows, sequences)
        out = ctypes.cast(self.address(*places[-1]), ctypes.POINTER(ctypes.c_float))
        self.spoil(out, 64)


def behind(out, channels):
    out[9 * channels] = 0.0


def unwritten(out, channels):
    out[8 * channels] = float("nan")


def wrong(out, channels):
    out[3 * channels + 5] += 1.0


for spoil in (behind, unwritten, wrong):
    try:
        check(function, Broken(spoil), [4, 0, 5], np.random.Generator(np.random.PCG64(1)))
    except AssertionError as problem:
        print(problem)
