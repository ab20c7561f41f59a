// h' = a * h + b, element by element, as strand.linear_recurrence: all of h, or one sum over some of its dimensions.
#include "dialects/Strand/Rows.h"
#include "lib/Transforms/ScanTargets.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
using namespace strand;
using namespace strand::algebra;
namespace {

class Recurrence {
public:
  Recurrence(ScanContext &context, StepComponent &component)
      : context(context), component(component), form(component.forms[0]), A(*component.algebra),
        element(getElementTypeOrSelf(context.getScan().getCarriedArgs()[form.carried])),
        emitter(context.lifter, A, element, context.getScan().getLoc()), b(context.lifter.getBuilder()),
        loc(context.getScan().getLoc()) {}
  std::string emit();

private:
  using Operand = FormulaEmitter::Result;
  std::string findReading();
  void orderDims();
  std::optional<SmallVector<Operand>> operandsOf(const Poly &p);
  bool isNarrow(ArrayRef<Operand> operands);
  AffineMap mapOf(const Operand &o);
  Value makeOp(ArrayRef<Operand> decay, ArrayRef<Operand> input, std::optional<Operand> read, bool log);

  ScanContext &context;
  StepComponent &component;
  const CarriedForm &form;
  Algebra &A;
  Type element;
  FormulaEmitter emitter;
  OpBuilder &b;
  Location loc;
  std::optional<StateReading> reading; // none: all of h
  SmallVector<unsigned> dims;          // of the state, in the op's order: those that are summed first
  SmallVector<unsigned> resultDims;
};

std::string Recurrence::findReading() {
  llvm::BitVector own(context.done.size());
  own.set(form.carried);
  Value next = context.getScan().getYield().getNext()[form.carried];
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
      reading = r;
      return "";
    }
  }
  if (context.isAffordable(next))
    return "";
  return cut ? "it is read in " + std::to_string(cut->size()) + " ways"
             : "it is read other than by a sum along a dimension, and is wider than a row";
}

