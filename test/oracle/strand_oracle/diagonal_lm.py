"""The language model around one complex diagonal state space a block: x + gelu(ssm(norm(x)))."""

import numpy as np

from .config import Config
from .model import BaseModel
from .ops import gelu, linear

EPS = 1e-5  # torch.nn.LayerNorm's


def layer_norm(x, weight, bias):
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + EPS) * weight + bias


def as_complex(pairs):
    """[..., 2] -> [...]."""
    return pairs[..., 0] + 1j * pairs[..., 1]


class DiagonalLm(BaseModel):
    """A family sets `model_type`, reads its own keys in `read_own`, lists `ssm_shapes` and computes
    `ssm(u, w, state) -> y, state`, where w(name) is a weight below `ssm.` and `state_shape` that of the complex state."""

    embedding_name = "embed.weight"
    tied = False

    def read(self, values):
        config = Config(values, self.model_type)
        self.hidden, self.layers = config.count("hidden_size", 0), config.count("num_hidden_layers", 0)
        self.vocab = config.count("vocab_size", 256)
        self.read_own(config)
        config.finish()

    def shapes(self):
        d = self.hidden
        out = {self.embedding_name: (self.vocab, d), "lm_head.weight": (self.vocab, d), "norm.weight": (d,), "norm.bias": (d,)}
        for n in range(self.layers):
            out[f"blocks.{n}.norm.weight"] = out[f"blocks.{n}.norm.bias"] = (d,)
            out.update({f"blocks.{n}.ssm.{name}": shape for name, shape in self.ssm_shapes().items()})
        return out

    def init_state(self, batch=1):
        return [np.zeros((batch, *self.state_shape()), complex)] * self.layers

    def run(self, ids, state):
        x, after = self.w[self.embedding_name][ids], []
        for n in range(self.layers):
            block = lambda name: self.w[f"blocks.{n}.{name}"]  # noqa: E731, B023
            u = layer_norm(x, block("norm.weight"), block("norm.bias"))
            y, carried = self.ssm(u, lambda name: block("ssm." + name), state[n])  # noqa: B023
            x = x + gelu(y)
            after.append(carried)
        return linear(layer_norm(x, self.w["norm.weight"], self.w["norm.bias"]), self.w["lm_head.weight"]), after
