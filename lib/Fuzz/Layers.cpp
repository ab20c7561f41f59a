// One op of the dialect with random operands, and row-wise operations between such.
#include "lib/Fuzz/Function.h"
#include "llvm/ADT/StringExtras.h"
using namespace mlir;
using namespace strand;
namespace {

/// An op whose operands are tensors and the offsets behind them, and whose type is that of a function.
Tensor appendOp(FunctionText &f, const Twine &text, ArrayRef<Tensor> operands, ArrayRef<int64_t> dims) {
  Tensor result{f.names.fresh(), SmallVector<int64_t>(dims), "f32", f.count};
  std::string types;
  for (const Tensor &t : operands)
    types += t.type() + ", ";
  f.body.line(result.name + " = " + text + " : (" + types + "tensor<?xi32>) -> " + result.type());
  f.offer(result);
  return result;
}

std::string names(ArrayRef<Tensor> tensors) {
  SmallVector<std::string> list;
  for (const Tensor &t : tensors)
    list.push_back(t.name);
  return llvm::join(list, ", ");
}

std::string map(StringRef all, StringRef letters, bool rows) {
  auto list = [](StringRef of) {
    return llvm::join(llvm::map_range(of, [](char c) { return std::string(1, c); }), ", ");
  };
  std::string t = rows ? letters.empty() ? "t" : "t, " : "";
  return "affine_map<(t" + std::string(all.empty() ? "" : ", ") + list(all) + ") -> (" + t + list(letters) + ")>";
}

/// strand.linear_recurrence or strand.complex_recurrence.
void recurrence(FunctionText &f, bool isComplex) {
  static const char *letters[] = {"", "i", "ij", "hij"};
  Random &random = f.random;
  int64_t rank = 1 + random.below(random.below(4) ? 2 : 3);
  StringRef all = letters[rank];
  SmallVector<int64_t> dims;
  for (int64_t i = 0; i < rank; ++i)
    dims.push_back(drawSize(random));
  auto part = [&](bool withLast) { // some dimensions
    Lettered p;
    for (auto [i, c] : llvm::enumerate(all))
      if ((withLast && int64_t(i) == rank - 1) || random.below(3)) {
        p.letters += c;
        p.tensor.dims.push_back(dims[i]);
      }
    return p;
  };
  SmallVector<Tensor> decay, turn, input, imag, read;
  SmallVector<std::string> maps;
  auto operand = [&](SmallVector<Tensor> &list, Lettered p, bool rows, From from) {
    p.tensor = rows ? f.rows(p.tensor.dims, from) : f.parameter(p.tensor.dims, from);
    list.push_back(p.tensor);
    maps.push_back(map(all, p.letters, rows));
  };
  bool log = random.below(2);
  int64_t factors = 1 + random.below(2);
  Lettered every{{"", dims, "f32", ""}, all.str()};
  for (int64_t i = 0; i < factors; ++i) {
    From from = !log ? (isComplex         ? From::Part
                        : random.below(2) ? From::Signed
                                          : From::Unit)
                : i  ? From::Unit
                     : From::Gates;
    operand(decay, i ? part(false) : every, random.below(3), from);
  }
  for (int64_t i = 0; isComplex && i < factors; ++i)
    operand(turn, i ? part(false) : every, random.below(3), log ? From::Normal : From::Part);
  factors = 1 + random.below(2);
  for (int64_t i = 0; i < factors; ++i)
    operand(input, i ? part(false) : every, i == 0 || random.below(2), From::Signed);
  if (isComplex && random.below(2))
    operand(imag, part(true), random.below(2), From::Signed);
  StringRef out = all;
  if (random.below(2)) {
    for (int64_t i = isComplex && random.below(2); i >= 0; --i)
      operand(read, part(false), random.below(3), From::Signed);
    if (rank > 1 && random.below(2))
      out = all.drop_front(1 + (rank > 2 && random.below(2)));
  }
  maps.push_back(map(all, out, true));
  SmallVector<Tensor> operands;
  std::string text = isComplex ? "strand.complex_recurrence" : "strand.linear_recurrence";
  for (auto [keyword, list] :
       {std::pair("decay", &decay), {"turn", &turn}, {"input", &input}, {"imag", &imag}, {"read", &read}}) {
    if (list->empty())
      continue;
    llvm::append_range(operands, *list);
    text += std::string(" ") + keyword + "(" + names(*list) + ")";
  }
  text += " offsets " + f.offsets + " {" + (log ? "log, " : "") + "indexing_maps = [" + llvm::join(maps, ", ") + "]}";
  appendOp(f, text, operands, ArrayRef(dims).take_back(out.size()));
}

void linearRecurrence(FunctionText &f) { recurrence(f, false); }
void complexRecurrence(FunctionText &f) { recurrence(f, true); }
/// A combine that is associative: for each part its identity, and what it is drawn from.
struct Combine {
  enum { Max, Sum, MovedMin, LogSumExp, Affine, Softmax } kind;
  SmallVector<double> identity;
  SmallVector<From> from;
};

Combine drawCombine(Random &random) {
  constexpr double low = -1e30;
  switch (random.below(6)) {
  case 0:
    return {Combine::Max, {low}, {From::Normal}};
  case 1:
    return {Combine::Sum, {0}, {From::Signed}};
  case 2:
    return {Combine::MovedMin, {0, -low}, {From::Unit, From::Normal}};
  case 3:
    return {Combine::LogSumExp, {0, low}, {From::Gates, From::Signed}};
  case 4:
    return {Combine::Affine, {1, 0}, {From::Negative, From::Signed}};
  default: // the largest, and what is weighed by exponentials under it
    return {Combine::Softmax, {low, 0, 0}, {From::Normal, From::Positive, From::Signed}};
  }
}

/// The parts of two elements together; `x`: those of the left one, then those of the right one.
SmallVector<std::string> combined(BlockText &b, const Combine &combine, ArrayRef<std::string> x) {
  auto add = [&](std::string p, std::string q) { return b.scalar("arith.addf", {p, q}); };
  auto mul = [&](std::string p, std::string q) { return b.scalar("arith.mulf", {p, q}); };
  auto expOfDifference = [&](std::string p, std::string q) {
    return b.scalar("math.exp", {b.scalar("arith.subf", {p, q})});
  };
  switch (combine.kind) {
  case Combine::Max:
    return {b.scalar("arith.maximumf", {x[0], x[1]})};
  case Combine::Sum:
    return {add(x[0], x[1])};
  case Combine::MovedMin:
    return {add(x[0], x[2]), b.scalar("arith.minimumf", {add(x[1], x[2]), x[3]})};
  case Combine::LogSumExp: {
    std::string moved = add(x[1], x[2]), most = b.scalar("arith.maximumf", {moved, x[3]});
    std::string ratio = expOfDifference(b.scalar("arith.minimumf", {moved, x[3]}), most);
    return {add(x[0], x[2]), add(most, b.scalar("math.log1p", {ratio}))};
  }
  case Combine::Affine:
    return {mul(x[0], x[2]), add(mul(x[1], x[2]), x[3])};
  case Combine::Softmax: {
    std::string most = b.scalar("arith.maximumf", {x[0], x[3]});
    std::string left = expOfDifference(x[0], most), right = expOfDifference(x[3], most);
    return {most, add(mul(left, x[1]), mul(right, x[4])), add(mul(left, x[2]), mul(right, x[5]))};
  }
  }
  llvm_unreachable("all kinds");
}

void associativeScan(FunctionText &f) {
  static const char *letters[] = {"", "i", "ij"};
  Random &random = f.random;
  Combine combine = drawCombine(random);
  size_t n = combine.from.size();
  int64_t rank = random.below(3);
  StringRef all = letters[rank];
  SmallVector<int64_t> dims;
  for (int64_t i = 0; i < rank; ++i)
    dims.push_back(drawSize(random));
  SmallVector<Tensor> parts;
  SmallVector<std::string> maps, identity, read, results, types, arguments;
  for (size_t i = 0; i < n; ++i) {
    bool isWhole = i == 0 || random.below(2), rows = i == 0 || random.below(4);
    StringRef some = isWhole ? all : all.take_back(random.below(rank + 1));
    ArrayRef<int64_t> sizes = ArrayRef(dims).take_back(some.size());
    parts.push_back(rows ? f.rows(sizes, combine.from[i]) : f.parameter(sizes, combine.from[i]));
    maps.push_back(map(all, some, rows));
    identity.push_back(floatText(combine.identity[i]));
    if (i + 1 < n && random.below(3))
      continue;
    read.push_back(std::to_string(i));
    Tensor y{f.names.fresh(), dims, "f32", f.count};
    results.push_back(y.name);
    types.push_back(y.type());
    f.offer(y);
  }
  std::string text = llvm::join(results, ", ") + " = strand.associative_scan" + (random.below(12) ? "(" : " reverse(");
  text += names(parts) + ") offsets " + f.offsets + " {identity = array<f64: " + llvm::join(identity, ", ");
  text += ">, read = array<i64: " + llvm::join(read, ", ") + ">, indexing_maps = [" + llvm::join(maps, ", ") + "]} : (";
  for (const Tensor &t : parts)
    text += t.type() + ", ";
  f.body.line(text + "tensor<?xi32>) -> (" + llvm::join(types, ", ") + ") {");
  for (size_t i = 0; i < 2 * n; ++i)
    arguments.push_back(f.names.fresh());
  f.body.line("^bb0(" + llvm::join(arguments, ": f32, ") + ": f32):");
  std::string values = llvm::join(combined(f.body, combine, arguments), ", ");
  SmallVector<std::string> floats(n, "f32");
  f.body.line("  strand.yield " + values + " : " + llvm::join(floats, ", "));
  f.body.line("}");
}

void linearAttention(FunctionText &f) {
  Random &random = f.random;
  int64_t groups = 1 + random.below(2), heads = groups * (1 + random.below(3)), keys = drawSize(random),
          values = drawSize(random);
  bool isNormalized = random.below(4) == 0;
  From from = isNormalized ? From::Positive : From::Signed;
  SmallVector<Tensor> operands{f.rows({groups, keys}, from), f.rows({groups, keys}, from),
                               f.rows({heads, values}, From::Signed)};
  std::string text = "strand.linear_attention " + names(operands),
              attributes = "scale = " + floatText(random.uniform(0.1, 1)) + " : f64";
  switch (random.below(4)) {
  case 0:
    attributes += ", decay = array<f64: ";
    for (int64_t h = 0; h < heads; ++h)
      attributes += (h ? ", " : "") + floatText(-random.uniform(0.001, 1));
    attributes += ">";
    break;
  case 1:
  case 2: {
    Tensor gate = random.below(2) ? f.rows({heads}, From::Gates) : f.rows({heads, keys}, From::Gates);
    operands.push_back(gate);
    text += " gate " + gate.name;
  }
  }
  if (isNormalized) {
    attributes += ", normalized";
  } else if (random.below(3) == 0) {
    operands.push_back(f.parameter({heads, keys}, From::Signed));
    text += " bonus " + operands.back().name;
  }
  appendOp(f, text + " offsets " + f.offsets + " {" + attributes + "}", operands, {heads, values});
}

void deltaRule(FunctionText &f) {
  Random &random = f.random;
  int64_t groups = 1 + random.below(2), heads = groups * (1 + random.below(2)), keys = drawSize(random),
          values = drawSize(random), factors = random.below(4) ? 0 : 1 + random.below(3);
  auto dims = [&](std::initializer_list<int64_t> item) { // behind the factors, if there are such
    SmallVector<int64_t> all(item);
    if (factors)
      all.insert(all.begin(), factors);
    return all;
  };
  SmallVector<Tensor> operands{f.rows({groups, keys}, From::Signed), f.rows(dims({groups, keys}), From::Key),
                               f.rows(dims({heads, values}), From::Signed)};
  std::string text = "strand.delta_rule " + names(operands);
  bool isLowRank = !factors && random.below(4) == 0;
  if (isLowRank) {
    operands.push_back(f.rowsBetween(-0.5 / keys, 0.5 / keys, {groups, keys}));
    operands.push_back(f.rowsBetween(-0.5, 0.5, {groups, keys}));
    text += " low_rank " + names(ArrayRef(operands).take_back(2));
  } else if (random.below(4)) {
    operands.push_back(f.rowsBetween(0, 2, random.below(3) ? dims({heads}) : dims({heads, values})));
    text += " beta " + operands.back().name;
  }
  if (isLowRank || random.below(2)) {
    operands.push_back(random.below(2) ? f.rows({heads}, From::Gates) : f.rows({heads, keys}, From::Gates));
    text += " gate " + operands.back().name;
  }
  appendOp(f, text + " offsets " + f.offsets, operands, {heads, values});
}

void fastWeight(FunctionText &f) {
  Random &random = f.random;
  int64_t heads = 1 + random.below(2), keys = drawSize(random), values = drawSize(random),
          block = 1 + random.below(random.below(2) ? 3 : 70);
  SmallVector<Tensor> operands{f.rows({heads, keys}, From::Signed), f.rows({heads, keys}, From::Key),
                               f.rows({heads, values}, From::Signed), f.rowsBetween(0, 1.0 / block, {heads})};
  std::string text = "strand.fast_weight " + names(ArrayRef(operands).take_front(3)) + " rate " + operands[3].name;
  auto more = [&](StringRef keyword, Tensor t) {
    operands.push_back(t);
    text += (" " + keyword + " " + t.name).str();
  };
  if (random.below(3) == 0) {
    more("rescale", f.rows({heads}, From::Positive));
  } else {
    if (random.below(3) == 0) // what it keeps of a step is at most exp(-1), so that steps do not add up
      more("momentum", f.rowsBetween(-4, -1, {heads}));
    if (random.below(2))
      more("gate", f.rows({heads}, From::Gates));
  }
  SmallVector<int64_t> sizes{keys};
  bool begins = random.below(2);
  if (begins && random.below(3) == 0)
    sizes.push_back(drawSize(random));
  sizes.push_back(values);
  size_t layers = sizes.size() - 1;
  auto list = [&](StringRef keyword, llvm::function_ref<Tensor(size_t)> parameter) {
    for (size_t l = 0; l < layers; ++l)
      operands.push_back(parameter(l));
    text += (" " + keyword + "(" + names(ArrayRef(operands).take_back(layers)) + ")").str();
  };
  if (begins)
    list("init", [&](size_t l) { return f.parameter({heads, sizes[l], sizes[l + 1]}, From::Weight); });
  if (random.below(3) == 0)
    list("bias", [&](size_t l) { return f.parameter({heads, sizes[l + 1]}, From::Small); });
  static const StringRef activations[] = {"gelu", "gelu_tanh", "silu", "tanh"};
  if (layers > 1)
    text += " activation " + activations[random.below(std::size(activations))].str();
  appendOp(f, text + " offsets " + f.offsets + " {block = " + std::to_string(block) + "}", operands, {heads, values});
}

void causalConv(FunctionText &f) {
  int64_t channels = drawSize(f.random), taps = 1 + f.random.below(5);
  StringRef element = f.random.below(3) ? "f32" : "bf16";
  SmallVector<Tensor> operands{f.anyRows({channels}), f.parameter({taps, channels}, From::Small, element)};
  std::string text = "strand.causal_conv " + names(operands);
  if (f.random.below(2)) {
    operands.push_back(f.parameter({channels}, From::Small));
    text += " bias " + operands.back().name;
  }
  appendOp(f, text + " offsets " + f.offsets, operands, {channels});
}

void longConv(FunctionText &f) {
  int64_t channels = drawSize(f.random), taps = 1 + f.random.below(f.random.below(2) ? 20 : 150);
  StringRef element = f.random.below(3) ? "f32" : "bf16";
  SmallVector<Tensor> operands{f.anyRows({channels}), f.parameter({taps, channels}, From::Small, element)};
  appendOp(f, "strand.long_conv " + names(operands) + " offsets " + f.offsets, operands, {channels});
}

SmallVector<int64_t> drawItem(Random &random) {
  SmallVector<int64_t> dims;
  for (int64_t rank = random.below(3); rank > 0; --rank)
    dims.push_back(drawSize(random));
  return dims;
}

void shift(FunctionText &f) {
  Tensor x = f.offered.empty() || f.offered.back().rows != f.count ? f.anyRows(drawItem(f.random)) : f.offered.back();
  std::string by = std::to_string(1 + f.random.below(f.random.below(3) ? 3 : 40));
  std::string fill = " {fill = " + floatText(f.random.uniform(-1, 1)) + " : f32}";
  appendOp(f, "strand.shift " + x.name + " by " + by + " offsets " + f.offsets + fill, {x}, x.dims);
}

void attention(FunctionText &f) {
  Random &random = f.random;
  int64_t groups = 1 + random.below(2), heads = groups * (1 + random.below(2)), size = 1 + random.below(20),
          values = 1 + random.below(20);
  SmallVector<Tensor> operands{f.rows({heads, size}, From::Signed), f.rows({groups, size}, From::Signed),
                               f.rows({groups, values}, From::Signed)};
  std::string text = "strand.attention " + names(operands) + " offsets " + f.offsets +
                     " {scale = " + floatText(random.uniform(0.1, 1)) + " : f64";
  if (random.below(2))
    text += ", window = " + std::to_string(1 + random.below(70)) + " : i64";
  appendOp(f, text + "}", operands, {heads, values});
}

void rotary(FunctionText &f) {
  int64_t heads = 1 + f.random.below(3), size = 2 * (1 + f.random.below(12));
  Tensor x = f.anyRows({heads, size}), y = x;
  std::string positions = f.names.fresh();
  y.name = f.names.fresh();
  f.body.line(positions + " = strand.position " + x.name + " offsets " + f.offsets + " : (" + x.type() +
              ", tensor<?xi32>) -> tensor<?xi32>");
  f.body.line(y.name + " = strand.rotary " + x.name + ", " + positions + " {base = 1.0e+04 : f64" +
              (f.random.below(2) ? ", interleaved" : "") + "} : " + x.type() + ", tensor<?xi32>");
  f.offer(y);
}

std::string lettersOf(const Tensor &t) { return std::string("hij").substr(3 - t.dims.size()); }

/// x over the root of the mean of its squares along the last dimension, times a weight.
Tensor norm(FunctionText &f, const Tensor &x) {
  BlockText &b = f.body;
  std::string all = lettersOf(x), kept = all.substr(0, all.size() - 1);
  Tensor squares = b.product({{x, all}, {x, all}}, kept);
  Tensor mean = b.scaled(squares, 1.0 / x.dims.back());
  Lettered over{b.apply("math.rsqrt", {b.add(mean, b.filled(0.01, mean.dims, mean))}), kept};
  return b.product({{x, all}, over, {f.parameter({x.dims.back()}, From::Signed), all.substr(all.size() - 1)}}, all);
}

/// The last dimension by a matrix, stored either way round.
Tensor projection(FunctionText &f, const Tensor &x) {
  std::string all = lettersOf(x), kept = all.substr(0, all.size() - 1);
  int64_t n = x.dims.back(), m = drawSize(f.random);
  bool turned = f.random.below(2);
  Tensor w = f.parameter(turned ? SmallVector<int64_t>{m, n} : SmallVector<int64_t>{n, m}, From::Weight,
                         f.random.below(4) ? "f32" : "bf16");
  BlockText &b = f.body;
  return b.generic({{x, all}, {w, turned ? "k" + all.substr(all.size() - 1) : all.substr(all.size() - 1) + "k"}},
                   kept + "k", [&](ArrayRef<std::string> s) {
                     std::string weight = s[1];
                     if (w.element == "bf16") {
                       std::string wide = f.names.fresh();
                       b.line("  " + wide + " = arith.extf " + weight + " : bf16 to f32");
                       weight = wide;
                     }
                     return b.scalar("arith.mulf", {s[0], weight});
                   });
}

/// [.., n] as [.., a, b], or the last two dimensions as one.
Tensor reshaped(FunctionText &f, const Tensor &x) {
  Tensor y = x;
  y.name = f.names.fresh();
  bool isSplit = x.dims.size() == 1;
  if (isSplit) {
    int64_t a = x.dims[0] % 2 ? 1 : 2;
    y.dims = {a, x.dims[0] / a};
    f.body.line(y.name + " = tensor.expand_shape " + x.name + " [[0], [1, 2]] output_shape [" + x.rows + ", " +
                std::to_string(y.dims[0]) + ", " + std::to_string(y.dims[1]) + "] : " + x.type() + " into " + y.type());
  } else {
    y.dims = {x.dims[0] * x.dims[1]};
    f.body.line(y.name + " = tensor.collapse_shape " + x.name + " [[0], [1, 2]] : " + x.type() + " into " + y.type());
  }
  return y;
}
} // namespace

