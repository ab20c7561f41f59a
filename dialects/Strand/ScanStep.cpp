// One step of a strand.scan as operations in destination style.
//
//   begin   a carried value that begins at a tensor is taken from there in the first row
//   clone   the region's operations; element-wise ones on tensors become linalg, each with a destination of its own
//   sink    what makes a next value stands as late as those that read it allow, behind the readers of the old one
//   place   each next value goes into its carry (materialize_in_destination). Elimination of empty tensors lets its
//           producer write there; what still reads the old value then makes it a copy
//
// A carry that were not written in place would be a new buffer for every row, which bufferisation refuses. The
// producers keep a tensor.empty until then, because fusion on tensors drops a destination that is not read.
#include "dialects/Strand/ScanStep.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
using namespace mlir;
using namespace strand;
/// IR: %y = arith.mulf %a, %b : tensor<4xf32>  ->  %y = linalg.generic { arith.mulf } on the identity
static Value elementwise(OpBuilder &b, Operation &inner, const IRMapping &map) {
  auto type = cast<RankedTensorType>(inner.getResult(0).getType());
  SmallVector<Value> ins;
  for (Value v : inner.getOperands())
    if (isa<RankedTensorType>(v.getType()))
      ins.push_back(map.lookup(v));
  SmallVector<AffineMap> maps(ins.size() + 1, b.getMultiDimIdentityMap(type.getRank()));
  Value out = emptyTensor(b, inner.getLoc(), type.getShape(), type.getElementType());
  return generic(b, inner.getLoc(), ins, out, maps, std::string(type.getRank(), 'p'),
                 [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   SmallVector<Value> operands;
                   for (Value v : inner.getOperands()) {
                     bool element = isa<RankedTensorType>(v.getType());
                     operands.push_back(element ? x.front() : map.lookup(v));
                     x = element ? x.drop_front() : x;
                   }
                   return {
                       b.create(loc, inner.getName().getIdentifier(), operands, type.getElementType(), inner.getAttrs())
                           ->getResult(0)};
                 })[0];
}

/// A constant that is accumulated on is filled in anew: bufferisation would copy it, row by row.
static void giveOwnDestinations(OpBuilder &b, linalg::LinalgOp inner) {
  for (OpOperand &init : inner.getDpsInitsMutable()) {
    DenseElementsAttr value;
    if (!matchPattern(init.get(), m_Constant(&value)) || !value.isSplat())
      continue;
    b.setInsertionPoint(inner);
    auto type = cast<RankedTensorType>(init.get().getType());
    Value number = arith::ConstantOp::create(b, inner.getLoc(), cast<TypedAttr>(value.getSplatValue<Attribute>()));
    init.set(filled(b, inner.getLoc(), type.getShape(), number));
    b.setInsertionPointAfter(inner);
  }
}

linalg::LinalgOp strand::cloneWithDestinations(OpBuilder &b, Operation &inner, IRMapping &map) {
  bool onTensor = inner.getNumResults() == 1 && isa<RankedTensorType>(inner.getResult(0).getType());
  if (onTensor && OpTrait::hasElementwiseMappableTraits(&inner)) {
    map.map(inner.getResult(0), elementwise(b, inner, map));
    return {};
  }
  auto linalgOp = dyn_cast<linalg::LinalgOp>(b.clone(inner, map));
  if (linalgOp)
    giveOwnDestinations(b, linalgOp);
  return linalgOp;
}

namespace {

class Emission {
public:
  Emission(OpBuilder &b, ScanOp op, ValueRange rows, ValueRange places, ValueRange carries)
      : b(b), op(op), loc(op.getLoc()), places(places), carries(carries) {
    map.map(op.getRowArgs(), rows);
    map.map(op.getInvariantArgs(), op.getInvariants());
  }
  ScanStep run();

private:
  void begin();
  void sink(Value made);
  void writeOutputsToo(unsigned i);
  void keepCarriesApart();
  Value copied(Value v);
  Value copiedInto(Value v, Value place);
  void placeNext();

  OpBuilder &b;
  ScanOp op;
  Location loc;
  ValueRange places;
  SmallVector<Value> carries;
  IRMapping map;
  SmallVector<Value> outputs, next;
  SmallVector<linalg::LinalgOp> made; // as they were in the region, in destination style already
};

/// Whether `v` is a slice or another shape of one of `wholes`.
bool isPartOf(Value v, ArrayRef<Value> wholes) {
  bool part = false;
  while (isa_and_nonnull<tensor::ExtractSliceOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(
      v.getDefiningOp())) {
    v = v.getDefiningOp()->getOperand(0);
    part = true;
  }
  return part && llvm::is_contained(wholes, v);
}

void Emission::begin() {
  if (op.getInits().empty())
    return;
  Value begun = carries.back();
  for (unsigned i = 0; i < op.getInitial().size(); ++i) {
    Value first = op.getInitialTensor(i);
    if (!first)
      continue;
    unsigned rank = rowsType(first).getRank();
    AffineMap whole = b.getMultiDimIdentityMap(rank), one = AffineMap::get(rank, 0, b.getContext());
    carries[i] = generic(b, loc, {begun, first}, carries[i], {one, whole, whole}, std::string(rank, 'p'),
                         [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                           Value zero = arith::ConstantIntOp::create(b, loc, 0, 32);
                           Value is = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, x[0], zero);
                           return {arith::SelectOp::create(b, loc, is, x[1], x[2])};
                         })[0];
  }
  carries.back() = filledInto(b, loc, arith::ConstantIntOp::create(b, loc, 1, 32), begun);
}

