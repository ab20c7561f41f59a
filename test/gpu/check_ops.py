"""Calls the functions of write_ops.py and compares what comes out with their meaning in f64: check_ops.py FOLDER [--cpu]

Outputs hold NaN before a call, and guards around them must stay as they are. Without torch: memory of the device is the
run-time library's. With --cpu, the libraries are made for this machine's CPU, which is how this file itself is tested.
Of batches too large to compare, the first and the last channels are compared, or some rows. Products are computed by cuBLASLt,
if there is one (STRAND_CUBLASLT), and by own kernels.
"""
import ctypes
import gc
import json
import os
import sys

import numpy as np
from results import Results

SECONDS = 170
BOUNDS = {"bf16": 5e-3, "f32": 1e-5}
GUARD = 4096  # bytes in front of an output and behind it
ROWS = 4096   # that are drawn; more rows are these again, in another order
LARGE = 1 << 28  # elements that are compared at most


def narrow(x):
    """bf16, as its bits."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def wide(x):
    """What compiled code reads, in f64."""
    if x.dtype == np.uint16:
        x = (x.astype(np.uint32) << 16).view(np.float32)
    return x.astype(np.float64)


class Library:
    """A compiled function "f", and memory where it runs."""

    def __init__(self, path, cpu):
        lib = self.lib = ctypes.CDLL(path)
        self.cpu, self.ctx = cpu, None
        if cpu:
            return
        pointer = ctypes.c_void_p
        for name in ("strand_rt_gpu_create", "strand_rt_gpu_allocate"):
            getattr(lib, name).restype = pointer
        for name in ("strand_rt_gpu_problem", "strand_rt_gpu_products"):
            getattr(lib, name).restype = ctypes.c_char_p
        why = ctypes.create_string_buffer(512)
        code = pointer(ctypes.addressof(ctypes.c_char.in_dll(lib, "m_device")))
        self.ctx = pointer(lib.strand_rt_gpu_create(code, why, ctypes.c_int64(512)))
        if not self.ctx:
            raise RuntimeError(why.value.decode())

    def good(self, status):
        if status:
            raise RuntimeError(self.lib.strand_rt_gpu_problem(self.ctx).decode())

    def allocate(self, size):
        if self.cpu:
            return np.empty(size + 64, np.uint8)
        place = self.lib.strand_rt_gpu_allocate(self.ctx, ctypes.c_int64(size))
        if not place:
            raise MemoryError(f"{size} bytes of the device")
        return ctypes.c_void_p(place)

    def free(self, place):
        if not self.cpu:
            self.lib.strand_rt_gpu_free(self.ctx, place)

    def address(self, place, offset=0):
        return (place.ctypes.data + 63) // 64 * 64 + offset if self.cpu else place.value + offset

    def write(self, place, array, offset=0):
        to, source, size = (ctypes.c_void_p(self.address(place, offset)), array.ctypes.data_as(ctypes.c_void_p), array.nbytes)
        if self.cpu:
            ctypes.memmove(to, source, size)
        else:
            self.good(self.lib.strand_rt_gpu_write(self.ctx, to, source, ctypes.c_int64(size)))
            self.good(self.lib.strand_rt_gpu_wait(self.ctx))

    def read(self, place, shape, dtype, offset=0):
        array = np.empty(shape, dtype)
        to, source = array.ctypes.data_as(ctypes.c_void_p), ctypes.c_void_p(self.address(place, offset))
        if self.cpu:
            ctypes.memmove(to, source, array.nbytes)
        else:
            self.good(self.lib.strand_rt_gpu_read(self.ctx, to, source, ctypes.c_int64(array.nbytes)))
        return array

    def call(self, places, sizes, rows, sequences):
        """`places`: (memory, offset) of each argument."""
        self.lib.f_scratch.restype = ctypes.c_int64
        scratch = self.allocate(max(1, self.lib.f_scratch(ctypes.c_int64(rows), ctypes.c_int64(sequences))))
        buffers = (ctypes.c_void_p * len(places))(*[self.address(*p) for p in places])
        counts = (ctypes.c_int64 * len(sizes))(*sizes)
        self.lib.f_call(self.ctx, buffers, counts, ctypes.c_void_p(self.address(scratch)))
        if not self.cpu:
            self.good(self.lib.strand_rt_gpu_wait(self.ctx))
        self.free(scratch)

    def products(self):
        """What computed those that a library may do; empty if there is none. That it has not done them is an error."""
        problem = ctypes.c_int32()
        said = "" if self.cpu else self.lib.strand_rt_gpu_products(self.ctx, ctypes.byref(problem)).decode()
        if problem.value:
            raise AssertionError(said)
        return said

    def close(self):
        if not self.cpu:
            self.lib.strand_rt_gpu_destroy(self.ctx)


# ---- what functions mean, for rows of all sequences one after another; `begins` says where a sequence begins ----

def scan(x, begins):
    """h = exp(a) h + b: in pieces side by side, then what comes before each piece."""
    a, b = np.exp(x["a"]), x["b"]
    a[begins] = 0.0
    rows, channels = a.shape
    length = int(np.ceil(np.sqrt(max(rows, 1))))
    pieces = -(-rows // length)
    pad = lambda v: np.concatenate([v, np.zeros((pieces * length - rows, channels))]).reshape(pieces, length, channels)
    a, h = pad(a), pad(b)
    for t in range(1, length):
        h[:, t] += a[:, t] * h[:, t - 1]
        a[:, t] *= a[:, t - 1]
    for p in range(1, pieces):
        h[p] += a[p] * h[p - 1, -1]
    return h.reshape(-1, channels)[:rows]


def hierarchy(x, fixed):
    """A scan of the rows of one sequence whose first channel is positive; each row takes what it came to last
    along."""
    keeps = x["b"][:, 0] > 0
    h = scan({n: v[keeps] for n, v in x.items()}, [0]) if keeps.any() else np.zeros((0, x["b"].shape[1]))
    return np.concatenate([np.zeros((1, x["b"].shape[1])), h])[np.cumsum(keeps)] + x["b"]


def by_sequence(of_one):
    """A meaning from that of one sequence."""
    def of_all(x, begins, fixed):
        rows = len(next(iter(x.values())))
        ends = list(begins[1:]) + [rows]
        return np.concatenate([of_one({n: v[i:j] for n, v in x.items()}, fixed) for i, j in zip(begins, ends)])
    return of_all


def matrix_state(delta):
    """S = exp(g) S + k (v - delta S^T k)^T beta; y = q S."""
    def of_all(x, begins, fixed):
        q, k, v, g = x["q"], x["k"], x["v"], x.get("g")
        y, new = np.empty_like(v), np.zeros(len(q), bool)
        new[begins] = True
        for t in range(len(q)):
            if new[t]:
                S = np.zeros((*k.shape[1:], v.shape[-1]))
            if g is not None:
                S *= np.exp(g[t])[:, None, None] if g.ndim == 2 else np.exp(g[t])[:, :, None]
            value = (v[t] - np.einsum("hkv,hk->hv", S, k[t])) * x["beta"][t][:, None] if delta else v[t]
            S += k[t][:, :, None] * value[:, None, :]
            y[t] = np.einsum("hkv,hk->hv", S, q[t])
        return y * (q.shape[-1] ** -0.5 if delta else 1.0)
    return of_all


def attention(x, fixed):
    q, k, v = (x[n].transpose(1, 0, 2) for n in "qkv")
    scores = q @ k.transpose(0, 2, 1) * q.shape[-1] ** -0.5
    rows = np.arange(q.shape[1])
    scores[:, rows[:, None] < rows] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True, initial=-1e9))
    return (weights @ v / weights.sum(-1, keepdims=True)).transpose(1, 0, 2)


def conv(x, fixed):
    x, w = x["x"], fixed["w"]
    y = np.zeros_like(x)
    for j in range(min(len(w), len(x))):  # the last row of w is for the row itself
        y[j:] += w[len(w) - 1 - j] * x[:len(x) - j]
    return y


MEANINGS = {
    "scan": lambda x, begins, fixed: scan(x, begins),
    "max": by_sequence(lambda x, fixed: np.maximum.accumulate(x["x"])),
    "conv": by_sequence(conv),
    "hierarchy": by_sequence(hierarchy),
    "sigmoid": lambda x, begins, fixed: 1 / (1 + np.exp(-x["x"])),
    "product": lambda x, begins, fixed: x["x"] @ fixed["w"].T,
    "part": lambda x, begins, fixed: x["x"][:, 64:64 + fixed["w"].shape[1]] @ fixed["w"].T,
    "added": lambda x, begins, fixed: x["x"] @ fixed["w"].T + x["r"],
    "linear": matrix_state(False),
    "delta_rule": matrix_state(True),
    "attention": by_sequence(attention),
}
ALONE = ("sigmoid", "product", "part", "added")  # each row by itself
PRODUCTS = ("product", "part", "added")  # with the library, if there is one, and without
EXACT = ("max",)


class Past:
    """What sequences saw before the call, in a state with slots that nobody has and places that nobody wrote, all NaN."""
    SEEN = (0, 1, 99, 100, 101, 37, 127, 128, 129, 300, 64, 505)

    def __init__(self, facts, lengths, element, random):
        self.window, self.lengths = facts["window"], lengths
        self.seen = [self.SEEN[s % len(self.SEEN)] for s in range(len(lengths))]
        places = self.window or max(n + m for n, m in zip(self.seen, lengths)) + 3
        self.slots = random.permutation(len(lengths) + 2)[:len(lengths)].astype(np.int32)
        self.count = np.full(len(lengths) + 2, -1, np.int32)
        self.count[self.slots] = self.seen
        kept = narrow if facts["type"] == "bf16" else lambda x: x.astype(np.float32)
        self.states = {n: kept(np.full((len(self.count), places, *facts["shape"]), np.nan)) for n in "kv"}
        self.before = {n: [] for n in "kv"}
        for name, state in self.states.items():
            for slot, seen in zip(self.slots, self.seen):
                rows = drawn({"rows": True, "shape": facts["shape"], "draw": "normal", "type": element}, min(seen, places), random)
                self.put(state[slot], kept(wide(rows)), seen)
                self.before[name].append(wide(rows).astype(np.float32))
        self.sizes = [len(self.count)] + ([len(self.count)] + ([] if self.window else [places])) * 2 + [len(lengths)]

    def arrays(self):
        return [self.count, self.states["k"], self.states["v"], self.slots]

    @staticmethod
    def put(places, rows, end):
        """Rows that end in front of position `end`."""
        for row, p in zip(rows[-len(places):], range(end - min(len(rows), len(places)), end)):
            places[p % len(places)] = row

    def meaning(self, x, offsets):
        """Attention of each sequence over the rows before and its own."""
        parts = []
        for s, (i, j) in enumerate(zip(offsets, offsets[1:])):
            heads = x["q"].shape[1] // x["k"].shape[1]
            k, v = (np.repeat(np.concatenate([self.before[n][s], x[n][i:j]]), heads, 1).transpose(1, 0, 2) for n in "kv")
            scores = x["q"][i:j].transpose(1, 0, 2) @ k.transpose(0, 2, 1) * x["q"].shape[-1] ** -0.5
            age = np.arange(j - i)[:, None] + len(self.before["k"][s]) - np.arange(k.shape[1])
            scores[:, (age < 0) | (age >= (self.window or np.inf))] = -np.inf
            weights = np.exp(scores - scores.max(-1, keepdims=True, initial=-1e9))
            parts.append((weights @ v / weights.sum(-1, keepdims=True)).transpose(1, 0, 2))
        return np.concatenate(parts)

    def check(self, arrays, offsets, after):
        """That the state is what it was, and the rows of the call."""
        for s, slot in enumerate(self.slots):
            self.count[slot] += self.lengths[s]
            for name, state in self.states.items():
                rows = wide(arrays[name][offsets[s]:offsets[s + 1]])
                self.put(state[slot], narrow(rows) if state.dtype == np.uint16 else rows.astype(np.float32), self.count[slot])
        for name, want, got in zip(("count", "k", "v", "slots"), self.arrays(), after):
            bits = [x.view(f"u{x.itemsize}") for x in (want, got)]
            if (bits[0] != bits[1]).any():
                at = np.argwhere(bits[0] != bits[1])
                raise AssertionError(f"state {name} is wrong in {len(at)} places, the first {at[0].tolist()}")


# ---- one call ----

def drawn(buffer, rows, random):
    x = random.standard_normal((min(rows, ROWS) if buffer["rows"] else 1, *buffer["shape"]), np.float32)
    x = {"normal": lambda: x, "unit": lambda: x / np.linalg.norm(x, axis=-1, keepdims=True),
         "gate": lambda: -np.log1p(np.exp(-x - 1)), "sigmoid": lambda: 1 / (1 + np.exp(-x)),
         "negative": lambda: -np.abs(x) - 0.1}[buffer["draw"]]()
    x = narrow(x) if buffer["type"] == "bf16" else x.astype(np.float32)
    if not buffer["rows"]:
        return x[0]
    t = np.arange(rows, dtype=np.int64)
    return x[(t * 2654435761 >> 13) % ROWS] if rows > ROWS else x


def part(function, rows):
    """Which rows and channels are compared."""
    channels = function["result"]["shape"][-1]
    if rows * channels * len(function["buffers"]) <= LARGE:
        return slice(None), slice(None)
    if function["op"] in ALONE:
        boundary = (1 << 31) // channels
        return np.r_[0:512, min(boundary, rows) - 256:min(boundary + 256, rows), rows - 512:rows], slice(None)
    return slice(None), np.r_[0:16, channels - 16:channels]


def check(function, library, lengths, random):
    said, products = compared(function, library, lengths, random), library.products()
    return f"{said}; {products}" if products else said


def compared(function, library, lengths, random):
    rows, sequences = sum(lengths), len(lengths)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    arrays = {b["name"]: drawn(b, rows, random) for b in function["buffers"]}
    result = function["result"]
    dtype = np.uint16 if result["type"] == "bf16" else np.float32
    shape = (rows, *result["shape"])
    out_bytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    past = Past(function["past"], lengths, result["type"], random) if "past" in function else None
    carried = past.arrays() if past else []
    used, places, sizes = [], [], []
    try:
        for b in function["buffers"]:
            used.append(library.allocate(arrays[b["name"]].nbytes))
            library.write(used[-1], arrays[b["name"]])
            places.append((used[-1], 0))
            sizes += [rows] if b["rows"] else []
        used.append(library.allocate(offsets.nbytes))
        library.write(used[-1], offsets)
        places.append((used[-1], 0))
        for state in carried:
            used.append(library.allocate(state.nbytes))
            library.write(used[-1], state)
        of_state = used[len(used) - len(carried):]
        used.append(library.allocate(out_bytes + 2 * GUARD))
        before = np.full(out_bytes + 2 * GUARD, 0xFF, np.uint8)  # NaN in each type
        library.write(used[-1], before)
        del before
        places.append((used[-1], GUARD))
        library.call(places + [(state, 0) for state in of_state], sizes + [sequences + 1, rows] + (past.sizes if past else []), rows, sequences)
        guards = [library.read(used[-1], GUARD, np.uint8, at) for at in (0, GUARD + out_bytes)]
        got = library.read(used[-1], shape, dtype, GUARD)
        after = [library.read(place, state.shape, state.dtype) for place, state in zip(of_state, carried)]
    finally:
        for place in used:
            library.free(place)
    if any((g != 0xFF).any() for g in guards):
        raise AssertionError("wrote in front of the output or behind it")
    said = compare(function, arrays, offsets, got, past)
    if past:
        past.check(arrays, offsets, after)
    return said


def compare(function, arrays, offsets, got, past=None):
    if not len(got):
        return "no rows"
    isnan = np.isnan(got).any() if got.dtype == np.float32 else any(
        ((p & 0x7FFF) > 0x7F80).any() for p in np.array_split(got, max(1, got.size >> 26)))
    if isnan:
        raise AssertionError("NaN in the output")
    at, channels = part(function, len(got))
    by_rows = {b["name"] for b in function["buffers"] if b["rows"]}
    some = lambda v: wide(v[at][..., channels] if function["op"] not in ALONE else v[at])
    x = {n: some(v) for n, v in arrays.items() if n in by_rows}
    fixed = {n: wide(v) for n, v in arrays.items() if n not in by_rows}
    begins = np.unique(offsets[:-1][np.diff(offsets) > 0])
    want = past.meaning(x, offsets) if past else MEANINGS[function["op"]](x, begins, fixed)
    y = wide(got[at][..., channels])
    error = float(np.linalg.norm(y - want) / np.linalg.norm(want))
    bound = 0.0 if function["op"] in EXACT else BOUNDS[function["result"]["type"]]
    if not error <= bound:
        row = int(np.abs(y - want).reshape(len(y), -1).max(1).argmax())
        raise AssertionError(f"error {error:.1e} is above {bound:.0e}; the largest in row {row} of {len(y)}")
    return f"{len(got)} rows, error {error:.1e}"


def main():
    folder, cpu = sys.argv[1], "--cpu" in sys.argv[2:]
    with open(os.path.join(folder, "ops.json")) as f:
        functions = json.load(f)
    results = Results(SECONDS)
    named = {n: v for n, v in os.environ.items() if n == "STRAND_CUBLASLT"}
    for function in functions:
        for own in (False, True)[:1 + (function["op"] in PRODUCTS and not cpu)]:
            if own:
                os.environ["STRAND_CUBLASLT"] = "off"
            library = Library(os.path.join(folder, function["name"] + ".so"), cpu)
            for batch, lengths in function["batches"].items():
                random = np.random.Generator(np.random.PCG64(len(lengths) + sum(lengths)))
                results.check(f"{function['name']} {batch}", lambda: check(function, library, lengths, random))
                gc.collect()
            library.close()
            os.environ.pop("STRAND_CUBLASLT", None)
            os.environ.update(named)
    return results.end()


if __name__ == "__main__":
    sys.exit(main())
