#include "lib/Import/ModelBuilder.h"
#include "dialects/Strand/Rows.h"
#include "lib/Import/Dims.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/bit.h"
#include <cmath>
using namespace mlir;
using namespace strand;
namespace {

/// The float type of a stored tensor that compiled code reads.
Type floatType(MLIRContext &context, DType dtype) {
  switch (dtype) {
  case DType::F32: return Float32Type::get(&context);
  case DType::BF16: return BFloat16Type::get(&context);
  case DType::F16: return Float16Type::get(&context);
  default: return {};
  }
}

/// Static sizes joined by x: part of a function's name.
std::string sizesText(ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t d : shape)
    if (!ShapedType::isDynamic(d))
      text += (text.empty() ? "" : "x") + std::to_string(d);
  return text;
}

float elementAt(const Tensor &t, int64_t i) {
  const uint8_t *p = t.bytes.data() + i * dtypeBytes(t.dtype);
  if (t.dtype == DType::F32) {
    float f;
    memcpy(&f, p, sizeof f);
    return f;
  }
  uint16_t half;
  memcpy(&half, p, sizeof half);
  if (t.dtype == DType::BF16)
    return llvm::bit_cast<float>(uint32_t(half) << 16);
  return APFloat(APFloat::IEEEhalf(), APInt(16, half)).convertToDouble();
}
} // namespace

//===--- weights -------------------------------------------------------------------------------------------------===//

Value FunctionBuilder::addWeight(StringRef name, RankedTensorType type) {
  OpBuilder &b = model.root->b;
  OpBuilder::InsertionGuard guard(b);
  Value w = WeightOp::create(b, loc, type, name, IntegerAttr());
  if (!layer)
    return w;
  given.push_back(w);
  unsigned at = layer.getNumArguments();
  if (failed(layer.insertArgument(at, type, {}, loc)))
    llvm::report_fatal_error("a layer's signature cannot be changed");
  return layer.getArgument(at);
}

Value FunctionBuilder::weight(StringRef name, ArrayRef<int64_t> shape, ArrayRef<int64_t> stored) {
  std::string full = prefix + name.str();
  const Tensor *t = model.checkpoint.require(full, stored.empty() ? shape : stored);
  if (!stored.empty())
    model.checkpoint.giveAs(full, shape);
  Type type = t ? floatType(*b.getContext(), t->dtype) : b.getF32Type();
  if (!type) {
    model.checkpoint.fail(full, "has the type " + dtypeName(t->dtype) + "; F32, BF16 and F16 are read");
    type = b.getF32Type();
  }
  return addWeight(full, RankedTensorType::get(shape, type));
}

bool FunctionBuilder::hasWeight(StringRef name) const {
  return llvm::is_contained(model.checkpoint.names(), prefix + name.str());
}

Value FunctionBuilder::computed(StringRef name, ArrayRef<int64_t> shape, std::vector<float> values) {
  std::string full = "computed:" + prefix + name.str();
  const char *begin = reinterpret_cast<const char *>(values.data());
  model.weights.addDerived(full, STRAND_F32, shape, std::vector<char>(begin, begin + values.size() * sizeof(float)));
  return addWeight(full, RankedTensorType::get(shape, b.getF32Type()));
}

std::vector<float> FunctionBuilder::elements(StringRef name, ArrayRef<int64_t> shape) {
  std::string full = prefix + name.str();
  const Tensor *t = model.checkpoint.require(full, shape);
  if (t && !floatType(*b.getContext(), t->dtype)) {
    model.checkpoint.fail(full, "has the type " + dtypeName(t->dtype) + "; F32, BF16 and F16 are read");
    t = nullptr;
  }
  std::vector<float> values(t ? ShapedType::getNumElements(shape) : 0);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = elementAt(*t, i);
  return values;
}

//===--- row-wise formulas ---------------------------------------------------------------------------------------===//