void strand::appendLayer(FunctionText &f) {
  static void (*const kinds[])(FunctionText &) = {
      linearRecurrence, linearRecurrence,  linearAttention, linearAttention, deltaRule,
      deltaRule,        fastWeight,        causalConv,      shift,           rotary,
      associativeScan,  complexRecurrence, longConv};
  if (f.random.below(15) == 0) // the one that takes long
    return attention(f);
  kinds[f.random.below(std::size(kinds))](f);
}

void strand::appendRowWise(FunctionText &f) {
  Tensor x = f.offered.back();
  BlockText &b = f.body;
  size_t rank = x.dims.size();
  switch (f.random.below(8)) {
  case 0:
    return f.offer(b.apply("math.tanh", {x}));
  case 1:
    return f.offer(b.mul(x, b.sigmoid(f.random.below(2) ? x : f.anyRows(x.dims))));
  case 2:
    return f.offer(b.add(x, f.anyRows(x.dims)));
  case 3:
    if (rank == 1 || rank == 2)
      return f.offer(reshaped(f, x));
    break;
  case 4:
  case 5:
    if (rank > 0)
      return f.offer(norm(f, x));
    break;
  case 6:
    if (rank == 1 || rank == 2)
      return f.offer(projection(f, x));
    break;
  default:
    break;
  }
  f.offer(b.apply("arith.maximumf", {x, b.filled(0, x.dims, x)}));
}
