"""Mamba-2 (transformers, models/mamba2): a scalar decay per head, gated norm at the output."""

import math

import numpy as np

from .config import Config, require
from .model import BaseModel
from .ops import activation, causal_conv, linear, outer_scan, rms_norm, silu, softplus


class Model(BaseModel):
    embedding_name = "backbone.embeddings.weight"

    def read(self, values):
        config = Config(values, "mamba2")
        self.hidden = config.count("hidden_size", 4096)
        self.states = config.count("state_size", 128)
        self.layers = config.count("num_hidden_layers", 64)
        self.vocab = config.count("vocab_size", 32768)
        self.eps = config.number("layer_norm_epsilon", 1e-5)
        self.heads = config.count("num_heads", 128)
        self.head_dim = config.count("head_dim", 64)
        self.groups = config.count("n_groups", 8)
        self.inner = int(config.number("expand", 2) * self.hidden)
        require(self.heads * self.head_dim == self.inner, "num_heads",
                "times head_dim must be expand * hidden_size")
        require(self.heads % self.groups == 0, "n_groups", "must divide num_heads")
        self.conv_size = config.count("conv_kernel", 4)
        self.bias = config.flag("use_bias", False)
        self.conv_bias = config.flag("use_conv_bias", True)
        self.act = activation("hidden_act", config.get("hidden_act", "silu"))
        limit = config.get("time_step_limit", [0.0, math.inf])
        require(len(limit) == 2 and limit[0] <= limit[1], "time_step_limit", f"{limit} is no range")
        self.limit = [float(bound) for bound in limit]
        self.tied = config.flag("tie_word_embeddings", False)
        # The library keeps rms_norm but always builds the norm; false would promise another model.
        config.only("rms_norm", True)
        config.ignore("chunk_size", "residual_in_fp32", "rescale_prenorm_residual", "time_step_floor",
                      "time_step_max", "time_step_min", "time_step_rank")
        config.finish()

    def conv_width(self):
        return self.inner + 2 * self.groups * self.states

    def shapes(self):
        d, e, h, c = self.hidden, self.inner, self.heads, self.conv_width()
        out = {self.embedding_name: (self.vocab, d), "backbone.norm_f.weight": (d,)}
        mixer = {"in_proj.weight": (e + c + h, d), "conv1d.weight": (c, 1, self.conv_size),
                 "dt_bias": (h,), "A_log": (h,), "D": (h,), "norm.weight": (e,),
                 "out_proj.weight": (d, e)}
        if self.bias:
            mixer.update({"in_proj.bias": (e + c + h,), "out_proj.bias": (d,)})
        if self.conv_bias:
            mixer["conv1d.bias"] = (c,)
        for layer in range(self.layers):
            prefix = f"backbone.layers.{layer}."
            out[prefix + "norm.weight"] = (d,)
            out.update({prefix + "mixer." + name: shape for name, shape in mixer.items()})
        return {**out, **self.head_shapes()}

    def init_state(self, batch=1):
        layer = {"tail": self.zeros(batch, self.conv_size - 1, self.conv_width()),
                 "s": self.zeros(batch, self.heads, self.states, self.head_dim)}
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
        """S_t = exp(dt_t A) S_{t-1} + B_t (dt_t u_t)^T, y = S^T C + D u; x [B, T, D] -> same.

        The gate multiplies before the norm, and the norm spans the whole inner width whatever
        n_groups is; head h reads group h // (H / n_groups).
        """
        batch, length, _ = x.shape
        e, n = self.inner, self.groups * self.states
        gate, ubc, dt = np.split(linear(x, w("in_proj.weight"), w("in_proj.bias")),
                                 [e, e + self.conv_width()], axis=-1)
        ubc, tail = causal_conv(ubc, w("conv1d.weight"), w("conv1d.bias"), state["tail"])
        u, b, c = np.split(self.act(ubc), [e, e + n], axis=-1)
        dt = np.clip(softplus(dt + w("dt_bias")), *self.limit)
        u = u.reshape(batch, length, self.heads, self.head_dim)
        b, c = (part.reshape(batch, length, self.groups, self.states)
                .repeat(self.heads // self.groups, axis=2) for part in (b, c))
        decay = np.exp(-np.exp(w("A_log")) * dt)[..., None]
        y, s = outer_scan(c, b, dt[..., None] * u, decay, state["s"])
        y = (y + w("D")[:, None] * u).reshape(batch, length, e)
        y = rms_norm(y * silu(gate), w("norm.weight"), self.eps)
        return linear(y, w("out_proj.weight"), w("out_proj.bias")), {"tail": tail, "s": s}