SmallVector<Value> FunctionBuilder::formula(StringRef name, StringRef text, ValueRange operands, Formula body) {
  Dims dims(text);
  llvm::DenseMap<char, int64_t> sizes;
  for (auto [x, part] : llvm::zip_equal(operands, dims.operands))
    for (auto [c, size] : llvm::zip_equal(part, rowsType(x).getShape()))
      sizes[c] = size;
  auto shapeOf = [&](StringRef part) {
    return llvm::map_to_vector(part, [&](char c) { return sizes.lookup(c); });
  };
  std::string full = name.str() + "_" + sizesText(shapeOf(dims.results[0]));
  func::FuncOp f = model.function(full, operands.getTypes(), [&](OpBuilder &b, ValueRange args) {
    Value rows; // an operand that has them
    for (auto [x, part] : llvm::zip_equal(args, dims.operands))
      if (!rows && StringRef(part).starts_with("r"))
        rows = x;
    SmallVector<Value> outs;
    for (const std::string &part : dims.results)
      outs.push_back(emptyRows(b, loc, rows, ArrayRef(shapeOf(part)).drop_front(), b.getF32Type()));
    SmallVector<AffineMap> maps;
    for (const auto &list : {dims.operands, dims.results})
      for (const std::string &part : list)
        maps.push_back(dimsMap(b.getContext(), dims.loops, part));
    return generic(b, loc, args, outs, maps, std::string(dims.loops.size(), 'p'),
                   [&](OpBuilder &b, Location loc, ValueRange v) {
                     SmallVector<Scalar> in;
                     for (Value x : v.take_front(args.size()))
                       in.push_back({&b, loc, isa<FloatType>(x.getType()) ? castFloat(b, loc, x, b.getF32Type()) : x});
                     return llvm::map_to_vector(body(in), [](Scalar s) { return s.v; });
                   });
  });
  return llvm::to_vector_of<Value>(func::CallOp::create(b, loc, f, operands).getResults());
}

Value FunctionBuilder::map(StringRef name, StringRef dims, ValueRange operands,
                           llvm::function_ref<Scalar(ArrayRef<Scalar>)> body) {
  return formula(name, dims, operands, [&](ArrayRef<Scalar> in) -> SmallVector<Scalar> { return {body(in)}; })[0];
}

Value FunctionBuilder::rmsNorm(Value x, Value weight, double eps, double offset) {
  int64_t rank = rowsType(x).getRank(), width = rowsType(x).getShape().back();
  StringRef all = rank == 2 ? "rd" : "rhd", outer = all.drop_back();
  SmallVector<Value> operands{x};
  if (weight)
    operands.push_back(weight);
  func::FuncOp f = model.function(
      "rms_norm_" + sizesText(itemShape(x)), ValueRange(operands).getTypes(), [&](OpBuilder &b, ValueRange args) {
        auto map = [&](StringRef dims) { return dimsMap(b.getContext(), all, dims); };
        Type f32 = b.getF32Type();
        Value sum = emptyRows(b, loc, args[0], ArrayRef(itemShape(args[0])).drop_back(), f32);
        sum = filledInto(b, loc, floatConstant(b, loc, f32, 0), sum);
        sum = generic(b, loc, args[0], sum, {map(all), map(outer)}, rank == 2 ? "pr" : "ppr",
                      [](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                        return {arith::AddFOp::create(b, loc, v[1], arith::MulFOp::create(b, loc, v[0], v[0]))};
                      })[0];
        SmallVector<Value> ins{args[0], sum};
        SmallVector<AffineMap> maps{map(all), map(outer)};
        if (weight) {
          ins.push_back(args[1]);
          maps.push_back(map(all.take_back(rowsType(args[1]).getRank())));
        }
        maps.push_back(map(all));
        Value out = emptyRows(b, loc, args[0], itemShape(args[0]), f32);
        return generic(b, loc, ins, out, maps, std::string(rank, 'p'),
                       [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                         Scalar x{&b, loc, v[0]}, mean = x.with(v[1]) * (1.0 / width);
                         Scalar y = x * rsqrt(mean + eps);
                         if (!weight)
                           return {y.v};
                         Scalar w = x.with(castFloat(b, loc, v[2], f32));
                         return {(y * (offset ? w + offset : w)).v};
                       });
      });
  return func::CallOp::create(b, loc, f, operands).getResult(0);
}

