// strand.scan with a random step: a structure, and one of the ways to write it.
#include "lib/Fuzz/Function.h"
#include "llvm/ADT/StringExtras.h"
using namespace mlir;
using namespace strand;
namespace {

class StepText {
public:
  explicit StepText(FunctionText &f) : f(f), random(f.random), region(f.random, f.names, 4) {}

  /// A row of a new argument; of any value there is; a parameter.
  Tensor row(ArrayRef<int64_t> dims, From from, StringRef element = "f32") {
    return bind(rows, f.rows(dims, from, element));
  }
  Tensor anyRow(ArrayRef<int64_t> dims) { return bind(rows, f.anyRows(dims)); }
  Tensor with(ArrayRef<int64_t> dims, From from) { return bind(invariants, f.parameter(dims, from)); }
  Tensor carried(ArrayRef<int64_t> dims);
  void next(const Tensor &value) { nextValues.push_back(value); }
  void output(const Tensor &value) { outputs.push_back(value); }

  Tensor decay(const Lettered &state);
  Tensor gate(ArrayRef<int64_t> dims);
  Tensor factor(ArrayRef<int64_t> dims);
  Tensor sometimesZero(const Tensor &x);
  Tensor decayed(const Lettered &state);
  Tensor inputOf(const Lettered &state);
  void read(const Lettered &before, const Lettered &after);
  void finish(bool reverse);

