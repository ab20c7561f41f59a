"""Measures what strand-expand-math makes of functions of f32 against f64: the largest error in units of the last place
(ulp), special values, and that scalars and lanes of every width have the same bits on AVX2 and on AVX-512."""
import math
import sys

try:
    import numpy as np
except ImportError:
    sys.exit(print("skipped, this Python has no numpy"))

import native

f32, inf, nan = np.float32, np.inf, np.nan
rng = np.random.default_rng(1)


def memref_function(name, width, body):
    """name_width(x, y): y[i] = body of %a = x[i], `width` elements at a time; T is their type, splat(c) a constant."""
    lanes = "f32" if width == 1 else f"vector<{width}xf32>"
    load, store, types = (("memref.load", "memref.store", "memref<?xf32>") if width == 1 else
                          ("vector.load", "vector.store", f"memref<?xf32>, {lanes}"))
    body = body(lambda c: f"arith.constant {c} : f32" if width == 1 else f"arith.constant dense<{c}> : {lanes}")
    return f"""func.func @{name}_{width}(%x: memref<?xf32>, %y: memref<?xf32>) attributes {{llvm.emit_c_interface}} {{
  %c0 = arith.constant 0 : index
  %step = arith.constant {width} : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  scf.for %i = %c0 to %n step %step {{
    %a = {load} %x[%i] : {types}
    {body.replace("T", lanes)}
    {store} %r, %y[%i] : {types}
  }}
  return
}}
"""


def op(name):
    return lambda splat: f"%r = math.{name} %a : T"


def power(exponent):
    return lambda splat: f"%e = {splat(float(exponent))}\n%r = math.powf %a, %e : T"


def sigmoid(splat):
    return f"""%one = {splat("1.0")}
    %m = arith.negf %a : T
    %e = math.exp %m : T
    %s = arith.addf %e, %one : T
    %r = arith.divf %one, %s : T"""


def sum_with_exp(splat):
    return f"%c = {splat(TINY)}\n%e = math.exp %a : T\n%r = arith.addf %e, %c : T"


def of_product(name):
    return lambda splat: f"%c = {splat(FACTOR)}\n%p = arith.mulf %a, %c : T\n%r = math.{name} %p : T"


TINY, FACTOR = 2.0**-124, 1.125
POSITIVE = np.concatenate([np.linspace(2**-8, 4, 1 << 16), 1 + rng.normal(0, 1e-3, 1 << 16)])
AROUND_ZERO = np.concatenate([rng.uniform(-1.5, 1.5, 1 << 16), rng.normal(0, 8, 1 << 16)])
LONG = np.concatenate([rng.uniform(-110, 100, 1 << 17), rng.uniform(-152, 130, 1 << 16)])
ANGLES = np.concatenate([rng.uniform(-2**20, 2**20, 1 << 17), rng.uniform(-7, 7, 1 << 16),
                         np.arange(-2**17, 2**17) * (math.pi / 2)])
erf = np.vectorize(math.erf, otypes=[float])


def c_power(x, exponent):
    """x^exponent as C has it; numpy takes the square root of -infinity."""
    return np.where(x == -inf, inf if exponent > 0 else 0.0, np.power(x, exponent))


class Function:
    """What is computed, the same on f64, the greatest error in ulp, arguments beside random ones, exact values."""

    def __init__(self, body, reference, limit, dense, *exact):
        self.body, self.reference, self.limit, self.dense, self.exact = body, reference, limit, dense, exact


