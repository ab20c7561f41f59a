"""Attention over all earlier rows as a function: states are caches that grow, are saved, joined and forked; two outputs,
one of them for last rows.

    caches.py attention_cache.mlir
"""
import sys

import numpy as np
import strand

model = strand.load(sys.argv[1], function="grouped")
assert any(s.cache for s in model.states), model.states
assert [v.name for v in model.outputs] == ["output0", "output1"]
rng = np.random.default_rng(0)
q, k, v = (rng.standard_normal((700, heads, 64)).astype(np.float32) for heads in (6, 2, 2))
part = lambda i, j: (q[i:j], k[i:j], v[i:j])


def meaning(q, k, v):
    """exp(q . k / 8) over the rows so far, in f64."""
    q, k, v = q.astype(np.float64), np.repeat(k, 3, axis=1).astype(np.float64), np.repeat(v, 3, axis=1)
    scores = np.einsum("thd,shd->hts", q, k) / 8
    scores[:, np.triu_indices(len(q), 1)[0], np.triu_indices(len(q), 1)[1]] = -np.inf
    sums = np.exp(scores).sum(axis=2)
    return np.einsum("hts,shd->thd", np.exp(scores) / sums[..., None], v), np.log(sums).T


def same(got, want):
    for g, w in zip(got, want, strict=True):
        assert g.shape == w.shape and np.sqrt(np.mean((g - w) ** 2) / np.mean(w ** 2)) < 1e-6


want = meaning(q, k, v)
same(model(q, k, v), want)
# 250 rows fit in the first caches, 260 do not, 700 want them doubled
state, cut = model.state(), []
for i, j in ((0, 250), (250, 251), (251, 260), (260, 700)):
    cut.append(model(*part(i, j), state=state))
    if j == 260:
        saved = state.save()
same([np.concatenate(y) for y in zip(*cut)], want)

# a short sequence and a long one, joined in one state and cut again
joined = model.state()
model(*part(0, 5), state=joined)
(long,) = joined.append(model.load_state(saved))
assert (joined.rows(0), joined.rows(long)) == (5, 260)
both = [np.concatenate([x[5:6], x[260:700]]) for x in (q, k, v)]
alone = joined.fork(ids=long)
same([y[1:] for y in model(*both, offsets=[0, 1, 441], state=joined)], [w[260:] for w in want])
same(model(*part(260, 700), state=alone), [w[260:] for w in want])
same(model(*part(6, 7), state=joined.cut(0)), [w[6:7] for w in want])
same(model(q, k, v, offsets=[0, 0, 700], last=True)[1][1:], want[1][-1:])
assert joined.ids == [long] and joined.rows(long) == 700
print("caches right")