  FunctionText &f;
  Random &random;
  BlockText region;

private:
  Tensor bind(SmallVector<std::string> &list, Tensor outer);
  SmallVector<std::string> rows, invariants, carries;
  SmallVector<Tensor> nextValues, outputs;
};

Tensor StepText::bind(SmallVector<std::string> &list, Tensor outer) {
  Tensor inner = outer;
  inner.name = f.names.fresh();
  inner.rows = "";
  list.push_back(inner.name + " = " + outer.name + " : " + outer.type());
  return inner;
}

/// Begins at 0, at a number, or at a tensor.
Tensor StepText::carried(ArrayRef<int64_t> dims) {
  Tensor t{f.names.fresh(), SmallVector<int64_t>(dims), "f32", ""};
  std::string begin;
  if (int64_t kind = random.below(6); kind == 0)
    begin = " = " + floatText(random.uniform(-1, 1));
  else if (kind == 1)
    begin = " = " + f.parameter(dims, From::Signed).name;
  carries.push_back(t.name + " : " + t.type() + begin);
  return t;
}

/// One number or tensor that a state may be multiplied by, row after row: at most 1 in absolute value.
Tensor StepText::factor(ArrayRef<int64_t> dims) {
  static const From ranges[] = {From::Unit, From::NearOne, From::NearZero, From::Negative, From::Signed};
  From from = ranges[random.below(std::size(ranges))];
  switch (random.below(9)) {
  case 0:
    static const double numbers[] = {0, 0.5, 0.9, 0.999, -0.7, 1};
    return region.constant(numbers[random.below(std::size(numbers))], dims);
  case 1:
    return with(dims, from);
  case 2:
    return row(dims, from);
  case 3:
    return region.oneMinus(row(dims, From::Unit));
  case 4:
    return region.sigmoid(anyRow(dims));
  case 5:
    return sometimesZero(row(dims, from));
  default:
    return gate(dims);
  }
}

/// `x`, or 0 where a bit of the row says so.
Tensor StepText::sometimesZero(const Tensor &x) {
  if (f.count != "%n") // strand.compact takes no bits
    return x;
  std::string letters = std::string("hij").substr(0, x.dims.size());
  Lettered bit{row({}, From::Normal, "i1"), ""};
  return region.generic({bit, {x, letters}}, letters, [&](ArrayRef<std::string> v) {
    return region.scalar("arith.select", {v[0], v[1], region.scalarConstant(0)});
  });
}

/// exp of something that is not above 0.
Tensor StepText::gate(ArrayRef<int64_t> dims) {
  if (random.below(3))
    return region.apply("math.exp", {row(dims, From::Gates)});
  Tensor rate = region.apply("math.exp", {random.below(2) ? with(dims, From::Signed) : row(dims, From::Signed)});
  Tensor step = region.softplus(row(dims, From::Normal));
  return region.apply("math.exp", {region.apply("arith.negf", {region.mul(step, rate)})});
}

/// A factor over some of the state's dimensions, in the state's shape.
Tensor StepText::decay(const Lettered &state) {
  Lettered part;
  for (auto [c, n] : llvm::zip_equal(state.letters, state.tensor.dims))
    if (random.below(3)) {
      part.letters += c;
      part.tensor.dims.push_back(n);
    }
  part.tensor = factor(part.tensor.dims);
  return region.broadcast(part, state);
}

/// The state under a decay, or as it is.
Tensor StepText::decayed(const Lettered &state) {
  if (random.below(6) == 0)
    return state.tensor;
  return region.mul(decay(state), state.tensor);
}

/// What a row adds: one tensor, or a product of factors over some dimensions.
Tensor StepText::inputOf(const Lettered &state) {
  ArrayRef<int64_t> dims = state.tensor.dims;
  if (dims.size() < 2 || random.below(4) == 0) {
    Tensor x = anyRow(dims);
    return random.below(3) ? x : region.mul(x, with(dims, From::Signed));
  }
  size_t cut = state.letters.size() - 1; // heads and keys, heads and values
  std::string keys = state.letters.substr(0, cut), values = state.letters.substr(0, cut - 1) + state.letters[cut];
  SmallVector<int64_t> keyDims(dims.take_front(cut)), valueDims(dims.take_front(cut - 1));
  valueDims.push_back(dims.back());
  Lettered k{anyRow(keyDims), keys}, v{anyRow(valueDims), values};
  if (random.below(4) == 0)
    k.tensor = region.sigmoid(k.tensor);
  if (random.below(2))
    return region.product({k, v}, state.letters);
  return region.mul(region.broadcast(k, state), region.broadcast(v, state));
}

/// An output of the state after or before the step: itself, weighed, or a sum along one dimension.
void StepText::read(const Lettered &before, const Lettered &after) {
  const Lettered &state = random.below(4) ? after : before;
  ArrayRef<int64_t> dims = state.tensor.dims;
  switch (dims.empty() ? 0 : random.below(5)) {
  case 0:
    return output(state.tensor);
  case 1:
    return output(region.mul(state.tensor, anyRow(dims)));
  case 2:
    return output(region.apply("math.tanh", {state.tensor}));
  default:
    break;
  }
  size_t along = dims.size() > 1 ? dims.size() - 1 - random.below(2) : 0;
  std::string kept = state.letters;
  kept.erase(along, 1);
  if (random.below(2) || dims.size() == 1) { // of one head for all, or of each
    Lettered q{anyRow({dims[along]}), std::string(1, state.letters[along])};
    return output(region.product({q, state}, kept));
  }
  size_t other = dims.size() - 1 == along ? along - 1 : along + 1;
  std::string letters = state.letters;
  letters.erase(other, 1);
  SmallVector<int64_t> qDims(dims);
  qDims.erase(qDims.begin() + other);
  output(region.product({state, {anyRow(qDims), letters}}, kept));
}

void StepText::finish(bool reverse) {
  if (rows.empty())
    output(region.add(nextValues[0], anyRow(nextValues[0].dims)));
  SmallVector<std::string> values, types, nexts, nextTypes, results, resultTypes;
  for (const Tensor &t : outputs) {
    values.push_back(t.name);
    types.push_back(t.type());
    Tensor result{f.names.fresh(), t.dims, t.element, f.count};
    results.push_back(result.name);
    resultTypes.push_back(result.type());
    f.offer(result);
  }
  for (const Tensor &t : nextValues) {
    nexts.push_back(t.name);
    nextTypes.push_back(t.type());
  }
  auto list = [](ArrayRef<std::string> names) { return llvm::join(names, ", "); };
  std::string head = list(results) + " = strand.scan " + (reverse ? "reverse " : "") + "rows(" + list(rows) + ")";
  if (!invariants.empty())
    head += " with(" + list(invariants) + ")";
  if (!carries.empty())
    head += " carry(" + list(carries) + ")";
  f.body.line(head);
  f.body.line("    offsets " + f.offsets + " : tensor<?xi32> -> (" + list(resultTypes) + ") {");
  region.line("strand.yield " + list(values) + " : " + list(types) + " next " + list(nexts) + " : " + list(nextTypes));
  f.body.text += region.text;
  f.body.line("}");
}

/// Letters of a state: one, keys and values, or heads before them.
Lettered drawState(StepText &s, bool isMatrix = false) {
  static const char *letters[] = {"", "i", "ij", "hij"};
  int64_t rank = isMatrix ? 2 + (s.random.below(3) == 0) : s.random.below(4);
  SmallVector<int64_t> dims;
  for (int64_t i = 0; i < rank; ++i)
    dims.push_back(rank == 3 && i == 0 ? 1 + s.random.below(3) : drawSize(s.random));
  return {s.carried(dims), letters[rank]};
}

Lettered withTensor(const Lettered &l, Tensor t) { return {std::move(t), l.letters}; }

// h' = a h + b
void diagonal(StepText &s) {
  Lettered h = drawState(s);
  BlockText &r = s.region;
  Tensor after;
  switch (s.random.below(4)) {
  case 0: { // h + z (c - h)
    Tensor z = r.broadcast(withTensor(h, s.row(h.tensor.dims, From::Unit)), h);
    after = r.add(h.tensor, r.mul(z, r.sub(s.inputOf(h), h.tensor)));
    break;
  }
  case 1: { // (1 - z) h + z c
    Tensor z = r.sigmoid(s.anyRow(h.tensor.dims));
    after = r.add(r.mul(r.oneMinus(z), h.tensor), r.mul(z, s.inputOf(h)));
    break;
  }
  default:
    after = r.add(s.decayed(h), s.inputOf(h));
  }
  s.next(after);
  s.read(h, withTensor(h, after));
}

// S' = D S + k v^T, read by q; sometimes over the sum of the keys
void outerProduct(StepText &s) {
  Lettered S = drawState(s, true);
  BlockText &r = s.region;
  Tensor after = r.add(s.decayed(S), s.inputOf(S));
  s.next(after);
  s.read(S, withTensor(S, after));
}

// z' = a z + k, S' = a S + k v^T, y = S' q / z' . q, with k and q above 0
void normalised(StepText &s) {
  int64_t keys = drawSize(s.random), values = drawSize(s.random);
  BlockText &r = s.region;
  bool zFirst = s.random.below(2);
  Lettered z{zFirst ? s.carried({keys}) : Tensor(), "i"}, S{s.carried({keys, values}), "ij"};
  if (!zFirst)
    z.tensor = s.carried({keys});
  Lettered k{s.row({keys}, From::Positive), "i"}, q{s.row({keys}, From::Positive), "i"}, v{s.anyRow({values}), "j"};
  Tensor zs = z.tensor, Ss = S.tensor;
  if (s.random.below(2)) {
    Lettered a{s.gate({}), ""};
    zs = r.mul(r.broadcast(a, z), zs);
    Ss = r.mul(r.broadcast(a, S), Ss);
  }
  Lettered z1{r.add(zs, k.tensor), "i"}, S1{r.add(Ss, r.product({k, v}, "ij")), "ij"};
  if (zFirst)
    s.next(z1.tensor);
  s.next(S1.tensor);
  if (!zFirst)
    s.next(z1.tensor);
  Lettered sum{r.product({q, z1}, ""), ""}, read{r.product({q, S1}, "j"), "j"};
  sum.tensor = r.add(r.apply("math.absf", {sum.tensor}), r.constant(0.5, {}));
  if (s.random.below(2)) // begins of carried values may make the sum small: then not over it
    sum.tensor = r.constant(2, {});
  s.output(r.apply("arith.divf", {read.tensor, r.broadcast(sum, read)}));
}

/// k over its length, the last dimension's.
Tensor unit(StepText &s, const Lettered &k) {
  BlockText &r = s.region;
  Lettered squares{r.product({k, k}, StringRef(k.letters).drop_back()), k.letters.substr(0, k.letters.size() - 1)};
  squares.tensor = r.add(squares.tensor, r.constant(1e-6, squares.tensor.dims));
  squares.tensor = r.apply("math.sqrt", {squares.tensor});
  return r.apply("arith.divf", {k.tensor, r.broadcast(squares, k)});
}

/// A matrix of keys and values, or of values and keys, of one head or several.
struct Memory {
  SmallVector<int64_t> heads, keyDims, valueDims;
  std::string h, keys, values; // letters
  Lettered S;

