"""What each op of write_cases.py means, row by row in f32, and the fastest code for it that is installed.

Tensors are [sequences, length, ...], as in cases.json. REFERENCES and PEERS are by op; a peer is (name, function of inputs and
states that makes a function without arguments). A peer that is not installed raises ImportError.
"""
import torch
import torch.nn.functional as F


def scan(x):
    a, b = x["a"].float(), x["b"].float()
    h, y = torch.zeros_like(a[:, 0]), torch.empty_like(a)
    for t in range(a.shape[1]):
        h = torch.addcmul(b[:, t], a[:, t].exp(), h)
        y[:, t] = h
    return y


def matrix_state(x, delta, scale, state=None, keys=("q", "k", "v")):
    """S = decay S + k (v - delta S^T k)^T beta; y = scale q S, a head and sequence at a time in one batch."""
    q, k, v = (x[n].float() for n in keys)
    (B, T, H, K), V = k.shape, v.shape[-1]
    S = torch.zeros(B * H, K, V, device=q.device) if state is None else state.float().reshape(B * H, K, V).clone()
    y = torch.empty_like(v)
    rows = lambda a, t: a[:, t].reshape(B * H, 1, -1)
    g = x["g"].float().exp() if "g" in x else None
    beta = x["beta"].float() if delta else None
    for t in range(T):
        if g is not None:
            S.mul_(rows(g, t).transpose(1, 2))
        key, value = rows(k, t), rows(v, t)
        if delta:
            value = (value - torch.bmm(key, S)) * beta[:, t].reshape(B * H, 1, 1)
        S.baddbmm_(key.transpose(1, 2), value)
        y[:, t] = torch.bmm(rows(q, t), S).reshape(B, H, V)
    return y * scale


def low_rank(x):
    """S = decay S + b (a^T S) + k v; y = q S."""
    q, k, v, a, b = (x[n].float() for n in "qkvab")
    (B, T, H, K), g = k.shape, x["g"].float().exp()
    S, y = torch.zeros(B * H, K, v.shape[-1], device=q.device), torch.empty_like(v)
    rows = lambda of, t: of[:, t].reshape(B * H, 1, -1)
    for t in range(T):
        read = torch.bmm(rows(a, t), S)
        S.mul_(rows(g, t).transpose(1, 2)).baddbmm_(rows(b, t).transpose(1, 2), read)
        S.baddbmm_(rows(k, t).transpose(1, 2), rows(v, t))
        y[:, t] = torch.bmm(rows(q, t), S).reshape(B, H, -1)
    return y


def ssd_inputs(x):
    H = x["x"].shape[2]
    dt = F.softplus(x["dt"].float() + x["bias"])
    wide = lambda n: x[n].expand(-1, -1, H, -1)
    return {"q": wide("C"), "k": wide("B"), "v": dt[..., None] * x["x"].float(), "g": dt * x["A"]}


def ssd(x):
    return matrix_state(ssd_inputs(x), False, 1.0) + x["D"][:, None] * x["x"].float()


def mamba1(x):
    dt = F.softplus(x["dt"].float() + x["bias"])
    u, B, C = x["x"].float(), x["B"].float(), x["C"].float()
    h, y = torch.zeros(u.shape[0], *x["A"].shape, device=u.device), torch.empty_like(u)
    for t in range(u.shape[1]):
        h = torch.exp(dt[:, t, None] * x["A"]) * h + (dt[:, t] * u[:, t])[:, None] * B[:, t, :, None]
        y[:, t] = (h * C[:, t, :, None]).sum(1)
    return (y + x["D"] * u) * F.silu(x["z"].float())


def attention(window):
    def reference(x):
        q, k, v = (x[n].float().transpose(1, 2) for n in "qkv")
        T, D, piece = q.shape[2], q.shape[3], 1024
        y = torch.empty_like(q)
        for begin in range(0, T, piece):
            end, first = min(T, begin + piece), max(0, begin - window + 1) if window else 0
            r = (q[:, :, begin:end] @ k[:, :, first:end].transpose(2, 3)) * D ** -0.5
            row = torch.arange(begin, end, device=q.device)[:, None]
            column = torch.arange(first, end, device=q.device)
            sees = column <= row
            if window:
                sees &= column > row - window
            y[:, :, begin:end] = r.masked_fill(~sees, float("-inf")).softmax(-1) @ v[:, :, first:end]
        return y.transpose(1, 2)
    return reference


