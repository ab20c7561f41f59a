// Components are taken in an order in which each comes after what it reads. One for which there is an op becomes that
// op; its next value, or what is read of it, is rows from then on. Others become a scan, which yields the rows that the
// rest reads of it. If the rest reads more than may be stored for all rows, the scan takes in the components that do.
//
// Nothing is taken from the old scan until all of it is made, so an attempt that fails leaves only dead operations.
#include "lib/Transforms/ScanRewrite.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
using namespace mlir;
using namespace strand;
namespace {

constexpr ScanTarget targets[] = {
    {"strand.delta_rule", true, toDeltaRule},
    {"strand.linear_attention", true, toLinearAttention},
    // element by element a step takes as long as turning its rows
    {"strand.linear_recurrence", false, toLinearRecurrence},
    {"strand.complex_recurrence", false, toComplexRecurrence},
    {"strand.associative_scan", false, toAssociativeScan},
};

/// A scan of some components, with the values that its outputs are.
class PartialScan {
public:
  PartialScan(ScanContext &context, const llvm::BitVector &carried)
      : context(context), carried(carried), b(context.lifter.getBuilder()), inside(b.getContext()) {}
  /// False if something in the scan reads what another carries from the row before, of which there are no rows.
  bool emit(ArrayRef<Value> outputs);

private:
  bool isWorthLifting(Value v);
  bool findWorthLifting(Value v);
  Value resolve(Value v);
  Value takeIn(Value v);