  explicit Memory(StepText &s) {
    int64_t keySize = drawSize(s.random), valueSize = drawSize(s.random);
    if (s.random.below(3) == 0)
      heads.push_back(1 + s.random.below(3));
    h = heads.empty() ? "" : "h";
    keys = h + "i";
    values = h + "j";
    keyDims = valueDims = heads;
    keyDims.push_back(keySize);
    valueDims.push_back(valueSize);
    SmallVector<int64_t> dims(heads);
    bool keysFirst = s.random.below(4);
    dims.push_back(keysFirst ? keySize : valueSize);
    dims.push_back(keysFirst ? valueSize : keySize);
    S = {s.carried(dims), h + (keysFirst ? "ij" : "ji")};
  }
  Lettered key(StepText &s) const { return {s.anyRow(keyDims), keys}; }
  Lettered value(StepText &s) const { return {s.anyRow(valueDims), values}; }
  /// S under no decay, that of a head, or that of a key.
  Lettered decayed(StepText &s) const {
    BlockText &r = s.region;
    switch (s.random.below(3)) {
    case 0:
      return {r.mul(r.broadcast({s.gate(heads), h}, S), S.tensor), S.letters};
    case 1:
      return {r.mul(r.broadcast({s.gate(keyDims), keys}, S), S.tensor), S.letters};
    default:
      return S;
    }
  }
};

// S' = a S + beta k (v - a S^T k)^T, once or several times a row
void deltaRule(StepText &s) {
  Memory m(s);
  BlockText &r = s.region;
  Lettered S = m.decayed(s);
  for (int64_t factors = s.random.below(4) ? 1 : 2 + s.random.below(2); factors > 0; --factors) {
    Lettered k = m.key(s), v = m.value(s), beta{s.row(m.heads, From::Unit), m.h};
    k.tensor = unit(s, k);
    if (s.random.below(3) == 0)
      beta.tensor = r.scaled(beta.tensor, 2);
    Lettered old{r.product({S, k}, m.values), m.values}, error{r.sub(v.tensor, old.tensor), m.values};
    Tensor update = r.product({beta, k, error}, S.letters);
    if (s.random.below(3) == 0) // as two terms
      update = r.sub(r.product({beta, k, v}, S.letters), r.product({beta, k, old}, S.letters));
    S.tensor = r.add(S.tensor, update);
  }
  s.next(S.tensor);
  s.output(r.product({S, m.key(s)}, m.values));
}

// S' = a S + b (c^T S)^T + k v^T, with b and c so small that S stays of its size
void lowRank(StepText &s) {
  Memory m(s);
  BlockText &r = s.region;
  Lettered b{s.row(m.keyDims, From::Key), m.keys}, c{s.row(m.keyDims, From::Key), m.keys};
  Lettered D = m.decayed(s), along{r.product({s.random.below(2) ? m.S : D, c}, m.values), m.values};
  along.tensor = r.scaled(along.tensor, 0.5);
  Tensor moved = r.add(D.tensor, r.product({b, along}, m.S.letters));
  Lettered S{r.add(moved, r.product({m.key(s), m.value(s)}, m.S.letters)), m.S.letters};
  s.next(S.tensor);
  s.output(r.product({S, m.key(s)}, m.values));
}

// h' = A h + b, with one A or one a row; h a vector, or vectors side by side
void dense(StepText &s) {
  int64_t n = drawSize(s.random);
  BlockText &r = s.region;
  SmallVector<int64_t> dims{n};
  bool isMatrix = s.random.below(3) == 0;
  if (isMatrix)
    dims.push_back(drawSize(s.random));
  std::string rest = isMatrix ? "l" : "";
  Lettered h{s.carried(dims), "i" + rest};
  Tensor A = n > 40 || s.random.below(2) ? s.with({n, n}, From::Contracting) : s.row({n, n}, From::Contracting);
  Tensor Ah = r.product({{A, s.random.below(2) ? "ji" : "ij"}, h}, "j" + rest);
  Lettered h1{r.add(Ah, s.inputOf({h.tensor, isMatrix ? "ij" : "i"})), isMatrix ? "ij" : "i"};
  s.next(h1.tensor);
  s.read({h.tensor, h1.letters}, h1);
}

// h'[j] = max over i of A[i, j] + h[i], moved by a row or below one
void dearestPath(StepText &s) {
  int64_t n = std::min<int64_t>(drawSize(s.random), 40);
  BlockText &r = s.region;
  Lettered h{s.carried({n}), "i"};
  Tensor A = s.random.below(2) ? s.with({n, n}, From::Negative) : s.row({n, n}, From::Negative);
  Tensor best = r.generic({{A, "ij"}, h}, "j", [&](ArrayRef<std::string> v) { return r.scalar("arith.addf", v); }, {},
                          BlockText::maximum);
  Lettered h1{s.random.below(2) ? r.add(best, s.anyRow({n})) : r.apply("arith.maximumf", {best, s.anyRow({n})}), "i"};
  s.next(h1.tensor);
  s.read(h, h1);
}

// h' = max(h + a, b), or log(exp(h + a) + exp(b))
void semiring(StepText &s) {
  Lettered h = drawState(s);
  BlockText &r = s.region;
  Tensor moved = h.tensor;
  if (s.random.below(3)) {
    Lettered a{{}, h.letters.substr(0, s.random.below(h.letters.size() + 1))};
    if (s.random.below(2))
      a.letters = h.letters;
    ArrayRef<int64_t> dims = ArrayRef(h.tensor.dims).take_front(a.letters.size());
    a.tensor = s.random.below(2) ? s.row(dims, From::Gates) : s.with(dims, From::Negative);
    moved = r.add(moved, r.broadcast(a, h));
  }
  Tensor b = s.row(h.tensor.dims, From::Signed), after;
  switch (s.random.below(3)) {
  case 0:
    after = r.apply("arith.maximumf", {moved, b});
    break;
  case 1:
    after = r.apply("arith.minimumf", {moved, b});
    break;
  default: {
    Tensor most = r.apply("arith.maximumf", {moved, b});
    Tensor sum = r.add(r.apply("math.exp", {r.sub(moved, most)}), r.apply("math.exp", {r.sub(b, most)}));
    after = r.add(most, r.apply("math.log", {sum}));
  }
  }
  s.next(after);
  s.read(h, withTensor(h, after));
}

Tensor dot(StepText &s, int64_t n, const Tensor &h) {
  return s.region.product({{s.with({n, n}, From::Contracting), "ij"}, {h, "i"}}, "j");
}

// h' = tanh(U h + x), GRU, LSTM
void network(StepText &s) {
  int64_t n = drawSize(s.random);
  BlockText &r = s.region;
  Tensor h = s.carried({n});
  auto sum = [&](const Tensor &of) { return r.add(dot(s, n, of), s.anyRow({n})); };
  switch (s.random.below(4)) {
  case 0: {
    Tensor h1 = r.apply("math.tanh", {sum(h)});
    s.next(h1);
    return s.output(h1);
  }
  case 1: {
    Tensor z = r.sigmoid(sum(h)), reset = r.sigmoid(sum(h));
    Tensor c = r.apply("math.tanh",
                       {s.random.below(2) ? sum(r.mul(reset, h)) : r.add(r.mul(reset, dot(s, n, h)), s.anyRow({n}))});
    Tensor h1 = r.add(r.mul(z, h), r.mul(r.oneMinus(z), c));
    s.next(h1);
    return s.output(h1);
  }
  case 2: {
    Tensor c = s.carried({n});
    Tensor f = r.sigmoid(sum(h)), i = r.sigmoid(sum(h)), o = r.sigmoid(sum(h)), g = r.apply("math.tanh", {sum(h)});
    Tensor c1 = r.add(r.mul(f, c), r.mul(i, g)), h1 = r.mul(o, r.apply("math.tanh", {c1}));
    s.next(h1);
    s.next(c1);
    s.output(h1);
    if (s.random.below(3) == 0)
      s.output(c1);
    return;
  }
  default: { // element by element: max(0, u h + x)
    Tensor u = s.with({n}, From::Signed);
    Tensor h1 = r.apply("arith.maximumf", {r.add(r.mul(u, h), s.anyRow({n})), r.constant(0, {n})});
    s.next(h1);
    s.output(h1);
  }
  }
}

// carried values that read each other: one after the other, in turn, or the row before
void several(StepText &s) {
  BlockText &r = s.region;
  SmallVector<int64_t> dims{drawSize(s.random)};
  Lettered a{s.carried(dims), "i"}, b{s.carried(dims), "i"};
  Tensor a1, b1;
  switch (s.random.below(4)) {
  case 0: // momentum, then memory
    a1 = r.add(s.decayed(a), s.inputOf(a));
    b1 = r.add(s.decayed(b), s.random.below(2) ? a1 : a.tensor);
    break;
  case 1: { // turned and shortened: times a complex number
    Tensor c, si, p = a.tensor, q = b.tensor;
    if (s.random.below(3) == 0) { // real and imaginary part
      bool same = s.random.below(2); // in all rows
      c = same ? s.with(dims, From::Part) : s.row(dims, From::Part);
      si = same ? s.with(dims, From::Part) : s.row(dims, From::Part);
    } else {
      Tensor angle = s.random.below(3) ? s.row(dims, From::Signed) : s.with(dims, From::Signed);
      c = r.apply("math.cos", {angle});
      si = r.apply("math.sin", {angle});
      Tensor length = s.random.below(2) ? s.gate(dims) : r.constant(0.95, dims);
      p = r.mul(length, p);
      q = r.mul(length, q);
    }
    a1 = r.add(r.sub(r.mul(c, p), r.mul(si, q)), s.inputOf(a));
    b1 = r.add(r.mul(si, p), r.mul(c, q));
    if (s.random.below(2))
      b1 = r.add(b1, s.inputOf(b));
    break;
  }
  case 2: // the row before
    a1 = s.anyRow(dims);
    b1 = r.add(s.decayed(b), a.tensor);
    break;
  default: { // a maximum, and a sum under it
    Tensor x = s.row(dims, From::Signed);
    a1 = r.apply("arith.maximumf", {a.tensor, x});
    Tensor kept = r.mul(r.apply("math.exp", {r.sub(a.tensor, a1)}), b.tensor);
    b1 = r.add(kept, r.mul(r.apply("math.exp", {r.sub(x, a1)}), s.anyRow(dims)));
  }
  }
  s.next(a1);
  s.next(b1);
  s.read(b, withTensor(b, b1));
  if (s.random.below(2))
    s.read(a, withTensor(a, a1));
}

// a bit puts the state back
void withReset(StepText &s) {
  if (s.f.count != "%n") // strand.compact takes no bits
    return diagonal(s);
  Lettered h = drawState(s);
  BlockText &r = s.region;
  Lettered bit{s.row({}, From::Normal, "i1"), ""};
  Tensor after = r.add(s.decayed(h), s.inputOf(h));
  Tensor start = s.inputOf(h);
  after = r.generic({bit, withTensor(h, after), withTensor(h, start)}, h.letters, [&](ArrayRef<std::string> v) {
    return r.scalar("arith.select", {v[0], v[1], v[2]});
  });
  s.next(after);
  s.read(h, withTensor(h, after));
}
} // namespace

void strand::appendScan(FunctionText &f) {
  StepText s(f);
  static void (*const kinds[])(StepText &) = {diagonal,   diagonal,  diagonal, outerProduct, outerProduct,
                                              normalised, deltaRule, lowRank,  dense,        dearestPath,
                                              semiring,   network,   several,  several,      withReset};
  kinds[f.random.below(std::size(kinds))](s);
  s.finish(/*reverse=*/f.random.below(12) == 0);
}
