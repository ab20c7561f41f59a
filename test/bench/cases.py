"""The cases of the peers' harness as functions over rows: MLIR text, and the order in which Strand takes each input."""


def tensor(*shape, element="f32"):
    return "tensor<" + "".join(f"{'?' if s is None else s}x" for s in shape) + element + ">"


class Function:
    """A function @f of named inputs. `order` says how `rows` and the result lie outside: B(atch), T(ime), H(eads).

    Without T it is timed for one row of each sequence, whose states begin at the input `state`. `kept`: the type of what
    states hold of rows, if they do.
    """

    def __init__(self, rows, fixed, result, body, order="BT", state=None, kept=None):
        self.rows, self.fixed, self.result, self.body, self.order, self.state = rows, fixed, result, body, order, state
        self.kept = kept

    def in_rows(self, array):
        """As the function has them: batch, then time, then the rest."""
        outside = [letter for letter in "BTH" if letter in self.order]
        return array.transpose(*map(self.order.index, outside), *range(len(self.order), array.ndim))

    def text(self):
        arguments = [f'%{n}: {tensor(None, *s)} {{bench.input = "{n}"}}' for n, s in self.rows.items()]
        arguments += [f'%{n}: {tensor(*s)} {{bench.input = "{n}"}}' for n, s in self.fixed.items()]
        return (f"func.func @f({', '.join(arguments)}, %offsets: tensor<?xi32>) -> {tensor(None, *self.result)} {{\n"
                f"{self.body}\n  return %y : {tensor(None, *self.result)}\n}}\n")


def linalg_generic(name, maps, loops, operands, init, body):
    """A linalg.generic; maps are letters a tensor, as in 'td,d->td'. `operands`: (name, type) each; `init`: of what it begins with."""
    left, right = maps.split("->")
    affine = ", ".join(f"affine_map<({', '.join(loops)}) -> ({', '.join(m)})>" for m in left.split(",") + [right])
    kinds = ", ".join('"parallel"' if loop in right else '"reduction"' for loop in loops)
    arguments = ", ".join(f"%a{i}: f32" for i in range(len(operands)))
    return f"""  %{name} = linalg.generic {{indexing_maps = [{affine}], iterator_types = [{kinds}]}}
      ins({', '.join('%' + n for n, _ in operands)} : {', '.join(t for _, t in operands)}) outs(%{init[0]} : {init[1]}) {{
  ^bb0({arguments}, %o: f32):
{body}
  }} -> {init[1]}"""


def generic(name, maps, loops, operands, types, result, body):
    """An element-wise one over rows."""
    return f"""  %{name}_0 = arith.constant 0 : index
  %{name}_n = tensor.dim %{operands[0]}, %{name}_0 : {types[0]}
  %{name}_e = tensor.empty(%{name}_n) : {result}
""" + linalg_generic(name, maps, loops, list(zip(operands, types)), (name + "_e", result), body)


def scan(B, T, D):
    r = tensor(None, D)
    return Function({"a": (D,), "b": (D,)}, {}, (D,), f"""  %y = strand.linear_recurrence decay(%a) input(%b) offsets %offsets
      {{indexing_maps = [affine_map<(t, d) -> (t, d)>, affine_map<(t, d) -> (t, d)>, affine_map<(t, d) -> (t, d)>]}}
      : ({r}, {r}, tensor<?xi32>) -> {r}""")


SOFTPLUS = """    %s = arith.addf %a0, %a1 : f32
    %zero = arith.constant 0.0 : f32
    %top = arith.maximumf %s, %zero : f32
    %abs = math.absf %s : f32
    %neg = arith.negf %abs : f32
    %exp = math.exp %neg : f32
    %log = math.log1p %exp : f32
    %r = arith.addf %top, %log : f32
    linalg.yield %r : f32"""