Value FunctionBuilder::layerNorm(Value x, Value weight, Value bias, double eps) {
  int64_t rank = rowsType(x).getRank(), width = rowsType(x).getShape().back();
  StringRef all = rank == 2 ? "rd" : "rhd", outer = all.drop_back(), kinds = rank == 2 ? "pr" : "ppr";
  SmallVector<Value> operands{x};
  for (Value v : {weight, bias})
    if (v)
      operands.push_back(v);
  std::string name = "layer_norm_" + sizesText(itemShape(x));
  func::FuncOp f = model.function(name, ValueRange(operands).getTypes(), [&](OpBuilder &b, ValueRange args) {
    auto map = [&](StringRef dims) { return dimsMap(b.getContext(), all, dims); };
    Type f32 = b.getF32Type();
    Value zeros = filledInto(b, loc, floatConstant(b, loc, f32, 0),
                             emptyRows(b, loc, args[0], ArrayRef(itemShape(args[0])).drop_back(), f32));
    Value sum = generic(b, loc, args[0], zeros, {map(all), map(outer)}, kinds,
                        [](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                          return {arith::AddFOp::create(b, loc, v[1], v[0])};
                        })[0];
    auto centred = [&](OpBuilder &b, Location loc, Value x, Value sum) {
      return Scalar{&b, loc, x} - Scalar{&b, loc, sum} * (1.0 / width);
    };
    Value squares = generic(b, loc, {args[0], sum}, zeros, {map(all), map(outer), map(outer)}, kinds,
                            [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                              Scalar c = centred(b, loc, v[0], v[1]);
                              return {arith::AddFOp::create(b, loc, v[2], (c * c).v)};
                            })[0];
    SmallVector<Value> ins{args[0], sum, squares};
    SmallVector<AffineMap> maps{map(all), map(outer), map(outer)};
    for (Value v : args.drop_front()) {
      ins.push_back(v);
      maps.push_back(map(all.take_back(rowsType(v).getRank())));
    }
    maps.push_back(map(all));
    Value out = emptyRows(b, loc, args[0], itemShape(args[0]), f32);
    return generic(b, loc, ins, out, maps, std::string(rank, 'p'),
                   [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                     Scalar y = centred(b, loc, v[0], v[1]);
                     y = y * rsqrt(y.with(v[2]) * (1.0 / width) + eps);
                     if (weight)
                       y = y * y.with(castFloat(b, loc, v[3], f32));
                     if (bias)
                       y = y + y.with(castFloat(b, loc, v[weight ? 4 : 3], f32));
                     return {y.v};
                   });
  });
  return func::CallOp::create(b, loc, f, operands).getResult(0);
}

Value FunctionBuilder::unitNorm(Value x, double eps) {
  int64_t width = rowsType(x).getShape().back(); // of the mean that a norm divides by
  Value y = rmsNorm(x, {}, eps / width);
  StringRef dims = rowsType(x).getRank() == 2 ? "rd->rd" : "rhd->rhd";
  return map("unit", dims, y, [&](ArrayRef<Scalar> v) { return v[0] * (1 / std::sqrt(double(width))); });
}

Value FunctionBuilder::embed(Value ids, Value table, double scale) {
  int64_t width = rowsType(table).getDimSize(1);
  func::FuncOp f = model.function(
      "embed_" + std::to_string(width), {ids.getType(), table.getType()}, [&](OpBuilder &b, ValueRange args) {
        Value out = emptyRows(b, loc, args[0], {width}, b.getF32Type());
        return generic(b, loc, args[0], out, {dimsMap(b.getContext(), "rd", "r"), dimsMap(b.getContext(), "rd", "rd")},
                       "pp", [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                         Value id = arith::IndexCastOp::create(b, loc, b.getIndexType(), v[0]);
                         Value at[] = {id, linalg::IndexOp::create(b, loc, 1)};
                         Value e = castFloat(b, loc, tensor::ExtractOp::create(b, loc, args[1], at), b.getF32Type());
                         Scalar x{&b, loc, e};
                         return {scale == 1 ? e : (x * scale).v};
                       });
      });
  return func::CallOp::create(b, loc, f, ValueRange{ids, table}).getResult(0);
}

//===--- products ------------------------------------------------------------------------------------------------===//

/// sums + x w and x + w, of elements.
static SmallVector<Value> multiplyAdd(OpBuilder &b, Location loc, ValueRange v) {
  Value p = arith::MulFOp::create(b, loc, v[0], castFloat(b, loc, v[1], b.getF32Type()));
  return {arith::AddFOp::create(b, loc, v[2], p)};
}
static SmallVector<Value> plus(OpBuilder &b, Location loc, ValueRange v) {
  return {arith::AddFOp::create(b, loc, v[0], castFloat(b, loc, v[1], b.getF32Type()))};
}

