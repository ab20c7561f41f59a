"""two_levels.mlir, from @forward to a library, in all forms against a step in numpy that shares nothing with it."""
import os
import subprocess
import tempfile

import numpy as np

from compiled import I32, Model, check
from strand_oracle.safetensors_io import write_file

WIDTH = 64
fired = []


def layer(w, name, x, state):
    state[name] = w[name + ".decay"] * state.get(name, 0) + w[name + ".w"] @ x
    return x + state[name]


def step(w, token, state):
    x = layer(w, "outer", w["embed"][token], state)
    fired.append(x[0] > 0)
    assert abs(x[0]) > 1e-4, "a boundary is too near for f32 to agree with f64; take other weights"
    if fired[-1]:
        state["last"] = layer(w, "inner", x, state)
    return x + state.get("last", 0)


def main():
    rng = np.random.default_rng(3)
    weights = {"embed": rng.standard_normal((WIDTH, WIDTH))}
    for name in ("outer", "inner"):
        weights[name + ".decay"] = rng.uniform(0.5, 0.95, WIDTH)
        weights[name + ".w"] = rng.standard_normal((WIDTH, WIDTH)) / 10
    weights = {n: np.float32(w) for n, w in weights.items()}
    with tempfile.TemporaryDirectory() as folder:
        library, data = os.path.join(folder, "m.so"), os.path.join(folder, "w.safetensors")
        write_file(data, weights)
        source = os.path.join(os.path.dirname(__file__), "two_levels.mlir")
        subprocess.run(["strandc", source, f"--weights={data}", "--emit=shared", "-o", library], check=True)
        model = Model(library, rng, embedded=True)
        model.weights = {n: w.astype(np.float64) for n, w in weights.items()}
    for threads in (0, 3):
        model.threads = model.lib.strand_rt_create(I32(threads)) if threads else None
        check(model, step, rng)
    share = np.mean(fired)
    assert 0.1 < share < 0.9, share
    print(f"two levels right, {100 * share:.0f} % of the rows fire")


main()
