"""DeltaNet (fla/layers/delta_net.py, fla/models/delta_net): a matrix state corrected at each key."""

import numpy as np

from .config import require
from .delta import DeltaModel
from .ops import identity, linear, relu, silu

ACTIVATIONS = {"silu": silu, "relu": relu, "elu": lambda x: np.where(x >= 0, x + 1, np.exp(np.minimum(x, 0))),
               "identity": identity}


class Model(DeltaModel):
    model_type = "delta_net"

    def read_mixer(self, config):
        self.heads = self.key_heads = config.count("num_heads", 16)
        widths = []
        for key in ("expand_k", "expand_v"):
            width = self.hidden * config.number(key, 1.0)
            require(width == int(width) and width % self.heads == 0, key,
                    "times hidden_size must be a multiple of num_heads")
            widths.append(int(width) // self.heads)
        self.key_width, self.value_width = widths
        self.read_common(config)
        self.act = ACTIVATIONS[config.only("qk_activation", *ACTIVATIONS)]
        config.only("qk_norm", "l2")
        config.only("use_output_norm", True)
        self.has_beta, self.gated = config.flag("use_beta", True), config.flag("use_gate", False)
        require(self.has_beta or not self.negative, "allow_neg_eigval", "needs use_beta")

    def mixer_shapes(self):
        out = super().mixer_shapes()
        if not self.has_beta:
            del out["b_proj.weight"]
        if self.gated:
            out["g_proj.weight"] = (self.heads * self.value_width, self.hidden)
        return out

    def activation(self, name, x):
        return silu(x) if name == "v" else self.act(x)

    def beta(self, x, w):
        return super().beta(x, w) if self.has_beta else np.ones((*x.shape[:2], self.heads), x.dtype)

    def gate(self, x, w):
        return silu(linear(x, w("g_proj.weight"))) if self.gated else None
