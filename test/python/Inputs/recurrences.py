"""Steps of many kinds, traced and compiled, against the same steps run in numpy in f64: whole, ragged, dense, cut, row
by row and last rows."""
import numpy as np
import strand
from strand import carry, row, weight

TOLERANCE = 2e-6


@strand.recurrence
def ema(h: carry("d"), x: row("d"), a: row("d")):
    h = a * h + (1 - a) * x
    return h, h


@strand.recurrence
def counted(n: carry(initial=3.0), h: carry("d", initial=-1.5), x: row("d")):
    return h / n, 2 * n, n + 1, 0.5 * h - x


@strand.recurrence
def attention(S: carry("h k v"), q: row("h k"), k: row("h k"), v: row("h v"), g: row("h")):
    S = strand.einsum("h,hkv->hkv", strand.sigmoid(g), S) + strand.einsum("hk,hv->hkv", k, v)
    return strand.einsum("hk,hkv->hv", q, S), S


@strand.recurrence
def delta(S: carry("k v"), q: row("k"), k: row("k"), v: row("v"), beta: row()):
    S = S + beta * strand.outer(k, v - k @ S)
    return q @ S, S


@strand.recurrence
def lstm(h: carry("d"), c: carry("d"), x: row("g"), u: weight("d g")):
    d = h.shape[0]
    gates = x + h @ u
    i, f, o = (strand.sigmoid(gates[n * d:(n + 1) * d]) for n in range(3))
    c = f * c + i * strand.tanh(gates[3 * d:])
    h = o * strand.tanh(c)
    return h, h, c


@strand.recurrence
def viterbi(best: carry("s"), score: row("s"), step: weight("s s")):
    best = (best + step).max(axis=1) + score
    return best, best - best.max()


@strand.recurrence
def curious(h: carry("d"), m: carry(4), x: row("d"), w: weight("d", 4)):
    gate = strand.where(x > 0.25, strand.exp(-abs(x)), strand.softplus(x) / 4)
    seen = strand.minimum(strand.maximum(w.T @ h, -1.0), strand.relu(m) + 1)
    m = m * 0.5 + strand.tanh(strand.silu(seen) * strand.dot(x, h)) + strand.cos(x[0]) - strand.sin(x[-1])
    h = gate * h + (x - x.mean()) ** 3 / (9.0 + strand.sqrt((h ** 2).sum())) - strand.log(2.0 + m.sum() ** 2) / 4
    return strand.where(x.sum() <= 0.0, h[1:3], x[0:2]), -m, h, m


@strand.recurrence
def begins(h: carry("d", initial="u"), x: row("d"), u: weight("d")):
    return h, 0.5 * h + x


@strand.recurrence(reverse=True)
def backwards(h: carry("d"), x: row("d")):
    h = 0.5 * h + strand.tanh(x)
    return h, h


CASES = {
    begins: {"x": (16,), "u": (16,)},
    backwards: {"x": (16,)},
    ema: {"x": (16,), "a": (16,)},
    counted: {"x": (5,)},
    attention: {"q": (2, 8), "k": (2, 8), "v": (2, 16), "g": (2,)},
    delta: {"q": (8,), "k": (8,), "v": (4,), "beta": ()},
    lstm: {"x": (64,), "u": (16, 64)},
    viterbi: {"score": (6,), "step": (6, 6)},
    curious: {"x": (8,), "w": (8, 4)},
}
OFFSETS = [0, 0, 1, 40, 41, 73, 150]


def as_tuple(x):
    return x if isinstance(x, tuple) else (x,)


def compare(name, got, want):
    for g, w in zip(as_tuple(got), as_tuple(want), strict=True):
        assert g.shape == w.shape and g.dtype == np.float32, (name, g.shape, w.shape, g.dtype)
        error = np.sqrt(np.mean((g - w) ** 2) / np.mean(w ** 2)) if w.size else 0
        assert error <= TOLERANCE, f"{name}: relative RMS {error:.1e}"


def check(f, shapes, rng):
    name, weights = f.__name__, [n for n in shapes if n in ("u", "step", "w")]
    scale = lambda n: 0.5 if n in ("q", "k", "u", "w", "beta") else 1.0
    draw = rng.uniform if name == "ema" else rng.standard_normal
    sizes = {n: s if n in weights else (150, *s) for n, s in shapes.items()}
    data = {n: (scale(n) * draw(size=s)).astype(np.float32) for n, s in sizes.items()}
    part = lambda i, j: {n: x if n in weights else x[i:j] for n, x in data.items()}

    compare(name + " whole", f(**data), f.reference(**data))
    want = f.reference(**data, offsets=OFFSETS)
    compare(name + " ragged", f(**data, offsets=OFFSETS), want)
    dense = {n: x if n in weights else x.reshape(3, 50, *x.shape[1:]) for n, x in data.items()}
    compare(name + " dense", f(**dense), f.reference(**dense))

    ends = [e - 1 for b, e in zip(OFFSETS, OFFSETS[1:]) if e > b]
    last = as_tuple(f(**data, offsets=OFFSETS, last=True))
    compare(name + " last", tuple(y[1:] for y in last), tuple(w[ends] for w in as_tuple(want)))

    if f is backwards:
        try:
            f.state(**data)
        except strand.ArgumentError as e:
            return print(name, "right:", str(e).splitlines()[0])
    state = f.state(**data, sequences=6)
    for at in (1, 30):  # every sequence up to row `at` of its own, then the rest
        pieces = [np.arange(b, min(b + at, e)) if at == 1 else np.arange(min(b + 1, e), e)
                  for b, e in zip(OFFSETS, OFFSETS[1:])]
        rows = np.concatenate(pieces)
        cut = {n: x if n in weights else x[rows] for n, x in data.items()}
        offsets = np.cumsum([0] + [len(p) for p in pieces])
        compare(f"{name} cut", f(**cut, offsets=offsets, state=state), tuple(w[rows] for w in as_tuple(want))
                if isinstance(want, tuple) else want[rows])
    assert [state.rows(i) for i in state.ids] == list(np.diff(OFFSETS))

    state = f.state(**data)
    steps = [as_tuple(f(**part(i, i + 1), state=state)) for i in range(12)]
    whole = as_tuple(f.reference(**part(0, 12)))
    compare(name + " steps", tuple(np.concatenate(y) for y in zip(*steps)), whole)
    print(name, "right")


for f, shapes in CASES.items():
    check(f, shapes, np.random.default_rng(1))
