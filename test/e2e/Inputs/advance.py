"""A compiled model against the same model step by step in f64.

    advance.py MODEL.so recurrence|hierarchy|chunks|dispatch

The same rows are handed in whole, one by one, cut, and as ragged batches with permuted slots, on one thread and on three;
scratch and logits are full of NaN first, and bytes behind the scratch must stay as they were.
"""
import sys

import numpy as np

from compiled import I32, Model, check


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rms_norm(x, w):
    return x / np.sqrt((x * x).mean() + 1e-5) * w


def layer(w, prefix, x, state):
    n = rms_norm(x, w[prefix + "norm"])
    a, i = sigmoid(n @ w[prefix + "wf"]), n @ w[prefix + "wi"]
    state[prefix] = a * state.get(prefix, 0) + (1 - a) * i * sigmoid(i)
    return x + (state[prefix] * sigmoid(n @ w[prefix + "wg"])) @ w[prefix + "wo"]


def recurrence(w, token, state):
    x = layer(w, "layers.1.", layer(w, "layers.0.", w["embed"][token], state), state)
    return rms_norm(x, w["norm"]) @ w["head"]


def hierarchy(w, token, state):
    x = layer(w, "outer.", w["embed"][token], state)
    if x[0] > 0:
        state["last"] = layer(w, "inner.", x, state)
    return rms_norm(x + state.get("last", 0), w["norm"]) @ w["head"]


def chunks(w, token, state):
    q, k, v = (w[n][token] for n in "qkv")
    state["S"] = state.get("S", 0) + k[:, :, None] * v[:, None, :]
    return np.einsum("hi,hij->hj", q, state["S"]).reshape(-1)


def dispatch(model):
    state = model.state()
    for lengths, function in (([1, 1], 2), ([1, 0], 2), ([2, 0], 1), ([3], 1), ([0, 2, 1], 1), ([1], 2)):
        logits = model.advance(state, list(range(len(lengths))), [[0] * n for n in lengths])
        assert (np.concatenate(logits) == function).all(), lengths


def main():
    rng = np.random.default_rng(1)
    model, name = Model(sys.argv[1], rng), sys.argv[2]
    if name == "dispatch":
        dispatch(model)
    else:
        for threads in (0, 3):
            model.threads = model.lib.strand_rt_create(I32(threads)) if threads else None
            check(model, {"recurrence": recurrence, "hierarchy": hierarchy, "chunks": chunks}[name], rng)
    print(name, "right")


main()
