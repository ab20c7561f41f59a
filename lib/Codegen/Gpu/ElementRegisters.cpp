// Elements of an op whose outermost ordered loop goes through rows, with few steps of other ordered loops inside: a
// state of some numbers a channel, as that of a selective scan. The inside is written out, so that all that goes on
// from row to row is in registers, and what a row has for the whole channel is read once.
#include "lib/Codegen/Gpu/ElementLoops.h"
#include "lib/Codegen/Gpu/OwnElements.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
using namespace mlir;
namespace strand {

/// One element of one op on its way.
class ElementRegisters {
public:
  ElementRegisters(ElementLoops &loops, OpBuilder &b, SmallVector<Value> ivs)
      : x(loops), b(b), op(loops.op), loc(op.getLoc()), ivs(std::move(ivs)), outer(loops.ordered[0]),
        inner(ArrayRef(loops.ordered).drop_front()) {
    points = 1;
    for (unsigned d : inner)
      points *= op.getStaticLoopRanges()[d];
  }
  void emit();

private:
  /// What an operand has at a point of the loops inside: its number, and the point as far as its map goes with it.
  using Place = std::pair<unsigned, int64_t>;
  using Registers = llvm::MapVector<Place, Value>;

  ElementLoops &x;
  OpBuilder &b;
  linalg::LinalgOp op;
  Location loc;
  SmallVector<Value> ivs;
  unsigned outer;
  ArrayRef<unsigned> inner;
  int64_t points;

  bool goesWithRows(OpOperand &operand) { return op.getMatchingIndexingMap(&operand).isFunctionOfDim(outer); }
  Place placeOf(OpOperand &operand, int64_t point);
  void goTo(int64_t point);
  bool isWritten(OpOperand &input);
  void read(OpOperand &operand, int64_t point, Registers &registers);
  Registers readInputs(bool withRows);
  Registers states();
  SmallVector<Value> steps(Value first, Value end, int64_t together, ArrayRef<Place> carried, ValueRange begin,
                           const Registers &fixed);
  void step(Registers &state, const Registers &row, const Registers &fixed);
};

ElementRegisters::Place ElementRegisters::placeOf(OpOperand &operand, int64_t point) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  int64_t kept = 0, weight = 1;
  for (unsigned d : llvm::reverse(inner)) {
    int64_t size = op.getStaticLoopRanges()[d];
    kept += map.isFunctionOfDim(d) ? point % size * weight : 0;
    weight *= size;
    point /= size;
  }
  return {operand.getOperandNumber(), kept};
}

void ElementRegisters::goTo(int64_t point) {
  for (unsigned d : llvm::reverse(inner)) {
    int64_t size = op.getStaticLoopRanges()[d];
    ivs[d] = arith::ConstantIndexOp::create(b, loc, point % size);
    point /= size;
  }
}

bool ElementRegisters::isWritten(OpOperand &input) {
  return llvm::any_of(op.getDpsInits(), [&](Value output) { return bufferOf(output) == bufferOf(input.get()); });
}

void ElementRegisters::read(OpOperand &operand, int64_t point, Registers &registers) {
  Place place = placeOf(operand, point);
  if (registers.count(place))
    return;
  goTo(point);
  registers[place] = x.load(b, operand, ivs);
}

/// What the body uses of the inputs that are the same in all rows, or of the others in the row that is at hand.
ElementRegisters::Registers ElementRegisters::readInputs(bool withRows) {
  Registers registers;
  for (OpOperand *input : op.getDpsInputOperands())
    if (!op.getMatchingBlockArgument(input).use_empty() && (goesWithRows(*input) || isWritten(*input)) == withRows)
      for (int64_t p = 0; p < points; ++p)
        read(*input, p, registers);
  return registers;
}

/// Outputs that are the same element in all rows.
ElementRegisters::Registers ElementRegisters::states() {
  Registers registers;
  for (OpOperand &output : op.getDpsInitsMutable()) {
    if (goesWithRows(output))
      continue;
    for (int64_t p = 0; p < points; ++p)
      if (op.payloadUsesValueFromOperand(&output))
        read(output, p, registers);
      else
        registers[placeOf(output, p)] =
            arith::ConstantOp::create(b, loc, b.getZeroAttr(getElementTypeOrSelf(output.get())));
  }
  return registers;
}

