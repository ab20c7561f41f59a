"""Gated DeltaNet (fla/layers/gated_deltanet.py): the delta rule with a decay a head and row."""

import numpy as np

from .config import require
from .delta import DeltaModel
from .ops import linear, sigmoid, silu, softplus


class Model(DeltaModel):
    model_type = "gated_deltanet"

    def read_mixer(self, config):
        self.key_heads = config.count("num_heads", 6)
        self.heads = config.count("num_v_heads", self.key_heads)
        require(self.heads % self.key_heads == 0, "num_v_heads", "must be a multiple of num_heads")
        self.key_width = config.count("head_dim", 256)
        width = self.key_width * config.number("expand_v", 2)
        require(abs(width - round(width)) < 1e-6, "expand_v", "times head_dim must be an integer")
        self.value_width = round(width)
        self.read_common(config)
        self.gated = config.flag("use_gate", True)
        self.act = sigmoid if config.only("output_gate_activation", "swish", "silu", "sigmoid") == "sigmoid" else silu

    def mixer_shapes(self):
        out = {**super().mixer_shapes(), "a_proj.weight": (self.heads, self.hidden), "A_log": (self.heads,),
               "dt_bias": (self.heads,)}
        if self.gated:
            out["g_proj.weight"] = (self.heads * self.value_width, self.hidden)
        return out

    def decay(self, x, w):
        return np.exp(-np.exp(w("A_log")) * softplus(linear(x, w("a_proj.weight")) + w("dt_bias")))[..., None]

    def gate(self, x, w):
        return self.act(linear(x, w("g_proj.weight"))) if self.gated else None
