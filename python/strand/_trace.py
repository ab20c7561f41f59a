"""Values of one step of a recurrence: arithmetic on them writes MLIR.

Shapes are those of numpy, without dimensions for rows or sequences; broadcasting follows numpy. All numbers are f32,
and comparisons give truth values that `where` takes. The functions here take numpy's values as well, so that a step is
also the Python of what it means.
"""
import math
import string

import numpy as np

from ._library import ArgumentError

_LETTERS = string.ascii_lowercase


def number(value):
    """A float as MLIR writes it."""
    if math.isnan(value) or math.isinf(value):
        raise ArgumentError(f"{value} cannot be a constant of a step")
    return f"{value:.9e}"


def tensor_type(shape, element="f32"):
    return "tensor<" + "".join(f"{d}x" for d in shape) + element + ">"


class Trace:
    """The operations of one step, as lines."""

    def __init__(self):
        self.lines, self.count = [], 0

    def name(self):
        self.count += 1
        return f"%.{self.count}"  # no name of Python has a dot

    def emit(self, text, shape, element="f32"):
        """`text` with {type} for the type of the result."""
        value = Value(self, self.name(), tuple(shape), element)
        self.lines.append(f"{value.name} = " + text.replace("{type}", value.type))
        return value

    def constant(self, value, shape=()):
        return self.emit(f"arith.constant dense<{number(value)}> : {{type}}", shape)

    def generic(self, maps, iterators, inputs, initial, body):
        """linalg.generic; `body` is lines on %.a, %.b, ... and %.o, the last of which yields."""
        arguments = [f"%.{_LETTERS[i]}: {v.element}" for i, v in enumerate(inputs)] + [f"%.o: {initial.element}"]
        dims = ", ".join(f"d{i}" for i in range(len(iterators)))
        all_maps = ", ".join(f"affine_map<({dims}) -> ({', '.join(f'd{i}' for i in m)})>" for m in maps)
        kinds = ", ".join(f'"{k}"' for k in iterators)
        return self.emit(
            f"linalg.generic {{indexing_maps = [{all_maps}], iterator_types = [{kinds}]}} "
            f"ins({', '.join(v.name for v in inputs)} : {', '.join(v.type for v in inputs)}) "
            f"outs({initial.name} : {initial.type}) {{ ^bb0({', '.join(arguments)}): {body} }} -> {{type}}",
            initial.shape, initial.element)

    def empty(self, shape, element="f32"):
        return self.emit("tensor.empty() : {type}", shape, element)


def _trace_of(*values):
    """None where all are numpy's."""
    for v in values:
        if isinstance(v, Value):
            return v.trace
    return None


def _lift(trace, x):
    if isinstance(x, Value):
        if x.trace is not trace:
            raise ArgumentError("a value of one step is used in another")
        return x
    if isinstance(x, (int, float)):
        return Number(trace, float(x))
    raise ArgumentError(f"{type(x).__name__} cannot take part in a step; make it an argument, with strand.weight")


def _common_shape(shapes):
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(s)) + s for s in shapes]
    common = []
    for dims in zip(*padded):
        wide = {d for d in dims if d != 1}
        if len(wide) > 1:
            raise ArgumentError(f"shapes {' and '.join(map(str, shapes))} do not broadcast")
        common.append(wide.pop() if wide else 1)
    return tuple(common)


def _broadcast(v, shape):
    if v.number is not None:
        return v.trace.constant(v.number, shape)
    if v.shape == tuple(shape):
        return v
    first = len(shape) - len(v.shape)
    kept = [d for d, size in enumerate(v.shape) if size == shape[first + d]]
    if len(kept) < len(v.shape):  # dimensions of 1 that become more
        v = _reshape_dropping(v, [d for d in range(len(v.shape)) if d not in kept])
    added = [d for d in range(len(shape)) if d - first not in kept]
    out = v.trace.empty(shape, v.element)
    dims = ", ".join(map(str, added))
    return v.trace.emit(
        f"linalg.broadcast ins({v.name} : {v.type}) outs({out.name} : {out.type}) dimensions = [{dims}]",
        shape, v.element)


def _reshape_dropping(v, ones):
    """Without those dimensions, each of size 1."""
    return v[tuple(0 if d in ones else slice(None) for d in range(len(v.shape)))]


def _elementwise(op, *operands, element="f32", suffix=None):
    trace = _trace_of(*operands)
    values = [_lift(trace, x) for x in operands]
    shape = _common_shape([v.shape for v in values])
    values = [_broadcast(v, shape) for v in values]
    types = suffix or tensor_type(shape)
    return trace.emit(f"{op} {', '.join(v.name for v in values)} : {types}", shape, element)


def _compare(predicate):
    return lambda a, b: _elementwise(f"arith.cmpf {predicate},", a, b, element="i1")