def with_past(x, s, window):
    """Keys and values of all rows that the call sees, in order, those that were cached before those of the call."""
    count, rows = int(s[0][0]), x["k"].shape[1]
    seen = min(count, window) if window else count
    order = torch.arange(count - seen, count, device=s[1].device) % s[1].shape[1]
    return {"q": x["q"], **{n: torch.cat([cached[:, order].to(x[n].dtype), x[n]], 1) for n, cached in zip("kv", s[1:])}}


def attention_over(window):
    """Of the last rows, which have queries, over all; query heads share those of keys."""
    def reference(x, s):
        x = with_past(x, s, window)
        T, S, heads = x["q"].shape[1], x["k"].shape[1], x["q"].shape[2] // x["k"].shape[2]
        q, k, v = x["q"].float().transpose(1, 2), *(x[n].float().transpose(1, 2).repeat_interleave(heads, 1) for n in "kv")
        y, piece = torch.empty_like(q), 512
        column = torch.arange(S, device=q.device)
        for begin in range(0, T, piece):
            row = torch.arange(begin, min(T, begin + piece), device=q.device)[:, None] + S - T
            sees = (column <= row) & (column > row - window) if window else column <= row
            r = (q[:, :, begin:begin + piece] @ k.transpose(2, 3)) * q.shape[-1] ** -0.5
            y[:, :, begin:begin + piece] = r.masked_fill(~sees, float("-inf")).softmax(-1) @ v
        return y.transpose(1, 2)
    return reference


def scale_of(x):
    return x["q"].shape[-1] ** -0.5


WINDOW, RING = 1024, 2048
REFERENCES = {
    "scan": lambda x, s: scan(x),
    "linear": lambda x, s: matrix_state(x, False, 1.0),
    "scalar": lambda x, s: matrix_state(x, False, 1.0),
    "gla": lambda x, s: matrix_state(x, False, 1.0),
    "delta_rule": lambda x, s: matrix_state(x, True, scale_of(x)),
    "gdn": lambda x, s: matrix_state(x, True, scale_of(x)),
    "kda": lambda x, s: matrix_state(x, True, scale_of(x)),
    "rwkv7": lambda x, s: low_rank(x),
    "gdn_step": lambda x, s: matrix_state(x, True, scale_of(x), s[0]),
    "ssd": lambda x, s: ssd(x),
    "mamba1": lambda x, s: mamba1(x),
    "attention": lambda x, s: attention(0)(x),
    "window": lambda x, s: attention(WINDOW)(x),
    "cache": attention_over(0),
    "ring": attention_over(RING),
    "product": lambda x, s: F.linear(x["x"].double(), x["w"].double()).float(),
}


def fla_scan(x, s):
    from fla.ops.hgrn import fused_recurrent_hgrn
    return lambda: fused_recurrent_hgrn(x["b"], x["a"])[0]


def fla_linear(x, s):
    from fla.ops.simple_gla import chunk_simple_gla
    return lambda: chunk_simple_gla(x["q"], x["k"], x["v"], g=x.get("g"), scale=1.0)[0]


def fla_gla(x, s):
    from fla.ops.gla import chunk_gla
    return lambda: chunk_gla(x["q"], x["k"], x["v"], x["g"], scale=1.0)[0]


def fla_delta(x, s):
    from fla.ops.delta_rule import chunk_delta_rule
    beta = x["beta"].to(x["q"].dtype)
    return lambda: chunk_delta_rule(x["q"], x["k"], x["v"], beta, scale=scale_of(x))[0]


def fla_gdn(x, s):
    from fla.ops.gated_delta_rule import chunk_gated_delta_rule
    return lambda: chunk_gated_delta_rule(x["q"], x["k"], x["v"], x["g"], x["beta"], scale=scale_of(x))[0]