def mamba1(B, T, D, N):
    """dt = softplus(dt + bias); selective scan; (y + D x) silu(z). A comes as [N, D]."""
    x, bc, a, d = tensor(None, D), tensor(None, N), tensor(N, D), tensor(D)
    maps = ", ".join(f"affine_map<(t, n, d) -> ({m})>" for m in ("t, d", "n, d", "t, d", "t, d", "t, n", "t, n", "t, d"))
    body = generic("step", "td,d->td", "td", ["dt", "bias"], [x, d], x, SOFTPLUS) + f"""
  %h = strand.linear_recurrence decay(%step, %A) input(%step, %x, %B) read(%C) offsets %offsets
      {{log, indexing_maps = [{maps}]}} : ({x}, {a}, {x}, {x}, {bc}, {bc}, tensor<?xi32>) -> {x}
""" + generic("y", "td,td,td,d->td", "td", ["h", "x", "z", "D"], [x, x, x, d], x, """    %one = arith.constant 1.0 : f32
    %p = arith.mulf %a3, %a1 : f32
    %q = arith.addf %a0, %p : f32
    %neg = arith.negf %a2 : f32
    %exp = math.exp %neg : f32
    %den = arith.addf %exp, %one : f32
    %gate = arith.divf %a2, %den : f32
    %r = arith.mulf %q, %gate : f32
    linalg.yield %r : f32""")
    return Function({"x": (D,), "dt": (D,), "z": (D,), "B": (N,), "C": (N,)}, {"A": (N, D), "D": (D,), "bias": (D,)}, (D,), body)


def ssd(B, T, H, P, N):
    """dt = softplus(dt + bias); S = exp(dt A) S + B (dt x)^T; y = S^T C + D x."""
    x, h, bc, p = tensor(None, H, P), tensor(None, H), tensor(None, 1, N), tensor(H)
    body = generic("step", "th,h->th", "th", ["dt", "bias"], [h, p], h, SOFTPLUS) + "\n" + \
        generic("gate", "th,h->th", "th", ["step", "A"], [h, p], h, "    %r = arith.mulf %a0, %a1 : f32\n    linalg.yield %r : f32") + "\n" + \
        generic("v", "th,thp->thp", "thp", ["step", "x"], [h, x], x, "    %r = arith.mulf %a0, %a1 : f32\n    linalg.yield %r : f32") + f"""
  %h = strand.linear_attention %C, %B, %v gate %gate offsets %offsets
      : ({bc}, {bc}, {x}, {h}, tensor<?xi32>) -> {x}
""" + generic("y", "thp,thp,h->thp", "thp", ["h", "x", "D"], [x, x, p], x, """    %p = arith.mulf %a2, %a1 : f32
    %r = arith.addf %a0, %p : f32
    linalg.yield %r : f32""")
    return Function({"x": (H, P), "dt": (H,), "B": (1, N), "C": (1, N)}, {"A": (H,), "D": (H,), "bias": (H,)}, (H, P), body)


def linear_attention(gate):
    def make(B, T, H, D):
        q, g = tensor(None, H, D), tensor(None, *gate(H, D))
        return Function({"q": (H, D), "k": (H, D), "v": (H, D), "g": gate(H, D)}, {}, (H, D), f"""  %y = strand.linear_attention %q, %k, %v gate %g offsets %offsets
      : ({q}, {q}, {q}, {g}, tensor<?xi32>) -> {q}""", order="BHT")
    return make


def gdn(B, T, H, D):
    q, g = tensor(None, H, D), tensor(None, H)
    return Function({"q": (H, D), "k": (H, D), "v": (H, D), "beta": (H,), "g": (H,)}, {}, (H, D),
                    f"""  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets
      {{scale = {D ** -0.5} : f64}} : ({q}, {q}, {q}, {g}, {g}, tensor<?xi32>) -> {q}""")


def gdn_step(B, H, D):
    whole = gdn(B, 1, H, D)
    return Function(whole.rows, whole.fixed, whole.result, whole.body, order="BH", state="S")


def attention(window):
    def make(B, H, T, D):
        q = tensor(None, H, D)
        attribute = f", window = {window} : i64" if window else ""
        return Function({"q": (H, D), "k": (H, D), "v": (H, D)}, {}, (H, D), f"""  %y = strand.attention %q, %k, %v offsets %offsets
      {{scale = {D ** -0.5} : f64{attribute}}} : ({q}, {q}, {q}, tensor<?xi32>) -> {q}""", order="BHT")
    return make


SIGMOID = """      %n{0} = arith.negf {1} : f32
      %e{0} = math.exp %n{0} : f32
      %d{0} = arith.addf %e{0}, %one : f32
      %{0} = arith.divf %one, %d{0} : f32"""