Value FunctionBuilder::linear(Value x, Value weight, Value bias) {
  int64_t n = rowsType(weight).getDimSize(0), k = rowsType(weight).getDimSize(1);
  SmallVector<Value> operands{x, weight};
  if (bias)
    operands.push_back(bias);
  std::string name = "linear_" + std::to_string(n) + "x" + std::to_string(k);
  func::FuncOp f =
      model.function(name, ValueRange(operands).getTypes(), [&](OpBuilder &b, ValueRange args) -> SmallVector<Value> {
        Type f32 = b.getF32Type();
        Value out = filledInto(b, loc, floatConstant(b, loc, f32, 0), emptyRows(b, loc, args[0], {n}, f32));
        auto map = [&](StringRef dims) { return dimsMap(b.getContext(), "rnk", dims); };
        Value y =
            generic(b, loc, {args[0], args[1]}, out, {map("rk"), map("nk"), map("rn")}, "ppr", multiplyAdd)[0];
        if (!bias)
          return {y};
        auto rows = [&](StringRef dims) { return dimsMap(b.getContext(), "rn", dims); };
        return generic(b, loc, {y, args[2]}, emptyRows(b, loc, y, {n}, f32), {rows("rn"), rows("n"), rows("rn")}, "pp",
                       plus);
      });
  return func::CallOp::create(b, loc, f, operands).getResult(0);
}

Value FunctionBuilder::linear(Value x, StringRef name, int64_t n, bool bias) {
  Value w = weight((name + ".weight").str(), {n, rowsType(x).getDimSize(1)});
  return linear(x, w, bias ? weight((name + ".bias").str(), {n}) : Value());
}

Value FunctionBuilder::blockLinear(Value x, Value weight, Value bias) {
  ArrayRef<int64_t> shape = rowsType(weight).getShape();
  int64_t heads = shape[0], in = shape[1], out = shape[2];
  Value parts = splitHeads(x, heads);
  std::string name = "block_linear_" + std::to_string(heads) + "x" + std::to_string(in) + "x" + std::to_string(out);
  SmallVector<Value> operands{parts, weight};
  if (bias)
    operands.push_back(bias);
  func::FuncOp f =
      model.function(name, ValueRange(operands).getTypes(), [&](OpBuilder &b, ValueRange args) -> SmallVector<Value> {
        Type f32 = b.getF32Type();
        Value y = filledInto(b, loc, floatConstant(b, loc, f32, 0), emptyRows(b, loc, args[0], {heads, out}, f32));
        auto map = [&](StringRef dims) { return dimsMap(b.getContext(), "rhok", dims); };
        y = generic(b, loc, {args[0], args[1]}, y, {map("rhk"), map("hko"), map("rho")}, "pppr", multiplyAdd)[0];
        if (!bias)
          return {y};
        auto outer = [&](StringRef dims) { return dimsMap(b.getContext(), "rho", dims); };
        Value into = emptyRows(b, loc, y, {heads, out}, f32);
        return generic(b, loc, {y, args[2]}, into, {outer("rho"), outer("ho"), outer("rho")}, "ppp", plus);
      });
  return joinHeads(func::CallOp::create(b, loc, f, operands).getResult(0));
}

Value FunctionBuilder::head(Value x, Value table, bool tied, StringRef tableName) {
  ArrayRef<int64_t> shape = rowsType(table).getShape();
  if (!tied)
    return linear(x, weight("lm_head.weight", shape));
  const Tensor *embedding = model.checkpoint.require(tableName, shape);
  if (hasWeight("lm_head.weight")) {
    const Tensor *given = model.checkpoint.require("lm_head.weight", shape);
    if (given && embedding && (given->dtype != embedding->dtype || given->bytes != embedding->bytes))
      model.checkpoint.fail("lm_head.weight", "differs from '" + tableName + "' although tie_word_embeddings is true");
  }
  return linear(x, table);
}

Value FunctionBuilder::add(Value x, Value y) {
  return map("add", "rd,rd->rd", {x, y}, [](ArrayRef<Scalar> v) { return v[0] + v[1]; });
}

//===--- shapes --------------------------------------------------------------------------------------------------===//

Value FunctionBuilder::splitHeads(Value x, int64_t heads) {
  int64_t width = rowsType(x).getDimSize(1);
  auto type = RankedTensorType::get({ShapedType::kDynamic, heads, width / heads}, rowsType(x).getElementType());
  SmallVector<OpFoldResult> shape{numRows(b, loc, x), b.getIndexAttr(heads), b.getIndexAttr(width / heads)};
  return tensor::ExpandShapeOp::create(b, loc, type, x, SmallVector<ReassociationIndices>{{0}, {1, 2}}, shape);
}

