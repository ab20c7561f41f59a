"""RWKV-7 (fla/layers/rwkv7.py, fla/models/rwkv7): diagonal plus low rank, on rows mixed with the rows before them."""

import numpy as np

from .config import Config, require
from .fla import split_heads
from .model import BaseModel
from .ops import linear, relu, sigmoid


def layer_norm(x, weight, bias, eps):
    """Over the last dimension; weight and bias may be None."""
    x = x - x.mean(-1, keepdims=True)
    y = x / np.sqrt((x * x).mean(-1, keepdims=True) + x.dtype.type(eps))
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


class Model(BaseModel):
    embedding_name = "model.embeddings.weight"

    def read(self, values):
        config = Config(values, "rwkv7")
        self.hidden = config.count("hidden_size", 2048)
        self.layers = config.count("num_hidden_layers", 24)
        self.vocab = config.count("vocab_size", 32000)
        self.eps = config.number("norm_eps", 1e-5)
        self.tied = config.flag("tie_word_embeddings", False)
        self.norm_first = config.flag("norm_first", True)
        self.norm_bias = config.flag("norm_bias", True)
        self.width = config.count("head_dim", 64)
        self.heads = config.count("num_heads", self.hidden // self.width)
        require(self.heads * self.width == self.hidden, "head_dim", "times num_heads must be hidden_size")
        ratio = config.number("hidden_ratio", 4)
        self.intermediate = config.count("intermediate_size", -(-int(self.hidden * ratio) // 32) * 32)
        self.ranks = {}
        for name, key, factor, power in (("w", "decay", 1.8, 0.5), ("g", "gate", 0.6, 0.8), ("a", "a", 1.8, 0.5),
                                         ("v", "v", 1.3, 0.5)):
            default = max(32, round(factor * self.hidden ** power / 32) * 32)
            self.ranks[name] = config.count(f"{key}_low_rank_dim", default)
        for width in config.get("value_dim", []):
            require(width == self.hidden, "value_dim", "must be hidden_size in every layer")
        config.only("hidden_act", "sqrelu")
        config.only("attn", None)
        config.ignore("attn_mode", "fuse_norm", "fuse_swiglu", "fuse_cross_entropy", "fuse_linear_cross_entropy",
                      "use_l2warp", "max_position_embeddings")
        config.finish()

    def norm_shapes(self, name):
        out = {name + ".weight": (self.hidden,)}
        return {**out, name + ".bias": (self.hidden,)} if self.norm_bias else out

    def shapes(self):
        d = self.hidden
        out = {self.embedding_name: (self.vocab, d), **self.norm_shapes("model.norm"), **self.head_shapes()}
        for n in range(self.layers):
            layer = f"model.layers.{n}."
            for name in ["attn_norm", "ffn_norm"] + ["pre_norm"] * (n == 0 and self.norm_first):
                out.update(self.norm_shapes(layer + name))
            attn = {"x_" + name: (1, 1, d) for name in "rwkvag"}
            attn.update({name + "_proj.weight": (d, d) for name in "rkvo"})
            attn.update({"k_k": (d,), "k_a": (d,), "r_k": (self.heads, self.width), "g_norm.weight": (d,),
                         "g_norm.bias": (d,)})
            for name in "wga" + "v" * (n > 0):
                attn[name + "_lora.lora.0.weight"] = (self.ranks[name], d)
                attn[name + "_lora.lora.2.weight"] = (d, self.ranks[name])
                if name != "g":
                    attn[name + "_lora.lora.2.bias"] = (d,)
            out.update({layer + "attn." + name: shape for name, shape in attn.items()})
            out.update({layer + "ffn.x_k": (d,), layer + "ffn.key.weight": (self.intermediate, d),
                        layer + "ffn.value.weight": (d, self.intermediate)})
        return out

    def init_state(self, batch=1):
        return [{"attn": self.zeros(batch, 1, self.hidden), "ffn": self.zeros(batch, 1, self.hidden),
                 "s": self.zeros(batch, self.heads, self.width, self.width)} for _ in range(self.layers)]

    def norm(self, x, name):
        return layer_norm(x, self.w[name + ".weight"], self.w.get(name + ".bias"), self.eps)

    def run(self, ids, state):
        x, first, after = self.w[self.embedding_name][ids], None, []
        for n in range(self.layers):
            layer, carried = f"model.layers.{n}.", {}
            if n == 0 and self.norm_first:
                x = self.norm(x, layer + "pre_norm")
            y, first, carried["s"], carried["attn"] = self.time_mix(self.norm(x, layer + "attn_norm"), layer + "attn.",
                                                                    first, state[n])
            x = x + y
            y = self.norm(x, layer + "ffn_norm")
            before = np.concatenate([state[n]["ffn"], y], 1)
            carried["ffn"] = before[:, -1:]
            mixed = y + (before[:, :-1] - y) * self.w[layer + "ffn.x_k"]
            y = relu(linear(mixed, self.w[layer + "ffn.key.weight"])) ** 2
            x = x + linear(y, self.w[layer + "ffn.value.weight"])
            after.append(carried)
        return self.head(self.norm(x, "model.norm")), after

    def time_mix(self, x, layer, first, state):
        """S = diag(exp w) S - (kappa eta) (kappa^T S) + k v^T, o = S^T r; x [B, T, D]."""
        w = lambda name: self.w[layer + name]
        before = np.concatenate([state["attn"], x], 1)
        mixed = {name: x + (before[:, :-1] - x) * w("x_" + name)[0, 0] for name in "rwkvag"}
        def low_rank(name, act=lambda x: x):
            return linear(act(linear(mixed[name], w(f"{name}_lora.lora.0.weight"))), w(f"{name}_lora.lora.2.weight"),
                          self.w.get(f"{layer}{name}_lora.lora.2.bias"))
        r, k, v = (linear(mixed[name], w(name + "_proj.weight")) for name in "rkv")
        decay = np.exp(-np.exp(-0.5) * sigmoid(low_rank("w", np.tanh)))
        if first is None:
            first = v
        else:
            v = v + (first - v) * sigmoid(low_rank("v"))
        eta = sigmoid(low_rank("a"))
        gate = low_rank("g", sigmoid)
        kappa = split_heads(k * w("k_k"), self.width)
        kappa = kappa / np.maximum(np.sqrt((kappa * kappa).sum(-1, keepdims=True)), 1e-12)
        k = k * (1 + (eta - 1) * w("k_a"))
        r, k, v, decay, eta = (split_heads(part, self.width) for part in (r, k, v, decay, eta))
        out, s = np.empty_like(v), state["s"]
        for t in range(x.shape[1]):
            read = np.einsum("bhkv,bhk->bhv", s, kappa[:, t])
            s = s * decay[:, t, :, :, None] - (kappa * eta)[:, t, :, :, None] * read[:, :, None]
            s = s + k[:, t, :, :, None] * v[:, t, :, None]
            out[:, t] = np.einsum("bhkv,bhk->bhv", s, r[:, t])
        out = layer_norm(out, None, None, self.width * self.eps).reshape(x.shape)
        own = ((r * k * w("r_k")).sum(-1, keepdims=True) * v).reshape(x.shape)
        out = (out * w("g_norm.weight") + w("g_norm.bias") + own) * gate
        return linear(out, w("o_proj.weight")), first, s, before[:, -1:]
