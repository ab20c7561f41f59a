"""What DeltaNet, Gated DeltaNet and KDA share: heads with unit q and k, the delta rule, a norm a head behind it."""

import numpy as np

from .fla import FlaModel, split_heads
from .ops import causal_conv, linear, rms_norm, sigmoid, silu


def unit(x):
    """x [..., D] / sqrt(sum(x^2) + 1e-6)."""
    return x / np.sqrt((x * x).sum(-1, keepdims=True) + x.dtype.type(1e-6))


def delta_scan(q, k, v, beta, decay, state):
    """S = decay_t S; S = S + k_t (beta_t (v_t - S^T k_t))^T; o_t = S^T q_t.

    q, k [B, T, H, K], v [B, T, H, V], beta [B, T, H], decay [B, T, H, K] or [B, T, H, 1] or None,
    state [B, H, K, V]. Returns o [B, T, H, V] and the last state.
    """
    out = np.empty_like(v)
    for t in range(q.shape[1]):
        if decay is not None:
            state = state * decay[:, t, :, :, None]
        error = v[:, t] - np.einsum("bhkv,bhk->bhv", state, k[:, t])
        state = state + k[:, t, :, :, None] * (beta[:, t, :, None] * error)[:, :, None]
        out[:, t] = np.einsum("bhkv,bhk->bhv", state, q[:, t])
    return out, state


class DeltaModel(FlaModel):
    """A family sets key_heads, heads, key_width, value_width, and adds `decay` and `gate`."""

    def read_common(self, config):
        size = config.count("conv_size", 4)
        self.conv = size if config.flag("use_short_conv", True) else None
        self.negative = config.flag("allow_neg_eigval", False)
        config.ignore("conv_bias")  # not handed to the layer

    def widths(self):
        keys = self.key_heads * self.key_width
        return {"q": keys, "k": keys, "v": self.heads * self.value_width}

    def mixer_shapes(self):
        d = self.hidden
        out = {"o_proj.weight": (d, self.heads * self.value_width), "o_norm.weight": (self.value_width,),
               "b_proj.weight": (self.heads, d)}
        for name, width in self.widths().items():
            out[name + "_proj.weight"] = (width, d)
            if self.conv:
                out[name + "_conv1d.weight"] = (width, 1, self.conv)
        return out

    def mixer_state(self, batch):
        state = {"s": self.zeros(batch, self.heads, self.key_width, self.value_width)}
        if self.conv:
            state.update({name: self.zeros(batch, self.conv - 1, width)
                          for name, width in self.widths().items()})
        return state

    def activation(self, name, x):
        return silu(x)

    def decay(self, x, w):
        """[B, T, H, K] or [B, T, H, 1]; None: no decay."""
        return None

    def beta(self, x, w):
        return sigmoid(linear(x, w("b_proj.weight"))) * (2 if self.negative else 1)

    def gate(self, x, w):
        """What multiplies the normed heads, [B, T, H V]; None: nothing does."""
        return None

    def mixer(self, n, x, w, state, start):
        after, parts = {}, {}
        for name in "qkv":
            y = linear(x, w(name + "_proj.weight"))
            if self.conv:
                y, after[name] = causal_conv(y, w(name + "_conv1d.weight"), None, state[name])
            width = self.value_width if name == "v" else self.key_width
            parts[name] = split_heads(self.activation(name, y), width)
        group = self.heads // self.key_heads
        q, k = (unit(parts[name]).repeat(group, axis=2) for name in "qk")
        o, after["s"] = delta_scan(q * x.dtype.type(self.key_width ** -0.5), k, parts["v"], self.beta(x, w),
                                   self.decay(x, w), state["s"])
        o = rms_norm(o, w("o_norm.weight"), self.eps).reshape(*x.shape[:2], -1)
        gate = self.gate(x, w)
        return linear(o if gate is None else o * gate, w("o_proj.weight")), after
