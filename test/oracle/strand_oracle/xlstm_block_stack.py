"""xLSTM block stack (the package xlstm): mLSTM blocks, and sLSTM blocks with a matrix a head, at the places of slstm_at.

Weights of norms enter as 1 + weight. Gates of the sLSTM stand in the order i, f, z, o, of which the package fills the
first with what it calls fgate.
"""

import math

import numpy as np

from .config import Config
from .mlstm import head_norm, layer_norm, mlstm
from .model import BaseModel
from .ops import causal_conv, gelu, linear, log_sigmoid, sigmoid, silu

EPS, CELL_EPS = 1e-5, 1e-6
STACK = "xlstm_block_stack."


def headwise(x, weight):
    """Block-diagonal product: x [B, T, H * I], weight [H, O, I] -> [B, T, H * O]."""
    parts = x.reshape(*x.shape[:2], weight.shape[0], weight.shape[2])
    return np.einsum("bthi,hoi->btho", parts, weight).reshape(*x.shape[:2], -1)


class Model(BaseModel):
    embedding_name = "token_embedding.weight"
    tied = False

    def read(self, values):
        config = Config(values, "xlstm_block_stack")
        self.hidden, self.layers = config.count("embedding_dim", 0), config.count("num_blocks", 0)
        self.vocab = config.count("vocab_size", 0)
        self.slstm_at = config.get("slstm_at", [])
        cells = {name: Config({**config.get(name, {}), "model_type": name}, name) for name in ("mlstm", "slstm", "feedforward")}
        mlstm_, slstm, feed = cells["mlstm"], cells["slstm"], cells["feedforward"]
        self.taps, self.heads = mlstm_.count("conv1d_kernel_size", 4), mlstm_.count("num_heads", 4)
        self.block = mlstm_.count("qkv_proj_blocksize", 4)
        self.inner = math.ceil(self.hidden * mlstm_.number("proj_factor", 2.0) / 64) * 64
        self.slstm_taps, self.slstm_heads = slstm.count("conv1d_kernel_size", 4), slstm.count("num_heads", 4)
        slstm.ignore("backend")
        feed.only("act_fn", "gelu")
        self.feed = math.ceil(self.hidden * feed.number("proj_factor", 1.3) / 64) * 64
        config.ignore("context_length")
        for part in (config, *cells.values()):
            part.finish()

    def shapes(self):
        d, e, h = self.hidden, self.inner, self.slstm_heads
        out = {self.embedding_name: (self.vocab, d), "lm_head.weight": (self.vocab, d), STACK + "post_blocks_norm.weight": (d,)}
        groups = e // self.block
        mixer = {"conv1d.conv.weight": (e, 1, self.taps), "conv1d.conv.bias": (e,), "learnable_skip": (e,),
                 "proj_up.weight": (2 * e, d), "proj_down.weight": (d, e), "mlstm_cell.outnorm.weight": (e,)}
        mixer.update({f"{x}_proj.weight": (groups, self.block, self.block) for x in "qkv"})
        for gate in ("igate", "fgate"):
            mixer[f"mlstm_cell.{gate}.weight"], mixer[f"mlstm_cell.{gate}.bias"] = (self.heads, 3 * e), (self.heads,)
        scalar = {"conv1d.conv.weight": (d, 1, self.slstm_taps), "conv1d.conv.bias": (d,), "group_norm.weight": (d,),
                  "slstm_cell._bias_": (4 * d,), "slstm_cell._recurrent_kernel_": (h, 4 * d // h, d // h)}
        scalar.update({f"{g}gate.weight": (h, d // h, d // h) for g in "ifzo"})
        for n in range(self.layers):
            block = {"xlstm_norm.weight": (d,)}
            block.update({"xlstm." + name: shape for name, shape in (scalar if n in self.slstm_at else mixer).items()})
            if n in self.slstm_at:
                block.update({"ffn_norm.weight": (d,), "ffn.proj_up.weight": (2 * self.feed, d), "ffn.proj_down.weight": (d, self.feed)})
            out.update({f"{STACK}blocks.{n}.{name}": shape for name, shape in block.items()})
        return out

    def init_state(self, batch=1):
        h, e = self.heads, self.inner // self.heads
        matrix = {"tail": self.zeros(batch, self.taps - 1, self.inner), "S": self.zeros(batch, h, e, e),
                  "n": self.zeros(batch, h, e), "m": self.zeros(batch, h)}
        scalar = {name: self.zeros(batch, self.slstm_heads, self.hidden // self.slstm_heads) for name in "hcn"}
        scalar["m"] = scalar["h"] - 1e30
        scalar["tail"] = self.zeros(batch, self.slstm_taps - 1, self.hidden)
        return [scalar if n in self.slstm_at else matrix for n in range(self.layers)]

    def run(self, ids, state):
        x, after = self.w[self.embedding_name][ids], []
        for n in range(self.layers):
            w = lambda name: self.w[f"{STACK}blocks.{n}.{name}"]  # noqa: E731, B023
            mixer = self.slstm if n in self.slstm_at else self.mlstm
            y, carried = mixer(layer_norm(x, 1 + w("xlstm_norm.weight"), EPS), lambda name: w("xlstm." + name), state[n])
            x = x + y
            if n in self.slstm_at:
                y = linear(layer_norm(x, 1 + w("ffn_norm.weight"), EPS), w("ffn.proj_up.weight"))
                gate, up = np.split(y, 2, axis=-1)
                x = x + linear(gelu(gate) * up, w("ffn.proj_down.weight"))
            after.append(carried)
        return linear(layer_norm(x, 1 + self.w[STACK + "post_blocks_norm.weight"], EPS), self.w["lm_head.weight"]), after

    def mlstm(self, x, w, state):
        u, z = np.split(linear(x, w("proj_up.weight")), 2, axis=-1)
        c, tail = causal_conv(u, w("conv1d.conv.weight"), w("conv1d.conv.bias"), state["tail"])
        c = silu(c)
        q, k, v = headwise(c, w("q_proj.weight")), headwise(c, w("k_proj.weight")), headwise(u, w("v_proj.weight"))
        both = np.concatenate([q, k, v], axis=-1)
        gate = lambda name: linear(both, w(f"mlstm_cell.{name}.weight"), w(f"mlstm_cell.{name}.bias"))  # noqa: E731
        q, k, v = (y.reshape(*y.shape[:2], self.heads, -1) for y in (q, k, v))
        y, after = mlstm(q, k / np.sqrt(k.shape[-1]), v, log_sigmoid(gate("fgate")), gate("igate"), state, CELL_EPS)
        y = head_norm(y, 1 + w("mlstm_cell.outnorm.weight"), EPS) + w("learnable_skip") * c
        return linear(y * silu(z), w("proj_down.weight")), {**after, "tail": tail}

    def slstm(self, x, w, state):
        c, tail = causal_conv(x, w("conv1d.conv.weight"), w("conv1d.conv.bias"), state["tail"])
        c, heads = silu(c), self.slstm_heads
        gates = [headwise(c, w("fgate.weight")), headwise(c, w("igate.weight")), headwise(x, w("zgate.weight")),
                 headwise(x, w("ogate.weight"))]
        inputs = (np.concatenate(gates, axis=-1) + w("slstm_cell._bias_")).reshape(*x.shape[:2], 4, heads, -1)
        width = x.shape[-1] // heads
        kernel = w("slstm_cell._recurrent_kernel_").reshape(heads, 4, width, width)
        carried, y = {name: state[name] for name in "hcnm"}, np.empty((*x.shape[:2], heads, width), self.dtype)
        for t in range(x.shape[1]):
            i, f, z, o = np.moveaxis(inputs[:, t] + np.einsum("hgoi,bhi->bgho", kernel, carried["h"]), 1, 0)
            grown = log_sigmoid(f) + carried["m"]
            m = np.maximum(grown, i)
            keep, enter = np.exp(grown - m), np.exp(i - m)
            cell, norm = keep * carried["c"] + enter * np.tanh(z), keep * carried["n"] + enter
            carried = {"h": sigmoid(o) * cell / norm, "c": cell, "n": norm, "m": m}
            y[:, t] = carried["h"]
        return head_norm(y, 1 + w("group_norm.weight"), EPS), {**carried, "tail": tail}
