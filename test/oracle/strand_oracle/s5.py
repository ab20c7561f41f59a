"""S5 (s5-pytorch): one diagonal complex state for all channels, zero-order hold or bilinear."""

import numpy as np

from .config import require
from .diagonal_lm import DiagonalLm, as_complex


class Model(DiagonalLm):
    model_type = "s5"

    def read_own(self, config):
        self.states = config.count("state_width", self.hidden)
        self.rule = config.only("discretization", "zoh", "bilinear")
        require(config.count("width", self.hidden) == self.hidden, "width", "must be hidden_size")
        config.ignore("block_count", "dt_min", "dt_max")

    def state_shape(self):
        return (self.states,)

    def ssm_shapes(self):
        d, n = self.hidden, self.states
        return {"seq.B": (n, d, 2), "seq.C": (d, n, 2), "seq.D": (d,), "seq.Lambda": (n, 2), "seq.log_step": (n,)}

    def ssm(self, u, w, state):
        poles, dt = as_complex(w("seq.Lambda")), np.exp(w("seq.log_step"))
        if self.rule == "zoh":
            step = np.exp(poles * dt)
            scale = (step - 1) / poles
        else:
            step = (1 + dt / 2 * poles) / (1 - dt / 2 * poles)
            scale = dt / (1 - dt / 2 * poles)
        inward, outward = scale[:, None] * as_complex(w("seq.B")), as_complex(w("seq.C"))
        y = np.empty_like(u)
        for t in range(u.shape[1]):
            state = step * state + u[:, t] @ inward.T
            y[:, t] = (state @ outward.T).real
        return y + u * w("seq.D"), state
