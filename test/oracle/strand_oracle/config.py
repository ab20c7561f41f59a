"""config.json, read strictly: a key that is not understood is an error that names it."""

import json
from pathlib import Path

# Keys that no family's forward depends on: bookkeeping of the libraries, training, token ids.
BOOKKEEPING = (
    "architectures", "model_type", "transformers_version", "dtype", "torch_dtype", "_name_or_path",
    "bos_token_id", "eos_token_id", "pad_token_id", "use_cache", "initializer_range",
    "output_attentions", "output_hidden_states", "return_dict")


def _special_float(value):
    # transformers 5 writes infinities as {"__float__": "Infinity"}; earlier ones as a bare word.
    if set(value) == {"__float__"}:
        return float(value["__float__"])
    return value


def read_config(folder):
    """Checkpoint folder -> dict."""
    return json.loads((Path(folder) / "config.json").read_text(), object_hook=_special_float)


class Config:
    """Wraps the dict; every access marks its key, and `finish` refuses the keys never asked for."""

    def __init__(self, values, model_type):
        if values.get("model_type") != model_type:
            raise ValueError(f"model_type is {values.get('model_type')!r}, expected {model_type!r}")
        self._values = values
        self._seen = set(BOOKKEEPING)

    def get(self, key, default):
        """The value of key; the default when it is absent or null."""
        self._seen.add(key)
        value = self._values.get(key)
        return default if value is None else value

    def count(self, key, default):
        """A positive integer."""
        value = self.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{key} is {value!r}, expected a positive integer")
        return value

    def flag(self, key, default):
        value = self.get(key, default)
        if not isinstance(value, bool):
            raise ValueError(f"{key} is {value!r}, expected true or false")
        return value

    def number(self, key, default):
        value = self.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{key} is {value!r}, expected a number")
        return value

    def only(self, key, *allowed):
        """Refuses every value but the first (the default) and the other allowed ones."""
        value = self.get(key, allowed[0])
        if value not in allowed:
            raise ValueError(f"{key} is {value!r}; only {', '.join(map(repr, allowed))} is understood")
        return value

    def ignore(self, *keys):
        """Keys that do not change what the model computes."""
        self._seen.update(keys)

    def finish(self):
        unknown = sorted(set(self._values) - self._seen)
        if unknown:
            raise ValueError(f"{unknown[0]} is not understood (value {self._values[unknown[0]]!r})")


def require(condition, key, reason):
    """A config constraint; the error names the key."""
    if not condition:
        raise ValueError(f"{key}: {reason}")