def fla_kda(x, s):
    from fla.ops.kda import chunk_kda
    return lambda: chunk_kda(x["q"], x["k"], x["v"], x["g"], x["beta"], scale=scale_of(x))[0]


def fla_rwkv7(x, s):
    from fla.ops.rwkv7 import chunk_rwkv7
    return lambda: chunk_rwkv7(x["q"], x["g"], x["k"], x["v"], x["a"], x["b"], scale=1.0, safe_gate=True)[0]


def fla_step(x, s):
    from fla.ops.gated_delta_rule import fused_recurrent_gated_delta_rule
    return lambda: fused_recurrent_gated_delta_rule(x["q"], x["k"], x["v"], x["g"], beta=x["beta"], scale=scale_of(x),
                                                    initial_state=s[0], output_final_state=True)[0]


def fla_ssd(x, s):
    """The recurrence alone: softplus, dt x and the skip are done before."""
    from fla.ops.simple_gla import chunk_simple_gla
    i = ssd_inputs(x)
    q, k, v = (i[n].to(x["x"].dtype).contiguous() for n in "qkv")
    return lambda: chunk_simple_gla(q, k, v, g=i["g"], scale=1.0)[0]


def torch_attention(x, s):
    q, k, v = (x[n].transpose(1, 2) for n in "qkv")
    return lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2)


def torch_window(x, s):
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention
    q, k, v = (x[n].transpose(1, 2).contiguous() for n in "qkv")
    T = q.shape[2]
    mask = create_block_mask(lambda b, h, i, j: (j <= i) & (j > i - WINDOW), None, None, T, T, device="cuda")
    compiled = torch.compile(flex_attention)
    return lambda: compiled(q, k, v, block_mask=mask).transpose(1, 2)


def torch_cache(x, s):
    return torch_cache_of(with_past(x, s, 0))


def torch_cache_of(x):
    """Over a cache in bf16, where the rows of the call are already."""
    from torch.nn.attention.bias import causal_lower_right
    q, k, v = (x[n].transpose(1, 2).contiguous() for n in "qkv")
    mask = causal_lower_right(q.shape[2], k.shape[2]) if q.shape[2] > 1 else None
    shared = q.shape[1] != k.shape[1]
    return lambda: F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=shared).transpose(1, 2)


def torch_ring(x, s):
    """The same over the last rows."""
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention
    x = with_past(x, s, RING)
    if x["q"].shape[1] == 1:
        return torch_cache_of({n: t if n == "q" else t[:, -RING:] for n, t in x.items()})
    q, k, v = (x[n].transpose(1, 2).contiguous() for n in "qkv")
    T, S = q.shape[2], k.shape[2]
    mask = create_block_mask(lambda b, h, i, j: (j <= i + S - T) & (j > i + S - T - RING), None, None, T, S, device="cuda")
    compiled = torch.compile(flex_attention)
    return lambda: compiled(q, k, v, block_mask=mask, enable_gqa=True).transpose(1, 2)


def torch_product(x, s):
    """cuBLAS; f32 without TF32, as torch has it by default."""
    return lambda: F.linear(x["x"], x["w"])


PEERS = {
    "product": ("torch linear", torch_product),
    "scan": ("FLA fused_recurrent_hgrn", fla_scan),
    "linear": ("FLA chunk_simple_gla", fla_linear),
    "scalar": ("FLA chunk_simple_gla", fla_linear),
    "gla": ("FLA chunk_gla", fla_gla),
    "delta_rule": ("FLA chunk_delta_rule", fla_delta),
    "gdn": ("FLA chunk_gated_delta_rule", fla_gdn),
    "kda": ("FLA chunk_kda", fla_kda),
    "rwkv7": ("FLA chunk_rwkv7", fla_rwkv7),
    "gdn_step": ("FLA fused_recurrent_gated_delta_rule", fla_step),
    "ssd": ("FLA chunk_simple_gla, core alone", fla_ssd),
    "attention": ("torch SDPA", torch_attention),
    "window": ("torch FlexAttention", torch_window),
    "cache": ("torch SDPA", torch_cache),
    "ring": ("torch FlexAttention, of a row SDPA", torch_ring),
}
