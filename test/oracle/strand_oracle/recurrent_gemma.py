"""RecurrentGemma (transformers, models/recurrent_gemma): RG-LRU blocks and local attention."""

import numpy as np

from .config import Config, require
from .model import BaseModel
from .ops import (activation, causal_conv, diagonal_scan, linear, rms_norm, rotate_half, sigmoid,
                  softplus, window_attention)
from .safetensors_io import round_to_bf16


class Model(BaseModel):
    embedding_name = "model.embed_tokens.weight"

    def read(self, values):
        config = Config(values, "recurrent_gemma")
        self.hidden = config.count("hidden_size", 2560)
        self.layers = config.count("num_hidden_layers", 26)
        self.vocab = config.count("vocab_size", 256000)
        self.eps = config.number("rms_norm_eps", 1e-6)
        self.intermediate = config.count("intermediate_size", 7680) // 2
        self.heads = config.count("num_attention_heads", 10)
        self.kv_heads = config.count("num_key_value_heads", self.heads)
        self.lru = config.count("lru_width", self.hidden)
        self.head_dim = config.count("head_dim", self.hidden // self.heads)
        require(self.hidden == self.head_dim * self.heads, "head_dim",
                "times num_attention_heads must be hidden_size")
        require(self.heads % self.kv_heads == 0, "num_key_value_heads",
                "must divide num_attention_heads")
        require(self.lru % self.heads == 0, "lru_width", "must divide by num_attention_heads")
        self.window = config.count("attention_window_size", 2048)
        self.conv_size = config.count("conv1d_width", 4)
        self.cap = config.number("logits_soft_cap", 30.0)
        self.act = activation("hidden_activation", config.get("hidden_activation", "gelu_pytorch_tanh"))
        self.attention_bias = config.flag("attention_bias", False)
        self.tied = config.flag("tie_word_embeddings", True)
        pattern = config.get("block_types", ["recurrent", "recurrent", "attention"])
        require(len(pattern) > 0 and set(pattern) <= {"recurrent", "attention"}, "block_types",
                f"{pattern} is not understood")
        self.blocks = [pattern[n % len(pattern)] for n in range(self.layers)]
        self.read_rope(config)
        config.ignore("attention_dropout", "w_init_variance_scale", "final_w_init_variance_scale")
        config.finish()

    def read_rope(self, config):
        rope = config.get("rope_parameters", {})
        for key in rope:
            require(key in ("rope_theta", "rope_type", "partial_rotary_factor"),
                    f"rope_parameters.{key}", "is not understood")
        require(rope.get("rope_type", "default") == "default", "rope_parameters.rope_type",
                "only 'default' is understood")
        self.theta = rope.get("rope_theta", config.number("rope_theta", 10000.0))
        # The library splits a head in int(1 / factor) chunks and needs exactly two.
        for name, factor in (("partial_rotary_factor", config.number("partial_rotary_factor", 0.5)),
                             ("rope_parameters.partial_rotary_factor",
                              rope.get("partial_rotary_factor", 0.5))):
            require(factor == 0.5, name, f"is {factor}; only 0.5 is understood")
        if "attention" in self.blocks:
            require(self.head_dim % 4 == 0, "head_dim", "half of it must be even for rotary")

    def shapes(self):
        d, e, i, h = self.hidden, self.lru, self.intermediate, self.heads
        kv, block = self.kv_heads * self.head_dim, self.lru // self.heads
        out = {self.embedding_name: (self.vocab, d), "model.final_norm.weight": (d,)}
        common = {"temporal_pre_norm.weight": (d,), "channel_pre_norm.weight": (d,)}
        for name, rows, columns in (("gate_proj", i, d), ("up_proj", i, d), ("down_proj", d, i)):
            common.update({f"mlp_block.{name}.weight": (rows, columns), f"mlp_block.{name}.bias": (rows,)})
        recurrent = {"conv_1d.weight": (e, 1, self.conv_size), "conv_1d.bias": (e,),
                     "rg_lru.recurrent_param": (e,)}
        for name, rows, columns in (("linear_x", e, d), ("linear_y", e, d), ("linear_out", d, e)):
            recurrent.update({name + ".weight": (rows, columns), name + ".bias": (rows,)})
        for name in ("input_gate", "recurrent_gate"):
            recurrent.update({f"rg_lru.{name}_weight": (h, block, block),
                              f"rg_lru.{name}_bias": (h, block)})
        attention = {"q_proj.weight": (d, d), "k_proj.weight": (kv, d), "v_proj.weight": (kv, d),
                     "o_proj.weight": (d, d), "o_proj.bias": (d,)}
        if self.attention_bias:
            attention.update({"q_proj.bias": (d,), "k_proj.bias": (kv,), "v_proj.bias": (kv,)})
        for n, kind in enumerate(self.blocks):
            prefix = f"model.layers.{n}."
            out.update({prefix + name: shape for name, shape in common.items()})
            part = recurrent if kind == "recurrent" else attention
            out.update({prefix + "temporal_block." + name: shape for name, shape in part.items()})
        return {**out, **self.head_shapes()}

    def init_state(self, batch=1):
        def layer(kind):
            if kind == "recurrent":
                return {"tail": self.zeros(batch, self.conv_size - 1, self.lru),
                        "h": self.zeros(batch, self.lru)}
            empty = self.zeros(batch, 0, self.kv_heads, self.head_dim)
            return {"k": empty, "v": empty}
        return {"position": 0, "layers": [layer(kind) for kind in self.blocks]}

    def norm(self, x, weight):
        """RMSNorm whose weight is stored less one."""
        return rms_norm(x, 1 + weight, self.eps)

    def run(self, ids, state):
        # The normaliser is a bfloat16 buffer whatever type the model runs in.
        scale = round_to_bf16(np.array([self.hidden ** 0.5]))[0]
        x = self.w[self.embedding_name][ids] * self.dtype.type(scale)
        start, after = state["position"], []
        for n, kind in enumerate(self.blocks):
            prefix = f"model.layers.{n}."
            block = self.recurrent if kind == "recurrent" else self.attention
            y, carried = block(self.norm(x, self.w[prefix + "temporal_pre_norm.weight"]),
                               lambda name: self.w.get(prefix + "temporal_block." + name),
                               state["layers"][n], start)
            x = x + y
            after.append(carried)
            y = self.norm(x, self.w[prefix + "channel_pre_norm.weight"])
            x = x + self.mlp(y, lambda name: self.w[prefix + "mlp_block." + name])
        logits = self.head(self.norm(x, self.w["model.final_norm.weight"]))
        logits = np.tanh(logits / self.cap) * self.cap
        return logits, {"position": start + ids.shape[1], "layers": after}

    def mlp(self, x, w):
        gate, up = (linear(x, w(name + ".weight"), w(name + ".bias")) for name in ("gate_proj", "up_proj"))
        return linear(self.act(gate) * up, w("down_proj.weight"), w("down_proj.bias"))

    def recurrent(self, x, w, state, start):
        """linear_out(RG-LRU(conv(linear_x)) * act(linear_y)); x [B, T, D] -> same."""
        y = self.act(linear(x, w("linear_y.weight"), w("linear_y.bias")))
        u, tail = causal_conv(linear(x, w("linear_x.weight"), w("linear_x.bias")),
                              w("conv_1d.weight"), w("conv_1d.bias"), state["tail"])
        gates = [sigmoid(self.block_linear(u, w(f"rg_lru.{name}_weight"), w(f"rg_lru.{name}_bias")))
                 for name in ("input_gate", "recurrent_gate")]
        log_a = -8 * gates[1] * softplus(w("rg_lru.recurrent_param"))
        amount = np.sqrt(-np.expm1(2 * log_a))
        if start == 0:
            amount[:, 0] = 1  # the first token enters unscaled
        h, last = diagonal_scan(np.exp(log_a), u * gates[0] * amount, state["h"])
        return linear(h * y, w("linear_out.weight"), w("linear_out.bias")), {"tail": tail, "h": last}

    def block_linear(self, u, weight, bias):
        """u [B, T, E], weight [H, in, out], bias [H, out] -> [B, T, E]: block-diagonal, x W + b."""
        parts = u.reshape(*u.shape[:2], self.heads, 1, -1) @ weight
        return (parts[..., 0, :] + bias).reshape(u.shape)

    def attention(self, x, w, state, start):
        """Local attention, rotary on the first half of a head; x [B, T, D] -> same."""
        q, k, v = (linear(x, w(f"{name}_proj.weight"), w(f"{name}_proj.bias"))
                   .reshape(*x.shape[:2], -1, self.head_dim) for name in "qkv")
        half = self.head_dim // 2
        q, k = (np.concatenate([rotate_half(part[..., :half], start, self.theta), part[..., half:]], -1)
                for part in (q, k))
        o, k, v = window_attention(q, k, v, state["k"], state["v"], self.window)
        return linear(o.reshape(x.shape), w("o_proj.weight"), w("o_proj.bias")), {"k": k, "v": v}