ZEROS = (0.0, 0.0), (-0.0, -0.0)
FUNCTIONS = {
    "exp": Function(op("exp"), np.exp, 2.5, LONG, (inf, inf), (-inf, 0.0), (0.0, 1.0), (89.0, inf), (-104.0, 0.0)),
    "exp2": Function(op("exp2"), np.exp2, 2.5, LONG, (inf, inf), (-inf, 0.0), (-0.0, 1.0), (127.0, 2.0**127),
                     (128.0, inf), (-149.0, 2.0**-149), (-151.0, 0.0)),
    "expm1": Function(op("expm1"), np.expm1, 2.5, np.concatenate([LONG, AROUND_ZERO]), *ZEROS, (inf, inf), (-inf, -1.0),
                      (1e-45, 1e-45), (-1e-45, -1e-45), (89.0, inf)),
    "log": Function(op("log"), np.log, 2.5, POSITIVE, (inf, inf), (0.0, -inf), (-0.0, -inf), (-1.0, nan), (-inf, nan),
                    (1.0, 0.0)),
    "log2": Function(op("log2"), np.log2, 2.5, POSITIVE, (inf, inf), (0.0, -inf), (-0.0, -inf), (-1e-45, nan),
                     (-inf, nan), (1.0, 0.0), (1e-45, -149.0), (2.0**127, 127.0)),
    "log1p": Function(op("log1p"), np.log1p, 2.5, np.concatenate([POSITIVE, AROUND_ZERO]), *ZEROS, (inf, inf),
                      (-1.0, -inf), (-1.0000001, nan), (-inf, nan), (-1e-45, -1e-45)),
    "tanh": Function(op("tanh"), np.tanh, 3, AROUND_ZERO, *ZEROS, (inf, 1.0), (-inf, -1.0), (-1e-45, -1e-45)),
    "erf": Function(op("erf"), erf, 2.5, AROUND_ZERO, *ZEROS, (inf, 1.0), (-inf, -1.0), (4.0, 1.0)),
    "sin": Function(op("sin"), np.sin, 1.5, ANGLES, *ZEROS, (inf, nan), (-inf, nan), (-1e-45, -1e-45)),
    "cos": Function(op("cos"), np.cos, 1.5, ANGLES, (inf, nan), (-inf, nan), (0.0, 1.0), (-0.0, 1.0)),
    "rsqrt": Function(op("rsqrt"), lambda x: 1 / np.sqrt(x), 1.5, POSITIVE, (inf, 0.0), (0.0, inf), (-0.0, -inf),
                      (-1.0, nan)),
    "sqrt_power": Function(power(0.5), lambda x: c_power(x, 0.5), 0.5, POSITIVE, (-0.0, 0.0), (inf, inf), (-inf, inf),
                           (-1.0, nan)),
    "rsqrt_power": Function(power(-0.5), lambda x: c_power(x, -0.5), 1.5, POSITIVE, (-0.0, inf), (inf, 0.0),
                            (-inf, 0.0)),
    "cube": Function(power(3), lambda x: x**3, 2.5, AROUND_ZERO, (-inf, -inf), (-0.0, -0.0), (-2.0, -8.0)),
    "fourth": Function(power(4), lambda x: x**4, 2.5, AROUND_ZERO, (-inf, inf), (-0.0, 0.0), (-2.0, 16.0)),
    "inverse_square": Function(power(-2), lambda x: x**-2.0, 2.5, AROUND_ZERO, (-inf, 0.0), (-0.0, inf), (-2.0, 0.25)),
    "zeroth": Function(power(0), lambda x: x**0.0, 0, AROUND_ZERO, (nan, 1.0), (inf, 1.0)),
    "sigmoid": Function(sigmoid, lambda x: 1 / (1 + np.exp(-x).astype(f32).astype(float)), 2.5, AROUND_ZERO, (inf, 1.0),
                        (-inf, 0.0), (0.0, 0.5)),
}


CONTRACTIBLE = {"sum_with_exp": sum_with_exp, "exp2_of_product": of_product("exp2"),
                "log1p_of_product": of_product("log1p")}


def ulps(got, want):
    """|got - want| in units of the last place of f32 at `want`; infinity counts as 2^128."""
    finite = lambda v: np.where(np.isinf(v), np.copysign(2.0**128, v), v)
    want = finite(np.clip(want, -2.0**128, 2.0**128))
    exponent = np.frexp(want)[1]
    return np.abs(finite(got.astype(np.float64)) - want) / np.ldexp(1.0, np.maximum(exponent - 24, -149))


