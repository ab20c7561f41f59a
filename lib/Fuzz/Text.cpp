#include "lib/Fuzz/Text.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <map>
using namespace mlir;
using namespace strand;

std::string strand::tensorType(ArrayRef<int64_t> dims, StringRef element, bool rows) {
  std::string type = rows ? "tensor<?x" : "tensor<";
  for (int64_t d : dims)
    type += std::to_string(d) + "x";
  return type + element.str() + ">";
}

std::string Tensor::type() const { return tensorType(dims, element, !rows.empty()); }

std::string strand::floatText(double value) {
  char text[40];
  snprintf(text, sizeof text, "%.9e", value);
  return text;
}

void BlockText::line(const Twine &t) { text += indent + t.str() + "\n"; }

SmallVector<Tensor> BlockText::flipped(const Tensor &a, const Tensor &b) {
  return random.below(2) ? SmallVector<Tensor>{a, b} : SmallVector<Tensor>{b, a};
}

static std::string joined(ArrayRef<std::string> names) { return llvm::join(names, ", "); }

Tensor BlockText::apply(StringRef op, ArrayRef<Tensor> operands) {
  Tensor result = operands[0];
  result.name = names.fresh();
  SmallVector<std::string> operandNames;
  for (const Tensor &t : operands)
    operandNames.push_back(t.name);
  line(result.name + " = " + op + " " + joined(operandNames) + " : " + result.type());
  return result;
}

std::string BlockText::scalar(StringRef op, ArrayRef<std::string> operands, StringRef type) {
  std::string name = names.fresh();
  line("  " + name + " = " + op + " " + joined(operands) + " : " + type);
  return name;
}

std::string BlockText::scalarConstant(double value) {
  std::string name = names.fresh();
  line("  " + name + " = arith.constant " + floatText(value) + " : f32");
  return name;
}

Tensor BlockText::constant(double value, ArrayRef<int64_t> dims) {
  Tensor t{names.fresh(), SmallVector<int64_t>(dims), "f32", ""};
  line(t.name + " = arith.constant dense<" + floatText(value) + "> : " + t.type());
  return t;
}

Tensor BlockText::empty(ArrayRef<int64_t> dims, const Tensor &like, StringRef element) {
  Tensor t{names.fresh(), SmallVector<int64_t>(dims), element.str(), like.rows};
  line(t.name + " = tensor.empty(" + like.rows + ") : " + t.type());
  return t;
}

Tensor BlockText::filled(double value, ArrayRef<int64_t> dims, const Tensor &like) {
  if (like.rows.empty())
    return constant(value, dims);
  std::string number = names.fresh();
  line(number + " = arith.constant " + floatText(value) + " : f32");
  Tensor place = empty(dims, like), t = place;
  t.name = names.fresh();
  line(t.name + " = linalg.fill ins(" + number + " : f32) outs(" + place.name + " : " + t.type() + ") -> " + t.type());
  return t;
}

namespace {
std::string mapText(StringRef all, StringRef letters, bool rowsOfAll, bool rows) {
  auto list = [](StringRef of, bool withRows) {
    SmallVector<std::string> names;
    if (withRows)
      names.push_back("t");
    for (char c : of)
      names.push_back(std::string(1, c));
    return "(" + joined(names) + ")";
  };
  return "affine_map<" + list(all, rowsOfAll) + " -> " + list(letters, rows) + ">";
}
} // namespace

