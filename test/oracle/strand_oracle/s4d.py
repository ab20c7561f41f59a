"""S4D (state-spaces/s4): diagonal complex modes a channel, gelu, a 1x1 convolution and a gate."""

import numpy as np

from .config import require
from .diagonal_lm import DiagonalLm, as_complex
from .ops import gelu, linear, sigmoid


class Model(DiagonalLm):
    model_type = "s4d"

    def read_own(self, config):
        self.states = config.count("d_state", 64)
        require(self.states % 2 == 0, "d_state", "must be even")

    def state_shape(self):
        return self.hidden, self.states // 2

    def ssm_shapes(self):
        d, n = self.state_shape()
        return {"D": (d,), "kernel.A_imag": (d, n), "kernel.C": (d, n, 2), "kernel.log_A_real": (d, n), "kernel.log_dt": (d,),
                "output_linear.0.weight": (2 * d, d, 1), "output_linear.0.bias": (2 * d,)}

    def ssm(self, u, w, state):
        a = -np.exp(w("kernel.log_A_real")) + 1j * w("kernel.A_imag")
        step = np.exp(a * np.exp(w("kernel.log_dt"))[:, None])
        scaled = as_complex(w("kernel.C")) * (step - 1) / a
        y = np.empty_like(u)
        for t in range(u.shape[1]):
            state = step * state + u[:, t, :, None]
            y[:, t] = 2 * (scaled * state).real.sum(axis=-1)
        out = linear(gelu(y + u * w("D")), w("output_linear.0.weight")[:, :, 0], w("output_linear.0.bias"))
        value, gate = np.split(out, 2, axis=-1)
        return value * sigmoid(gate), state
