"""Stacks of torch.nn.LSTM or torch.nn.GRU between an embedding and a head."""

import numpy as np

from .config import Config
from .model import BaseModel
from .ops import linear


class TorchRnn(BaseModel):
    """A family sets `model_type`, `cell`, `gates`, `carried` (names, h first) and computes `step`."""

    embedding_name = "embed.weight"
    tied = False

    def read(self, values):
        config = Config(values, self.model_type)
        config.only("cell", self.cell)
        self.embedding, self.width = config.count("embedding_size", 0), config.count("hidden_size", 0)
        self.layers, self.vocab = config.count("num_layers", 1), config.count("vocab_size", 0)
        self.bias = config.flag("bias", True)
        config.finish()

    def shapes(self):
        out = {self.embedding_name: (self.vocab, self.embedding), "lm_head.weight": (self.vocab, self.width),
               "lm_head.bias": (self.vocab,)}
        for n in range(self.layers):
            all_gates = self.gates * self.width
            out[f"rnn.weight_ih_l{n}"] = (all_gates, self.width if n else self.embedding)
            out[f"rnn.weight_hh_l{n}"] = (all_gates, self.width)
            if self.bias:
                out[f"rnn.bias_ih_l{n}"] = out[f"rnn.bias_hh_l{n}"] = (all_gates,)
        return out

    def init_state(self, batch=1):
        return [{name: self.zeros(batch, self.width) for name in self.carried}] * self.layers

    def run(self, ids, state):
        x, after = self.w[self.embedding_name][ids], []
        for n in range(self.layers):
            w = lambda name: self.w.get(f"rnn.{name}_l{n}")  # noqa: E731, B023
            p, carried = linear(x, w("weight_ih"), w("bias_ih")), state[n]
            x = np.empty((*ids.shape, self.width), self.dtype)
            for t in range(ids.shape[1]):
                q = linear(carried["h"], w("weight_hh"), w("bias_hh"))
                carried = self.step(np.split(p[:, t], self.gates, axis=-1), np.split(q, self.gates, axis=-1), carried)
                x[:, t] = carried["h"]
            after.append(carried)
        return linear(x, self.w["lm_head.weight"], self.w["lm_head.bias"]), after
