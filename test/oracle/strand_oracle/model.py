"""What every family's Model shares: weights checked against the config, pieces of a sequence."""

import numpy as np


class BaseModel:
    """A family sets `config` fields in `read`, lists `shapes`, and computes `run`.

    `shapes() -> {name: shape}` is complete: a weight that is missing, left over or of another shape
    is an error that names it. `run(ids [B, T], state) -> logits [B, T, V], state`.
    """

    embedding_name = None

    def __init__(self, config, weights, dtype=np.float64):
        self.dtype = np.dtype(dtype)
        self.read(config)
        self.w = {name: array.astype(self.dtype) for name, array in self.checked(weights).items()}

    @classmethod
    def layout(cls, config):
        """config -> {name: shape} of all its weights."""
        bare = cls.__new__(cls)
        bare.read(config)
        return bare.shapes()

    def checked(self, weights):
        """The weights this model reads, each of the right shape."""
        wanted = self.shapes()
        weights = dict(weights)
        if self.tied and "lm_head.weight" in weights:
            head = weights.pop("lm_head.weight")
            if not np.array_equal(head, weights.get(self.embedding_name)):
                raise ValueError("lm_head.weight differs from the embedding although "
                                 "tie_word_embeddings is true")
        for name in sorted(set(wanted) | set(weights)):
            if name not in weights:
                raise ValueError(f"{name} is missing")
            if name not in wanted:
                raise ValueError(f"{name} is not a weight of this configuration")
            if tuple(weights[name].shape) != tuple(wanted[name]):
                raise ValueError(f"{name} is {list(weights[name].shape)}, expected {list(wanted[name])}")
        return weights

    def head_shapes(self):
        return {} if self.tied else {"lm_head.weight": (self.vocab, self.hidden)}

    def head(self, x):
        """x [..., D] -> logits [..., V]."""
        return x @ self.w[self.embedding_name if self.tied else "lm_head.weight"].T

    def zeros(self, *shape):
        return np.zeros(shape, self.dtype)

    def forward(self, ids, state=None):
        """ids [T] or [B, T] -> logits [.., T, V]; with a state, (logits, new state)."""
        ids = np.asarray(ids)
        rows = ids if ids.ndim == 2 else ids[None]
        if rows.size and (rows.min() < 0 or rows.max() >= self.vocab):
            raise ValueError(f"an id is outside the vocabulary of {self.vocab}")
        carried = self.init_state(rows.shape[0]) if state is None else state
        logits, carried = self.run(rows, carried)
        logits = logits if ids.ndim == 2 else logits[0]
        return logits if state is None else (logits, carried)
