// h' = max(h + a, b), the same with min, or log(exp(h + a) + exp(b)), element by element, as strand.associative_scan.
//
// Rows are pairs (a, b), and two of them together are (a1 + a2, join(b1 + a2, b2)), join being that maximum, minimum or
// log-sum-exp: what the first makes of h, moved and joined by the second. h is what b becomes if it begins where h
// does. Without a, rows are b alone. Several a, or several b, are joined in front, since what is added to a join is
// added to all that is joined.
//
// Between places, a'[j] = max_i(a[i] + T[i, j]), two rows of N places are joined by a product of two N x N matrices,
// while a row takes N x N in order. So that stays a scan.
#include "dialects/Strand/Rows.h"
#include "lib/Transforms/ScanTargets.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <limits>
using namespace mlir;
using namespace strand;
using namespace strand::algebra;
namespace {

/// log(exp x + exp y). Equal ones are not subtracted: they may be infinite.
Value logSumExp(OpBuilder &b, Location loc, Value x, Value y) {
  Value most = arith::MaximumFOp::create(b, loc, x, y), least = arith::MinimumFOp::create(b, loc, x, y);
  Value same = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, most, least);
  Value apart = arith::SubFOp::create(b, loc, least, most), zero = floatConstant(b, loc, x.getType(), 0);
  Value ratio = math::ExpOp::create(b, loc, arith::SelectOp::create(b, loc, same, zero, apart));
  return arith::AddFOp::create(b, loc, most, math::Log1pOp::create(b, loc, ratio));
}

Value join(StepKind kind, OpBuilder &b, Location loc, Value x, Value y) {
  switch (kind) {
  case StepKind::MaxPlus:
    return arith::MaximumFOp::create(b, loc, x, y);
  case StepKind::MinPlus:
    return arith::MinimumFOp::create(b, loc, x, y);
  default:
    return logSumExp(b, loc, x, y);
  }
}

class Semiring : ComponentTarget {
public:
  using ComponentTarget::ComponentTarget;
  std::string emit();

private:
  std::string findPair();
  std::string whyNotHere(const Alternative &a);
  std::optional<Poly> withoutLogs(const Poly &offset);
  std::optional<Operand> joined(ArrayRef<Poly> parts);
  Value makeOp(ArrayRef<Operand> parts, double initial);

  Value next = context.getScan().getYield().getNext()[form.carried];
  SmallVector<Poly> moved, inputs; // what is joined to a and to b
  SmallVector<Var> wide; // indices of the state, but for dimensions of one entry
};

/// Why a place of the state is not made of the same place before it.
std::string Semiring::whyNotHere(const Alternative &a) {
  bool here = true;
  int64_t places = 1;
  for (auto [d, e] : llvm::enumerate(a.index)) {
    auto x = dyn_cast<AffineDimExpr>(e);
    bool isSummed = x && llvm::is_contained(a.over, x.getPosition());
    here &= isSummed || e == A.indexOf(form.vars[d]);
    places *= isSummed ? A.extent(x.getPosition()) : 1;
  }
  if (here && !a.over.empty()) {
    std::string n = std::to_string(places);
    return "two of its rows are joined by a product of " + n + " x " + n + " matrices, which takes " + n +
           " times the work of a row";
  }
  return here && a.index.size() == form.vars.size() ? "" : noSuchOp;
}

/// Logarithms of factors as sums that do not overflow; nothing if a factor may not be positive. The logarithms of
/// classification are those without an operation.
std::optional<Poly> Semiring::withoutLogs(const Poly &offset) {
  Poly sum;
  for (const Summand &s : offset.summands) {
    Poly one = A.poly(s.term, s.coefficient);
    std::optional<AtomId> id = A.asAtom(one);
    if (id && A[*id].fn == Fn::Log && !A[*id].op) {
      std::optional<Poly> log = logarithmOf(A, *component.reader, Poly(A[*id].args[0]));
      if (!log)
        return {};
      one = *log;
    }
    sum = A.sum(sum, one);
  }
  return sum;
}

std::string Semiring::findPair() {
  for (const Alternative &a : form.alternatives) {
    if (a.carried) {
      if (std::string reason = whyNotHere(a); !reason.empty())
        return reason;
    } else if (!a.over.empty()) {
      return noSuchOp;
    }
    std::optional<Poly> offset = withoutLogs(a.offset);
    if (!offset)
      return "a factor of it is not plainly positive";
    (a.carried ? moved : inputs).push_back(*offset);
  }
  return inputs.empty() ? "it has no input" : "";
}