Value FunctionBuilder::joinHeads(Value x) {
  return tensor::CollapseShapeOp::create(b, loc, x, SmallVector<ReassociationIndices>{{0}, {1, 2}});
}

Value FunctionBuilder::repeatHeads(Value x, int64_t times) {
  if (times == 1)
    return x;
  ArrayRef<int64_t> shape = rowsType(x).getShape();
  int64_t heads = shape[1], width = shape[2];
  std::string name =
      "repeat_heads_" + std::to_string(heads) + "x" + std::to_string(times) + "x" + std::to_string(width);
  func::FuncOp f = model.function(name, x.getType(), [&](OpBuilder &b, ValueRange args) -> SmallVector<Value> {
    Value out = emptyRows(b, loc, args[0], {heads, times, width}, b.getF32Type());
    auto map = [&](StringRef dims) { return dimsMap(b.getContext(), "rhnd", dims); };
    out = generic(b, loc, args[0], out, {map("rhd"), map("rhnd")}, "pppp",
                  [](OpBuilder &, Location, ValueRange v) -> SmallVector<Value> { return {v[0]}; })[0];
    return {tensor::CollapseShapeOp::create(b, loc, out, SmallVector<ReassociationIndices>{{0}, {1, 2}, {3}})};
  });
  return func::CallOp::create(b, loc, f, x).getResult(0);
}

Value FunctionBuilder::sum(Value x) {
  std::string name = "sum_" + sizesText(itemShape(x));
  func::FuncOp f = model.function(name, x.getType(), [&](OpBuilder &b, ValueRange args) {
    Value zero = floatConstant(b, loc, b.getF32Type(), 0);
    Value out =
        filledInto(b, loc, zero, emptyRows(b, loc, args[0], ArrayRef(itemShape(args[0])).drop_back(), b.getF32Type()));
    auto map = [&](StringRef dims) { return dimsMap(b.getContext(), "rhd", dims); };
    return generic(b, loc, args[0], out, {map("rhd"), map("rh")}, "ppr",
                   [](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                     return {arith::AddFOp::create(b, loc, v[1], v[0])};
                   });
  });
  return func::CallOp::create(b, loc, f, x).getResult(0);
}

Value FunctionBuilder::columns(Value x, int64_t from, int64_t count) {
  auto type = RankedTensorType::get({ShapedType::kDynamic, count}, rowsType(x).getElementType());
  OpFoldResult one = b.getIndexAttr(1);
  SmallVector<OpFoldResult> offsets{b.getIndexAttr(0), b.getIndexAttr(from)},
      sizes{numRows(b, loc, x), b.getIndexAttr(count)};
  return tensor::ExtractSliceOp::create(b, loc, type, x, offsets, sizes, SmallVector<OpFoldResult>{one, one});
}

//===--- recurrences ---------------------------------------------------------------------------------------------===//

std::pair<ArrayAttr, Type> FunctionBuilder::recurrenceMaps(StringRef state, StringRef text, ValueRange operands) {
  auto [left, result] = text.split("->");
  std::string loops = ("t" + state).str();
  SmallVector<AffineMap> maps;
  for (StringRef part : llvm::split(left, ","))
    maps.push_back(dimsMap(b.getContext(), loops, part));
  maps.push_back(dimsMap(b.getContext(), loops, result));
  SmallVector<int64_t> shape{ShapedType::kDynamic};
  for (char c : result.drop_front())
    for (auto [x, map] : llvm::zip(operands, maps))
      if (auto at = map.getResultPosition(getAffineDimExpr(loops.find(c), b.getContext()));
          at && shape.size() == result.find(c))
        shape.push_back(rowsType(x).getDimSize(*at));
  return {b.getAffineMapArrayAttr(maps), RankedTensorType::get(shape, b.getF32Type())};
}

Value FunctionBuilder::linearRecurrence(StringRef state, StringRef text, ValueRange decay, ValueRange input, Value read,
                                        bool log) {
  SmallVector<Value> operands(decay);
  llvm::append_range(operands, input);
  auto [maps, y] = recurrenceMaps(state, text, operands);
  return LinearRecurrenceOp::create(b, loc, y, decay, input, read, offsets, ValueRange(), Value(), maps, log).getY();
}

