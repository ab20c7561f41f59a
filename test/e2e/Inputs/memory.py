"""A memory of layers in numpy, one head and one row at a time: its prediction, losses, and their gradients.

`python memory.py` checks the gradients against finite differences.
"""
import math

import numpy as np

EPSILON = 1e-2  # of the norm
erf = np.vectorize(math.erf)


def gelu_tanh(x):
    c = math.sqrt(2 / math.pi)
    t = np.tanh(c * (x + 0.044715 * x**3))
    return x * (1 + t) / 2, (1 + t) / 2 + x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x) / 2


def gelu(x):
    below = (1 + erf(x / math.sqrt(2))) / 2
    return x * below, below + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def silu(x):
    s = 1 / (1 + np.exp(-x))
    return x * s, s + x * s * (1 - s)


def tanh(x):
    return np.tanh(x), 1 - np.tanh(x)**2


ACTIVATIONS = {"gelu": gelu, "gelu_tanh": gelu_tanh, "silu": silu, "tanh": tanh}


def predict(weights, biases, x, activation):
    """The prediction, what went into each layer, and the activation's slopes behind all layers but the last. There may
    be no biases."""
    inputs, slopes = [], []
    for layer, (weight, bias) in enumerate(zip(weights, biases or [0] * len(weights))):
        inputs.append(x)
        x = x @ weight + bias
        if layer + 1 < len(weights):
            x, slope = ACTIVATIONS[activation](x)
            slopes.append(slope)
    return x, inputs, slopes


def squared(z, v):
    """|z - v|^2 / 2 and its slope in z."""
    return ((z - v)**2).sum() / 2, z - v


def layer_norm(z, scale, shift):
    n = (z - z.mean()) / np.sqrt(z.var() + EPSILON)
    return scale * n + shift


def squared_behind_norm(z, v, scale, shift):
    """The same of the norm of z. Its slope is n = (z - mean) / s taken back: what is common and what is along n goes."""
    s = np.sqrt(z.var() + EPSILON)
    n = (z - z.mean()) / s
    error = scale * n + shift - v
    g = scale * error
    return (error**2).sum() / 2, (g - g.mean() - n * (g * n).mean()) / s


def gradients(weights, biases, k, v, activation, loss):
    """Of loss(prediction for k, v) in the weights and in the biases."""
    z, inputs, slopes = predict(weights, biases, k, activation)
    errors = [loss(z, v)[1]]
    for weight, slope in zip(weights[:0:-1], slopes[::-1]):
        errors.insert(0, slope * (weight @ errors[0]))
    return [np.outer(a, e) for a, e in zip(inputs, errors)], errors if biases else []


def by_differences(function, x, step=1e-6):
    """The gradient of a number in the array `x`, which `function` reads."""
    found = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        old = x[i]
        x[i] = old + step
        above = function()
        x[i] = old - step
        found[i] = (above - function()) / (2 * step)
        x[i] = old
    return found


def check_gradients():
    rng = np.random.default_rng(3)
    normal = lambda *shape: rng.standard_normal(shape)
    scale, shift = normal(4), normal(4)
    losses = {"squared": squared, "norm": lambda z, v: squared_behind_norm(z, v, scale, shift)}
    for sizes in ([3, 4], [3, 5, 4], [3, 5, 6, 4]):
        for activation in [None] if len(sizes) == 2 else ["gelu", "gelu_tanh", "silu", "tanh"]:
            for name, loss in losses.items():
                weights, biases = [normal(a, b) for a, b in zip(sizes, sizes[1:])], [normal(b) for b in sizes[1:]]
                k, v = normal(3), normal(4)
                value = lambda: loss(predict(weights, biases, k, activation)[0], v)[0]
                for wanted, x in zip(sum(gradients(weights, biases, k, v, activation, loss), []), weights + biases):
                    np.testing.assert_allclose(by_differences(value, x), wanted, rtol=1e-6, atol=1e-7)
        print(f"gradients of {len(sizes) - 1} layers: right")


if __name__ == "__main__":
    check_gradients()
