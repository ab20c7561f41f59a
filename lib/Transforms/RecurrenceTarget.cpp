#include "lib/Transforms/RecurrenceTarget.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
using namespace strand;
using namespace strand::algebra;

std::string RecurrenceTarget::findReading() {
  llvm::BitVector own(context.done.size());
  for (unsigned i : component.carried)
    own.set(i);
  Value next = context.getScan().getYield().getNext()[form.carried];
  bool fits = rowsType(next).getNumElements() <= widest();
  auto isReading = [&](Value v) {
    std::optional<StateReading> r = readState(context, component, v);
    return r && !r->before && r->contracted.any();
  };
  std::optional<SmallVector<Value>> cut;
  if (form.vars.size() > 1)
    cut = findCut(context, own, context.readersOf(own), isReading);
  if (cut && cut->size() == 1) {
    StateReading r = *readState(context, component, cut->front());
    if (llvm::any_of(r.kept, [](std::optional<unsigned> d) { return d.has_value(); })) {
      auto *elsewhere = llvm::find_if(component.carried, [&](unsigned i) { return !beginsAtZero(context, i); });
      if (elsewhere == component.carried.end())
        reading = r;
      else if (!fits)
        return whyNotFrom(context, *elsewhere, "not at 0, and is wider than a row");
      return "";
    }
  }
  if (fits)
    return "";
  return cut ? "it is read in " + std::to_string(cut->size()) + " ways"
             : "it is read other than by a sum along a dimension, and is wider than a row";
}

Poly RecurrenceTarget::startOf(unsigned carried) {
  if (beginsAtZero(context, carried))
    return {};
  Value first = tensorOfStart(carried);
  ArrayRef<int64_t> item = cast<RankedTensorType>(first.getType()).getShape();
  Value rows = onlyInFirstRows(first, b.getMultiDimIdentityMap(item.size() + 1).dropResult(0), item);
  context.lifter.know(first, rows); // the tensor stands for its rows in formulas
  return A.leaf(first, llvm::map_to_vector(form.vars, [&](Var v) { return A.indexOf(v); }));
}

/// Dimensions of one entry are left out; a state of one number keeps one.
void RecurrenceTarget::orderDims() {
  auto isWide = [&](unsigned d) { return A.extent(form.vars[d]) != 1; };
  if (reading) {
    for (unsigned d : reading->contracted.set_bits())
      dims.push_back(d);
    for (std::optional<unsigned> d : reading->kept)
      if (d)
        resultDims.push_back(*d);
  } else {
    for (unsigned d = 0; d < form.vars.size(); ++d)
      if (isWide(d))
        resultDims.push_back(d);
  }
  llvm::append_range(dims, resultDims);
}

/// Factors without indices go into another one.
std::optional<SmallVector<RecurrenceTarget::Operand>> RecurrenceTarget::operandsOf(const Poly &p) {
  SmallVector<Poly> factors = separateFactors(A, *component.reader, p).value_or(SmallVector<Poly>{p});
  auto hasIndex = [&](const Poly &f) { return llvm::any_of(form.vars, [&](Var v) { return A.dependsOn(f, v); }); };
  auto *wide = llvm::find_if(factors, hasIndex),
       *bare = llvm::find_if(factors, [&](const Poly &f) { return !hasIndex(f); });
  if (wide != factors.end() && bare != factors.end()) {
    *wide = A.product(*bare, *wide);
    factors.erase(bare);
  }
  SmallVector<Operand> operands;
  for (const Poly &f : factors) {
    std::optional<Operand> o = emitter.emit(f, form.vars);
    if (!o)
      return {};
    operands.push_back(*o);
  }
  return operands;
}

bool RecurrenceTarget::isNarrow(ArrayRef<Operand> operands) {
  return llvm::all_of(operands, [&](const Operand &o) {
    int64_t n = 1;
    for (Var v : o.vars)
      n *= A.extent(v);
    return !o.lifted.perRow || n <= widest();
  });
}

void RecurrenceTarget::giveRows(ArrayRef<Operand> others, SmallVector<Operand> &input) {
  auto hasRows = [](const Operand &o) { return o.lifted.perRow; };
  if (dims.empty() || (llvm::none_of(others, hasRows) && llvm::none_of(input, hasRows)))
    input.front().lifted = {context.lifter.withRows(input.front().lifted, loc), true};
}

std::string RecurrenceTarget::findMissingDim(ArrayRef<Operand> operands) {
  for (unsigned d : dims)
    if (llvm::none_of(operands, [&](const Operand &o) { return llvm::is_contained(o.vars, form.vars[d]); }))
      return "no operand has its dimension " + std::to_string(d);
  return "";
}

SmallVector<Value> RecurrenceTarget::valuesOf(ArrayRef<Operand> operands, SmallVector<AffineMap> &maps) {
  SmallVector<Var> order = llvm::map_to_vector(dims, [&](unsigned d) { return form.vars[d]; });
  return llvm::map_to_vector(operands, [&](const Operand &o) {
    maps.push_back(mapOf(o, order, std::max<size_t>(dims.size(), 1)));
    return o.lifted.value;
  });
}

RankedTensorType RecurrenceTarget::finishMaps(SmallVector<AffineMap> &maps, Value &input, size_t place) {
  SmallVector<int64_t> shape{rowsType(context.getScan().getInputs()[0]).getDimSize(0)};
  SmallVector<AffineExpr> out{b.getAffineDimExpr(0)};
  for (unsigned d : resultDims) {
    shape.push_back(A.extent(form.vars[d]));
    out.push_back(b.getAffineDimExpr(1 + (llvm::find(dims, d) - dims.begin())));
  }
  if (dims.empty()) {
    shape.push_back(1);
    out.push_back(b.getAffineDimExpr(1));
    SmallVector<OpFoldResult> sizes{context.lifter.getNumRows(loc), b.getIndexAttr(1)};
    input = tensor::ExpandShapeOp::create(b, loc, RankedTensorType::get(shape, element), input,
                                          SmallVector<ReassociationIndices>{{0, 1}}, sizes);
    maps[place] = b.getMultiDimIdentityMap(2);
  }
  maps.push_back(AffineMap::get(1 + std::max<size_t>(dims.size(), 1), 0, out, b.getContext()));
  return RankedTensorType::get(shape, element);
}

Value RecurrenceTarget::asRows(Value result) {
  if (!dims.empty())
    return result;
  return tensor::CollapseShapeOp::create(b, loc, result, SmallVector<ReassociationIndices>{{0, 1}});
}

void RecurrenceTarget::knowNext(unsigned carried, Value rows) {
  Value next = context.getScan().getYield().getNext()[carried];
  context.know(next, *finishReading(context, component, wholeOf(next), rows, resultDims));
}

std::string RecurrenceTarget::knowReading(Value sum) {
  std::optional<Value> rows = finishReading(context, component, *reading, sum, resultDims);
  if (!rows)
    return "what is added to its reading cannot be computed for all rows at once";
  context.know(reading->value, *rows);
  return "";
}
