"""The frame of flash-linear-attention's language models, and its hybrid softmax attention.

Equations after fla/models/*/modeling_*.py, fla/modules/mlp.py and fla/layers/attn.py:
x = embeddings[id]; for each layer x += mixer(RMSNorm(x)), x += MLP(RMSNorm(x)); logits =
lm_head(RMSNorm(x)); MLP(x) = down(silu(gate x) * up x).
"""

from .config import Config, require
from .model import BaseModel
from .ops import linear, rms_norm, rotate_half, silu, window_attention


class FlaModel(BaseModel):
    """A family adds `read_mixer`, `mixer_shapes`, `mixer_state` and `mixer`."""

    embedding_name = "model.embeddings.weight"
    model_type = None
    hidden_ratio = 4

    def read(self, values):
        config = Config(values, self.model_type)
        self.hidden = config.count("hidden_size", 2048)
        self.layers = config.count("num_hidden_layers", 24)
        self.vocab = config.count("vocab_size", 32000)
        self.eps = config.number("norm_eps", 1e-6)
        self.tied = config.flag("tie_word_embeddings", False)
        self.affine = config.flag("elementwise_affine", True)
        # The MLP rounds 2/3 of the ratio up to a multiple of 256 unless its width is given.
        # A null ratio reaches the MLP, whose own default is 4.
        ratio = config.number("hidden_ratio", 4 if "hidden_ratio" in values else self.hidden_ratio)
        self.intermediate = config.count("intermediate_size",
                                         -(-int(self.hidden * ratio * 2 / 3) // 256) * 256)
        config.only("hidden_act", "swish")
        config.only("attnres_block_size", None)
        self.fuse_norm = config.flag("fuse_norm", True)
        config.ignore("attn_mode", "fuse_swiglu", "fuse_cross_entropy", "fuse_linear_cross_entropy",
                      "use_l2warp", "max_position_embeddings")
        self.read_attention(config.get("attn", None))
        self.read_mixer(config)
        config.finish()

    def read_attention(self, attn):
        """The hybrid's dict: layers that hold softmax attention in place of the mixer."""
        self.attention_layers = set()
        if attn is None:
            return
        known = {"layers", "num_heads", "num_kv_heads", "qkv_bias", "window_size", "rope_theta"}
        for key in attn:
            require(key in known, f"attn.{key}", "is not understood")
        for key in ("layers", "num_heads"):
            require(key in attn, f"attn.{key}", "is missing")
        self.attention_layers = set(attn["layers"])
        self.attention_heads = attn["num_heads"]
        self.attention_kv_heads = attn.get("num_kv_heads") or self.attention_heads
        self.attention_bias = attn.get("qkv_bias", False)
        self.attention_window = attn.get("window_size")
        self.attention_theta = attn.get("rope_theta", 10000.0)
        require(self.hidden % self.attention_heads == 0, "attn.num_heads", "must divide hidden_size")
        require(self.attention_heads % self.attention_kv_heads == 0, "attn.num_kv_heads",
                "must divide attn.num_heads")
        require(self.hidden // self.attention_heads % 2 == 0, "attn.num_heads",
                "rotary needs an even head width")

    def shapes(self):
        d, i = self.hidden, self.intermediate
        out = {self.embedding_name: (self.vocab, d), "model.norm.weight": (d,)}
        for n in range(self.layers):
            layer = f"model.layers.{n}."
            out[layer + "attn_norm.weight"] = out[layer + "mlp_norm.weight"] = (d,)
            out[layer + "mlp.gate_proj.weight"] = out[layer + "mlp.up_proj.weight"] = (i, d)
            out[layer + "mlp.down_proj.weight"] = (d, i)
            part = self.attention_shapes() if n in self.attention_layers else self.mixer_shapes()
            out.update({layer + "attn." + name: shape for name, shape in part.items()})
        return {**out, **self.model_shapes(), **self.head_shapes()}

    def model_shapes(self):
        """Weights outside the layers, beyond the frame's own."""
        return {}

    def attention_shapes(self):
        d, kv = self.hidden, self.hidden // self.attention_heads * self.attention_kv_heads
        out = {"q_proj.weight": (d, d), "k_proj.weight": (kv, d), "v_proj.weight": (kv, d),
               "o_proj.weight": (d, d)}
        if self.attention_bias:
            out.update({"q_proj.bias": (d,), "k_proj.bias": (kv,), "v_proj.bias": (kv,)})
        return out

    def init_state(self, batch=1):
        def layer(n):
            if n not in self.attention_layers:
                return self.mixer_state(batch)
            empty = self.zeros(batch, 0, self.attention_kv_heads, self.hidden // self.attention_heads)
            return {"k": empty, "v": empty}
        return {"position": 0, "layers": [layer(n) for n in range(self.layers)]}

    def run(self, ids, state):
        x = self.w[self.embedding_name][ids]
        start, after = state["position"], []
        for n in range(self.layers):
            prefix = f"model.layers.{n}."
            def weight(name, prefix=prefix):
                return self.w.get(prefix + name)
            mix = self.attention if n in self.attention_layers else self.mixer
            y, carried = mix(n, rms_norm(x, weight("attn_norm.weight"), self.eps),
                             lambda name: weight("attn." + name), state["layers"][n], start)
            x = x + y
            after.append(carried)
            y = rms_norm(x, weight("mlp_norm.weight"), self.eps)
            y = silu(linear(y, weight("mlp.gate_proj.weight"))) * linear(y, weight("mlp.up_proj.weight"))
            x = x + linear(y, weight("mlp.down_proj.weight"))
        x = rms_norm(x, self.w["model.norm.weight"], self.eps)
        return self.head(x), {"position": start + ids.shape[1], "layers": after}

    def attention(self, n, x, w, state, start):
        """Softmax attention with rotary over the whole head; x [B, T, D] -> [B, T, D]."""
        width = self.hidden // self.attention_heads
        q, k, v = (linear(x, w(f"{name}_proj.weight"), w(f"{name}_proj.bias"))
                   .reshape(*x.shape[:2], -1, width) for name in "qkv")
        q, k = (rotate_half(part, start, self.attention_theta) for part in (q, k))
        o, k, v = window_attention(q, k, v, state["k"], state["v"], self.attention_window)
        return linear(o.reshape(x.shape), w("o_proj.weight")), {"k": k, "v": v}


def split_heads(x, width, repeat=1):
    """[B, T, H * width] -> [B, T, H * repeat, width], each head repeated in place."""
    x = x.reshape(*x.shape[:2], -1, width)
    return x if repeat == 1 else x.repeat(repeat, axis=2)
