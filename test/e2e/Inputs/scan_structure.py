"""strand.scan whose step is an instance of another op, or of several: all forms against the step in f64.

    scan_structure.py CASE
"""
import sys

import numpy as np

from op_forms import Case

sigmoid = lambda x: 1 / (1 + np.exp(-x))
softplus = lambda x: np.log1p(np.exp(x))
small = lambda rng, shape: rng.standard_normal(shape) / np.sqrt(shape[-1])


def outer(name, left, m, right, n):
    return f"""%{name}_e = tensor.empty() : tensor<{m}x{n}xf32>
        %{name} = linalg.generic {{
            indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
            iterator_types = ["parallel", "parallel"]}}
            ins({left}, {right} : tensor<{m}xf32>, tensor<{n}xf32>) outs(%{name}_e : tensor<{m}x{n}xf32>) {{
        ^bb0(%{name}_l: f32, %{name}_r: f32, %{name}_o: f32):
          %{name}_p = arith.mulf %{name}_l, %{name}_r : f32
          linalg.yield %{name}_p : f32
        }} -> tensor<{m}x{n}xf32>"""


def spread(name, value, source, dims, over):
    """`value` repeated over the dimensions `over` of `dims`."""
    shape = "x".join(map(str, dims)) + "xf32"
    return f"""%{name}_e = tensor.empty() : tensor<{shape}>
        %{name} = linalg.broadcast ins({value} : {source}) outs(%{name}_e : tensor<{shape}>) dimensions = {over}"""


def mingru():
    """h' = (1 - z) h + z c with z and c products of the row and weights, written in the region."""
    case = Case(rows={"x": (48,)}, fixed={"wz": (32, 48), "wc": (32, 48)}, result=(32,),
                values={"wz": small, "wc": small}, text="""
      %y = strand.scan rows(%xt = %x : tensor<?x48xf32>)
           with(%z_w = %wz : tensor<32x48xf32>, %c_w = %wc : tensor<32x48xf32>)
           carry(%h : tensor<32xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x32xf32> {
        %zero = arith.constant dense<0.0> : tensor<32xf32>
        %one = arith.constant dense<1.0> : tensor<32xf32>
        %p = linalg.matvec ins(%z_w, %xt : tensor<32x48xf32>, tensor<48xf32>)
             outs(%zero : tensor<32xf32>) -> tensor<32xf32>
        %n = arith.negf %p : tensor<32xf32>
        %e = math.exp %n : tensor<32xf32>
        %d = arith.addf %one, %e : tensor<32xf32>
        %z = arith.divf %one, %d : tensor<32xf32>
        %c = linalg.matvec ins(%c_w, %xt : tensor<32x48xf32>, tensor<48xf32>)
             outs(%zero : tensor<32xf32>) -> tensor<32xf32>
        %r = arith.subf %c, %h : tensor<32xf32>
        %m = arith.mulf %z, %r : tensor<32xf32>
        %next = arith.addf %h, %m : tensor<32xf32>
        %y = math.tanh %next : tensor<32xf32>
        strand.yield %y : tensor<32xf32> next %next : tensor<32xf32>
      }""")

    def step(x, w, state):
        z, h = sigmoid(w["wz"] @ x["x"]), state.get("h", np.zeros(32))
        state["h"] = (1 - z) * h + z * (w["wc"] @ x["x"])
        return np.tanh(state["h"])
    case.check(step)


