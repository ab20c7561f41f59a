"""RetNet (fla/layers/multiscale_retention.py, fla/models/retnet): rotary and a constant decay."""

import numpy as np

from .config import require
from .ops import ACTIVATIONS, outer_scan, rotate_half
from .retention import HeadedModel

ROTARY_BASE = 10000.0


class Model(HeadedModel):
    model_type = "retnet"
    expand_k, expand_v, num_heads = 1.0, 2.0, 8
    hidden_ratio = 2

    def read_mixer(self, config):
        # The block does not hand use_short_conv to its layer: true would promise weights that the
        # library neither makes nor reads.
        config.only("use_short_conv", False)
        config.ignore("conv_size")
        self.read_heads(config, ACTIVATIONS, None)
        width = self.keys // self.heads
        require(width % 2 == 0 and width <= 256, "expand_k", f"rotary cannot turn a key head of {width}")

    def mixer(self, n, x, w, state, start):
        """S_t = (1 - 2^(-5-h)) S_{t-1} + k_t v_t^T, o = S^T q width^-1/2; x [B, T, D] -> same."""
        after = {}
        q, k, v = self.project(x, w, state, after)
        q, k = rotate_half(q, start, ROTARY_BASE), rotate_half(k, start, ROTARY_BASE)
        k, v = (part.repeat(self.group, axis=2) for part in (k, v))
        decay = (1 - 2.0 ** (-5 - np.arange(self.heads))).astype(x.dtype)[None, None, :, None]
        q = q * q.dtype.type((self.keys // self.heads) ** -0.5)
        o, after["s"] = outer_scan(q, k, v, decay, state["s"])
        return self.gate_out(o, x, w), after
