// Two carried values that turn into each other, element by element, as strand.complex_recurrence: both, or the real
// part of one sum over some of their dimensions.
#include "lib/Transforms/RecurrenceTarget.h"
using namespace mlir;
using namespace strand;
using namespace strand::algebra;
namespace {

constexpr const char *obstacle = "an operand cannot be computed for all rows at once";

class ComplexTarget : RecurrenceTarget {
public:
  ComplexTarget(ScanContext &context, StepComponent &component, ComplexForm pair)
      : RecurrenceTarget(context, component), pair(std::move(pair)) {}
  std::string emit();

private:
  using Operands = SmallVector<Operand>;
  void addStart();
  void turnAround();
  std::string findTransition(Operands &decay, Operands &turn, bool &log);
  std::string findReadOperands(Operands &read);
  ComplexRecurrenceOp makeOp(ArrayRef<Operands> groups, bool log);

  ComplexForm pair;
  unsigned real = 0; // which of the carried values is the real part
};

/// Either value may be the real part: with the other one the number is conjugate and turned by a quarter. It is one
/// with an input, which has to be there.
void ComplexTarget::turnAround() {
  if (!pair.inputs[0].isZero())
    return;
  real = 1;
  std::swap(pair.inputs[0], pair.inputs[1]);
  pair.turn = A.scaled(pair.turn, -1);
}

/// p = scale exp(g) f(x) as g + log scale and x, f being the operation of that name.
std::optional<std::pair<Poly, Poly>> polarPart(Algebra &A, StepReader &reader, const Poly &p, StringRef name) {
  Poly open = reader.fullyOpened(p);
  if (open.summands.size() != 1 || !open.summands[0].term.bound.empty())
    return {};
  Summand s = open.summands[0];
  auto *at = llvm::find_if(s.term.factors, [&](const Factor &f) {
    return f.power == 1 && A[f.atom].fn == Fn::Other && A[f.atom].op->getName().getStringRef() == name;
  });
  if (at == s.term.factors.end())
    return {};
  Poly angle = A[at->atom].args[0];
  s.term.factors.erase(at);
  std::optional<Poly> log = logarithmOf(A, reader, A.poly(s.term, s.coefficient));
  if (!log)
    return {};
  return std::pair(*log, angle);
}

/// As it is or, where that is wider than a row, as logarithm and angle.
std::string ComplexTarget::findTransition(Operands &decay, Operands &turn, bool &log) {
  auto take = [&](const Poly &re, const Poly &im) {
    std::optional<Operands> a = operandsOf(re), w = operandsOf(im);
    if (!a || !w || !isNarrow(*a) || !isNarrow(*w))
      return false;
    decay = *a, turn = *w;
    return true;
  };
  log = false;
  if (take(pair.decay, pair.turn))
    return "";
  log = true;
  bool isTurned = real == 1; // sin(-x) = -sin x
  auto re = polarPart(A, *component.reader, pair.decay, "math.cos");
  auto im = polarPart(A, *component.reader, isTurned ? A.scaled(pair.turn, -1) : pair.turn, "math.sin");
  if (re && im && A.equal(re->first, im->first) && A.equal(re->second, im->second) &&
      take(re->first, isTurned ? A.scaled(re->second, -1) : re->second))
    return "";
  return "its transition is wider than a row, and no product of narrower ones";
}

/// y = c0 p + c1 q = Re((c0 - i c1) (p + i q)).
std::string ComplexTarget::findReadOperands(Operands &read) {
  Poly re = reading->coefficient, im = reading->second;
  if (real == 1)
    std::swap(re, im);
  SmallVector<Poly> parts{re};
  if (!im.isZero())
    parts.push_back(A.scaled(im, -1));
  for (const Poly &p : parts) {
    std::optional<Operand> o = emitter.emit(p, form.vars);
    if (!o)
      return obstacle;
    if (!isNarrow(*o))
      return "what it is read with is wider than a row";
    read.push_back(*o);
  }
  return "";
}

ComplexRecurrenceOp ComplexTarget::makeOp(ArrayRef<Operands> groups, bool log) {
  ScanOp scan = context.getScan();
  SmallVector<AffineMap> maps;
  SmallVector<SmallVector<Value>> values;
  for (const Operands &group : groups)
    values.push_back(valuesOf(group, maps));
  RankedTensorType type = finishMaps(maps, values[2][0], values[0].size() + values[1].size());
  bool both = !reading;
  auto op = ComplexRecurrenceOp::create(b, loc, type, both ? TypeRange(type) : TypeRange(), values[0], values[1],
                                        values[2], values[3], values[4], scan.getOffsets(), ValueRange(), Value(),
                                        b.getAffineMapArrayAttr(maps), log, both);
  op->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
  return op;
}

/// What the transition makes of what the values begin at is input of the first row.
void ComplexTarget::addStart() {
  Poly p = startOf(component.carried[0]), q = startOf(component.carried[1]);
  pair.inputs[0] = A.sum(pair.inputs[0], A.sum(A.product(pair.decay, p), A.product(pair.turn, q), -1));
  pair.inputs[1] = A.sum(pair.inputs[1], A.sum(A.product(pair.turn, p), A.product(pair.decay, q)));
}

std::string ComplexTarget::emit() {
  if (std::string reason = findReading(); !reason.empty())
    return reason;
  addStart();
  if (pair.inputs[0].isZero() && pair.inputs[1].isZero())
    return "it has no input";
  orderDims();
  turnAround();
  Operands groups[5]; // decay, turn, input, imaginary input, read
  bool log;
  if (std::string reason = findTransition(groups[0], groups[1], log); !reason.empty())
    return reason;
  for (unsigned part : {0, 1}) {
    if (pair.inputs[part].isZero())
      continue;
    std::optional<Operands> input = operandsOf(pair.inputs[part]);
    if (!input)
      return obstacle;
    if (!isNarrow(*input))
      return "its input is wider than a row, and no product of narrower ones";
    groups[2 + part] = *input;
  }
  if (reading)
    if (std::string reason = findReadOperands(groups[4]); !reason.empty())
      return reason;
  Operands others;
  for (unsigned group : {0, 1, 3})
    llvm::append_range(others, groups[group]);
  giveRows(others, groups[2]);
  llvm::append_range(others, groups[2]);
  llvm::append_range(others, groups[4]);
  if (std::string reason = findMissingDim(others); !reason.empty())
    return reason;
  if (A.isTooLong())
    return "a formula of it is too long";
  ComplexRecurrenceOp op = makeOp(groups, log);
  if (reading)
    return knowReading(op.getY());
  for (unsigned part : {0, 1})
    knowNext(component.carried[part], asRows(op.getOutputs()[part == real ? 0 : 1]));
  return "";
}
} // namespace

std::string strand::toComplexRecurrence(ScanContext &context, StepComponent &component) {
  std::optional<ComplexForm> pair = component.getComplex();
  if (!pair)
    return noSuchOp;
  std::string reason = whyNotForward(context, component);
  return reason.empty() ? ComplexTarget(context, component, *pair).emit() : reason;
}
