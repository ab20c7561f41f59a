#include "lib/Import/Step.h"
#include "dialects/Strand/Rows.h"
#include "lib/Import/Dims.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
using namespace strand;
namespace {

/// The sizes of the dimensions named in `part`, as the operands have them.
SmallVector<int64_t> shapeOf(StringRef part, const Dims &dims, ValueRange operands) {
  llvm::DenseMap<char, int64_t> sizes;
  for (auto [x, letters] : llvm::zip_equal(operands, dims.operands))
    for (auto [c, size] : llvm::zip_equal(letters, rowsType(x).getShape()))
      sizes[c] = size;
  return llvm::map_to_vector(part, [&](char c) { return sizes.lookup(c); });
}

SmallVector<AffineMap> mapsOf(MLIRContext *context, const Dims &dims) {
  SmallVector<AffineMap> maps;
  for (const auto *list : {&dims.operands, &dims.results})
    for (const std::string &part : *list)
      maps.push_back(dimsMap(context, dims.loops, part));
  return maps;
}
} // namespace

Value StepBuilder::product(StringRef text, Value x, Value y) {
  Dims dims(text);
  Type f32 = b.getF32Type();
  Value out = filled(b, loc, shapeOf(dims.results[0], dims, {x, y}), floatConstant(b, loc, f32, 0));
  std::string kinds(dims.results[0].size(), 'p');
  kinds.resize(dims.loops.size(), 'r');
  return generic(b, loc, {x, y}, out, mapsOf(b.getContext(), dims), kinds,
                 [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                   Value p = arith::MulFOp::create(b, loc, castFloat(b, loc, v[0], f32), castFloat(b, loc, v[1], f32));
                   return {arith::AddFOp::create(b, loc, v[2], p)};
                 })[0];
}

SmallVector<Value> StepBuilder::formula(StringRef text, ValueRange operands, FunctionBuilder::Formula body) {
  Dims dims(text);
  SmallVector<Value> outs;
  for (const std::string &part : dims.results)
    outs.push_back(emptyTensor(b, loc, shapeOf(part, dims, operands), b.getF32Type()));
  return generic(b, loc, operands, outs, mapsOf(b.getContext(), dims), std::string(dims.loops.size(), 'p'),
                 [&](OpBuilder &b, Location loc, ValueRange v) {
                   SmallVector<Scalar> in;
                   for (Value x : v.take_front(operands.size()))
                     in.push_back({&b, loc, castFloat(b, loc, x, b.getF32Type())});
                   return llvm::map_to_vector(body(in), [](Scalar s) { return s.v; });
                 });
}

Value StepBuilder::map(StringRef dims, ValueRange operands, llvm::function_ref<Scalar(ArrayRef<Scalar>)> body) {
  return formula(dims, operands, [&](ArrayRef<Scalar> in) -> SmallVector<Scalar> { return {body(in)}; })[0];
}

Value StepBuilder::part(Value x, int64_t from, int64_t count) {
  return slice(b, loc, x, OpFoldResult(b.getIndexAttr(from)), count);
}

Value StepBuilder::at(Value x, int64_t i) {
  SmallVector<int64_t> sizes(rowsType(x).getShape());
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
  offsets[0] = b.getIndexAttr(i);
  sizes[0] = 1;
  return slice(b, loc, x, offsets, sizes, {0});
}

Value strand::scan(FunctionBuilder &f, ValueRange rows, ValueRange fixed, ArrayRef<Carried> carried, RowStep step) {
  OpBuilder &b = f.b;
  Location loc = f.loc;
  Region region;
  Block *body = &region.emplaceBlock();
  for (Value x : rows)
    body->addArgument(RankedTensorType::get(itemShape(x), rowsType(x).getElementType()), loc);
  for (Value w : fixed)
    body->addArgument(w.getType(), loc);
  SmallVector<Attribute> initial;
  for (const Carried &c : carried) {
    initial.push_back(b.getF32FloatAttr(c.begin));
    body->addArgument(RankedTensorType::get(c.shape, b.getF32Type()), loc);
  }
  OpBuilder inside(b.getContext());
  inside.setInsertionPointToStart(body);
  StepBuilder builder(inside, loc);
  ValueRange arguments = body->getArguments();
  SmallVector<Value> made = step(builder, arguments.take_front(rows.size()),
                                 arguments.slice(rows.size(), fixed.size()), arguments.take_back(carried.size()));
  YieldOp::create(inside, loc, made[0], ArrayRef(made).drop_front());
  SmallVector<int64_t> shape{ShapedType::kDynamic};
  llvm::append_range(shape, rowsType(made[0]).getShape());
  auto op = ScanOp::create(b, loc, TypeRange(RankedTensorType::get(shape, b.getF32Type())), rows, fixed, ValueRange(),
                           f.offsets, ValueRange(), Value(), b.getArrayAttr(initial), /*reverse=*/false);
  op.getStep().takeBody(region);
  return op.getValues()[0];
}
