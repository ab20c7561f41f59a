"""The mLSTM cell, and layer norms over whole rows and over heads, shared by the two xLSTM families."""

import numpy as np


def layer_norm(x, weight, eps):
    """(x - mean) / sqrt(variance + eps) * weight over the last dimension."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, axis=-1, keepdims=True) + eps) * weight


def head_norm(x, weight, eps):
    """x [B, T, H, D], each head by itself, weight [H * D] -> [B, T, H * D]."""
    return layer_norm(x, weight.reshape(x.shape[2:]), eps).reshape(*x.shape[:2], -1)


def mlstm(q, k, v, forget, enter, state, eps):
    """S = f S + i k v^T, n = f n + i k, y = S^T q / (max(|n q|, exp(-m)) + eps) under a running maximum m.

    q, k [B, T, H, K], v [B, T, H, V], forget and enter [B, T, H] the logarithms of f and i.
    """
    s, n, m = state["S"], state["n"], state["m"]
    y = np.empty_like(v)
    for t in range(q.shape[1]):
        grown = forget[:, t] + m
        m = np.maximum(grown, enter[:, t])
        f, i = np.exp(grown - m)[..., None], np.exp(enter[:, t] - m)[..., None]
        s = f[..., None] * s + (i * k[:, t])[..., None] * v[:, t, :, None]
        n = f * n + i * k[:, t]
        scale = np.maximum(np.abs(np.sum(n * q[:, t], axis=-1)), np.exp(-m)) + eps
        y[:, t] = np.einsum("bhk,bhkv->bhv", q[:, t], s) / scale[..., None]
    return y, {"S": s, "n": n, "m": m}