Tensor BlockText::generic(ArrayRef<Lettered> operands, StringRef out, Body body, const Lettered &shape,
                          Reduction reduction) {
  std::string all = out.str();
  std::map<char, int64_t> size;
  Tensor like = shape.tensor;
  auto see = [&](const Lettered &o) {
    for (auto [c, n] : llvm::zip_equal(o.letters, o.tensor.dims))
      size[c] = n;
    if (!o.tensor.rows.empty())
      like = o.tensor;
  };
  see(shape);
  for (const Lettered &o : operands) {
    see(o);
    for (char c : o.letters)
      if (all.find(c) == std::string::npos)
        all += c;
  }
  bool rows = !like.rows.empty(), reduces = all.size() > out.size();
  SmallVector<int64_t> dims;
  for (char c : out)
    dims.push_back(size[c]);
  Tensor init = reduces ? filled(reduction.identity, dims, like) : empty(dims, like), result = init;
  result.name = names.fresh();

  SmallVector<std::string> maps, names_, types, scalars, arguments, iterators;
  for (const Lettered &o : operands) {
    maps.push_back(mapText(all, o.letters, rows, !o.tensor.rows.empty()));
    names_.push_back(o.tensor.name);
    types.push_back(o.tensor.type());
    scalars.push_back(names.fresh());
    arguments.push_back(scalars.back() + ": " + o.tensor.element);
  }
  maps.push_back(mapText(all, out, rows, rows));
  std::string soFar = names.fresh();
  arguments.push_back(soFar + ": f32");
  if (rows)
    iterators.push_back("\"parallel\"");
  for (char c : all)
    iterators.push_back(out.contains(c) ? "\"parallel\"" : "\"reduction\"");
  line(result.name + " = linalg.generic {indexing_maps = [" + joined(maps) + "], iterator_types = [" +
       joined(iterators) + "]}");
  line("    ins(" + joined(names_) + " : " + joined(types) + ") outs(" + init.name + " : " + init.type() + ") {");
  line("^bb0(" + joined(arguments) + "):");
  std::string value = body(scalars);
  if (reduces)
    value = scalar(reduction.op, {soFar, value});
  line("  linalg.yield " + value + " : f32");
  line("} -> " + result.type());
  return result;
}

Tensor BlockText::product(ArrayRef<Lettered> operands, StringRef out) {
  return generic(operands, out, [&](ArrayRef<std::string> s) {
    std::string value = s[0];
    for (const std::string &factor : s.drop_front())
      value = scalar("arith.mulf", {value, factor});
    return value;
  });
}

/// Whether `part` is left of `all` when letters are struck out.
static bool isInOrder(StringRef part, StringRef all) {
  for (char c : all)
    part.consume_front(StringRef(&c, 1));
  return part.empty();
}

Tensor BlockText::broadcast(const Lettered &x, const Lettered &shape) {
  bool rowsAdded = x.tensor.rows.empty() && !shape.tensor.rows.empty();
  if (x.letters == shape.letters && !rowsAdded)
    return x.tensor;
  if (!isInOrder(x.letters, shape.letters) || random.below(2))
    return generic({x}, shape.letters, [](ArrayRef<std::string> s) { return s[0]; }, shape);
  Tensor place = empty(shape.tensor.dims, shape.tensor), result = place;
  result.name = names.fresh();
  SmallVector<std::string> added;
  if (rowsAdded)
    added.push_back("0");
  for (auto [i, c] : llvm::enumerate(shape.letters))
    if (!StringRef(x.letters).contains(c))
      added.push_back(std::to_string(i + !shape.tensor.rows.empty()));
  line(result.name + " = linalg.broadcast ins(" + x.tensor.name + " : " + x.tensor.type() + ") outs(" + place.name +
       " : " + place.type() + ") dimensions = [" + joined(added) + "]");
  return result;
}

/// 1 / (1 + exp(-a))
Tensor BlockText::sigmoid(const Tensor &a) {
  Tensor e = apply("math.exp", {apply("arith.negf", {a})}), one = filled(1, a.dims, a);
  return apply("arith.divf", {one, add(e, one)});
}

/// log(1 + exp(a))
Tensor BlockText::softplus(const Tensor &a) {
  Tensor e = apply("math.exp", {a});
  return random.below(2) ? apply("math.log1p", {e}) : apply("math.log", {add(e, filled(1, a.dims, a))});
}
