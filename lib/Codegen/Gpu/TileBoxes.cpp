// Inputs of a tile program that the copy engine brings: tiles of rank 2 that are boxes of a matrix outside of the kernel.
// Their panels are boxes of their own. Tiles are whole: rows that end a sequence are no tiles, so that no box reaches into
// the next one.
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "lib/Codegen/Gpu/TileCode.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
using namespace mlir;
using namespace strand;
namespace {

/// From row to row of a tile, in elements; -1: it is known at run time only.
int64_t rowStride(Value source) {
  auto type = cast<MemRefType>(source.getType());
  auto [strides, offset] = type.getStridesAndOffset();
  for (auto [size, stride] : llvm::zip_equal(type.getShape(), strides))
    if (size != 1)
      return ShapedType::isDynamic(stride) ? -1 : stride;
  return -1;
}

/// A pointer to shared memory, as PTX takes it.
Value address(ImplicitLocOpBuilder &b, Value pointer) { return LLVM::PtrToIntOp::create(b, b.getI32Type(), pointer); }
} // namespace

/// The memory outside of the kernel of which an input is a box; null if it is none.
Value TileCode::matrixOf(Value source) const {
  constexpr int64_t mostRows = 256;
  SmallVector<int64_t> shape = tileShape(source);
  // decayed scores load all that they multiply, and a fence a round costs them more than the copies gain
  bool isWanted = program.wgmma && !program.hasScores();
  if (!isWanted || shape.size() != 2 || shape[0] > mostRows || !program.arrives(source) || program.partOf(source))
    return {};
  auto kernel = source.getParentRegion()->getParentOfType<scf::ForallOp>();
  Value whole = source;
  while (Operation *op = whole.getDefiningOp()) {
    if (!isa<memref::SubViewOp, memref::ExpandShapeOp, memref::CollapseShapeOp, memref::CastOp>(op))
      break;
    whole = op->getOperand(0);
  }
  auto type = cast<MemRefType>(whole.getType());
  bool isOutside = !kernel->isAncestor(whole.getParentRegion()->getParentOp());
  bool fits = isOutside && type.getLayout().isIdentity() && rowStride(source) >= shape[1] &&
              tile::BoxesOp::rowDims(type, rowStride(source));
  return fits ? whole : Value();
}

/// If the copy engine brings anything that `loop` reads.
void TileCode::beginBoxes(scf::ForOp loop) {
  bool any = loop->walk([&](DestinationStyleOpInterface op) {
                   for (Value v : op.getDpsInputs())
                     if (isa<MemRefType>(v.getType()) && matrixOf(program.sourceOf(tileOf(v))))
                       return WalkResult::interrupt();
                   return WalkResult::advance();
                 })
                 .wasInterrupted();
  if (!any)
    return;
  round = at.number(0);
  firstThread([&] { beginRing(b, ring); });
  unfenced = true; // the mbarriers, and what was here before
  barrier();
}

void TileCode::endBoxes() {
  if (!round)
    return;
  barrier(); // all have waited
  firstThread([&] { endRing(b, ring); });
}

void TileCode::firstThread(function_ref<void()> act) {
  OpBuilder::InsertionGuard guard(b);
  onlyIf(arith::CmpIOp::create(b, arith::CmpIPredicate::eq, at.thread, at.number(0)));
  act();
}

/// Made once, in front of all that this thread does.
Value TileCode::mapOf(Value source) {
  Value &known = maps[source];
  if (known)
    return known;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(shared.getParentBlock());
  SmallVector<int64_t> shape = tileShape(source);
  Plane plane{Value(), shape[0], shape[1]};
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  Value boxes = tile::BoxesOp::create(b, pointer, matrixOf(source), rowStride(source),
                                      ArrayRef{shape[0], plane.columnsOfPanel()});
  return known = LLVM::PtrToIntOp::create(b, b.getI64Type(), boxes);
}

/// By the first warp: what the copy engine brings of a round of a loop, with the values of `later`.
void TileCode::sendBoxesOf(ArrayRef<Arrival> arrivals, const IRMapping &later, Block *body, Value offset,
                           Value round) {
  if (!llvm::any_of(arrivals, isByEngine))
    return;
  OpBuilder::InsertionGuard guard(b);
  if (program.warps > 1)
    onlyIf(arith::CmpIOp::create(b, arith::CmpIPredicate::ult, at.thread, at.number(threadsOfWarp)));
  SmallVector<BoxCopy> copies;
  int64_t bytes = 0;
  IndexMath index{b, b.getLoc()};
  auto asWord = [&](Value v) { return arith::IndexCastOp::create(b, b.getI32Type(), v).getResult(); };
  for (const Arrival &a : arrivals) {
    if (!isByEngine(a))
      continue;
    IRMapping own(later);
    Value view = again(a.tile, own, body), map = mapOf(a.tile);
    Value first = memref::ExtractStridedMetadataOp::create(b, view).getOffset();
    int64_t columns = rowStride(a.tile);
    Value row = asWord(index.div(first, columns)), column = asWord(index.rem(first, columns));
    SmallVector<int64_t> shape = tileShape(a.tile);
    Plane plane{Value(), shape[0], shape[1]};
    Value to = address(b, at.behind(a.place.pointer, offset));
    for (int64_t c = 0; c < shape[1]; c += plane.columnsOfPanel())
      copies.push_back({at.at().add(to, c / plane.columnsOfPanel() * plane.bytesOfPanel()), map,
                        at.at().add(column, c), row});
    bytes += shape[0] * shape[1] * 2;
  }
  sendBoxes(b, ring, round, bytes, copies);
}