def mamba():
    """The decay is wider than a row: it goes over as its factors."""
    case = Case(rows={"x": (64,), "dt": (64,), "B": (8,), "C": (8,)},
                fixed={"A": (64, 8), "D": (64,)}, result=(64,), text=f"""
      %y = strand.scan rows(%xt = %x : tensor<?x64xf32>, %dtt = %dt : tensor<?x64xf32>, %Bt = %B : tensor<?x8xf32>,
                            %Ct = %C : tensor<?x8xf32>)
           with(%Aw = %A : tensor<64x8xf32>, %Dw = %D : tensor<64xf32>) carry(%h : tensor<64x8xf32>)
           offsets %offsets : tensor<?xi32> -> tensor<?x64xf32> {{
        %u = math.exp %dtt : tensor<64xf32>
        %delta = math.log1p %u : tensor<64xf32>
        %v = math.exp %Aw : tensor<64x8xf32>
        %minus = arith.negf %v : tensor<64x8xf32>
        {spread("db", "%delta", "tensor<64xf32>", (64, 8), [1])}
        %g = arith.mulf %db, %minus : tensor<64x8xf32>
        %a = math.exp %g : tensor<64x8xf32>
        %ah = arith.mulf %a, %h : tensor<64x8xf32>
        %dx = arith.mulf %delta, %xt : tensor<64xf32>
        {outer("bx", "%dx", 64, "%Bt", 8)}
        %next = arith.addf %ah, %bx : tensor<64x8xf32>
        %zero = arith.constant dense<0.0> : tensor<64xf32>
        %r = linalg.matvec ins(%next, %Ct : tensor<64x8xf32>, tensor<8xf32>)
             outs(%zero : tensor<64xf32>) -> tensor<64xf32>
        %skip = arith.mulf %Dw, %xt : tensor<64xf32>
        %y = arith.addf %r, %skip : tensor<64xf32>
        strand.yield %y : tensor<64xf32> next %next : tensor<64x8xf32>
      }}""")

    def step(x, w, state):
        d = softplus(x["dt"])
        state["h"] = np.exp(-d[:, None] * np.exp(w["A"])) * state.get("h", 0) + np.outer(d * x["x"], x["B"])
        return state["h"] @ x["C"] + w["D"] * x["x"]
    case.check(step)


def matrix_state(decay, read, step, rows, fixed=None):
    """A state of 16 x 24 to which k v^T is added; `decay` makes %aS, `read` makes %y from %S1."""
    with_ = "with(%ut = %u : tensor<16xf32>)" if fixed else ""
    shape = lambda s: "".join(f"{d}x" for d in s)
    more = "".join(f", %{n}t = %{n} : tensor<?x{shape(s)}f32>" for n, s in rows.items())
    case = Case(rows={"q": (16,), "k": (16,), "v": (24,), **rows}, fixed=fixed, result=(24,), text=f"""
      %y = strand.scan rows(%qt = %q : tensor<?x16xf32>, %kt = %k : tensor<?x16xf32>,
                            %vt = %v : tensor<?x24xf32>{more}) {with_}
           carry(%S : tensor<16x24xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x24xf32> {{
        %zero = arith.constant dense<0.0> : tensor<24xf32>
        {outer("kv", "%kt", 16, "%vt", 24)}
        {decay}
        %S1 = arith.addf %aS, %kv : tensor<16x24xf32>
        {read}
        strand.yield %y : tensor<24xf32> next %S1 : tensor<16x24xf32>
      }}""")
    case.check(step)


READ = ("%y = linalg.vecmat ins(%qt, %S1 : tensor<16xf32>, tensor<16x24xf32>) "
        "outs(%zero : tensor<24xf32>) -> tensor<24xf32>")
SIGMOID = """%gn = arith.negf %gt : tensor<16xf32>
        %ge = math.exp %gn : tensor<16xf32>
        %one = arith.constant dense<1.0> : tensor<16xf32>
        %gd = arith.addf %one, %ge : tensor<16xf32>
        %ga = arith.divf %one, %gd : tensor<16xf32>
        """ + spread("gb", "%ga", "tensor<16xf32>", (16, 24), [1]) + """
        %aS = arith.mulf %gb, %S : tensor<16x24xf32>"""


def gated():
    """A logistic function as decay, a number for each key."""
    def step(x, w, state):
        state["S"] = sigmoid(x["g"])[:, None] * state.get("S", 0) + np.outer(x["k"], x["v"])
        return x["q"] @ state["S"]
    matrix_state(SIGMOID, READ, step, rows={"g": (16,)})


