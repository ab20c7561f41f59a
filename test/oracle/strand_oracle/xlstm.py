"""xLSTM (transformers, models/xlstm): mLSTM blocks with capped gates and gated feed-forward."""

import numpy as np

from .config import Config, require
from .mlstm import head_norm, mlstm
from .model import BaseModel
from .ops import linear, log_sigmoid, rms_norm, sigmoid, silu


def capped(x, cap):
    return cap * np.tanh(x / cap)


class Model(BaseModel):
    embedding_name = "backbone.embeddings.weight"

    def read(self, values):
        config = Config(values, "xlstm")
        self.hidden = config.count("hidden_size", 4096)
        require(config.get("embedding_dim", self.hidden) == self.hidden, "embedding_dim", "must be hidden_size")
        self.layers = config.count("num_hidden_layers", 32)
        require(config.get("num_blocks", self.layers) == self.layers, "num_blocks", "must be num_hidden_layers")
        self.heads, self.vocab = config.count("num_heads", 8), config.count("vocab_size", 50304)
        self.keys = int(self.hidden * config.number("qk_dim_factor", 0.5))
        self.values = int(self.hidden * config.number("v_dim_factor", 1.0))
        unit = config.count("ffn_round_up_to_multiple_of", 64)
        self.feed = -(-int(self.hidden * config.number("ffn_proj_factor", 2.667)) // unit) * unit
        self.eps, self.norm_eps = config.number("eps", 1e-6), config.number("norm_eps", 1e-6)
        self.gate_cap = config.number("gate_soft_cap", 15.0)
        self.logit_cap = config.number("output_logit_soft_cap", 30.0)
        self.tied = config.flag("tie_word_embeddings", False)
        config.only("use_bias", False)
        config.only("add_out_norm", True)
        config.only("weight_mode", "single")
        config.ignore("autocast_kernel_dtype", "chunk_size", "chunkwise_kernel", "inference_state_dtype",
                      "max_inference_chunksize", "mode", "norm_reduction_force_float32", "return_last_states",
                      "sequence_kernel", "step_kernel")
        config.finish()

    def shapes(self):
        d, k, v, h, f = self.hidden, self.keys, self.values, self.heads, self.feed
        out = {self.embedding_name: (self.vocab, d), "backbone.out_norm.weight": (d,)}
        block = {"ffn.proj_down.weight": (d, f), "ffn.proj_up.weight": (f, d), "ffn.proj_up_gate.weight": (f, d),
                 "norm_ffn.weight": (d,), "norm_mlstm.weight": (d,)}
        mixer = {"q.weight": (k, d), "k.weight": (k, d), "v.weight": (v, d), "ogate_preact.weight": (v, d),
                 "out_proj.weight": (d, v), "multihead_norm.weight": (v,), "igate_preact.weight": (h, d),
                 "igate_preact.bias": (h,), "fgate_preact.weight": (h, d), "fgate_preact.bias": (h,)}
        block.update({"mlstm_layer." + name: shape for name, shape in mixer.items()})
        for n in range(self.layers):
            out.update({f"backbone.blocks.{n}.{name}": shape for name, shape in block.items()})
        return {**out, **self.head_shapes()}

    def init_state(self, batch=1):
        h, k, v = self.heads, self.keys // self.heads, self.values // self.heads
        return [{"S": self.zeros(batch, h, k, v), "n": self.zeros(batch, h, k), "m": self.zeros(batch, h)}] * self.layers

    def run(self, ids, state):
        x, after = self.w[self.embedding_name][ids], []
        for n in range(self.layers):
            w = lambda name: self.w.get(f"backbone.blocks.{n}.{name}")  # noqa: E731, B023
            y, carried = self.mixer(rms_norm(x, w("norm_mlstm.weight"), self.norm_eps), lambda name: w("mlstm_layer." + name), state[n])
            x = x + y
            y = rms_norm(x, w("norm_ffn.weight"), self.norm_eps)
            y = silu(linear(y, w("ffn.proj_up_gate.weight"))) * linear(y, w("ffn.proj_up.weight"))
            x = x + linear(y, w("ffn.proj_down.weight"))
            after.append(carried)
        return capped(self.head(rms_norm(x, self.w["backbone.out_norm.weight"], self.norm_eps)), self.logit_cap), after

    def mixer(self, x, w, state):
        heads = lambda name: linear(x, w(name + ".weight")).reshape(*x.shape[:2], self.heads, -1)  # noqa: E731
        gate = lambda name: capped(linear(x, w(name + ".weight"), w(name + ".bias")), self.gate_cap)  # noqa: E731
        q, k, v = heads("q"), heads("k"), heads("v")
        q = q / np.sqrt(q.shape[-1])
        y, after = mlstm(q, k, v, log_sigmoid(gate("fgate_preact")), gate("igate_preact"), state, self.eps)
        y = head_norm(y, w("multihead_norm.weight"), self.norm_eps) * sigmoid(linear(x, w("ogate_preact.weight")))
        return linear(y, w("out_proj.weight")), after