def same(a, b):
    return (a.view(np.uint32) == b.view(np.uint32)) | (np.isnan(a) & np.isnan(b))


def arguments(dense, exact):
    """Special values, random bit patterns, which cover all exponents, and dense values."""
    special = f32([value for value, _ in exact] + [nan, -nan])
    patterns = rng.integers(0, 2**32, 1 << 19, dtype=np.uint32).view(f32)
    return np.concatenate([np.resize(special, 1 << 10), patterns, dense.astype(f32)])


class Machine:
    def __init__(self, bits, widths):
        bodies = {name: f.body for name, f in FUNCTIONS.items()} | CONTRACTIBLE
        text = "".join(memref_function(name, w, body) for name, body in bodies.items() for w in widths)
        self.code = native.Code(text, bits, passes="strand-expand-math", flags=["-fno-vectorize", "-fno-slp-vectorize"])
        self.bits, self.widths = bits, widths

    def results(self, name, x):
        """(what, values, how many of them fill whole vectors) for each width."""
        for width in self.widths:
            y = np.zeros_like(x)
            count = x.size // width * width
            self.code(f"{name}_{width}", x[:count], y[:count])
            yield f"{width} lanes of {self.bits} bits", y, count


def failures_of(name, machines):
    function = FUNCTIONS[name]
    x = arguments(function.dense, function.exact)
    with np.errstate(all="ignore"):
        want = function.reference(x.astype(np.float64))
    (_, first, _), *others = [r for m in machines for r in m.results(name, x)]
    for what, y, count in others:
        for at in np.flatnonzero(~same(y[:count], first[:count]))[:1]:
            yield f"{name}({x[at]!r}) = {y[at]!r} in {what}, {first[at]!r} in a scalar"
    for value, result in function.exact:
        at = np.flatnonzero(same(x, np.full_like(x, value)))[0]
        if not same(first[at:at + 1], f32([result]))[0]:
            yield f"{name}({value}) = {first[at]!r}, not {result}"
    if name in ("sin", "cos"):
        far = np.isfinite(x) & (np.abs(x) > 2.0**50)
        if not np.all(np.abs(first[far]) <= 1):
            yield f"{name}: beyond 1 for a large angle"
        x, first, want = x[~far], first[~far], want[~far]
    missing = np.isnan(want) != np.isnan(first)
    for at in np.flatnonzero(missing)[:1]:
        yield f"{name}({x[at]!r}) = {first[at]!r}, not {want[at]!r}"
    error = ulps(first, want)[~np.isnan(want) & ~missing]
    worst = np.max(error)
    print(f"{name}: {worst:.3f} ulp")
    if worst > function.limit:
        yield f"{name}({x[~np.isnan(want) & ~missing][np.argmax(error)]!r}): {worst:.3f} ulp, at most {function.limit}"


def contraction(machines):
    """A product is rounded before it is an argument, and the product at the end of exp before it is added to."""
    x = np.concatenate([rng.uniform(-103, -86, 1 << 14), rng.uniform(-0.8, 2, 1 << 14)]).astype(f32)
    for machine in machines:
        def equal(got, plain, argument, after):
            for (what, y, count), (_, want, _) in zip(machine.results(got, x), machine.results(plain, argument)):
                if not np.all(same(y, after(want))[:count]):
                    yield f"{got} is contracted in {what}"
        yield from equal("sum_with_exp", "exp", x, lambda e: e + f32(TINY))
        for name in ("exp2", "log1p"):
            yield from equal(f"{name}_of_product", name, x * f32(FACTOR), lambda y: y)


def main():
    machines = [Machine(256, [1, 3, 8])]
    if native.runs_512():
        machines.append(Machine(512, [1, 5, 16]))
    failures = [line for name in FUNCTIONS for line in failures_of(name, machines)] + list(contraction(machines))
    for line in failures:
        print("FAILED", line)
    print(f"{len(FUNCTIONS)} functions, {len(failures)} failures")


if __name__ == "__main__":
    main()
