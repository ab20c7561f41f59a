"""Arrays of torch and jax in and out, where they are; a library that is missing is skipped, and said.

    arrays.py LIBRARY
"""
import importlib
import sys

import numpy as np
import strand

name = sys.argv[1]
try:
    library = importlib.import_module("jax.numpy" if name == "jax" else name)
except ImportError:
    print(f"{name} is not installed: skipped")
    sys.exit()


@strand.recurrence
def ema(h: strand.carry("d"), x: strand.row("d"), a: strand.row("d")):
    h = a * h + (1 - a) * x
    return h, h


def refused(part, what):
    try:
        what()
    except strand.ArgumentError as e:
        assert part in str(e), e
    else:
        raise AssertionError(f"not refused: {part}")


rng = np.random.default_rng(0)
x, a = rng.uniform(size=(2, 60, 8)).astype(np.float32)
want = ema(x, a, offsets=[0, 10, 60])
of = {"torch": lambda v: library.from_numpy(v), "jax": library.asarray, "numpy": library.asarray}[name]
y = ema(of(x), of(a), offsets=of(np.array([0, 10, 60], np.int32)))
assert type(y) is type(of(x)), type(y)
assert (np.asarray(y) == want).all()
state = ema.state(of(x), of(a))
cut = [np.asarray(ema(of(x[i:j]), of(a[i:j]), state=state)) for i, j in ((10, 20), (20, 60))]
assert np.allclose(np.concatenate(cut), want[10:], rtol=1e-5)
assert ema(of(x.reshape(3, 20, 8)), of(a.reshape(3, 20, 8))).shape == (3, 20, 8)
# libraries may be mixed; the first input says whose the outputs are
assert isinstance(ema(x, of(a)), np.ndarray)

TEXT = """
func.func @double(%x: tensor<?x4xTYPE>) -> tensor<?x4xTYPE> {
  %y = arith.addf %x, %x : tensor<?x4xTYPE>
  return %y : tensor<?x4xTYPE>
}
func.func @flip(%m: tensor<?xi1>) -> tensor<?xi1> {
  %t = arith.constant true
  %n = arith.constant 0 : index
  %d = tensor.dim %m, %n : tensor<?xi1>
  %s = tensor.splat %t[%d] : tensor<?xi1>
  %y = arith.xori %m, %s : tensor<?xi1>
  return %y : tensor<?xi1>
}
"""
if name == "torch":
    out = library.empty(60, 8)
    assert ema(of(x), of(a), offsets=[0, 10, 60], out=out) is out and (out.numpy() == want).all()
    refused("grad", lambda: ema(of(x).requires_grad_(), of(a)))
    refused("strides", lambda: ema(of(x), of(a.T.copy()).T))
    half = strand.load(TEXT.replace("TYPE", "bf16"), function="double")
    z = half(library.arange(8, dtype=library.bfloat16).reshape(2, 4))
    assert z.dtype == library.bfloat16 and z.tolist() == [[0, 2, 4, 6], [8, 10, 12, 14]], z
    bits = strand.load(TEXT.replace("TYPE", "f32"), function="flip")
    assert bits(library.tensor([True, False, True])).tolist() == [False, True, False]
    if library.cuda.is_available():
        refused("is on cuda", lambda: ema(of(x).cuda(), of(a).cuda()))
if name == "numpy":
    odd = np.zeros(4 * 60 * 8 + 1, np.uint8)[1:].view(np.float32).reshape(60, 8)  # at any address
    odd[:] = x
    assert (ema(odd, a, offsets=[0, 10, 60]) == want).all()
    x.flags.writeable = False
    assert (ema(x, a, offsets=[0, 10, 60]) == want).all()
    refused("share memory", lambda: ema(a, a, out=a))
    shifted = np.zeros((61, 8), np.float32)
    refused("share memory", lambda: ema(x, shifted[:60], out=shifted[1:]))
    refused("f64; f32 is needed", lambda: ema(x.astype(np.float64), a))
    refused("cannot be passed", lambda: ema(x.astype(">f4"), a))
    bits = strand.load(TEXT.replace("TYPE", "f32"), function="flip")
    assert bits(np.array([True, False])).tolist() == [False, True]
    half = strand.load(TEXT.replace("TYPE", "f16"), function="double")
    assert half(np.ones((1, 4), np.float16)).tolist() == [[2, 2, 2, 2]]
print(name, "right")
