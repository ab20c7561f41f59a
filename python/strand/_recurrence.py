"""A recurrence written as the Python function of one step.

    @strand.recurrence
    def delta(S: strand.carry("k v"), q: strand.row("k"), k: strand.row("k"), v: strand.row("v"), b: strand.row()):
        S = S + b * strand.outer(k, v - k @ S)
        return q @ S, S

    y = delta(q, k, v, b, offsets=[0, 100, 164])

The function is called once for each set of sizes, with values that write what is done to them as a strand.scan; the
compiler finds its structure and makes every form of it. It returns the outputs of the row, then the next carried
values.
"""
import functools
import inspect

import numpy as np

from . import _tensors as t
from ._library import ArgumentError
from ._model import load
from ._trace import Trace, Value, _broadcast, _lift, number, tensor_type


class Spec:
    """What an argument of a step is: its dimensions are sizes, or names that take the sizes of the arrays of a call."""

    def __init__(self, kind, dims, initial=0.0):
        self.kind, self.initial = kind, initial if isinstance(initial, str) else float(initial)
        self.dims = [int(d) if str(d).isdigit() else d for part in dims
                     for d in (part.split() if isinstance(part, str) else [part])]
        for d in self.dims:
            if isinstance(d, int) and d < 1 or not isinstance(d, (int, str)):
                raise ArgumentError(f"{d} is no dimension; a size or a name is needed")

    def bind(self, name, shape, sizes):
        """Takes the sizes of names from the shape of an array of one row."""
        if len(shape) != len(self.dims):
            needed = ", ".join(map(str, self.dims))
            raise ArgumentError(f"{name} has items of shape {tuple(shape)}; ({needed}) is needed")
        for d, size in zip(self.dims, shape):
            wanted = d if isinstance(d, int) else sizes.setdefault(d, size)
            if wanted != size:
                raise ArgumentError(f"{name}: {d} is {size}, and {wanted} elsewhere" if isinstance(d, str) else
                                    f"{name} has items of shape {tuple(shape)}; {d} is needed where {size} is")

    def shape(self, name, sizes):
        missing = [d for d in self.dims if isinstance(d, str) and d not in sizes]
        if missing:
            raise ArgumentError(f"{name}: nothing says how large {missing[0]} is; a row or weight must name it")
        return tuple(d if isinstance(d, int) else sizes[d] for d in self.dims)


def carry(*dims, initial=0.0):
    """A carried value with these dimensions. `initial`: what each element is before the first row, or the name of the
    weight that it begins at."""
    return Spec("carry", dims, initial)


def row(*dims):
    """One row of an input."""
    return Spec("row", dims)


def weight(*dims):
    """A tensor that is the same for all rows."""
    return Spec("weight", dims)


def recurrence(step=None, *, reverse=False, context=None):
    """Makes a recurrence of the function of one step (see the module's text). `reverse`: rows are gone through from the
    last of a sequence to its first, so there is no state to go on from."""
    if step is None:
        return functools.partial(recurrence, reverse=reverse, context=context)
    return Recurrence(step, reverse, context)


