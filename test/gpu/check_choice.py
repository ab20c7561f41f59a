"""Whether a GPU chooses the tokens that the host chooses, and both what a choice means: check_choice.py FOLDER [--host]

FOLDER holds what write_choice.py wrote, compiled with --target=nvptx --emit=shared. With --host no GPU is asked, which is
how this file and the host's choice are tested. Calls come three times: the third is a graph of the driver.
"""
import ctypes
import glob
import os
import re
import sys

import numpy as np
from check_ops import Library
from results import Results

SECONDS = 120
MASK = (1 << 64) - 1
POWER = (4294967296, 2977044458, 1031764650, 238385494, 41298234, 5702267, 632021, 46333)  # lib/Runtime/Choice.h
# In the order of their numbers, with temperature, top_k and top_p of rows.
CHOICES = {
    "largest": ((0.0, 0, 1.0),),
    "all": ((1.0, 0, 1.0), (0.7, 0, 1.0), (30.0, 0, 1.0)),
    "rank": ((1.0, 5, 1.0), (3.0, 40, 1.0), (0.7, 0, 1.0), (0.0, 3, 1.0)),
    "mass": ((1.3, 0, 0.9), (5.0, 0, 0.999), (1e6, 0, 0.5), (2.0, 0, 0.0), (1.0, 0, 1.0)),
    "both": ((0.8, 50, 0.95), (4.0, 200, 0.5), (1.0, 0, 0.9), (1.0, 7, 1.0), (1.0, 0, 1.0), (0.0, 3, 0.5)),
}


class Sampling(ctypes.Structure):
    _fields_ = [("temperature", ctypes.c_double), ("top_k", ctypes.c_int64), ("top_p", ctypes.c_double), ("seed", ctypes.c_uint64)]


class Choice(ctypes.Structure):
    _fields_ = [("scale", ctypes.c_double), ("top_k", ctypes.c_int64), ("top_p", ctypes.c_int64), ("seed", ctypes.c_uint64),
                ("position", ctypes.c_int64)]


# ---- what a choice means ----

def mix(x):
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & MASK
    return x ^ x >> 31


def random(seed, position):
    golden = 0x9E3779B97F4A7C15
    return mix((mix((seed + golden) & MASK) + (position + 1) * golden) & MASK)


def weights(logits, temperature):
    """As whole numbers, for vocabularies up to 2^23."""
    scale = min(2.0 ** 32 * 1.4426950408889634 / temperature, 1e300)
    with np.errstate(over="ignore"):
        distance = (logits.max().astype(np.float64) - logits.astype(np.float64)) * scale
    x = np.minimum(distance, float(41 << 32)).astype(np.uint64)
    fraction, power = x & np.uint64(0xFFFFFFFF), np.uint64(POWER[-1])
    for term in POWER[-2::-1]:
        power = np.uint64(term) - (fraction * power >> np.uint64(32))
    return power << np.uint64(8) >> (x >> np.uint64(32))


def meaning(logits, how, seed, position):
    if position < 0 or np.isnan(logits).any() or not np.isfinite(logits.max()):
        return -1
    temperature, top_k, top_p = how
    if temperature == 0:
        return int(logits.argmax())
    w, order = weights(logits, temperature), np.arange(len(logits))
    if 0 < top_k < len(logits) or top_p < 1:
        order = np.argsort(-logits, kind="stable")
        order = order[:top_k] if top_k else order
        held = np.cumsum(w[order])
        order = order[:1 + int(np.searchsorted(held, np.uint64(int(held[-1]) * int(top_p * 2 ** 32 + 0.5) >> 32)))]
    held = np.cumsum(w[order])
    drawn = random(seed, position) * int(held[-1]) >> 64
    return int(order[np.searchsorted(held, np.uint64(drawn), side="right")])


# ---- calls ----