def bonus():
    """Read before the row is written, its own token with a weight."""
    read = spread("ub", "%ut", "tensor<16xf32>", (16, 24), [1]) + """
        %ukv = arith.mulf %ub, %kv : tensor<16x24xf32>
        %T = arith.addf %S, %ukv : tensor<16x24xf32>
        %y = linalg.vecmat ins(%qt, %T : tensor<16xf32>, tensor<16x24xf32>)
             outs(%zero : tensor<24xf32>) -> tensor<24xf32>"""

    def step(x, w, state):
        S = state.get("S", np.zeros((16, 24)))
        kv = np.outer(x["k"], x["v"])
        state["S"] = sigmoid(x["g"])[:, None] * S + kv
        return x["q"] @ (S + w["u"][:, None] * kv)
    matrix_state(SIGMOID, read, step, rows={"g": (16,)}, fixed={"u": (16,)})


def mlstm():
    """A running maximum that stays a scan, then a matrix and its normaliser that are given its rows."""
    case = Case(rows={"q": (16,), "k": (16,), "v": (24,), "f": (), "i": ()}, result=(24,),
                values={"f": lambda r, s: -np.abs(r.standard_normal(s))}, text=f"""
      %y = strand.scan rows(%qt = %q : tensor<?x16xf32>, %kt = %k : tensor<?x16xf32>, %vt = %v : tensor<?x24xf32>,
                            %ft = %f : tensor<?xf32>, %it = %i : tensor<?xf32>)
           carry(%S : tensor<16x24xf32>, %n : tensor<16xf32>, %m : tensor<f32> = -20.0) offsets %offsets : tensor<?xi32>
           -> tensor<?x24xf32> {{
        %fm = arith.addf %ft, %m : tensor<f32>
        %m1 = arith.maximumf %fm, %it : tensor<f32>
        %fd = arith.subf %fm, %m1 : tensor<f32>
        %fe = math.exp %fd : tensor<f32>
        %id = arith.subf %it, %m1 : tensor<f32>
        %ie = math.exp %id : tensor<f32>
        {outer("kv", "%kt", 16, "%vt", 24)}
        {spread("fb", "%fe", "tensor<f32>", (16, 24), [0, 1])}
        {spread("ib", "%ie", "tensor<f32>", (16, 24), [0, 1])}
        %ikv = arith.mulf %ib, %kv : tensor<16x24xf32>
        %fS = arith.mulf %fb, %S : tensor<16x24xf32>
        %S1 = arith.addf %fS, %ikv : tensor<16x24xf32>
        {spread("fz", "%fe", "tensor<f32>", (16,), [0])}
        {spread("iz", "%ie", "tensor<f32>", (16,), [0])}
        %fn = arith.mulf %fz, %n : tensor<16xf32>
        %in = arith.mulf %iz, %kt : tensor<16xf32>
        %n1 = arith.addf %fn, %in : tensor<16xf32>
        %zero = arith.constant dense<0.0> : tensor<24xf32>
        {READ.replace("%y", "%r")}
        %zero0 = arith.constant dense<0.0> : tensor<f32>
        %w = linalg.dot ins(%qt, %n1 : tensor<16xf32>, tensor<16xf32>) outs(%zero0 : tensor<f32>) -> tensor<f32>
        %wa = math.absf %w : tensor<f32>
        %mn = arith.negf %m1 : tensor<f32>
        %me = math.exp %mn : tensor<f32>
        %wm = arith.maximumf %wa, %me : tensor<f32>
        {spread("wb", "%wm", "tensor<f32>", (24,), [0])}
        %y = arith.divf %r, %wb : tensor<24xf32>
        strand.yield %y : tensor<24xf32> next %S1, %n1, %m1 : tensor<16x24xf32>, tensor<16xf32>, tensor<f32>
      }}""")

    def step(x, w, state):
        m = state.get("m", -20.0)
        m1 = max(x["f"] + m, x["i"])
        f, i = np.exp(x["f"] + m - m1), np.exp(x["i"] - m1)
        state["S"] = f * state.get("S", 0) + i * np.outer(x["k"], x["v"])
        state["n"] = f * state.get("n", 0) + i * x["k"]
        state["m"] = m1
        return x["q"] @ state["S"] / max(abs(x["q"] @ state["n"]), np.exp(-m1))
    case.check(step)


