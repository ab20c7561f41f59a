"""Kimi delta attention (fla/layers/kda.py): the delta rule with a decay for every key channel."""

import numpy as np

from .config import require
from .delta import DeltaModel
from .fla import split_heads
from .ops import linear, sigmoid, softplus


class Model(DeltaModel):
    model_type = "kda"

    def read_mixer(self, config):
        self.key_heads = config.count("num_heads", 16)
        self.heads = config.count("num_v_heads", self.key_heads)
        require(self.heads % self.key_heads == 0, "num_v_heads", "must be a multiple of num_heads")
        self.key_width = config.count("head_dim", 128)
        width = self.key_width * config.number("expand_v", 1)
        require(abs(width - round(width)) < 1e-6, "expand_v", "times head_dim must be an integer")
        self.value_width = round(width)
        self.read_common(config)
        config.only("safe_gate", False)
        config.only("lower_bound", None)

    def mixer_shapes(self):
        channels, values = self.heads * self.key_width, self.heads * self.value_width
        return {**super().mixer_shapes(), "A_log": (self.heads,), "dt_bias": (channels,),
                "f_proj.0.weight": (self.value_width, self.hidden), "f_proj.1.weight": (channels, self.value_width),
                "g_proj.0.weight": (self.value_width, self.hidden), "g_proj.1.weight": (values, self.value_width),
                "g_proj.1.bias": (values,)}

    def decay(self, x, w):
        g = softplus(linear(linear(x, w("f_proj.0.weight")), w("f_proj.1.weight")) + w("dt_bias"))
        return np.exp(-np.exp(w("A_log"))[:, None] * split_heads(g, self.key_width))

    def gate(self, x, w):
        return sigmoid(linear(linear(x, w("g_proj.0.weight")), w("g_proj.1.weight"), w("g_proj.1.bias")))
