"""Mamba (transformers, models/mamba): selective state space with a decay per channel and state."""

import math

import numpy as np

from .config import Config, require
from .model import BaseModel
from .ops import activation, causal_conv, linear, rms_norm, softplus


class Model(BaseModel):
    embedding_name = "backbone.embeddings.weight"

    def read(self, values):
        config = Config(values, "mamba")
        self.hidden = config.count("hidden_size", 768)
        self.states = config.count("state_size", 16)
        self.layers = config.count("num_hidden_layers", 32)
        self.vocab = config.count("vocab_size", 50280)
        self.eps = config.number("layer_norm_epsilon", 1e-5)
        self.inner = int(config.number("expand", 2) * self.hidden)
        require(config.get("intermediate_size", self.inner) == self.inner, "intermediate_size",
                "must be expand * hidden_size")
        self.conv_size = config.count("conv_kernel", 4)
        self.bias = config.flag("use_bias", False)
        self.conv_bias = config.flag("use_conv_bias", True)
        self.act = activation("hidden_act", config.get("hidden_act", "silu"))
        rank = config.get("time_step_rank", "auto")
        self.rank = math.ceil(self.hidden / 16) if rank == "auto" else config.count("time_step_rank", 0)
        self.tied = config.flag("tie_word_embeddings", True)
        config.ignore("residual_in_fp32", "rescale_prenorm_residual", "time_step_floor",
                      "time_step_init_scheme", "time_step_max", "time_step_min", "time_step_scale",
                      "use_associative_scan", "use_mambapy")
        config.finish()

    def shapes(self):
        d, e, r, n = self.hidden, self.inner, self.rank, self.states
        out = {self.embedding_name: (self.vocab, d), "backbone.norm_f.weight": (d,)}
        mixer = {"in_proj.weight": (2 * e, d), "conv1d.weight": (e, 1, self.conv_size),
                 "x_proj.weight": (r + 2 * n, e), "dt_proj.weight": (e, r), "dt_proj.bias": (e,),
                 "A_log": (e, n), "D": (e,), "out_proj.weight": (d, e)}
        if self.bias:
            mixer.update({"in_proj.bias": (2 * e,), "out_proj.bias": (d,)})
        if self.conv_bias:
            mixer["conv1d.bias"] = (e,)
        for layer in range(self.layers):
            prefix = f"backbone.layers.{layer}."
            out[prefix + "norm.weight"] = (d,)
            out.update({prefix + "mixer." + name: shape for name, shape in mixer.items()})
        return {**out, **self.head_shapes()}

    def init_state(self, batch=1):
        layer = {"tail": self.zeros(batch, self.conv_size - 1, self.inner),
                 "h": self.zeros(batch, self.inner, self.states)}
        return [layer] * self.layers

    def run(self, ids, state):
        x = self.w[self.embedding_name][ids]
        after = []
        for n in range(self.layers):
            prefix = f"backbone.layers.{n}."
            y, carried = self.mixer(rms_norm(x, self.w[prefix + "norm.weight"], self.eps),
                                    lambda name: self.w.get(prefix + "mixer." + name), state[n])
            x = x + y
            after.append(carried)
        return self.head(rms_norm(x, self.w["backbone.norm_f.weight"], self.eps)), after

    def mixer(self, x, w, state):
        """h_t = exp(dt_t A) h_{t-1} + (dt_t u_t) B_t^T, y = h C + D u; x [B, T, D] -> same."""
        u, gate = np.split(linear(x, w("in_proj.weight"), w("in_proj.bias")), 2, axis=-1)
        u, tail = causal_conv(u, w("conv1d.weight"), w("conv1d.bias"), state["tail"])
        u = self.act(u)
        low, b, c = np.split(linear(u, w("x_proj.weight")), [self.rank, self.rank + self.states], axis=-1)
        dt = softplus(linear(low, w("dt_proj.weight"), w("dt_proj.bias")))
        y, h = selective_scan(u, dt, -np.exp(w("A_log")), b, c, state["h"])
        y = (y + w("D") * u) * self.act(gate)
        return linear(y, w("out_proj.weight"), w("out_proj.bias")), {"tail": tail, "h": h}


def selective_scan(u, dt, a, b, c, h):
    """u, dt [B, T, E], a [E, N], b, c [B, T, N], h [B, E, N] -> y [B, T, E] and the last h."""
    y = np.empty_like(u)
    for t in range(u.shape[1]):
        step = dt[:, t, :, None]
        h = np.exp(step * a) * h + step * u[:, t, :, None] * b[:, t, None]
        y[:, t] = (h @ c[:, t, :, None])[..., 0]
    return y, h
