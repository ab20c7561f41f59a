"""GRU (torch.nn.GRU): the reset gate multiplies behind the product and its bias."""

import numpy as np

from .ops import sigmoid
from .torch_rnn import TorchRnn


class Model(TorchRnn):
    model_type, cell, gates, carried = "gru", "GRU", 3, ("h",)

    def step(self, p, q, state):
        r, z = sigmoid(p[0] + q[0]), sigmoid(p[1] + q[1])
        n = np.tanh(p[2] + r * q[2])
        return {"h": (1 - z) * n + z * state["h"]}
