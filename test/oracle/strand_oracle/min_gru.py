"""minGRU language model (minGRU-pytorch, minLM)."""

import numpy as np

from .config import Config
from .model import BaseModel
from .ops import diagonal_scan, gelu, linear, rms_norm, sigmoid

EPS = float(np.finfo(np.float32).eps)  # what torch takes where a norm has none


class Model(BaseModel):
    embedding_name = "token_emb.weight"
    tied = False

    def read(self, values):
        config = Config(values, "min_gru")
        self.hidden, self.layers = config.count("dim", 0), config.count("depth", 0)
        self.vocab = config.count("num_tokens", 0)
        self.width = int(self.hidden * config.number("expansion", 1.5))
        self.feed = int(self.hidden * config.number("ff_mult", 4))
        config.finish()

    def shapes(self):
        d, e, f = self.hidden, self.width, self.feed
        out = {self.embedding_name: (self.vocab, d), "norm.weight": (d,), "to_logits.weight": (self.vocab, d)}
        layer = {"1.weight": (d,), "2.to_hidden_and_gate.weight": (2 * e, d), "3.weight": (d,), "4.0.weight": (f, d),
                 "4.0.bias": (f,), "4.2.weight": (d, f), "4.2.bias": (d,)}
        if e != d:
            layer["2.to_out.weight"] = (d, e)
        for n in range(self.layers):
            out.update({f"layers.{n}.{name}": shape for name, shape in layer.items()})
        return out

    def init_state(self, batch=1):
        return [self.zeros(batch, self.width)] * self.layers

    def run(self, ids, state):
        x, after = self.w[self.embedding_name][ids], []
        for n in range(self.layers):
            w = lambda name: self.w.get(f"layers.{n}.{name}")  # noqa: E731, B023
            u, gate = np.split(linear(rms_norm(x, w("1.weight"), EPS), w("2.to_hidden_and_gate.weight")), 2, axis=-1)
            candidate = np.where(u >= 0, u + 0.5, sigmoid(u))
            h, last = diagonal_scan(sigmoid(-gate), sigmoid(gate) * candidate, state[n])
            x = x + (h if self.width == self.hidden else linear(h, w("2.to_out.weight")))
            y = gelu(linear(rms_norm(x, w("3.weight"), EPS), w("4.0.weight"), w("4.0.bias")))
            x = x + linear(y, w("4.2.weight"), w("4.2.bias"))
            after.append(last)
        return linear(rms_norm(x, self.w["norm.weight"], EPS), self.w["to_logits.weight"]), after