/// One operand of several.
std::optional<Semiring::Operand> Semiring::joined(ArrayRef<Poly> parts) {
  if (parts.size() == 1)
    return emitter.emit(parts[0], form.vars);
  SmallVector<Value> rows;
  for (const Poly &p : parts) {
    std::optional<Value> one = emitter.emitRows(p, wide);
    if (!one)
      return {};
    rows.push_back(*one);
  }
  unsigned rank = rowsType(rows[0]).getRank();
  SmallVector<AffineMap> maps(rows.size() + 1, b.getMultiDimIdentityMap(rank));
  Value all = context.lifter.emptyRows(loc, itemShape(rows[0]), element);
  all = generic(b, loc, rows, all, maps, std::string(rank, 'p'),
                [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                  Value sum = x[0];
                  for (Value one : x.drop_front().drop_back())
                    sum = join(form.kind, b, loc, sum, one);
                  return {sum};
                })[0];
  return Operand{{all, true}, wide};
}

Value Semiring::makeOp(ArrayRef<Operand> parts, double initial) {
  ScanOp scan = context.getScan();
  SmallVector<int64_t> shape{rowsType(scan.getInputs()[0]).getDimSize(0)};
  for (Var v : wide)
    shape.push_back(A.extent(v));
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  for (const Operand &o : parts) {
    operands.push_back(o.lifted.value);
    maps.push_back(mapOf(o, wide, wide.size()));
  }
  bool isPair = parts.size() == 2, isPlain = llvm::all_of(maps, [](AffineMap map) { return map.isIdentity(); });
  constexpr double infinity = std::numeric_limits<double>::infinity();
  SmallVector<double> identity(isPair, 0);
  identity.push_back(form.kind == StepKind::MinPlus ? infinity : -infinity);
  auto op = AssociativeScanOp::create(
      b, loc, RankedTensorType::get(shape, element), operands, scan.getOffsets(), ValueRange(), Value(), identity,
      initial == identity.back() ? DenseF64ArrayAttr() : b.getDenseF64ArrayAttr(initial),
      isPair ? b.getDenseI64ArrayAttr(1) : DenseI64ArrayAttr(), isPlain ? ArrayAttr() : b.getAffineMapArrayAttr(maps),
      /*reverse=*/false);
  op->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Type> types(2 * parts.size(), element);
  Block *body = b.createBlock(&op.getCombine(), {}, types, SmallVector<Location>(types.size(), loc));
  Value first = body->getArgument(isPair), second = body->getArgument(parts.size() + isPair);
  SmallVector<Value> joined;
  if (isPair) {
    joined.push_back(arith::AddFOp::create(b, loc, body->getArgument(0), body->getArgument(2)));
    first = arith::AddFOp::create(b, loc, first, body->getArgument(2));
  }
  joined.push_back(join(form.kind, b, loc, first, second));
  YieldOp::create(b, loc, joined, ValueRange());
  return op.getOutputs()[0];
}

std::string Semiring::emit() {
  ScanOp scan = context.getScan();
  if (scan.getReverse())
    return isReverse;
  if (std::string reason = findPair(); !reason.empty())
    return reason;
  auto initial = dyn_cast<FloatAttr>(scan.getInitial()[form.carried]);
  if (!initial)
    return whyNotFrom(context, form.carried, "and that op at a number");
  if (!context.isAffordable(next))
    return "it is wider than a row";
  SmallVector<unsigned> dims;
  for (unsigned d = 0; d < form.vars.size(); ++d)
    if (A.extent(form.vars[d]) != 1) {
      dims.push_back(d);
      wide.push_back(form.vars[d]);
    }
  SmallVector<Operand> parts;
  SmallVector<ArrayRef<Poly>> pair{inputs};
  if (moved.size() > 1 || !moved[0].isZero())
    pair.insert(pair.begin(), moved);
  for (ArrayRef<Poly> part : pair) {
    std::optional<Operand> o = joined(part);
    if (!o)
      return "an operand cannot be computed for all rows at once";
    parts.push_back(*o);
  }
  if (A.isTooLong())
    return "a formula of it is too long";
  if (llvm::none_of(parts, [](const Operand &o) { return o.lifted.perRow; }))
    parts.back().lifted = {context.lifter.withRows(parts.back().lifted, loc), true};
  Value y = makeOp(parts, initial.getValueAsDouble());
  context.know(next, *finishReading(context, component, wholeOf(next), y, dims));
  return "";
}
} // namespace

std::string strand::toAssociativeScan(ScanContext &context, StepComponent &component) {
  StepKind kind = component.forms[0].kind;
  if (component.carried.size() != 1 ||
      (kind != StepKind::MaxPlus && kind != StepKind::MinPlus && kind != StepKind::LogSumExp))
    return noSuchOp;
  return Semiring(context, component).emit();
}