class Value:
    """A number, vector or tensor of a step."""
    __array_ufunc__ = None  # numpy leaves operators to this class
    number = None  # of a constant

    def __init__(self, trace, name, shape, element="f32"):
        self.trace, self.name, self.shape, self.element = trace, name, shape, element

    @property
    def type(self):
        return tensor_type(self.shape, self.element)

    @property
    def ndim(self):
        return len(self.shape)

    def __repr__(self):
        return f"<{self.type} of a step>"

    def __bool__(self):
        raise ArgumentError("a step is traced once for all rows, so if, while, and, or of Python cannot ask for a "
                            "value; use strand.where")

    __iter__ = None
    __add__ = __radd__ = lambda a, b: _elementwise("arith.addf", a, b)
    __mul__ = __rmul__ = lambda a, b: _elementwise("arith.mulf", a, b)
    __sub__ = lambda a, b: _elementwise("arith.subf", a, b)
    __rsub__ = lambda a, b: _elementwise("arith.subf", b, a)
    __truediv__ = lambda a, b: _elementwise("arith.divf", a, b)
    __rtruediv__ = lambda a, b: _elementwise("arith.divf", b, a)
    __neg__ = lambda a: _elementwise("arith.negf", a)
    __pos__ = lambda a: a
    __abs__ = lambda a: _elementwise("math.absf", a)
    __lt__, __le__ = _compare("olt"), _compare("ole")
    __gt__, __ge__ = _compare("ogt"), _compare("oge")
    __matmul__ = lambda a, b: matmul(a, b)

    def __pow__(self, exponent):
        if exponent == 0.5:
            return sqrt(self)
        if not isinstance(exponent, int) or not 1 <= exponent <= 8:
            raise ArgumentError(f"the exponent is {exponent}; 0.5 and integers from 1 to 8 are taken")
        result = self
        for _ in range(exponent - 1):
            result = result * self
        return result

    @property
    def T(self):
        return einsum(_LETTERS[:self.ndim] + "->" + _LETTERS[:self.ndim][::-1], self)

    def sum(self, axis=None):
        return _reduce("arith.addf", 0.0, self, axis)

    def mean(self, axis=None):
        total = self.sum(axis)
        return total * (math.prod(total.shape) / math.prod(self.shape))

    def max(self, axis=None):
        return _reduce("arith.maximumf", -3.4028235e38, self, axis)

    def __getitem__(self, index):
        """Integers and slices of step 1."""
        index = index if isinstance(index, tuple) else (index,)
        if len(index) > self.ndim:
            raise ArgumentError(f"{len(index)} indices on a value of rank {self.ndim}")
        offsets, sizes, shape = [], [], []
        for d, size in enumerate(self.shape):
            i = index[d] if d < len(index) else slice(None)
            if isinstance(i, slice):
                start, stop, step = i.indices(size)
                if step != 1 or stop <= start:
                    raise ArgumentError(f"slice {i} of a dimension of {size}; it must have step 1 and not be empty")
                shape.append(stop - start)
            elif isinstance(i, int) and -size <= i < size:
                start, stop = i % size, i % size + 1
            else:
                raise ArgumentError(f"index {i} of a dimension of {size}; integers inside it and slices are taken")
            offsets.append(start)
            sizes.append(stop - start)
        if tuple(shape) == self.shape:
            return self
        text = lambda numbers: "[" + ", ".join(map(str, numbers)) + "]"
        steps = text([1] * self.ndim)
        return self.trace.emit(f"tensor.extract_slice {self.name}{text(offsets)} {text(sizes)} {steps} : {self.type} "
                               "to {type}", shape, self.element)


class Number(Value):
    """A constant, written where its shape is known."""

    def __init__(self, trace, value):
        super().__init__(trace, None, ())
        self.number = value