SmallVector<Value> FunctionBuilder::complexRecurrence(StringRef state, StringRef text, const ComplexRecurrence &o) {
  SmallVector<Value> operands;
  for (ArrayRef<Value> group : {o.decay, o.turn, o.input, o.imag})
    llvm::append_range(operands, group);
  auto [maps, y] = recurrenceMaps(state, text, operands);
  bool both = o.read.empty();
  auto op = ComplexRecurrenceOp::create(b, loc, y, both ? TypeRange(y) : TypeRange(), o.decay, o.turn, o.input, o.imag,
                                        o.read, offsets, ValueRange(), Value(), maps, o.log, both);
  return llvm::to_vector_of<Value>(op.getResults());
}

Value FunctionBuilder::linearAttention(Value q, Value k, Value v, const LinearAttention &o) {
  DenseF64ArrayAttr decay = o.decay.empty() ? DenseF64ArrayAttr() : b.getDenseF64ArrayAttr(o.decay);
  return LinearAttentionOp::create(b, loc, v.getType(), TypeRange(), q, k, v, o.gate, /*bonus=*/Value(), offsets,
                                   /*states=*/ValueRange(), /*slots=*/Value(), decay, b.getF64FloatAttr(o.scale),
                                   /*normalized=*/UnitAttr())
      .getY();
}

Value FunctionBuilder::deltaRule(Value q, Value k, Value v, const DeltaRule &o) {
  return DeltaRuleOp::create(b, loc, v.getType(), TypeRange(), q, k, v, o.beta, o.a, o.b, o.gate, offsets,
                             /*states=*/ValueRange(), /*slots=*/Value(), b.getF64FloatAttr(o.scale))
      .getY();
}

Value FunctionBuilder::shift(Value x) {
  return ShiftOp::create(b, loc, x.getType(), TypeRange(), x, offsets, /*states=*/ValueRange(), /*slots=*/Value(),
                         b.getI64IntegerAttr(1), b.getF32FloatAttr(0))
      .getY();
}

//===--- functions -----------------------------------------------------------------------------------------------===//

ModelBuilder::ModelBuilder(MLIRContext &context, Checkpoint &checkpoint, WeightSource &weights, StringRef family)
    : checkpoint(checkpoint), config(checkpoint.config()), weights(weights), context(context),
      loc(NameLoc::get(StringAttr::get(&context, checkpoint.folder()))), module(ModuleOp::create(loc)) {
  Builder b(&context);
  (*module)->setAttr("strand.family", b.getStringAttr(family));
  auto ints = RankedTensorType::get({ShapedType::kDynamic}, b.getI32Type());
  forwardFunction = func::FuncOp::create(loc, "forward", b.getFunctionType({ints, ints}, {}));
  module->push_back(forwardFunction);
  OpBuilder body = OpBuilder::atBlockBegin(forwardFunction.addEntryBlock());
  root.reset(new FunctionBuilder(*this, body, loc, ""));
  root->offsets = forwardFunction.getArgument(1);
}

bool ModelBuilder::good() const {
  llvm::Error e = llvm::joinErrors(config.check(), checkpoint.check());
  bool good = !e;
  llvm::consumeError(std::move(e));
  return good;
}

/// `fresh`, or an equal function that was asked for under the same name, in which case `fresh` goes.
func::FuncOp ModelBuilder::shared(func::FuncOp fresh) {
  auto &known = functions[fresh.getName()];
  for (func::FuncOp f : known)
    if (f.getFunctionType() == fresh.getFunctionType() &&
        OperationEquivalence::isRegionEquivalentTo(&f.getBody(), &fresh.getBody(),
                                                   OperationEquivalence::IgnoreLocations)) {
      fresh.erase();
      return f;
    }
  known.push_back(fresh);
  if (known.size() > 1)
    fresh.setName((fresh.getName() + "_v" + Twine(known.size())).str());
  module->insert(forwardFunction, fresh);
  return fresh;
}

func::FuncOp ModelBuilder::function(StringRef name, TypeRange arguments,
                                    llvm::function_ref<SmallVector<Value>(OpBuilder &, ValueRange)> body) {
  Builder types(&context);
  auto f = func::FuncOp::create(loc, name, types.getFunctionType(arguments, {}));
  f.setPrivate();
  OpBuilder b = OpBuilder::atBlockBegin(f.addEntryBlock());
  SmallVector<Value> results = body(b, f.getArguments());
  func::ReturnOp::create(b, loc, results);
  f.setType(types.getFunctionType(arguments, ValueRange(results).getTypes()));
  return shared(f);
}