def normalized():
    """S and the sum of its keys as one op."""
    read = READ.replace("%y", "%r") + """
        %zero0 = arith.constant dense<0.0> : tensor<f32>
        %w = linalg.dot ins(%qt, %n1 : tensor<16xf32>, tensor<16xf32>) outs(%zero0 : tensor<f32>) -> tensor<f32>
        """ + spread("wb", "%w", "tensor<f32>", (24,), [0]) + """
        %y = arith.divf %r, %wb : tensor<24xf32>"""
    case = Case(rows={"q": (16,), "k": (16,), "v": (24,)}, result=(24,),
                values={"q": lambda r, s: r.random(s) + 0.1, "k": lambda r, s: r.random(s)}, text=f"""
      %y = strand.scan rows(%qt = %q : tensor<?x16xf32>, %kp = %k : tensor<?x16xf32>, %vt = %v : tensor<?x24xf32>)
           carry(%n : tensor<16xf32>, %S : tensor<16x24xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x24xf32> {{
        %zero = arith.constant dense<0.0> : tensor<24xf32>
        {outer("kv", "%kp", 16, "%vt", 24)}
        %S1 = arith.addf %S, %kv : tensor<16x24xf32>
        %n1 = arith.addf %n, %kp : tensor<16xf32>
        {read}
        strand.yield %y : tensor<24xf32> next %n1, %S1 : tensor<16xf32>, tensor<16x24xf32>
      }}""")

    def step(x, w, state):
        state["S"] = state.get("S", 0) + np.outer(x["k"], x["v"])
        state["n"] = state.get("n", 0) + x["k"]
        return x["q"] @ state["S"] / (x["q"] @ state["n"])
    case.check(step)


def kalman():
    """A variance that is not affine, then a mean that is a recurrence of its rows."""
    case = Case(rows={"x": (16,), "r": (16,)}, result=(16,), text="""
      %y = strand.scan rows(%xt = %x : tensor<?x16xf32>, %rt = %r : tensor<?x16xf32>)
           carry(%p : tensor<16xf32> = 1.0, %m : tensor<16xf32>)
           offsets %offsets : tensor<?xi32> -> tensor<?x16xf32> {
        %q = arith.constant dense<0.1> : tensor<16xf32>
        %one = arith.constant dense<1.0> : tensor<16xf32>
        %rr = arith.mulf %rt, %rt : tensor<16xf32>
        %noise = arith.addf %rr, %q : tensor<16xf32>
        %prior = arith.addf %p, %q : tensor<16xf32>
        %sum = arith.addf %prior, %noise : tensor<16xf32>
        %gain = arith.divf %prior, %sum : tensor<16xf32>
        %rest = arith.subf %one, %gain : tensor<16xf32>
        %p1 = arith.mulf %rest, %prior : tensor<16xf32>
        %error = arith.subf %xt, %m : tensor<16xf32>
        %change = arith.mulf %gain, %error : tensor<16xf32>
        %m1 = arith.addf %m, %change : tensor<16xf32>
        strand.yield %m1 : tensor<16xf32> next %p1, %m1 : tensor<16xf32>, tensor<16xf32>
      }""")

    def step(x, w, state):
        prior = state.get("p", 1) + np.float32(0.1)
        gain = prior / (prior + x["r"] ** 2 + np.float32(0.1))
        state["p"], state["m"] = (1 - gain) * prior, state.get("m", 0) + gain * (x["x"] - state.get("m", 0))
        return state["m"]
    case.check(step)


def before():
    """The output reads the carried value before the step, which is the row before of a recurrence."""
    case = Case(rows={"x": (16,), "a": (16,)}, result=(16,), text="""
      %y = strand.scan rows(%xt = %x : tensor<?x16xf32>, %at = %a : tensor<?x16xf32>) carry(%h : tensor<16xf32>)
           offsets %offsets : tensor<?xi32> -> tensor<?x16xf32> {
        %g = math.tanh %at : tensor<16xf32>
        %gh = arith.mulf %g, %h : tensor<16xf32>
        %next = arith.addf %gh, %xt : tensor<16xf32>
        %y = arith.mulf %h, %at : tensor<16xf32>
        strand.yield %y : tensor<16xf32> next %next : tensor<16xf32>
      }""")

    def step(x, w, state):
        h = state.get("h", np.zeros(16))
        state["h"] = np.tanh(x["a"]) * h + x["x"]
        return h * x["a"]
    case.check(step)


globals()[sys.argv[1]]()
print(sys.argv[1], "right")