  ScanContext &context;
  const llvm::BitVector &carried;
  OpBuilder &b, inside; // in front of the old scan, in the new one
  IRMapping map;
  SmallVector<Value> inputs, invariants;
  DenseMap<Value, bool> worth;
  Block *body = nullptr;
  bool isWhole = true; // all that is read is there
};

/// Whether a value that does not depend on these carried values is computed in front of the scan. What only repeats or
/// multiplies narrower values stays: it would be stored for all rows.
bool PartialScan::isWorthLifting(Value v) {
  if (auto it = worth.find(v); it != worth.end())
    return it->second;
  bool is = findWorthLifting(v);
  return worth[v] = is;
}

bool PartialScan::findWorthLifting(Value v) {
  Operation *op = v.getDefiningOp();
  if (context.structure.getCarried(v).anyCommon(carried) || v.getParentBlock() != context.getScan().getBody() ||
      context.lifter.findObstacle(v))
    return false;
  if (!op || context.lifter.isKnown(v))
    return true;
  if (op->hasTrait<OpTrait::ConstantLike>() || isa<tensor::EmptyOp, linalg::FillOp>(op))
    return false;
  if (!context.structure.isPerRow(v))
    return true;
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (linalgOp && linalgOp.getNumReductionLoops())
    return true;
  auto size = [](Value x) {
    auto type = dyn_cast<RankedTensorType>(x.getType());
    return type ? type.getNumElements() : 1;
  };
  int64_t widest = 0;
  for (Value o : op->getOperands())
    if (context.structure.isPerRow(o))
      widest = std::max(widest, isWorthLifting(o) ? size(o) : 0);
  return size(v) <= widest;
}

/// An argument of the new region for a value from outside.
Value PartialScan::takeIn(Value v) {
  Lifted from = *context.lifter.lift(v);
  Type type = v.getType();
  if (from.perRow) {
    auto rows = cast<RankedTensorType>(from.value.getType());
    type = RankedTensorType::get(rows.getShape().drop_front(), rows.getElementType());
  }
  unsigned at = from.perRow ? inputs.size() : inputs.size() + invariants.size();
  (from.perRow ? inputs : invariants).push_back(from.value);
  Value argument = body->insertArgument(at, type, v.getLoc());
  if (type != v.getType()) { // rows of numbers are rows of tensors of one number
    return tensor::ExtractOp::create(inside, v.getLoc(), argument, ValueRange());
  }
  return argument;
}

Value PartialScan::resolve(Value v) {
  if (Value known = map.lookupOrNull(v))
    return known;
  if (isWorthLifting(v)) {
    Value argument = takeIn(v);
    map.map(v, argument);
    return argument;
  }
  Operation *op = v.getDefiningOp();
  if (!op) { // carried by another, from an initial value that is a tensor: rows shifted by one cannot begin with it
    isWhole = false;
    return v;
  }
  llvm::SetVector<Value> reads(op->operand_begin(), op->operand_end());
  op->walk([&](Operation *inner) {
    for (Value o : inner->getOperands())
      if (o.getParentBlock() == op->getBlock())
        reads.insert(o);
  });
  for (Value o : reads)
    resolve(o);
  inside.clone(*op, map);
  return map.lookup(v);
}

bool PartialScan::emit(ArrayRef<Value> outputs) {
  ScanOp scan = context.getScan();
  Location loc = scan.getLoc();
  Region region; // of the scan that is made at the end, when its operands are known
  body = &region.emplaceBlock();
  inside.setInsertionPointToEnd(body);
  SmallVector<Attribute> initial;
  SmallVector<Value> inits;
  for (unsigned i : carried.set_bits()) {
    initial.push_back(scan.getInitial()[i]);
    if (Value v = scan.getInitialTensor(i))
      inits.push_back(v);
    Value argument = scan.getCarriedArgs()[i];
    map.map(argument, body->addArgument(argument.getType(), argument.getLoc()));
  }
  SmallVector<Value> rows, next;
  for (Value v : outputs)
    rows.push_back(resolve(v));
  for (unsigned i : carried.set_bits())
    next.push_back(resolve(scan.getYield().getNext()[i]));
  if (!isWhole)
    return false;
  // an output is a tensor, also where the value is a number
  for (Value &v : rows)
    if (!isa<RankedTensorType>(v.getType()))
      v = tensor::FromElementsOp::create(inside, loc, RankedTensorType::get({}, v.getType()), v);
  YieldOp::create(inside, scan.getYield().getLoc(), rows, next);
  if (inputs.empty()) { // its rows are counted
    inputs.push_back(scan.getInputs()[0]);
    body->insertArgument(0u, scan.getRowArgs()[0].getType(), loc);
  }
  int64_t count = rowsType(scan.getInputs()[0]).getDimSize(0);
  SmallVector<Type> types;
  for (Value v : rows) {
    SmallVector<int64_t> shape{count};
    llvm::append_range(shape, cast<RankedTensorType>(v.getType()).getShape());
    types.push_back(RankedTensorType::get(shape, getElementTypeOrSelf(v)));
  }
  auto made = ScanOp::create(b, loc, types, inputs, invariants, inits, scan.getOffsets(), ValueRange(), Value(),
                             b.getArrayAttr(initial), scan.getReverse());
  made->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
  made.getStep().takeBody(region);
  for (auto [v, result] : llvm::zip(outputs, made.getValues()))
    context.know(v, result);
  return true;
}

/// One way through the components, with all of them in one scan if `whole`.
class Attempt {
public:
  Attempt(StepStructure &structure, OpBuilder &b, bool whole)
      : structure(structure), context(structure, b), whole(whole), outcomes(structure.getComponents().size()) {}
  /// The rows of the outputs; nothing if one cannot be made.
  std::optional<SmallVector<Value>> run();
  void markAbsorbed();
  SmallVector<ComponentOutcome> takeOutcomes() { return std::move(outcomes); }

private:
  bool tryShift(StepComponent &component);
  bool tryTargets(unsigned c);
  bool mayBeOutput(Value v, const llvm::BitVector &inside);
  std::optional<unsigned> emitScan(unsigned first);
  llvm::BitVector bitsOf(const StepComponent &c);

