"""strand.scan whose step is not linear in what it carries: all forms against the step in f64.

    scan.py CASE
"""
import sys

import numpy as np

from op_forms import Case

sigmoid = lambda x: 1 / (1 + np.exp(-x))
small = lambda rng, shape: rng.standard_normal(shape) / np.sqrt(shape[0])


def rnn():
    case = Case(rows={"x": (48,)}, fixed={"u": (48, 48)}, result=(48,), values={"u": small}, text="""
      %y = strand.scan rows(%xt = %x : tensor<?x48xf32>) with(%ut = %u : tensor<48x48xf32>)
           carry(%h : tensor<48xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x48xf32> {
        %0 = linalg.vecmat ins(%h, %ut : tensor<48xf32>, tensor<48x48xf32>) outs(%xt : tensor<48xf32>) -> tensor<48xf32>
        %1 = math.tanh %0 : tensor<48xf32>
        strand.yield %1 : tensor<48xf32> next %1 : tensor<48xf32>
      }""")

    def step(x, w, state):
        state["h"] = np.tanh(x["x"] + state.get("h", np.zeros(48)) @ w["u"])
        return state["h"]
    case.check(step)


def lstm():
    gate = lambda name, i: f"""
        %u{name} = tensor.extract_slice %ut[0, {32 * i}] [32, 32] [1, 1] : tensor<32x128xf32> to tensor<32x32xf32>
        %x{name} = tensor.extract_slice %xt[{32 * i}] [32] [1] : tensor<128xf32> to tensor<32xf32>
        %s{name} = linalg.vecmat ins(%h, %u{name} : tensor<32xf32>, tensor<32x32xf32>)
             outs(%x{name} : tensor<32xf32>) -> tensor<32xf32>
        %{name} = math.tanh %s{name} : tensor<32xf32>"""
    case = Case(rows={"x": (128,)}, fixed={"u": (32, 128)}, result=(32,), values={"u": small}, text=f"""
      %y = strand.scan rows(%xt = %x : tensor<?x128xf32>) with(%ut = %u : tensor<32x128xf32>)
           carry(%h : tensor<32xf32>, %c : tensor<32xf32> = 0.5) offsets %offsets : tensor<?xi32> -> tensor<?x32xf32> {{
        {"".join(gate(n, i) for i, n in enumerate("ifgo"))}
        %fc = arith.mulf %f, %c : tensor<32xf32>
        %ig = arith.mulf %i, %g : tensor<32xf32>
        %c1 = arith.addf %fc, %ig : tensor<32xf32>
        %tc = math.tanh %c1 : tensor<32xf32>
        %h1 = arith.mulf %o, %tc : tensor<32xf32>
        strand.yield %h1 : tensor<32xf32> next %h1, %c1 : tensor<32xf32>, tensor<32xf32>
      }}""")

    def step(x, w, state):
        i, f, g, o = np.split(np.tanh(x["x"] + state.get("h", np.zeros(32)) @ w["u"]), 4)
        state["c"] = f * state.get("c", 0.5) + i * g
        state["h"] = o * np.tanh(state["c"])
        return state["h"]
    case.check(step)


def coupled():
    """Each next value reads the other's old one; the output reads both old and new."""
    case = Case(rows={"x": (16,)}, result=(16,), text="""
      %y = strand.scan rows(%xt = %x : tensor<?x16xf32>) carry(%p : tensor<16xf32> = 1.0, %q : tensor<16xf32>)
           offsets %offsets : tensor<?xi32> -> tensor<?x16xf32> {
        %a = arith.subf %xt, %q : tensor<16xf32>
        %p1 = math.tanh %a : tensor<16xf32>
        %b = arith.addf %p, %q : tensor<16xf32>
        %q1 = math.tanh %b : tensor<16xf32>
        %c = arith.mulf %p1, %p : tensor<16xf32>
        %d = arith.addf %c, %q1 : tensor<16xf32>
        strand.yield %d : tensor<16xf32> next %p1, %q1 : tensor<16xf32>, tensor<16xf32>
      }""")

    def step(x, w, state):
        p, q = state.get("p", np.ones(16)), state.get("q", np.zeros(16))
        state["p"], state["q"] = np.tanh(x["x"] - q), np.tanh(p + q)
        return state["p"] * p + state["q"]
    case.check(step)


def exchange():
    """Carried values that take each other's places, and one that is a row of the input."""
    case = Case(rows={"x": (16,)}, result=(16,), text="""
      %y = strand.scan rows(%xt = %x : tensor<?x16xf32>)
           carry(%p : tensor<16xf32> = 1.0, %q : tensor<16xf32> = 2.0, %r : tensor<16xf32>)
           offsets %offsets : tensor<?xi32> -> tensor<?x16xf32> {
        %a = arith.mulf %p, %r : tensor<16xf32>
        %b = math.absf %a : tensor<16xf32>
        strand.yield %b : tensor<16xf32> next %q, %p, %xt : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>
      }""")

    def step(x, w, state):
        p, q, r = state.get("pqr", (1, 2, np.zeros(16)))
        state["pqr"] = q, p, x["x"]
        return np.abs(p * r)
    case.check(step)


