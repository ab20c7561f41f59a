"""What GLA and RetNet share: q, k, v with grouped heads and short convolutions, the output gate."""

from .config import require
from .fla import FlaModel, split_heads
from .ops import causal_conv, linear, rms_norm, silu


class HeadedModel(FlaModel):
    """Widths: K = hidden expand_k, V = hidden expand_v over all heads; k and v are H / kv heads
    times narrower, and each of their heads serves H / kv consecutive query heads."""

    expand_k, expand_v, num_heads = None, None, None

    def read_heads(self, config, feature_maps, convolution):
        self.heads = config.count("num_heads", self.num_heads)
        kv_heads = config.count("num_kv_heads", self.heads)
        require(self.heads % kv_heads == 0, "num_kv_heads", "must divide num_heads")
        self.group = self.heads // kv_heads
        sizes = []
        for key, default in (("expand_k", self.expand_k), ("expand_v", self.expand_v)):
            size = self.hidden * config.number(key, default)
            require(abs(size - round(size)) < 1e-6, key, "times hidden_size must be an integer")
            require(round(size) % self.heads == 0, key, "times hidden_size must divide by num_heads")
            sizes.append(round(size))
        self.keys, self.values = sizes
        name = config.get("feature_map", None)
        require(name is None or name in feature_maps, "feature_map", f"{name!r} is not understood")
        self.feature_map = None if name is None else feature_maps[name]
        self.conv = convolution
        self.gated = config.flag("use_output_gate", True)

    def widths(self):
        return {"q": self.keys, "k": self.keys // self.group, "v": self.values // self.group}

    def mixer_shapes(self):
        d = self.hidden
        out = {"o_proj.weight": (d, self.values)}
        for name, width in self.widths().items():
            out[name + "_proj.weight"] = (width, d)
            if self.conv:
                out[name + "_conv1d.weight"] = (width, 1, self.conv)
        if self.gated:
            out["g_proj.weight"] = (self.values, d)
        if self.affine:
            out[self.norm_name()] = (self.values // self.heads,)
        return out

    def norm_name(self):
        # One fused module holds norm and gate, unless fusing is off or there is no gate.
        return "g_norm_swish_gate.weight" if self.gated and self.fuse_norm else "g_norm.weight"

    def mixer_state(self, batch):
        state = {"s": self.zeros(batch, self.heads, self.keys // self.heads, self.values // self.heads)}
        if self.conv:
            state.update({name: self.zeros(batch, self.conv - 1, width)
                          for name, width in self.widths().items()})
        return state

    def project(self, x, w, state, after):
        """x [B, T, D] -> q, k, v as [B, T, heads of their own, width]; conv tails go to `after`."""
        parts = {}
        for name in "qkv":
            parts[name] = linear(x, w(name + "_proj.weight"))
            if self.conv:
                y, after[name] = causal_conv(parts[name], w(name + "_conv1d.weight"), None, state[name])
                parts[name] = silu(y)
        key_width, value_width = self.keys // self.heads, self.values // self.heads
        q, k = split_heads(parts["q"], key_width), split_heads(parts["k"], key_width)
        if self.feature_map is not None:
            q, k = self.feature_map(q), self.feature_map(k)
        return q, k, split_heads(parts["v"], value_width)

    def gate_out(self, o, x, w):
        """o [B, T, H, V / H] -> RMSNorm over each head, times silu(g), then o_proj: [B, T, D]."""
        o = rms_norm(o, w(self.norm_name()), self.eps).reshape(*x.shape[:2], self.values)
        if self.gated:
            o = o * silu(linear(x, w("g_proj.weight")))
        return linear(o, w("o_proj.weight"))