def cell(gates, H, after, ins, carried, body):
    """A scan of p = x wi^T + bi, q = h wh^T + bh and s = p + q, with an element-wise body on gates of these.

    `after` are slices (name, of p, q or s, which gate); `ins` is what the body reads, %_name there, and `carried` the
    carried values that it makes anew, h in front.
    """
    v, n, w = tensor(H), tensor(gates * H), tensor(gates * H, H)
    part = lambda name, of, i: (f"    %{name} = tensor.extract_slice %{of}[{i * H}] [{H}] [1] : {n} to {v}\n")
    identity = ", ".join(["affine_map<(i) -> (i)>"] * (len(ins) + len(carried)))
    results = ", ".join([v] * len(carried))
    return f"""  %y = strand.scan rows(%xt = %x : {tensor(None, H)}) with(%u = %wi : {w}, %w = %wh : {w}, %b = %bi : {n}, %d = %bh : {n})
       carry({', '.join(f'%{c} : {v}' for c in carried)}) offsets %offsets : tensor<?xi32> -> {tensor(None, H)} {{
    %zero = arith.constant dense<0.0> : {n}
    %p0 = linalg.matvec ins(%u, %xt : {w}, {v}) outs(%zero : {n}) -> {n}
    %p = arith.addf %p0, %b : {n}
    %q0 = linalg.matvec ins(%w, %h : {w}, {v}) outs(%zero : {n}) -> {n}
    %q = arith.addf %q0, %d : {n}
    %s = arith.addf %p, %q : {n}
{''.join(part(*p) for p in after)}    %none = tensor.empty() : {v}
    %r:{len(carried)} = linalg.generic {{indexing_maps = [{identity}], iterator_types = ["parallel"]}}
        ins({', '.join('%' + i for i in ins)} : {', '.join([v] * len(ins))}) outs({', '.join(['%none'] * len(carried))} : {results}) {{
    ^bb0({', '.join(f'%_{i}: f32' for i in ins)}, {', '.join(f'%o{i}: f32' for i in range(len(carried)))}):
      %one = arith.constant 1.0 : f32
{body}
    }} -> {results if len(carried) == 1 else '(' + results + ')'}
    strand.yield %r#0 : {v} next {', '.join(f'%r#{i}' for i in range(len(carried)))} : {results}
  }}"""


def lstm(B, T, H):
    body = "\n".join(SIGMOID.format("g" + g, f"%_{g}") for g in "ifo") + """
      %tg = math.tanh %_g : f32
      %fc = arith.mulf %gf, %_c : f32
      %ig = arith.mulf %gi, %tg : f32
      %c1 = arith.addf %fc, %ig : f32
      %tc = math.tanh %c1 : f32
      %h1 = arith.mulf %go, %tc : f32
      linalg.yield %h1, %c1 : f32, f32"""
    after = [(g, "s", i) for i, g in enumerate("ifgo")]
    return recurrent(4, H, cell(4, H, after, "ifgoc", "hc", body))


def gru(B, T, H):
    body = "      %sr = arith.addf %_pr, %_qr : f32\n" + SIGMOID.format("r", "%sr") + \
        "\n      %sz = arith.addf %_pz, %_qz : f32\n" + SIGMOID.format("z", "%sz") + """
      %rn = arith.mulf %r, %_qn : f32
      %sn = arith.addf %_pn, %rn : f32
      %n = math.tanh %sn : f32
      %hn = arith.subf %_h, %n : f32
      %zh = arith.mulf %z, %hn : f32
      %h1 = arith.addf %n, %zh : f32
      linalg.yield %h1 : f32"""
    after = [(side + g, side, i) for side in "pq" for i, g in enumerate("rzn")]
    return recurrent(3, H, cell(3, H, after, [a[0] for a in after] + ["h"], "h", body))


def recurrent(gates, H, body):
    return Function({"x": (H,)}, {"wi": (gates * H, H), "wh": (gates * H, H), "bi": (gates * H,), "bh": (gates * H,)}, (H,), body, order="TB")


OPS = {"scan": scan, "mamba1": mamba1, "ssd": ssd, "sgla": linear_attention(lambda H, D: (H,)),
       "retention": linear_attention(lambda H, D: (H,)), "gla": linear_attention(lambda H, D: (H, D)),
       "gdn": gdn, "gdn_step": gdn_step, "attention": attention(0), "window512": attention(512), "lstm": lstm, "gru": gru}