def reshuffled():
    """A carried value that takes a slice of another, and one of its own turned round by half."""
    case = Case(rows={"x": (16,)}, result=(16,), text="""
      %y = strand.scan rows(%xt = %x : tensor<?x16xf32>) carry(%p : tensor<16xf32>, %q : tensor<8xf32> = 2.0)
           offsets %offsets : tensor<?xi32> -> tensor<?x16xf32> {
        %lo = tensor.extract_slice %p[0] [8] [1] : tensor<16xf32> to tensor<8xf32>
        %hi = tensor.extract_slice %p[8] [8] [1] : tensor<16xf32> to tensor<8xf32>
        %0 = tensor.insert_slice %hi into %xt[0] [8] [1] : tensor<8xf32> into tensor<16xf32>
        %1 = tensor.insert_slice %q into %0[8] [8] [1] : tensor<8xf32> into tensor<16xf32>
        %2 = math.sin %1 : tensor<16xf32>
        %3 = arith.addf %2, %xt : tensor<16xf32>
        strand.yield %2 : tensor<16xf32> next %3, %lo : tensor<16xf32>, tensor<8xf32>
      }""")

    def step(x, w, state):
        p, q = state.get("pq", (np.zeros(16), np.full(8, 2)))
        y = np.sin(np.concatenate([p[8:], q]))
        state["pq"] = y + x["x"], p[:8]
        return y
    case.check(step)


def shared():
    """One product is the output and the next value of two; another is accumulated on a carried value, but is the next
    value of a third."""
    case = Case(rows={"x": (16,)}, fixed={"u": (16, 16)}, result=(16,), values={"u": small}, text="""
      %y = strand.scan rows(%xt = %x : tensor<?x16xf32>) with(%ut = %u : tensor<16x16xf32>)
           carry(%p : tensor<16xf32>, %q : tensor<16xf32> = 1.0, %r : tensor<16xf32>)
           offsets %offsets : tensor<?xi32> -> tensor<?x16xf32> {
        %a = arith.mulf %p, %r : tensor<16xf32>
        %b = math.tanh %a : tensor<16xf32>
        %0 = linalg.vecmat ins(%b, %ut : tensor<16xf32>, tensor<16x16xf32>) outs(%xt : tensor<16xf32>) -> tensor<16xf32>
        %1 = linalg.vecmat ins(%xt, %ut : tensor<16xf32>, tensor<16x16xf32>) outs(%q : tensor<16xf32>) -> tensor<16xf32>
        strand.yield %0 : tensor<16xf32> next %0, %0, %1 : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>
      }""")

    def step(x, w, state):
        p, q, r = state.get("pqr", (np.zeros(16), np.ones(16), np.zeros(16)))
        y = x["x"] + np.tanh(p * r) @ w["u"]
        state["pqr"] = y, y, q + x["x"] @ w["u"]
        return y
    case.check(step)


def begins():
    """A carried value that begins at a tensor, and one of integers."""
    case = Case(rows={"x": (16,)}, fixed={"h0": (16,)}, result=(16,), text="""
      %y = strand.scan rows(%xt = %x : tensor<?x16xf32>) carry(%h : tensor<16xf32> = %h0, %n : tensor<i32> = 3)
           offsets %offsets : tensor<?xi32> -> tensor<?x16xf32> {
        %one = arith.constant dense<1> : tensor<i32>
        %n1 = arith.addi %n, %one : tensor<i32>
        %f = arith.sitofp %n1 : tensor<i32> to tensor<f32>
        %e = tensor.empty() : tensor<16xf32>
        %b = linalg.broadcast ins(%f : tensor<f32>) outs(%e : tensor<16xf32>) dimensions = [0]
        %0 = arith.divf %xt, %b : tensor<16xf32>
        %1 = arith.addf %h, %0 : tensor<16xf32>
        %2 = math.sin %1 : tensor<16xf32>
        strand.yield %1 : tensor<16xf32> next %2, %n1 : tensor<16xf32>, tensor<i32>
      }""")

    def step(x, w, state):
        state["n"] = state.get("n", 3) + 1
        y = state.get("h", w["h0"]) + x["x"] / state["n"]
        state["h"] = np.sin(y)
        return y
    case.check(step)


def scalars():
    """Rows and carried values of one number."""
    case = Case(rows={"x": ()}, result=(), text="""
      %y = strand.scan rows(%xt = %x : tensor<?xf32>) carry(%m : tensor<f32> = 0xFF800000)
           offsets %offsets : tensor<?xi32> -> tensor<?xf32> {
        %0 = arith.maximumf %m, %xt : tensor<f32>
        strand.yield %0 : tensor<f32> next %0 : tensor<f32>
      }""")

    def step(x, w, state):
        state["m"] = np.maximum(state.get("m", -np.inf), x["x"])
        return np.array(state["m"])
    case.check(step)


globals()[sys.argv[1]]()
print(sys.argv[1], "right")
