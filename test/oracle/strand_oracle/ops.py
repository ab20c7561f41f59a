"""Elementwise functions, norms, convolution, rotary and attention, shared by the families.

Arrays are [B, T, ...]; carried arrays are returned, never changed in place.
"""

import math

import numpy as np

_erf = np.frompyfunc(math.erf, 1, 1)


def softplus(x):
    return np.logaddexp(x.dtype.type(0), x)


def log_sigmoid(x):
    return -softplus(-x)


def sigmoid(x):
    return np.exp(log_sigmoid(x))


def silu(x):
    return x * sigmoid(x)


def relu(x):
    return np.maximum(x, 0)


def gelu(x):
    return x * 0.5 * (1 + _erf(x / math.sqrt(2)).astype(x.dtype))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def identity(x):
    return x


# The names of transformers' ACT2FN that are plain elementwise functions without parameters.
ACTIVATIONS = {
    "silu": silu, "swish": silu,
    "gelu": gelu, "gelu_python": gelu,
    "gelu_new": gelu_tanh, "gelu_fast": gelu_tanh, "gelu_pytorch_tanh": gelu_tanh,
    "quick_gelu": lambda x: x * sigmoid(1.702 * x),
    "relu": relu, "relu2": lambda x: relu(x) ** 2, "relu6": lambda x: np.clip(x, 0, 6),
    "sigmoid": sigmoid, "tanh": np.tanh,
    "mish": lambda x: x * np.tanh(softplus(x)),
    "linear": identity,
}


def activation(key, name, table=None):
    """The function of that name; an unknown name is an error that names the config key."""
    table = ACTIVATIONS if table is None else table
    if name not in table:
        raise ValueError(f"{key} is {name!r}; understood are {', '.join(table)}")
    return table[name]


def linear(x, weight, bias=None):
    """x [..., I], weight [O, I] -> [..., O]."""
    y = x @ weight.T
    return y if bias is None else y + bias


def rms_norm(x, weight, eps):
    """x [..., D] / sqrt(mean(x^2) + eps) * weight [D] (None: no weight)."""
    y = x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + x.dtype.type(eps))
    return y if weight is None else y * weight


def causal_conv(x, weight, bias, tail):
    """Depthwise causal convolution.

    x [B, T, D], weight [D, 1, W], tail [B, W-1, D] = the inputs before x; y_t = sum_j
    weight[:, 0, j] x_{t-W+1+j} + bias. Returns y [B, T, D] and the new tail.
    """
    width, length = weight.shape[-1], x.shape[1]
    joined = np.concatenate([tail, x], axis=1)
    y = sum(weight[:, 0, j] * joined[:, j:j + length] for j in range(width))
    return (y if bias is None else y + bias), joined[:, length:]


def rotate_half(x, start, base):
    """Rotary embedding of all of x [B, T, H, R], R even; row t stands at position start + t.

    Pair (i, i + R/2) turns by (start + t) * base^(-2i/R). The libraries hold frequency and angle
    in float32, which at long positions is a different angle: part of the function.
    """
    half, length = x.shape[-1] // 2, x.shape[1]
    exponent = np.arange(half, dtype=np.float32) * 2 / np.float32(2 * half)
    frequency = np.float32(1) / np.float32(base) ** exponent
    position = np.arange(start, start + length, dtype=np.float32)
    angle = (position[:, None] * frequency).astype(x.dtype)[None, :, None]
    cos, sin = np.cos(angle), np.sin(angle)
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def window_attention(q, k, v, past_k, past_v, window):
    """Causal softmax attention, grouped heads, scale D^-1/2.

    q [B, T, H, D], k, v [B, T, K, D], past_k, past_v [B, P, K, D]: query head h reads key head
    h // (H / K); a row sees itself and the window - 1 rows before it (window None: all of them).
    Returns o [B, T, H, D] and the new past, cut to the rows a later query can still see.
    """
    batch, length, heads, width = q.shape
    kv_heads = k.shape[2]
    k, v = np.concatenate([past_k, k], axis=1), np.concatenate([past_v, v], axis=1)
    past = past_k.shape[1]
    q = q.reshape(batch, length, kv_heads, heads // kv_heads, width) * q.dtype.type(width ** -0.5)
    out = np.empty_like(q)
    block = 128  # rows of scores held at a time
    for begin in range(0, length, block):
        end = min(begin + block, length)
        first = 0 if window is None else max(0, past + begin - window + 1)
        keys, values = k[:, first:past + end], v[:, first:past + end]
        scores = np.einsum("btkgd,bskd->bkgts", q[:, begin:end], keys, optimize=True)
        distance = (past + np.arange(begin, end))[:, None] - np.arange(first, past + end)
        hidden = distance < 0 if window is None else (distance < 0) | (distance >= window)
        scores[..., hidden] = -np.inf
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        out[:, begin:end] = np.einsum("bkgts,bskd->btkgd", scores, values, optimize=True)
    keep = 0 if window is None else max(0, k.shape[1] - (window - 1))
    return out.reshape(batch, length, heads, width), k[:, keep:], v[:, keep:]


def diagonal_scan(decay, x, state):
    """h_t = decay_t * h_{t-1} + x_t over [B, T, ...]; returns all h and the last one."""
    out = np.empty_like(x)
    for t in range(x.shape[1]):
        state = decay[:, t] * state + x[:, t]
        out[:, t] = state
    return out, state


def outer_scan(q, k, v, decay, state):
    """S_t = decay_t S_{t-1} + k_t v_t^T, o_t = S_t^T q_t.

    q, k [B, T, H, K], v [B, T, H, V], decay [B, T, H, K] or [B, T, H, 1] (or T = 1: constant),
    state [B, H, K, V]. Returns o [B, T, H, V] and the last state.
    """
    out = np.empty_like(v)
    state = state.copy()
    constant = decay.shape[1] == 1
    for t in range(q.shape[1]):
        state *= decay[:, 0 if constant else t, :, :, None]
        state += k[:, t, :, :, None] * v[:, t, :, None, :]
        out[:, t] = (q[:, t, :, None, :] @ state)[:, :, 0]
    return out, state