/// The body at each point of one row; `state` becomes what it is behind it, and outputs of the row are stored.
void ElementRegisters::step(Registers &state, const Registers &row, const Registers &fixed) {
  Registers outputs;
  Block &payload = op->getRegion(0).front();
  for (int64_t p = 0; p < points; ++p) {
    IRMapping values;
    for (OpOperand *input : op.getDpsInputOperands()) {
      Place place = placeOf(*input, p);
      auto known = row.find(place);
      if (Value v = known != row.end() ? known->second : fixed.lookup(place))
        values.map(op.getMatchingBlockArgument(input), v);
    }
    for (OpOperand &output : op.getDpsInitsMutable()) {
      bool used = op.payloadUsesValueFromOperand(&output), perRow = goesWithRows(output);
      if (perRow && used)
        read(output, p, outputs);
      if (used)
        values.map(op.getMatchingBlockArgument(&output), (perRow ? outputs : state)[placeOf(output, p)]);
    }
    goTo(p);
    for (Operation &inside : payload.without_terminator()) {
      if (auto index = dyn_cast<linalg::IndexOp>(inside))
        values.map(index.getResult(), ivs[index.getDim()]);
      else
        b.clone(inside, values);
    }
    for (auto [output, yielded] : llvm::zip(op.getDpsInitsMutable(), payload.getTerminator()->getOperands()))
      (goesWithRows(output) ? outputs : state)[placeOf(output, p)] = values.lookupOrDefault(yielded);
  }
  for (OpOperand &output : op.getDpsInitsMutable())
    for (int64_t p = 0; goesWithRows(output) && p < points; ++p)
      if (Place place = placeOf(output, p); Value v = outputs.lookup(place)) {
        goTo(p);
        memref::StoreOp::create(b, loc, v, output.get(), x.indices(b, output, ivs));
        outputs[place] = Value();
      }
}

/// Rows `first` to `end`, `together` at a time; what they read comes first.
SmallVector<Value> ElementRegisters::steps(Value first, Value end, int64_t together, ArrayRef<Place> carried,
                                           ValueRange begin, const Registers &fixed) {
  auto loop = scf::ForOp::create(b, loc, first, end, arith::ConstantIndexOp::create(b, loc, together), begin);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> at;
  SmallVector<Registers> rows;
  for (int64_t s = 0; s < together; ++s) {
    Value skip = arith::ConstantIndexOp::create(b, loc, s);
    at.push_back(arith::AddIOp::create(b, loc, loop.getInductionVar(), skip));
    ivs[outer] = at.back();
    rows.push_back(readInputs(/*withRows=*/true));
  }
  Registers state;
  for (auto [place, v] : llvm::zip(carried, loop.getRegionIterArgs()))
    state[place] = v;
  for (int64_t s = 0; s < together; ++s) {
    ivs[outer] = at[s];
    step(state, rows[s], fixed);
  }
  SmallVector<Value> next;
  for (Place place : carried)
    next.push_back(state[place]);
  if (!next.empty())
    scf::YieldOp::create(b, loc, next);
  return llvm::to_vector_of<Value>(loop.getResults());
}

void ElementRegisters::emit() {
  constexpr int64_t manyPoints = 8;
  int64_t together = points >= manyPoints ? 2 : 4;
  Registers fixed = readInputs(/*withRows=*/false), state = states();
  SmallVector<Place> carried;
  SmallVector<Value> values;
  for (auto &[place, v] : state) {
    carried.push_back(place);
    values.push_back(v);
  }
  Value zero = arith::ConstantIndexOp::create(b, loc, 0), rows = x.sizes[outer];
  Value rest = b.createOrFold<arith::RemUIOp>(loc, rows, arith::ConstantIndexOp::create(b, loc, together));
  Value end = b.createOrFold<arith::SubIOp>(loc, rows, rest);
  values = steps(zero, end, together, carried, values, fixed);
  values = steps(end, rows, 1, carried, values, fixed);
  for (auto [place, v] : llvm::zip(carried, values))
    state[place] = v;
  for (OpOperand &output : op.getDpsInitsMutable())
    for (int64_t p = 0; !goesWithRows(output) && p < points; ++p)
      if (Place place = placeOf(output, p); Value v = state.lookup(place)) {
        goTo(p);
        memref::StoreOp::create(b, loc, v, output.get(), x.indices(b, output, ivs));
        state[place] = Value();
      }
}

bool ElementLoops::keepsRegisters() {
  constexpr int64_t mostPoints = 32;
  if (ordered.size() < 2)
    return false;
  int64_t points = 1;
  for (unsigned d : ArrayRef(ordered).drop_front()) {
    int64_t size = op.getStaticLoopRanges()[d];
    if (ShapedType::isDynamic(size) || (points *= size) > mostPoints)
      return false;
  }
  bool carries = false;
  for (OpOperand &output : op.getDpsInitsMutable()) {
    AffineMap map = op.getMatchingIndexingMap(&output);
    if (!map.isProjectedPermutation())
      return false;
    carries |= !map.isFunctionOfDim(ordered[0]);
  }
  return carries;
}

void ElementLoops::emitInRegisters(OpBuilder &b, Value i) { ElementRegisters(*this, b, place(b, i)).emit(); }
} // namespace strand