/// Dimensions of one entry are left out; a state of one number keeps one.
void Recurrence::orderDims() {
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
std::optional<SmallVector<Recurrence::Operand>> Recurrence::operandsOf(const Poly &p) {
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

/// Whether nothing is stored for all rows that is wider than a row.
bool Recurrence::isNarrow(ArrayRef<Operand> operands) {
  return llvm::all_of(operands, [&](const Operand &o) {
    int64_t n = 1;
    for (Var v : o.vars)
      n *= A.extent(v);
    return !o.lifted.perRow || n <= context.largestItem;
  });
}

AffineMap Recurrence::mapOf(const Operand &o) {
  SmallVector<AffineExpr> exprs;
  if (o.lifted.perRow)
    exprs.push_back(b.getAffineDimExpr(0));
  for (Var v : o.vars) {
    unsigned d = llvm::find(form.vars, v) - form.vars.begin();
    exprs.push_back(b.getAffineDimExpr(1 + (llvm::find(dims, d) - dims.begin())));
  }
  return AffineMap::get(1 + std::max<size_t>(dims.size(), 1), 0, exprs, b.getContext());
}

Value Recurrence::makeOp(ArrayRef<Operand> decay, ArrayRef<Operand> input, std::optional<Operand> read, bool log) {
  ScanOp scan = context.getScan();
  SmallVector<AffineMap> maps;
  auto valuesOf = [&](ArrayRef<Operand> operands) {
    return llvm::map_to_vector(operands, [&](const Operand &o) {
      maps.push_back(mapOf(o));
      return o.lifted.value;
    });
  };
  SmallVector<Value> a = valuesOf(decay), x = valuesOf(input), c = read ? valuesOf(*read) : SmallVector<Value>();
  SmallVector<int64_t> shape{rowsType(scan.getInputs()[0]).getDimSize(0)};
  SmallVector<AffineExpr> out{b.getAffineDimExpr(0)};
  for (unsigned d : resultDims) {
    shape.push_back(A.extent(form.vars[d]));
    out.push_back(b.getAffineDimExpr(1 + (llvm::find(dims, d) - dims.begin())));
  }
  if (dims.empty()) { // one number: a dimension of one entry, which an operand has to show
    shape.push_back(1);
    out.push_back(b.getAffineDimExpr(1));
    SmallVector<OpFoldResult> sizes{context.lifter.getNumRows(loc), b.getIndexAttr(1)};
    x[0] = tensor::ExpandShapeOp::create(b, loc, RankedTensorType::get(shape, element), x[0],
                                         SmallVector<ReassociationIndices>{{0, 1}}, sizes);
    maps[a.size()] = b.getMultiDimIdentityMap(2);
  }
  maps.push_back(AffineMap::get(1 + std::max<size_t>(dims.size(), 1), 0, out, b.getContext()));
  auto op = LinearRecurrenceOp::create(b, loc, RankedTensorType::get(shape, element), TypeRange(), a, x,
                                       c.empty() ? Value() : c[0], scan.getOffsets(), ValueRange(), Value(),
                                       b.getAffineMapArrayAttr(maps), log);
  op->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
  if (!dims.empty())
    return op.getY();
  return tensor::CollapseShapeOp::create(b, loc, op.getY(), SmallVector<ReassociationIndices>{{0, 1}});
}

std::string Recurrence::emit() {
  if (std::string reason = findReading(); !reason.empty())
    return reason;
  orderDims();
  const Poly &scale = form.from.begin()->second.scale;
  const char *obstacle = "an operand cannot be computed for all rows at once";
  std::optional<SmallVector<Operand>> input = operandsOf(form.input), decay = operandsOf(scale);
  if (!input || !decay)
    return obstacle;
  if (!isNarrow(*input))
    return "its input is wider than a row, and no product of narrower ones";
  bool log = false;
  if (!isNarrow(*decay)) {
    std::optional<Poly> exponent = logarithmOf(A, *component.reader, scale);
    decay = exponent ? operandsOf(*exponent) : std::nullopt;
    if (!decay || !isNarrow(*decay))
      return "its decay is wider than a row, and no product of narrower ones";
    log = true;
  }
  SmallVector<Operand> all(*decay);
  llvm::append_range(all, *input);
  if (dims.empty() ||
      llvm::none_of(all, [](const Operand &o) { return o.lifted.perRow; })) { // something has to have rows
    Operand &first = input->front();
    first.lifted = {context.lifter.withRows(first.lifted, loc), true};
  }
  std::optional<Operand> read;
  if (reading) {
    read = emitter.emit(reading->coefficient, form.vars);
    if (!read)
      return obstacle;
    if (!isNarrow(*read))
      return "what it is read with is wider than a row";
  }
  // each dimension of the state has to be one of some operand
  for (unsigned d : dims)
    if (llvm::none_of(all, [&](const Operand &o) { return llvm::is_contained(o.vars, form.vars[d]); }) &&
        !(read && llvm::is_contained(read->vars, form.vars[d])))
      return "no operand has its dimension " + std::to_string(d);
  if (A.isTooLong())
    return "a formula of it is too long";
  Value y = makeOp(*decay, *input, read, log);
  Value next = context.getScan().getYield().getNext()[form.carried];
  if (!reading) {
    StateReading whole;
    whole.value = next;
    whole.vars = form.vars;
    for (unsigned d = 0; d < form.vars.size(); ++d)
      whole.kept.push_back(A.extent(form.vars[d]) == 1 ? std::nullopt : std::optional(d));
    context.know(next, *finishReading(context, component, whole, y, resultDims));
    return "";
  }
  std::optional<Value> rows = finishReading(context, component, *reading, y, resultDims);
  if (!rows)
    return "what is added to its reading cannot be computed for all rows at once";
  context.know(reading->value, *rows);
  return "";
}
} // namespace

std::string strand::toLinearRecurrence(ScanContext &context, StepComponent &component) {
  std::string reason = whyNotPlain(context, component);
  return reason.empty() ? Recurrence(context, component).emit() : reason;
}
