#include "lib/Fuzz/Function.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>
using namespace mlir;
using namespace strand;

FunctionText::FunctionText(Random &random, Names &names) : random(random), names(names), body(random, names, 2) {}

int64_t strand::drawSize(Random &random) {
  static const int64_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 24, 31, 32, 33, 40};
  static const int64_t wide[] = {48, 63, 64, 65, 100, 127, 128, 129};
  static const int64_t small = 9; // of these most, since a program has several dimensions
  if (random.below(40) == 0)
    return wide[random.below(std::size(wide))];
  return sizes[random.below(random.below(3) ? small : std::size(sizes))];
}

static std::string range(double lo, double hi) {
  return " {check.range = [" + floatText(lo) + ", " + floatText(hi) + "]}";
}

static std::string markOf(From from, ArrayRef<int64_t> dims) {
  double summed = dims.size() < 2 ? 1 : dims[dims.size() - 2];
  switch (from) {
  case From::Normal:
    return "";
  case From::Small:
    return range(-0.5, 0.5);
  case From::Unit:
    return range(0, 1);
  case From::NearOne:
    return range(0.99, 1);
  case From::NearZero:
    return range(0, 0.01);
  case From::Negative:
    return range(-1, 0);
  case From::Signed:
    return range(-1, 1);
  case From::Positive:
    return range(0.1, 1);
  case From::Gates:
    return " {check.kind = \"gates\"}";
  case From::Weight:
    return range(-1.5 / std::sqrt(summed), 1.5 / std::sqrt(summed));
  case From::Contracting:
    return range(-0.95 / summed, 0.95 / summed);
  case From::Key:
    return range(-1 / std::sqrt(dims.back()), 1 / std::sqrt(dims.back()));
  case From::Part:
    return range(-0.7, 0.7);
  }
  llvm_unreachable("all cases");
}

Tensor FunctionText::argument(Tensor t, const std::string &mark) {
  arguments.push_back(t.name + ": " + t.type() + mark);
  return t;
}

Tensor FunctionText::rows(ArrayRef<int64_t> dims, From from, StringRef element) {
  return newRows(dims, element, element == "i1" ? "" : markOf(from, dims));
}

Tensor FunctionText::rowsBetween(double lo, double hi, ArrayRef<int64_t> dims) {
  return newRows(dims, "f32", range(lo, hi));
}

Tensor FunctionText::newRows(ArrayRef<int64_t> dims, StringRef element, const std::string &mark) {
  Tensor t = argument({names.fresh(), SmallVector<int64_t>(dims), element.str(), "%n"}, mark);
  if (firstRows.empty()) {
    firstRows = t.name;
    firstType = t.type();
  }
  return mask.empty() ? t : compacted(t);
}

Tensor FunctionText::compacted(const Tensor &t) {
  Tensor kept = t;
  kept.name = names.fresh();
  kept.rows = count;
  std::string inner = names.fresh();
  body.line(kept.name + ", " + inner + " = strand.compact " + t.name + ", " + mask + " offsets %offsets : (" +
            t.type() + ", tensor<?xi1>, tensor<?xi32>) -> (" + kept.type() + ", tensor<?xi32>)");
  innerOffsets = inner;
  return kept;
}

void FunctionText::compact() {
  Tensor first = offered.empty() ? anyRows({drawSize(random)}) : offered.back();
  mask = rows({}, From::Normal, "i1").name;
  Tensor kept = compacted(first);
  offsets = innerOffsets;
  std::string zero = names.fresh();
  kept.rows = names.fresh();
  body.line(zero + " = arith.constant 0 : index");
  body.line(kept.rows + " = tensor.dim " + kept.name + ", " + zero + " : " + kept.type());
  count = kept.rows;
  offer(kept);
}

void FunctionText::expand() {
  Tensor inner = offered.back(), y = inner;
  y.name = names.fresh();
  y.rows = count = "%n";
  body.line(y.name + " = strand.expand " + inner.name + ", " + mask + " inner_offsets " + offsets +
            " offsets %offsets : (" + inner.type() + ", tensor<?xi1>, tensor<?xi32>, tensor<?xi32>) -> " + y.type());
  offsets = "%offsets";
  mask = "";
  llvm::erase_if(offered, [](const Tensor &t) { return t.rows != "%n"; });
  offer(y);
}

Tensor FunctionText::parameter(ArrayRef<int64_t> dims, From from, StringRef element) {
  return argument({names.fresh(), SmallVector<int64_t>(dims), element.str(), ""}, markOf(from, dims));
}

Tensor FunctionText::anyRows(ArrayRef<int64_t> dims) {
  SmallVector<Tensor> fitting;
  for (const Tensor &t : offered)
    if (t.dims == dims && t.rows == count)
      fitting.push_back(t);
  if (!fitting.empty() && random.below(4))
    return fitting[random.below(fitting.size())];
  if (mask.empty() && random.below(12) == 0) // strand.compact takes no narrow floats
    return widened(rows(dims, From::Normal, random.below(2) ? "bf16" : "f16"));
  return rows(dims, random.below(2) ? From::Normal : From::Signed);
}

/// Narrow floats as f32.
Tensor FunctionText::widened(const Tensor &t) {
  Tensor wide = t;
  wide.name = names.fresh();
  wide.element = "f32";
  body.line(wide.name + " = arith.extf " + t.name + " : " + t.type() + " to " + wide.type());
  return wide;
}

std::string FunctionText::finish(StringRef name) {
  SmallVector<Tensor> results{offered.back()};
  auto give = [&](const Tensor &t) {
    if (llvm::none_of(results, [&](const Tensor &r) { return r.name == t.name; }))
      results.push_back(t);
  };
  for (const Tensor &t : ends) // what nothing reads is not computed
    if (random.below(2))
      give(t);
  if (random.below(4) == 0)
    give(offered[random.below(offered.size())]);
  SmallVector<std::string> values, types;
  for (const Tensor &t : results) {
    values.push_back(t.name);
    types.push_back(t.type());
  }
  std::string type = llvm::join(types, ", ");
  return ("func.func @" + name + "(" + llvm::join(arguments, ",\n    ") +
          ",\n    %offsets: tensor<?xi32> {check.kind = \"offsets\"}) -> (" + type + ") {\n" +
          "  %zero = arith.constant 0 : index\n  %n = tensor.dim " + firstRows + ", %zero : " + firstType + "\n" +
          body.text + "  return " + llvm::join(values, ", ") + " : " + type + "\n}\n")
      .str();
}

std::string strand::randomProgram(uint64_t seed, StringRef name) {
  Random random(seed, "program");
  Names names;
  FunctionText f(random, names);
  int64_t parts = 1 + (random.below(6) == 0);
  for (int64_t i = 0; i < parts; ++i) {
    bool inner = random.below(12) == 0;
    if (inner)
      f.compact();
    if (random.below(3))
      appendScan(f);
    else
      appendLayer(f);
    if (inner)
      f.expand();
    for (int64_t wise = std::min(random.below(3), random.below(3)); wise > 0; --wise)
      appendRowWise(f);
    f.endPart();
  }
  return f.finish(name);
}