def _reduce(op, initial, v, axis):
    axes = range(v.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    if any(not -v.ndim <= a < v.ndim for a in axes):
        raise ArgumentError(f"axis {axis} is outside rank {v.ndim}")
    gone = {a % v.ndim for a in axes}
    if not gone:
        return v
    kept = [d for d in range(v.ndim) if d not in gone]
    out = v.trace.constant(initial, [v.shape[d] for d in kept])
    kinds = ["reduction" if d in gone else "parallel" for d in range(v.ndim)]
    return v.trace.generic([list(range(v.ndim)), kept], kinds, [v], out,
                           f"%.r = {op} %.a, %.o : f32 linalg.yield %.r : f32")


# ---- functions of a step ----

def _function(name, op, of_numpy, text):
    def f(*operands):
        return of_numpy(*operands) if _trace_of(*operands) is None else _elementwise(op, *operands)
    f.__name__, f.__doc__ = name, text
    return f


exp = _function("exp", "math.exp", np.exp, "e to the x.")
log = _function("log", "math.log", np.log, "The natural logarithm.")
_log1p = _function("log1p", "math.log1p", np.log1p, "log(1 + x).")
sqrt = _function("sqrt", "math.sqrt", np.sqrt, "The square root.")
tanh = _function("tanh", "math.tanh", np.tanh, "The hyperbolic tangent.")
sin = _function("sin", "math.sin", np.sin, "The sine.")
cos = _function("cos", "math.cos", np.cos, "The cosine.")
maximum = _function("maximum", "arith.maximumf", np.maximum, "The larger of two, element by element.")
minimum = _function("minimum", "arith.minimumf", np.minimum, "The smaller of two, element by element.")


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return 1.0 / (1.0 + exp(-x))


def softplus(x):
    """log(1 + exp(x)), without overflow."""
    return maximum(x, 0.0) + _log1p(exp(-abs(x)))


def silu(x):
    """x * sigmoid(x)."""
    return x * sigmoid(x)


def relu(x):
    """max(x, 0)."""
    return maximum(x, 0.0)


def where(condition, a, b):
    """a where the condition holds, else b."""
    trace = _trace_of(condition, a, b)
    if trace is None:
        return np.where(condition, a, b)
    if not isinstance(condition, Value) or condition.element != "i1":
        raise ArgumentError("the condition is not a comparison of values of the step")
    a, b = _lift(trace, a), _lift(trace, b)
    shape = _common_shape([condition.shape, a.shape, b.shape])
    condition, a, b = (_broadcast(v, shape) for v in (condition, a, b))
    return trace.emit(f"arith.select {condition.name}, {a.name}, {b.name} : {condition.type}, {a.type}", shape)


def outer(a, b):
    """a[i] * b[j]."""
    if np.ndim(a) != 1 or np.ndim(b) != 1:
        raise ArgumentError(f"outer takes vectors, not shapes {np.shape(a)} and {np.shape(b)}")
    return einsum("i,j->ij", a, b)


def dot(a, b):
    """The sum of a[i] * b[i]."""
    if np.ndim(a) != 1 or np.ndim(b) != 1:
        raise ArgumentError(f"dot takes vectors, not shapes {np.shape(a)} and {np.shape(b)}")
    return einsum("i,i->", a, b)


def matmul(a, b):
    """The product of vectors and matrices, as numpy's @."""
    names = {(1, 1): "i,i->", (1, 2): "i,ij->j", (2, 1): "ij,j->i", (2, 2): "ij,jk->ik"}
    if (np.ndim(a), np.ndim(b)) not in names:
        raise ArgumentError(f"@ takes vectors and matrices, not shapes {np.shape(a)} and {np.shape(b)}; see einsum")
    return einsum(names[np.ndim(a), np.ndim(b)], a, b)


def einsum(subscripts, *operands):
    """numpy's einsum for one or two operands, with an explicit result, as in "hk,hkv->hv"."""
    trace = _trace_of(*operands)
    if trace is None:
        return np.einsum(subscripts, *operands)
    terms, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = terms.split(",")
    if not arrow or len(terms) != len(operands) or not 1 <= len(operands) <= 2:
        raise ArgumentError(f'einsum "{subscripts}" with {len(operands)} operands; one or two are taken, and "->"')
    operands = [_lift(trace, x) for x in operands]
    sizes = {}
    for term, v in zip(terms, operands):
        if len(term) != v.ndim or not all(l in _LETTERS for l in term):
            raise ArgumentError(f'einsum "{subscripts}": "{term}" does not name the dimensions of shape {v.shape}')
        for letter, size in zip(term, v.shape):
            if sizes.setdefault(letter, size) != size:
                raise ArgumentError(f'einsum "{subscripts}": {letter} is {sizes[letter]} and {size}')
    if len(set(result)) < len(result) or not set(result) <= set(sizes):
        raise ArgumentError(f'einsum "{subscripts}": the result must name dimensions of the operands, each once')
    letters = list(result) + [l for l in sizes if l not in result]
    maps = [[letters.index(l) for l in term] for term in terms + [result]]
    kinds = ["parallel" if l in result else "reduction" for l in letters]
    shape = [sizes[l] for l in result]
    sums = "reduction" in kinds
    out = trace.constant(0.0, shape) if sums else trace.empty(shape)
    body, last = "", "%.a"
    if len(operands) == 2:
        body, last = "%.p = arith.mulf %.a, %.b : f32 ", "%.p"
    if sums:
        body, last = body + f"%.s = arith.addf {last}, %.o : f32 ", "%.s"
    return trace.generic(maps, kinds, operands, out, body + f"linalg.yield {last} : f32")