class Recurrence:
    """Called on arrays of rows and weights, in the order of the step's arguments or by their names, with the options of
    strand.Model's calls; `state` makes a state for it."""

    def __init__(self, step, reverse=False, context=None):
        self._step, self._reverse, self._context, self._models = step, reverse, context, {}
        functools.update_wrapper(self, step)
        parameters = inspect.signature(step, eval_str=True).parameters
        self._specs = {name: p.annotation for name, p in parameters.items()}
        for name, spec in self._specs.items():
            if not isinstance(spec, Spec):
                raise ArgumentError(f"{step.__name__}: argument {name} needs strand.carry, strand.row or strand.weight "
                                    "as its annotation")
            if not name.isascii():
                raise ArgumentError(f"{step.__name__}: the name of argument {name} is not ASCII")
        self._carried = [n for n, s in self._specs.items() if s.kind == "carry"]
        self._inputs = [n for n, s in self._specs.items() if s.kind != "carry"]
        for name in self._carried:
            begin = self._specs[name].initial
            if isinstance(begin, str) and (begin not in self._inputs or self._specs[begin].kind != "weight" or
                                           self._specs[begin].dims != self._specs[name].dims):
                raise ArgumentError(f"{step.__name__}: {name} begins at {begin}, which is no weight of its dimensions")
        if not self._carried or not any(s.kind == "row" for s in self._specs.values()):
            raise ArgumentError(f"{step.__name__}: a recurrence has a carried value and a row at least")

    def __call__(self, *arrays, offsets=None, state=None, ids=None, last=False, out=None, **named):
        arrays = self._ordered(arrays, named)
        return self.model(*arrays)(*arrays, offsets=offsets, state=state, ids=ids, last=last, out=out)

    def state(self, *arrays, sequences=1, **named):
        """A state of sequences at their beginning, for calls on arrays of the same sizes as these."""
        return self.model(*arrays, **named).state(sequences)

    def model(self, *arrays, **named):
        """The strand.Model for arrays of these sizes; compiled the first time."""
        sizes = self._sizes(self._ordered(arrays, named))
        key = tuple(sorted(sizes.items()))
        if key not in self._models:
            self._models[key] = load(self._text(sizes), function=self._step.__name__, context=self._context)
        return self._models[key]

    def mlir(self, *arrays, **named):
        """The module that is compiled for arrays of these sizes."""
        return self._text(self._sizes(self._ordered(arrays, named)))

    def reference(self, *arrays, offsets=None, **named):
        """The outputs by running the step itself in numpy, in f64, row by row: slow, and what all else must equal."""
        arrays = self._ordered(arrays, named)
        sizes = self._sizes(arrays)
        values = {n: np.asarray(x, np.float64) for n, x in zip(self._inputs, arrays)}
        rows = [n for n in self._inputs if self._specs[n].kind == "row"]
        leading = {n: values[n].shape[:values[n].ndim - len(self._specs[n].dims)] for n in rows}[rows[0]]
        if offsets is None:
            offsets = np.arange(leading[0] + 1) * leading[1] if len(leading) == 2 else [0, leading[0]]
        for n in rows:
            values[n] = values[n].reshape(-1, *self._specs[n].shape(n, sizes))
        outputs = None
        for begin, end in zip(offsets[:-1], offsets[1:]):
            carried = {n: self._begin(n, values, sizes) for n in self._carried}
            for i in reversed(range(begin, end)) if self._reverse else range(begin, end):
                results = self._step(**carried, **{n: v[i] if n in rows else v for n, v in values.items()})
                count = len(results) - len(self._carried)
                outputs = outputs or [np.zeros((len(values[rows[0]]), *np.shape(r))) for r in results[:count]]
                for all_rows, r in zip(outputs, results):
                    all_rows[i] = r
                carried = {n: np.broadcast_to(r, carried[n].shape) for n, r in zip(self._carried, results[count:])}
        outputs = [o.reshape(*leading, *o.shape[1:]) for o in outputs or []]
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def _begin(self, name, values, sizes):
        spec = self._specs[name]
        return values[spec.initial] if isinstance(spec.initial, str) else np.full(spec.shape(name, sizes), spec.initial)

    def _ordered(self, arrays, named):
        arrays = dict(zip(self._inputs, arrays)) if len(arrays) <= len(self._inputs) else None
        if arrays is None or arrays.keys() & named.keys() or {*arrays, *named} != {*self._inputs}:
            raise ArgumentError(f"{self._step.__name__} takes {', '.join(self._inputs)}, each once")
        return [arrays.get(n, named.get(n)) for n in self._inputs]

    def _sizes(self, arrays):
        sizes = {}
        for name, x in zip(self._inputs, arrays):
            spec, shape = self._specs[name], t.shape_of(x)
            leading = len(shape) - len(spec.dims)
            if spec.kind == "row" and leading not in (1, 2):
                raise ArgumentError(f"{name} has shape {tuple(shape)}; [rows, ...] or [sequences, rows of each, ...] "
                                    f"with items of ({', '.join(map(str, spec.dims))}) is needed")
            spec.bind(name, shape[leading:] if spec.kind == "row" else shape, sizes)
        return sizes

    def _trace(self, sizes):
        """(trace, outputs, next carried values)."""
        trace = Trace()
        arguments = [Value(trace, "%" + n, s.shape(n, sizes)) for n, s in self._specs.items()]
        results = self._step(*arguments)
        results = [_lift(trace, r) for r in (results if isinstance(results, (tuple, list)) else [results])]
        count = len(results) - len(self._carried)
        if count < 1:
            raise ArgumentError(f"{self._step.__name__} returns {len(results)} values; the outputs of the row and then "
                                f"the next {', '.join(self._carried)} are needed")
        following = []
        for name, value in zip(self._carried, results[count:]):
            shape = self._specs[name].shape(name, sizes)
            if len(value.shape) > len(shape) or any(a not in (1, b) for a, b in zip(value.shape[::-1], shape[::-1])):
                raise ArgumentError(f"the next {name} has shape {value.shape}; {shape} is needed")
            following.append(_broadcast(value, shape))
        for value in results:
            if value.element != "f32":
                raise ArgumentError("a truth value is returned; strand.where makes a number of it")
        return trace, results[:count], following

    def _text(self, sizes):
        trace, outputs, following = self._trace(sizes)
        shape = lambda n: self._specs[n].shape(n, sizes)
        of_rows = lambda shape: "tensor<?x" + "".join(f"{d}x" for d in shape) + "f32>"
        outer_type = lambda n: of_rows(shape(n)) if self._specs[n].kind == "row" else tensor_type(shape(n))
        of_kind = lambda kind: [n for n in self._inputs if self._specs[n].kind == kind]
        bound = lambda names: ", ".join(f"%{n} = %{n}.all : {outer_type(n)}" for n in names)
        begin = lambda i: f"%{i}.all" if isinstance(i, str) else number(i)
        carried = ", ".join(f"%{n} : {tensor_type(shape(n))} = {begin(self._specs[n].initial)}" for n in self._carried)
        arguments = [f'%{n}.all: {outer_type(n)} {{strand.name = "{n}"}}' for n in self._inputs]
        names, types = (lambda vs: ", ".join(v.name for v in vs)), (lambda vs: ", ".join(v.type for v in vs))
        results = ", ".join(of_rows(v.shape) for v in outputs)
        many = len(outputs) > 1
        return "\n".join([
            f"func.func @{self._step.__name__}({', '.join(arguments)}, %.offsets: tensor<?xi32>) -> ({results}) {{",
            f"  %.y{f':{len(outputs)}' if many else ''} = strand.scan {'reverse ' if self._reverse else ''}"
            f"rows({bound(of_kind('row'))})",
            *([f"      with({bound(of_kind('weight'))})"] if of_kind("weight") else []),
            f"      carry({carried}) offsets %.offsets : tensor<?xi32> -> {f'({results})' if many else results} {{",
            *("    " + line for line in trace.lines),
            f"    strand.yield {names(outputs)} : {types(outputs)}",
            f"      next {names(following)} : {types(following)}",
            "  }",
            f"  return {', '.join(f'%.y#{i}' for i in range(len(outputs))) if many else '%.y'} : {results}",
            "}", ""])
