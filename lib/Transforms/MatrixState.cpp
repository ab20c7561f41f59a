#include "lib/Transforms/MatrixState.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
using namespace strand;
using namespace strand::algebra;

std::optional<MatrixState::Parts> MatrixState::partsWith(unsigned key, unsigned value) {
  const Poly &scale = form.from.begin()->second.scale;
  if (A.dependsOn(scale, form.vars[value]) || A.dependsOn(reading.coefficient, form.vars[value]))
    return {};
  auto kv = splitProduct(A, *component.reader, form.input, form.vars[key], form.vars[value]);
  if (!kv)
    return {};
  Parts p{key, value, {}, kv->first, kv->second};
  for (unsigned d = 0; d < form.vars.size(); ++d)
    if (d != key && d != value && A.extent(form.vars[d]) != 1) {
      if (p.head)
        return {};
      p.head = d;
    }
  return p;
}

std::optional<MatrixState::Parts> MatrixState::findParts() {
  if (reading.contracted.count() != 1)
    return {};
  unsigned key = reading.contracted.find_first();
  for (unsigned d = form.vars.size(); d-- > 0;)
    if (d != key && A.extent(form.vars[d]) != 1)
      if (auto p = partsWith(key, d))
        return p;
  return {};
}

std::string MatrixState::findReading() {
  llvm::BitVector own(context.done.size());
  own.set(form.carried);
  auto isReading = [&](Value v) {
    std::optional<StateReading> r = readState(context, component, v);
    return r && r->contracted.any();
  };
  std::optional<SmallVector<Value>> cut = findCut(context, own, context.readersOf(own), isReading);
  if (!cut)
    return "it is read other than by a sum along a dimension";
  if (cut->size() != 1)
    return "it is read in " + std::to_string(cut->size()) + " ways";
  reading = *readState(context, component, cut->front());
  return "";
}

std::string MatrixState::find() {
  if (std::string reason = findReading(); !reason.empty())
    return reason;
  std::optional<Parts> found = findParts();
  if (!found)
    return "decay, input and reading do not fit one key and one value dimension";
  parts = *found;
  return "";
}

std::optional<Value> MatrixState::withHeads(const Poly &p, bool heads, std::optional<unsigned> dim) {
  SmallVector<Var> vars;
  if (heads && parts.head)
    vars.push_back(form.vars[*parts.head]);
  if (dim)
    vars.push_back(form.vars[*dim]);
  std::optional<Value> rows = emitter.emitRows(p, vars);
  if (!rows || (heads && parts.head))
    return rows;
  auto type = rowsType(*rows);
  SmallVector<int64_t> shape(type.getShape());
  shape.insert(shape.begin() + 1, 1);
  SmallVector<ReassociationIndices> groups =
      dim ? SmallVector<ReassociationIndices>{{0}, {1, 2}} : SmallVector<ReassociationIndices>{{0, 1}};
  SmallVector<OpFoldResult> sizes = getAsIndexOpFoldResult(b.getContext(), shape);
  sizes[0] = context.lifter.getNumRows(loc);
  return tensor::ExpandShapeOp::create(b, loc, RankedTensorType::get(shape, element), *rows, groups, sizes);
}

std::optional<Value> MatrixState::gateOf(const Poly &decay) {
  return withHeads(decay, true, A.dependsOn(decay, keyVar()) ? std::optional(parts.key) : std::nullopt);
}

std::string MatrixState::finish(Value y) {
  SmallVector<unsigned> dims{parts.value};
  if (parts.head)
    dims.insert(dims.begin(), *parts.head);
  else
    y = tensor::CollapseShapeOp::create(b, context.getScan().getLoc(), y,
                                        SmallVector<ReassociationIndices>{{0}, {1, 2}});
  std::optional<Value> rows = finishReading(context, component, reading, y, dims);
  if (!rows)
    return "what is added to its reading cannot be computed for all rows at once";
  context.know(reading.value, *rows);
  return "";
}
