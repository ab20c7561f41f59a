"""HGRN (fla/layers/hgrn.py, fla/models/hgrn): a gated diagonal recurrence with lower bounds."""

import numpy as np

from .config import require
from .fla import FlaModel
from .ops import causal_conv, diagonal_scan, linear, rms_norm, sigmoid, silu


def lower_bounds(raw):
    """[L, D] -> [L, D]: cumulative softmax over the layers less its first row (layer 0: 0)."""
    p = np.exp(raw - raw.max(axis=0))
    p /= p.sum(axis=0)
    return np.cumsum(p, axis=0) - p[0]


def bounded_gate(f, bound):
    """Forget gate bound + (1 - bound) sigmoid(f), and its complement without cancellation."""
    return bound + (1 - bound) * sigmoid(f), (1 - bound) * sigmoid(-f)


class Model(FlaModel):
    model_type = "hgrn"

    def read_mixer(self, config):
        self.width = int(self.hidden * config.number("expand_ratio", 1))
        self.conv = config.flag("use_short_conv", False)
        self.conv_size = config.count("conv_size", 4)
        self.bounded = config.flag("use_lower_bound", True)
        # The bounds are as wide as the model: the library cannot add them to a wider gate.
        require(self.width == self.hidden or not self.bounded or self.layers == 1, "expand_ratio",
                "must be 1 with use_lower_bound")

    def model_shapes(self):
        return {"model.lower_bounds": (self.layers, self.hidden)} if self.bounded else {}

    def mixer_shapes(self):
        d, e = self.hidden, self.width
        out = {name + "_proj.weight": (e, d) for name in "ifg"}
        out["o_proj.weight"] = (d, e)
        if self.affine:
            out["g_norm.weight"] = (e,)
        if self.conv:
            out["i_conv1d.weight"] = out["f_conv1d.weight"] = (e, 1, self.conv_size)
        return out

    def mixer_state(self, batch):
        tail = self.zeros(batch, self.conv_size - 1, self.width)
        return {"h": self.zeros(batch, self.width), **({"i": tail, "f": tail} if self.conv else {})}

    def mixer(self, n, x, w, state, start):
        """h_t = f_t h_{t-1} + (1 - f_t) silu(i_t); o = RMSNorm(h) silu(g); x [B, T, D] -> same."""
        after = {}
        i, f = linear(x, w("i_proj.weight")), linear(x, w("f_proj.weight"))
        if self.conv:
            i, after["i"] = causal_conv(i, w("i_conv1d.weight"), None, state["i"])
            f, after["f"] = causal_conv(f, w("f_conv1d.weight"), None, state["f"])
        bound = lower_bounds(self.w["model.lower_bounds"])[n] if self.bounded and n > 0 else 0
        keep, write = bounded_gate(f, bound)
        h, after["h"] = diagonal_scan(keep, silu(i) * write, state["h"])
        o = rms_norm(h, w("g_norm.weight"), self.eps) * silu(linear(x, w("g_proj.weight")))
        return linear(o, w("o_proj.weight")), after