class Chooser(Library):
    def __init__(self, path, host):
        super().__init__(path, host)
        self.vocabulary = int(re.search(r"choice-(\d+)", path)[1])
        self.lib.strand_rt_choice.restype = Choice
        self.lib.strand_rt_sample.restype = ctypes.c_int64

    def sampled(self, logits, how, seed, position):
        """By the host; its choice has no sequences that have stopped."""
        room = np.empty(2 * self.vocabulary, np.int64)
        pointer = lambda a: a.ctypes.data_as(ctypes.c_void_p)
        return -1 if position < 0 else self.lib.strand_rt_sample(
            ctypes.byref(Sampling(*how, seed)), pointer(logits), ctypes.c_int64(self.vocabulary), ctypes.c_int64(position), pointer(room))

    def settings(self, how, seed, position):
        return self.lib.strand_rt_choice(ctypes.c_double(how[0]), ctypes.c_int64(how[1]), ctypes.c_double(how[2]), ctypes.c_uint64(seed),
                                         ctypes.c_int64(position), ctypes.c_int64(self.vocabulary))

    def chosen(self, which, logits, settings):
        """By the GPU; three times, and the microseconds of the last."""
        n, sizes = len(logits), (ctypes.c_int64 * 4)()
        self.lib.m_sizes(ctypes.c_int64(n), ctypes.c_int64(n), ctypes.c_int64(n), ctypes.c_int64(0), sizes)
        table = np.frombuffer(bytes((Choice * n)(*settings)), np.uint8)
        places = [self.allocate(size) for size in (logits.nbytes, table.nbytes, sizes[1], 4 * n)]
        self.lib.strand_rt_gpu_clock_stop.restype = ctypes.c_double
        try:
            self.write(places[0], logits)
            self.write(places[1], table)
            for _ in range(3):
                self.write(places[3], np.full(n, -77, np.int32))
                self.good(self.lib.strand_rt_gpu_clock_start(self.ctx))
                self.good(self.lib.m_choose(self.ctx, places[0], places[1], ctypes.c_int64(n), which, places[2], places[3]))
                seconds = self.lib.strand_rt_gpu_clock_stop(self.ctx)
                ids = self.read(places[3], n, np.int32)
            return ids, seconds * 1e6
        finally:
            for place in places:
                self.free(place)


def rows(count, vocabulary, random):
    """Logits of several kinds in turn."""
    x = (3 * random.standard_normal((count, vocabulary))).astype(np.float32)
    for i, row in enumerate(x):
        kind = i % 8
        if kind == 1:
            row[:] = np.floor(row) / 2
        elif kind == 2:
            row[:] = 1.5
        elif kind == 3:
            row[random.random(vocabulary) < 0.75] = -np.inf
        elif kind == 4:
            row[:] = np.where(random.random(vocabulary) < 0.5, 0.0, -0.0)
        elif kind == 5:
            row[random.integers(vocabulary)] = (np.nan, np.inf, 40.0, -np.nan)[i // 8 % 4]
        elif kind == 6 and i // 8 % 2:
            row[:] = -np.inf
    return x


def check(chooser, name, count, random):
    logits = rows(count, chooser.vocabulary, random)
    hows = CHOICES[name]
    draws = [(hows[int(random.integers(len(hows)))], int(random.integers(1 << 62)), int(random.integers(1 << 20))) for _ in logits]
    if name != "largest" and count > 4:
        draws[4] = (draws[4][0], 1, -1)
    want = [meaning(row, *draw) for row, draw in zip(logits, draws)]
    host = [chooser.sampled(row, *draw) for row, draw in zip(logits, draws)]
    said = "right"
    compared = [("host", host)]
    if not chooser.cpu:
        got, microseconds = chooser.chosen(list(CHOICES).index(name), logits, [chooser.settings(*draw) for draw in draws])
        compared.append(("GPU", got))
        said = f"{microseconds:.0f} us"
    for place, ids in compared:
        for i, (a, b) in enumerate(zip(ids, want)):
            if a != b:
                raise AssertionError(f"row {i}, {draws[i]}: {a} on the {place}, {b} by definition")
    return f"{count} rows, {said}"


def main():
    folder, host = sys.argv[1], "--host" in sys.argv[2:]
    results = Results(SECONDS)
    paths = glob.glob(os.path.join(folder, "choice-*.so"))
    for path in sorted(paths, key=lambda p: int(re.search(r"choice-(\d+)", p)[1])):
        chooser = Chooser(path, host)
        for name in CHOICES:
            for count in (1, 9, 64):
                random = np.random.Generator(np.random.PCG64(count))
                results.check(f"choice-{chooser.vocabulary} {name}", lambda: check(chooser, name, count, random))
        chooser.close()
    return results.end()


if __name__ == "__main__":
    sys.exit(main())