/// Moves what makes `made`, and the fill that it accumulates on, right before the first reader.
void Emission::sink(Value made) {
  auto producer = made.getDefiningOp<linalg::LinalgOp>();
  if (!producer || producer->getBlock() != b.getInsertionBlock())
    return;
  Operation *first = nullptr;
  for (Operation *user : producer->getUsers()) {
    user = producer->getBlock()->findAncestorOpInBlock(*user);
    if (!first || user->isBeforeInBlock(first))
      first = user;
  }
  producer->moveBefore(b.getInsertionBlock(), first ? Block::iterator(first) : b.getInsertionPoint());
  for (Value init : producer.getDpsInits())
    if (auto fill = init.getDefiningOp<linalg::FillOp>(); fill && fill->hasOneUse())
      fill->moveBefore(producer);
}

/// If a next value made element by element is an output as well, the loop that makes it writes both.
void Emission::writeOutputsToo(unsigned i) {
  for (unsigned o = 0; o < outputs.size(); ++o) {
    auto producer = next[i].getDefiningOp<linalg::GenericOp>();
    if (outputs[o] != next[i] || !producer || producer.getNumReductionLoops() || producer->getNumResults() != 1)
      continue;
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(producer);
    SmallVector<AffineMap> maps = producer.getIndexingMapsArray();
    maps.push_back(maps.back());
    SmallVector<Value> outs{places[o], producer.getDpsInits()[0]};
    auto both = linalg::GenericOp::create(b, producer.getLoc(), TypeRange(outs), producer.getInputs(), outs, maps,
                                          producer.getIteratorTypesArray());
    both.getRegion().takeBody(producer.getRegion());
    Block *body = both.getBody();
    body->insertArgument(producer.getInputs().size(), getElementTypeOrSelf(places[o]), producer.getLoc());
    Operation *yield = body->getTerminator();
    yield->insertOperands(0, yield->getOperand(0));
    Value before = producer.getResult(0);
    before.replaceAllUsesWith(both.getResult(1));
    std::replace(next.begin(), next.end(), before, Value(both.getResult(1)));
    outputs[o] = both.getResult(0);
    std::replace(outputs.begin(), outputs.end(), before, Value(both.getResult(1)));
    producer.erase();
    return;
  }
}

Value Emission::copied(Value v) { return bufferization::AllocTensorOp::create(b, loc, rowsType(v), ValueRange(), v); }

/// What is accumulated on a carry may stay there only if it is that carry's next value.
void Emission::keepCarriesApart() {
  for (linalg::LinalgOp inner : made)
    for (OpOperand &init : inner.getDpsInitsMutable()) {
      auto *carry = llvm::find(carries, init.get());
      bool own = carry != carries.end() && next[carry - carries.begin()] == inner.getTiedOpResult(&init);
      if (own || (carry == carries.end() && !isPartOf(init.get(), carries)))
        continue;
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPoint(inner);
      init.set(copied(init.get()));
    }
}

Value Emission::copiedInto(Value v, Value place) {
  return bufferization::MaterializeInDestinationOp::create(b, loc, v.getType(), v, place).getResult();
}

/// What shares memory with a carry is copied before any carry is written; a carry that is the next value of another is
/// written after that, in a circle one is kept aside.
void Emission::placeNext() {
  for (auto [y, place] : llvm::zip(outputs, places))
    if (llvm::is_contained(carries, y) || isPartOf(y, carries) || isPartOf(y, next))
      y = copiedInto(y, place);
  SmallVector<unsigned> left;
  for (unsigned i = 0; i < next.size(); ++i)
    if (next[i] != carries[i]) {
      if (isPartOf(next[i], carries) || isPartOf(next[i], next))
        next[i] = copied(next[i]);
      sink(next[i]);
      writeOutputsToo(i);
      left.push_back(i);
    }
  auto takes = [&](unsigned j, unsigned i) { return j != i && next[j] == carries[i]; };
  while (!left.empty()) {
    auto *at =
        llvm::find_if(left, [&](unsigned i) { return llvm::none_of(left, [&](unsigned j) { return takes(j, i); }); });
    unsigned i = at == left.end() ? left.front() : *at;
    if (at == left.end()) {
      Value old = copied(carries[i]);
      for (unsigned j : left)
        next[j] = takes(j, i) ? old : next[j];
    }
    Value value = next[i], placed = copiedInto(value, carries[i]);
    for (unsigned j : left) // who reads the value from now on reads it in the carry
      next[j] = next[j] == value ? placed : next[j];
    std::replace(outputs.begin(), outputs.end(), value, placed);
    llvm::erase(left, i);
  }
}

ScanStep Emission::run() {
  begin();
  map.map(op.getCarriedArgs(), ValueRange(carries).take_front(op.getInitial().size()));
  for (Operation &inner : op.getBody()->without_terminator())
    if (linalg::LinalgOp again = cloneWithDestinations(b, inner, map))
      made.push_back(again);
  YieldOp yield = op.getYield();
  for (Value v : yield.getOutputs())
    outputs.push_back(map.lookup(v));
  for (Value v : yield.getNext())
    next.push_back(map.lookup(v));
  keepCarriesApart();
  placeNext();
  if (!op.getInits().empty())
    next.push_back(carries.back());
  return {outputs, next};
}
} // namespace

ScanStep strand::emitScanStep(OpBuilder &b, ScanOp op, ValueRange rows, ValueRange places, ValueRange carries) {
  return Emission(b, op, rows, places, carries).run();
}
