"""HGRN2 (fla/layers/hgrn2.py, fla/models/hgrn2): HGRN with an outer-product state."""

from .config import require
from .fla import FlaModel, split_heads
from .hgrn import bounded_gate, lower_bounds
from .ops import causal_conv, linear, outer_scan, rms_norm, silu


# The library calls rms_norm_linear without passing norm_eps, so its default stands.
OUTPUT_NORM_EPS = 1e-5


class Model(FlaModel):
    model_type = "hgrn2"

    def read_mixer(self, config):
        heads, ratio = config.get("num_heads", None), config.get("expand_ratio", None)
        if ratio is None and heads is None:
            ratio = 128
        if ratio is not None:
            self.ratio = config.count("expand_ratio", ratio)
            self.heads = self.hidden // self.ratio
            # The layer derives its heads from the ratio and never reads num_heads.
            require(heads in (None, self.heads), "num_heads", "contradicts hidden_size // expand_ratio")
        else:
            self.heads = config.count("num_heads", None)
            self.ratio = self.hidden // self.heads
        require(self.heads > 0 and self.hidden % self.heads == 0, "expand_ratio",
                "gives a head count that does not divide hidden_size")
        self.conv = config.flag("use_short_conv", False)
        self.conv_size = config.count("conv_size", 4)
        self.bounded = config.flag("use_lower_bound", True)
        require(self.heads * self.ratio == self.hidden or not self.bounded or self.layers == 1,
                "expand_ratio", "must divide hidden_size with use_lower_bound")

    def model_shapes(self):
        return {"model.lower_bounds": (self.layers, self.hidden)} if self.bounded else {}

    def widths(self):
        return {"q": self.heads * self.ratio, "f": self.heads * self.ratio, "i": self.hidden}

    def mixer_shapes(self):
        d = self.hidden
        out = {"o_proj.weight": (d, d)}
        if self.affine:
            out["g_norm.weight"] = (d,)
        for name, width in self.widths().items():
            out[name + "_proj.weight"] = (width, d)
            if self.conv:
                out[name + "_conv1d.weight"] = (width, 1, self.conv_size)
        return out

    def mixer_state(self, batch):
        state = {"s": self.zeros(batch, self.heads, self.ratio, self.hidden // self.heads)}
        if self.conv:
            state.update({name: self.zeros(batch, self.conv_size - 1, width)
                          for name, width in self.widths().items()})
        return state

    def mixer(self, n, x, w, state, start):
        """S_t = f_t S_{t-1} + (1 - f_t) i_t^T, o = S^T silu(q) ratio^-1/2; x [B, T, D] -> same."""
        after, parts = {}, {}
        for name in "qfi":
            parts[name] = linear(x, w(name + "_proj.weight"))
            if self.conv:
                parts[name], after[name] = causal_conv(parts[name], w(name + "_conv1d.weight"), None,
                                                       state[name])
        bound = lower_bounds(self.w["model.lower_bounds"])[n] if self.bounded and n > 0 else 0
        keep, write = (split_heads(part, self.ratio) for part in bounded_gate(parts["f"], bound))
        q = split_heads(silu(parts["q"]), self.ratio) * x.dtype.type(self.ratio ** -0.5)
        o, after["s"] = outer_scan(q, write, split_heads(parts["i"], self.hidden // self.heads), keep,
                                   state["s"])
        o = rms_norm(o.reshape(x.shape), w("g_norm.weight"), OUTPUT_NORM_EPS)
        return linear(o, w("o_proj.weight")), after