Value ModelBuilder::layer(StringRef kind, const Twine &path, const Twine &prefix, Value x,
                          llvm::function_ref<Value(FunctionBuilder &, Value)> body) {
  return layer(kind, path, prefix, ValueRange(x), [&](FunctionBuilder &f, ValueRange xs) -> SmallVector<Value> {
    return {body(f, xs[0])};
  })[0];
}

SmallVector<Value> ModelBuilder::layer(StringRef kind, const Twine &path, const Twine &prefix, ValueRange xs,
                                       llvm::function_ref<SmallVector<Value>(FunctionBuilder &, ValueRange)> body) {
  Builder types(&context);
  SmallVector<Value> operands(xs);
  operands.push_back(root->offsets);
  auto f = func::FuncOp::create(loc, kind, types.getFunctionType(ValueRange(operands).getTypes(), {}));
  f.setPrivate();
  f.setNoInline(true);
  FunctionBuilder builder(*this, OpBuilder::atBlockBegin(f.addEntryBlock()), loc, prefix.str());
  builder.layer = f;
  builder.offsets = f.getArgument(xs.size());
  SmallVector<Value> ys = body(builder, SmallVector<Value>(f.getArguments().take_front(xs.size())));
  func::ReturnOp::create(builder.b, loc, ys);
  f.setType(types.getFunctionType(f.front().getArgumentTypes(), ValueRange(ys).getTypes()));
  f = shared(f);
  llvm::append_range(operands, builder.given);
  auto call = func::CallOp::create(root->b, loc, f, operands);
  call->setAttr("strand.name", types.getStringAttr(path));
  return llvm::to_vector_of<Value>(call.getResults());
}

llvm::Expected<OwningOpRef<ModuleOp>> ModelBuilder::finish(Value logits) {
  if (llvm::Error e = llvm::joinErrors(config.finish(), checkpoint.finish())) {
    std::string note = config.defaultsText();
    return note.empty() ? std::move(e) : llvm::joinErrors(std::move(e), llvm::createStringError(note));
  }
  func::ReturnOp::create(root->b, loc, logits);
  forwardFunction.setType(FunctionType::get(&context, forwardFunction.getArgumentTypes(), logits.getType()));
  if (llvm::Error e = checkpoint.giveTo(weights))
    return std::move(e);
  return std::move(module);
}

//===--- convolution ---------------------------------------------------------------------------------------------===//

Value FunctionBuilder::causalConv(Value x, StringRef name, int64_t taps, Value bias) {
  int64_t channels = rowsType(x).getDimSize(1);
  std::vector<float> stored = elements(name, {channels, 1, taps}), outside(stored.size());
  for (size_t i = 0; i < stored.size(); ++i)
    outside[i % taps * channels + i / taps] = stored[i];
  Value weight = computed(name, {taps, channels}, std::move(outside));
  return CausalConvOp::create(b, loc, x.getType(), x, weight, bias, offsets, ValueRange(), Value()).getY();
}

//===--- attention -----------------------------------------------------------------------------------------------===//

Value FunctionBuilder::positions() {
  Block *block = b.getInsertionBlock();
  for (auto known : block->getOps<PositionOp>())
    return known.getPositions();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(block); // before all that may ask for them later
  Value rows = block->getArgument(0);
  auto type = RankedTensorType::get({ShapedType::kDynamic}, b.getI32Type());
  return PositionOp::create(b, loc, type, TypeRange(), rows, offsets, ValueRange(), Value()).getPositions();
}

Value FunctionBuilder::rotary(Value x, Value positions, double base, int64_t dims) {
  return RotaryOp::create(b, loc, x.getType(), x, positions, APFloat(base),
                          dims ? b.getI64IntegerAttr(dims) : IntegerAttr(), /*interleaved=*/false);
}

Value FunctionBuilder::attention(Value q, Value k, Value v, int64_t window, double scale) {
  auto y = RankedTensorType::get({ShapedType::kDynamic, rowsType(q).getDimSize(1), rowsType(v).getDimSize(2)},
                                 b.getF32Type());
  return AttentionOp::create(b, loc, y, TypeRange(), q, k, v, offsets, ValueRange(), Value(), APFloat(scale),
                             window ? b.getI64IntegerAttr(window) : IntegerAttr(), /*lse=*/false)
      .getY();
}
