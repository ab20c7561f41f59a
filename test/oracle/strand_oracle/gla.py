"""GLA (fla/layers/gla.py, fla/models/gla): outer-product state with a decay per key channel."""

import numpy as np

from .ops import gelu_tanh, linear, log_sigmoid, outer_scan, relu, sigmoid, silu
from .fla import split_heads
from .retention import HeadedModel

# Fixed by the layer's signature; the model's config cannot change them.
GATE_RANK = 16
GATE_NORMALIZER = 16

# fla.modules.activations.ACT2FN: its gelu is the tanh form.
FEATURE_MAPS = {"relu": relu, "sigmoid": sigmoid, "logsigmoid": log_sigmoid, "silu": silu,
                "swish": silu, "sqrelu": lambda x: relu(x) ** 2, "gelu": gelu_tanh}


class Model(HeadedModel):
    model_type = "gla"
    expand_k, expand_v, num_heads = 0.5, 1.0, 4

    def read_mixer(self, config):
        short = config.flag("use_short_conv", False)
        size = config.count("conv_size", 4)
        self.read_heads(config, FEATURE_MAPS, size if short else None)
        self.clamp = config.get("clamp_min", None)
        # The library reads neither key; other values would promise another gate than it computes.
        config.only("use_gk", True)
        config.only("use_gv", False)

    def mixer_shapes(self):
        key_width = self.keys // self.group
        return {**super().mixer_shapes(), "gk_proj.0.weight": (GATE_RANK, self.hidden),
                "gk_proj.1.weight": (key_width, GATE_RANK), "gk_proj.1.bias": (key_width,)}

    def mixer(self, n, x, w, state, start):
        """S_t = exp(g_t) S_{t-1} + k_t v_t^T, o = S^T q width^-1/2; x [B, T, D] -> same."""
        after = {}
        q, k, v = self.project(x, w, state, after)
        g = linear(linear(x, w("gk_proj.0.weight")), w("gk_proj.1.weight"), w("gk_proj.1.bias"))
        g = log_sigmoid(g) / GATE_NORMALIZER
        if self.clamp is not None:
            g = np.maximum(g, self.clamp)
        width = self.keys // self.heads
        decay = split_heads(np.exp(g), width, self.group)
        k, v = (part.repeat(self.group, axis=2) for part in (k, v))
        o, after["s"] = outer_scan(q * q.dtype.type(width ** -0.5), k, v, decay, state["s"])
        return self.gate_out(o, x, w), after
