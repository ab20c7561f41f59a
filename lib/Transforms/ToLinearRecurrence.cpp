// h' = a * h + b, element by element, as strand.linear_recurrence: all of h, or one sum over some of its dimensions.
#include "lib/Transforms/RecurrenceTarget.h"
using namespace mlir;
using namespace strand;
using namespace strand::algebra;
namespace {

class Recurrence : RecurrenceTarget {
public:
  using RecurrenceTarget::RecurrenceTarget;
  std::string emit();

private:
  Value makeOp(ArrayRef<Operand> decay, ArrayRef<Operand> input, std::optional<Operand> read, bool log);
};

Value Recurrence::makeOp(ArrayRef<Operand> decay, ArrayRef<Operand> input, std::optional<Operand> read, bool log) {
  ScanOp scan = context.getScan();
  SmallVector<AffineMap> maps;
  SmallVector<Value> a = valuesOf(decay, maps), x = valuesOf(input, maps);
  Value c = read ? valuesOf(*read, maps)[0] : Value();
  RankedTensorType type = finishMaps(maps, x[0], a.size());
  auto op = LinearRecurrenceOp::create(b, loc, type, TypeRange(), a, x, c, scan.getOffsets(), ValueRange(), Value(),
                                       b.getAffineMapArrayAttr(maps), log);
  op->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
  return asRows(op.getY());
}

std::string Recurrence::emit() {
  if (std::string reason = findReading(); !reason.empty())
    return reason;
  orderDims();
  const Poly &scale = form.from.begin()->second.scale;
  const char *obstacle = "an operand cannot be computed for all rows at once";
  Poly added = A.sum(form.input, A.product(scale, startOf(form.carried)));
  if (added.isZero())
    return "it has no input";
  std::optional<SmallVector<Operand>> input = operandsOf(added), decay = operandsOf(scale);
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
  giveRows(*decay, *input);
  SmallVector<Operand> all(*decay);
  llvm::append_range(all, *input);
  std::optional<Operand> read;
  if (reading) {
    read = emitter.emit(reading->coefficient, form.vars);
    if (!read)
      return obstacle;
    if (!isNarrow(*read))
      return "what it is read with is wider than a row";
    all.push_back(*read);
  }
  if (std::string reason = findMissingDim(all); !reason.empty())
    return reason;
  if (A.isTooLong())
    return "a formula of it is too long";
  Value y = makeOp(*decay, *input, read, log);
  if (reading)
    return knowReading(y);
  knowNext(form.carried, y);
  return "";
}
} // namespace

std::string strand::toLinearRecurrence(ScanContext &context, StepComponent &component) {
  const CarriedForm *form = component.getSingleAffine();
  if (!form || form->from.size() != 1 || !form->from.begin()->second.isElementwise())
    return noSuchOp;
  std::string reason = whyNotForward(context, component);
  return reason.empty() ? Recurrence(context, component).emit() : reason;
}
