"""A recurrence that nobody wrote a kernel for, in ten lines: a memory that learns by the delta rule and forgets what it
was surprised by."""
import numpy as np
import strand


@strand.recurrence
def surprised(S: strand.carry("k v"), q: strand.row("k"), k: strand.row("k"), v: strand.row("v")):
    error = v - k @ S
    keep = strand.sigmoid(2.0 - strand.dot(error, error))
    S = keep * S + strand.outer(k, error)
    return q @ S, S


q, k, v = np.random.default_rng(0).standard_normal((3, 300, 16), np.float32) / 4
print("outputs", surprised(q, k, v, offsets=[0, 100, 300]).shape)
