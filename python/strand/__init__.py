"""Strand: sequence models and recurrences compiled to native code, on numpy, torch and jax arrays.

    model = strand.load("checkpoint")              a checkpoint folder, or a module of the strand dialect
    logits = model(tokens, offsets=[0, 10, 25])    two sequences, packed
    text = model.generate(b"Once", max_tokens=100)

    state = model.state(); model(tokens, state=state); state.save("file")

    @strand.recurrence                             a recurrence, from one step of it
    def ema(h: strand.carry("d"), x: strand.row("d"), a: strand.row("d")):
        h = a * h + (1 - a) * x
        return h, h
    y = ema(x, a)
"""
from ._library import ArgumentError, CompileError, Error, InternalError, OutOfMemory, StateError, lib as _lib
from ._model import Carried, Context, Model, State, Value, load
from ._recurrence import Recurrence, carry, recurrence, row, weight
from ._trace import (cos, dot, einsum, exp, log, matmul, maximum, minimum, outer, relu, sigmoid, silu, sin, softplus,
                     sqrt, tanh, where)

__version__ = _lib.version().decode()
__all__ = ["ArgumentError", "Carried", "CompileError", "Context", "Error", "InternalError", "Model", "OutOfMemory",
           "Recurrence", "State", "StateError", "Value", "carry", "cos", "dot", "einsum", "exp", "load", "log",
           "matmul", "maximum", "minimum", "outer", "recurrence", "relu", "row", "sigmoid", "silu", "sin", "softplus",
           "sqrt", "tanh", "weight", "where"]