  StepStructure &structure;
  ScanContext context;
  bool whole;
  SmallVector<ComponentOutcome> outcomes;
};

llvm::BitVector Attempt::bitsOf(const StepComponent &c) {
  llvm::BitVector bits(context.done.size());
  for (unsigned i : c.carried)
    bits.set(i);
  return bits;
}

/// What is carried without being used for itself is rows, and its old values are the rows before.
bool Attempt::tryShift(StepComponent &component) {
  unsigned i = component.carried[0];
  Value next = context.getScan().getYield().getNext()[i];
  if (component.forms[0].kind != StepKind::Shift || !isa<TypedAttr>(context.getScan().getInitial()[i]) ||
      context.lifter.findObstacle(next))
    return false;
  context.know(next, context.lifter.withRows(*context.lifter.lift(next), next.getLoc()));
  return true;
}

bool Attempt::tryTargets(unsigned c) {
  StepComponent &component = structure.getComponents()[c];
  if (whole) {
    outcomes[c].reason = "what is read of it cannot be computed for all rows at once";
    return false;
  }
  outcomes[c].isRows = tryShift(component);
  if (outcomes[c].isRows)
    return true;
  if (component.carried.size() == 1 && context.absorbed.contains(component.carried[0])) {
    outcomes[c].isAbsorbed = true;
    return true;
  }
  for (const ScanTarget &target : targets) {
    context.start = {};
    std::string reason = target.emit(context, component);
    if (reason.empty()) {
      outcomes[c].reason = reason;
      outcomes[c].op = target.op;
      outcomes[c].isWorthTurning = target.isWorthTurning;
      return true;
    }
    if (outcomes[c].reason.empty() || reason != noSuchOp) {
      outcomes[c].reason = reason;
      outcomes[c].start = context.start;
    }
  }
  return false;
}

/// Whether a scan of `inside` and what was done before can yield rows of `v`.
bool Attempt::mayBeOutput(Value v, const llvm::BitVector &inside) {
  Type element = getElementTypeOrSelf(v);
  bool isOutput = llvm::is_contained(context.getScan().getYield().getOutputs(), v);
  return (isOutput || context.isAffordable(v)) && !structure.getCarried(v).test(inside) &&
         (element.isF32() || element.isF64() || element.isInteger(32));
}

/// A scan of the component `first` and as many that follow as read more of it than may be stored; returns the next one,
/// or nothing if the scan cannot be made.
std::optional<unsigned> Attempt::emitScan(unsigned first) {
  MutableArrayRef<StepComponent> components = structure.getComponents();
  llvm::BitVector carried(context.done.size());
  for (unsigned last = first;; ++last) {
    carried |= bitsOf(components[last]);
    llvm::BitVector inside = context.done;
    inside |= carried;
    bool isLast = last + 1 == components.size();
    auto accept = [&](Value v) { return mayBeOutput(v, inside); };
    std::optional<SmallVector<Value>> cut = findCut(context, carried, context.readersOf(carried), accept);
    if (!isLast && (whole || !cut)) {
      outcomes[last + 1].reason =
          "it is computed with " + context.getScan().getCarriedName(components[first].carried[0]);
      continue;
    }
    if (whole || !cut) {
      cut.emplace();
      for (Value v : context.getScan().getYield().getOutputs())
        if (structure.getCarried(v).anyCommon(carried) && !llvm::is_contained(*cut, v))
          cut->push_back(v);
    }
    if (!PartialScan(context, carried).emit(*cut))
      return {};
    context.done |= carried;
    return last + 1;
  }
}

void Attempt::markAbsorbed() {
  for (auto [component, outcome] : llvm::zip(structure.getComponents(), outcomes))
    outcome.isAbsorbed |= component.carried.size() == 1 && context.absorbed.contains(component.carried[0]);
}

std::optional<SmallVector<Value>> Attempt::run() {
  for (unsigned c = 0; c < structure.getComponents().size();) {
    if (tryTargets(c)) {
      context.done |= bitsOf(structure.getComponents()[c++]);
      continue;
    }
    std::optional<unsigned> next = emitScan(c);
    if (!next)
      return {};
    c = *next;
  }
  SmallVector<Value> results;
  for (Value v : context.getScan().getYield().getOutputs()) {
    std::optional<Lifted> rows = context.lifter.lift(v);
    if (!rows)
      return {};
    results.push_back(context.lifter.withRows(*rows, v.getLoc()));
  }
  return results;
}
} // namespace

SmallVector<ComponentOutcome> strand::rewriteScan(StepStructure &structure, OpBuilder &b) {
  for (bool whole : {false, true}) {
    Attempt attempt(structure, b, whole);
    std::optional<SmallVector<Value>> results = attempt.run();
    if (results) // those that came before the op which absorbs them
      attempt.markAbsorbed();
    if (results)
      structure.getScan()->replaceAllUsesWith(*results);
    if (results || whole)
      return attempt.takeOutcomes();
  }
  llvm_unreachable("the second attempt is the last");
}
