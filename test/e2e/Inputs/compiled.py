"""A compiled model as a shared library, and the check that all its forms agree with a step function in f64."""
import ctypes
import os

import numpy as np

os.environ.pop("LD_PRELOAD", None)  # a sanitizer's run-time is for this process; tools that it starts have their own

I32, I64, F64, PTR = ctypes.c_int32, ctypes.c_int64, ctypes.c_double, ctypes.c_void_p


class Entry(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("offset", I64), ("bytes", I64), ("type", I32), ("growth", I32),
                ("initial", F64), ("rank", I64), ("shape", I64 * 6)]


class Schema(ctypes.Structure):
    _fields_ = [(n, I64) for n in ("version", "vocabulary", "weight_bytes", "states", "weights", "last_rows")] + \
               [("state", ctypes.POINTER(Entry)), ("weight", ctypes.POINTER(Entry))] + \
               [(n, ctypes.c_char_p) for n in ("hash", "family", "cpu_features", "report")]


def aligned(size):
    raw = np.full(size + 64, 0xFF, np.uint8)
    return raw[-raw.ctypes.data % 64:][:size]


def pointer(a):
    return PTR(a.ctypes.data)


FIXED, CACHE, COUNT = range(3)


def panels(matrix, shape):
    """[N, K] as strand.weight lays it out in panels of shape [ceil(N / n), K, n]."""
    count, k, n = shape
    padded = np.zeros((count * n, k), matrix.dtype)
    padded[:len(matrix)] = matrix
    return padded.reshape(count, n, k).transpose(0, 2, 1)


class Model:
    slots = 12

    def __init__(self, path, rng, given=None, embedded=False):
        """`given`: weights by name; others are random. `embedded`: the library's own weights."""
        self.lib = ctypes.CDLL(path)
        self.lib.strand_rt_create.restype = PTR
        self.schema = Schema.in_dll(self.lib, "m_schema")
        self.threads = None
        if embedded:
            self.blob = np.ctypeslib.as_array((ctypes.c_uint8 * self.schema.weight_bytes).in_dll(self.lib, "m_weights"))
            return
        self.blob, self.weights = aligned(self.schema.weight_bytes), {}
        for e in self.schema.weight[:self.schema.weights]:
            shape = tuple(e.shape[:e.rank])
            w = self.blob[e.offset:e.offset + e.bytes].view(np.float32).reshape(shape)
            scale = 1 / np.sqrt(shape[0]) if len(shape) == 2 and e.name != b"embed" else 1
            if given is not None and e.name.decode() in given:
                value = given[e.name.decode()]
                w[:] = panels(value, shape) if len(shape) > value.ndim else value
                self.weights[e.name.decode()] = value.astype(np.float64)
                continue
            w[:] = rng.standard_normal(shape) * scale if len(shape) > 1 else 1 + rng.standard_normal(shape) * 0.1
            self.weights[e.name.decode()] = w.astype(np.float64)

    def sizes(self, sequences, rows, cache_rows=0):
        out = (I64 * 4)()
        self.lib.m_sizes(I64(sequences), I64(rows), I64(self.slots), I64(cache_rows), out)
        return out

    def has_caches(self):
        return any(e.growth == CACHE for e in self.schema.state[:self.schema.states])

    def state(self, cache_rows=1024):
        block = aligned(self.sizes(1, 1, cache_rows)[0])
        self.lib.strand_rt_state_init(ctypes.byref(self.schema), pointer(block), I64(self.slots), I64(cache_rows))
        return block

    def grown(self, state, cache_rows):
        block = self.state(cache_rows)
        for slot in range(self.slots):
            self.lib.strand_rt_state_copy(ctypes.byref(self.schema), pointer(block), I64(slot), pointer(state), I64(slot))
        return block

    def advance(self, state, slots, sequences, expect=0):
        tokens = np.array([t for s in sequences for t in s] or [0], np.int32)
        offsets = np.cumsum([0] + [len(s) for s in sequences]).astype(np.int32)
        slots, rows, vocabulary = np.array(slots if len(slots) else [0], np.int32), int(offsets[-1]), self.schema.vocabulary
        _, scratch_bytes, logits_bytes, _ = self.sizes(len(sequences), rows)
        scratch, logits = aligned(scratch_bytes + 64), aligned(max(logits_bytes, 4)).view(np.float32)
        status = self.lib.m_advance(PTR(self.threads), pointer(self.blob), pointer(state), pointer(slots), pointer(tokens),
                                    pointer(offsets), I64(len(sequences)), I64(rows), I32(0), pointer(scratch),
                                    pointer(logits))
        assert status == expect, f"status {status}"
        assert (scratch[scratch_bytes:] == 0xFF).all(), "wrote behind the scratch"
        return np.split(logits[:rows * vocabulary].reshape(rows, vocabulary), offsets[1:-1])


def check(model, step, rng, tolerance=1e-5, length=200):
    """`step(weights, token, state) -> logits` is one row of one sequence; `state` is a dict, empty at first. `length`:
    the rows of the longest sequence, at least 200."""
    def expected(sequence):
        state = {}
        return np.array([step(model.weights, t, state) for t in sequence]).reshape(-1, model.schema.vocabulary)

    def compare(what, got, want):
        error = np.abs(got - want).max(initial=0) / max(np.abs(want).max(initial=1), 1)
        assert error < tolerance, f"{what}: {error}"

    sequence = rng.integers(0, model.schema.vocabulary, length)
    want = expected(sequence)
    for cuts in ([0, length], range(length + 1), [0, 1, 1, 17, 64, 65, 150, length]):
        state = model.state()
        got = [model.advance(state, [3], [sequence[a:b]])[0] for a, b in zip(cuts, cuts[1:])]
        compare(f"{len(cuts) - 1} pieces", np.concatenate(got), want)

    batch = [rng.integers(0, model.schema.vocabulary, n) for n in (5, 0, 1, 33, 0, 80, 2, 0)]
    slots, state, got = [7, 0, 2, 11, 5, 1, 4, 9], model.state(), [[] for _ in range(8)]
    for part in range(3):
        pieces = [s[len(s) * part // 3:len(s) * (part + 1) // 3] for s in batch]
        for g, piece in zip(got, model.advance(state, slots, pieces)):
            g.append(piece)
    for s, g in zip(batch, got):
        compare("ragged batch", np.concatenate(g), expected(s))
    for _ in range(3):
        order, more = rng.permutation(8), rng.integers(0, model.schema.vocabulary, 8)
        logits = model.advance(state, [slots[i] for i in order], [[more[i]] for i in order])
        for i, row in zip(order, logits):
            batch[i] = np.append(batch[i], more[i])
            compare("decode", row[0], expected(batch[i])[-1])

    if model.has_caches():
        check_growth(model, sequence, lambda got, want: compare("a cache that grows", got, want), want)

    before = state.copy()
    model.advance(state, slots, [[]] * 8)
    model.advance(state, [], [])
    model.advance(state, [0], [[model.schema.vocabulary]], expect=1)
    assert (before == state).all(), "empty and refused calls leave the state alone"


def check_growth(model, sequence, compare, want):
    """A cache of just as many rows as the sequence has; one row too many is refused and leaves the state alone."""
    state, at = model.state(0), 0
    for end in (1, 2, 66, 67, len(sequence)):
        before = state.copy()
        model.advance(state, [3], [sequence[at:end]], expect=4)
        assert (before == state).all(), "a refused call leaves the state alone"
        state = model.grown(state, end)
        compare(model.advance(state, [3], [sequence[at:end]])[0], want[at:end])
        at = end
