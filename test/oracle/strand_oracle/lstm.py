"""LSTM (torch.nn.LSTM)."""

import numpy as np

from .ops import sigmoid
from .torch_rnn import TorchRnn


class Model(TorchRnn):
    model_type, cell, gates, carried = "lstm", "LSTM", 4, ("h", "c")

    def step(self, p, q, state):
        i, f, g, o = (a + b for a, b in zip(p, q))
        c = sigmoid(f) * state["c"] + sigmoid(i) * np.tanh(g)
        return {"h": sigmoid(o) * np.tanh(c), "c": c}
