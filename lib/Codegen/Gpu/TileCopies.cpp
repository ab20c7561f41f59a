// Inputs of a tile program that threads bring: what a round of a loop reads, where it lies in shared memory, and when it is
// sent. TileBoxes.cpp has those that the copy engine brings.
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "lib/Codegen/Gpu/TileCode.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"
using namespace mlir;
using namespace strand;

static constexpr unsigned globalSpace = 1;

SmallVector<TileCode::Arrival> TileCode::arrivalsOf(scf::ForOp loop, int64_t stages) {
  SetVector<Value> sources;
  loop->walk([&](DestinationStyleOpInterface op) {
    for (Value v : op.getDpsInputs()) {
      if (!isa<MemRefType>(v.getType()) || program.rowsOf(op))
        continue;
      Value source = program.sourceOf(tileOf(v));
      if (program.arrives(source) && program.originOf(source).getParentBlock() == loop.getBody())
        sources.insert(source);
    }
  });
  SmallVector<Arrival> arrivals;
  for (bool planes : {true, false}) // what is aligned to less comes last
    for (Value source : sources)
      if ((tileShape(source).size() == 2) == planes)
        arrivals.push_back({source, {}, stages, int64_t(llvm::alignTo(sharedBytesOf(source), alignmentOf(source))),
                            round && matrixOf(source)});
  auto fits = [](const Arrival &x, const Arrival &y) { return x.bytes == y.bytes && x.stages == y.stages; };
  for (SmallVector<Arrival> &places : left)
    if (llvm::equal(places, arrivals, fits)) {
      for (auto [arrival, known] : llvm::zip(arrivals, places))
        arrival.place = known.place;
      left.erase(&places);
      return arrivals;
    }
  bytes = llvm::alignTo(bytes, Plane::alignment);
  for (Arrival &a : arrivals)
    a.place = placeAtEnd(a.bytes, alignmentOf(a.tile));
  bytes += (stages - 1) * bytesOfStage(arrivals); // behind each other, so that the same step leads to the other stage
  mostBytes = std::max(mostBytes, bytes);
  return arrivals;
}

/// Starts copies of what the round `iv` of `loop` reads, to the stage at byte `offset`.
void TileCode::sendAll(ArrayRef<Arrival> arrivals, scf::ForOp loop, Value iv, Value offset, Value round) {
  IRMapping later(map);
  later.map(loop.getInductionVar(), iv);
  sendBoxesOf(arrivals, later, loop.getBody(), offset, round);
  if (llvm::all_of(arrivals, isByEngine))
    return;
  DenseSet<Value> sent;
  for (const Arrival &a : arrivals) {
    if (isByEngine(a))
      continue;
    Value input = program.originOf(a.tile);
    if (!sent.insert(input).second)
      continue;
    IRMapping own(later);
    Value view = again(input, own, loop.getBody());
    if (!program.partOf(a.tile)) {
      send(view, at.behind(a.place.pointer, offset));
      continue;
    }
    SmallVector<Value> pointers; // all parts at once; null where nobody reads one
    for (const Arrival &other : arrivals)
      if (auto part = program.partOf(other.tile); part && part->input == input) {
        pointers.resize(std::max<size_t>(pointers.size(), part->number + 1));
        pointers[part->number] = at.behind(other.place.pointer, offset);
      }
    sendParts(view, pointers);
  }
  NVVM::CpAsyncCommitGroupOp::create(b);
}

/// `v`, which `body` computes, with the values of `later`.
Value TileCode::again(Value v, IRMapping &later, Block *body) {
  Operation *op = v.getDefiningOp();
  if (!op || op->getBlock() != body)
    return later.lookupOrDefault(v);
  for (Value operand : op->getOperands())
    later.map(operand, again(operand, later, body));
  return b.clone(*op, later)->getResult(cast<OpResult>(v).getResultNumber());
}

void TileCode::send(Value view, Value pointer) {
  auto type = cast<MemRefType>(view.getType());
  int64_t size = type.getElementTypeBitWidth() / 8;
  SmallVector<int64_t> shape = tileShape(view);
  auto facts = memref::ExtractStridedMetadataOp::create(b, view);
  SmallVector<Value> strides;
  for (auto [d, n] : llvm::enumerate(type.getShape()))
    if (n != 1)
      strides.push_back(facts.getStrides()[d]);
  IndexMath index{b, b.getLoc()};
  Value begin = index.add(memref::ExtractAlignedPointerAsIndexOp::create(b, view),
                          index.mul(facts.getOffset(), size));
  // from what a thread finds out for itself, and what stands behind that: a part of the instruction where it is known
  auto copy = [&](Value element, Value behind, Value into, int64_t bytes) {
    auto pointer = LLVM::LLVMPointerType::get(b.getContext(), globalSpace);
    auto asWord = [&](Value v) -> Value { return arith::IndexCastOp::create(b, b.getI64Type(), index.mul(v, size)); };
    Value address = arith::IndexCastOp::create(b, b.getI64Type(), begin);
    address = arith::AddIOp::create(b, address, asWord(element));
    Value from = LLVM::IntToPtrOp::create(b, pointer, address);
    if (behind) {
      Value more = asWord(behind);
      from = LLVM::GEPOp::create(b, pointer, b.getI8Type(), from, ArrayRef<LLVM::GEPArg>{more});
    }
    auto cache = bytes == 16 ? NVVM::LoadCacheModifierKind::CG : NVVM::LoadCacheModifierKind::CA;
    NVVM::CpAsyncOp::create(b, into, from, b.getI32IntegerAttr(bytes),
                            NVVM::LoadCacheModifierKindAttr::get(b.getContext(), cache), Value());
  };
  int64_t threads = threadsOfWarp * program.warps, chunks = shape.size() == 2 ? shape[1] / 8 : 1,
          all = shape[0] * chunks;
  for (int64_t first = 0; first < all; first += threads) {
    Value i = at.at().add(at.thread, first);
    OpBuilder::InsertionGuard guard(b);
    if (first + threads > all) {
      Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, i, at.number(all));
      b.setInsertionPointToStart(scf::IfOp::create(b, inside, false).thenBlock());
    }
    auto asIndex = [&](Value v) { return arith::IndexCastOp::create(b, b.getIndexType(), v).getResult(); };
    if (shape.size() == 1) {
      copy(index.mul(asIndex(i), strides[0]), Value(), at.behind(pointer, at.at().mul(i, size)), size);
      continue;
    }
    // where it can be, what is known of a row stands apart
    int64_t below = threads % chunks == 0 && first / chunks % 8 == 0 ? first / chunks : 0;
    Value number = below ? at.thread : i;
    Value row = at.at().div(number, chunks), chunk = at.at().rem(number, chunks);
    Value element = index.add(index.mul(asIndex(row), strides[0]), index.mul(asIndex(chunk), 8));
    copy(element, below ? index.mul(strides[0], below) : Value(),
         at.chunkAddress({pointer, shape[0], shape[1]}, row, chunk, below), 16);
  }
}

/// Numbers in f32 to planes, rounded, and what rounding leaves to the next plane: through registers, some loads at a time,
/// since no copy rounds.
void TileCode::sendParts(Value view, ArrayRef<Value> pointers) {
  constexpr int64_t valuesOfLoad = 4, together = 4;
  SmallVector<int64_t> shape = tileShape(view);
  int64_t threads = threadsOfWarp * program.warps, chunks = shape[1] / 8, all = shape[0] * chunks;
  auto quarter = VectorType::get(valuesOfLoad, b.getF32Type());
  auto placeOfChunk = [&](int64_t first) -> std::pair<Value, Value> {
    Value i = at.at().add(at.thread, first);
    return {at.at().div(i, chunks), at.at().rem(i, chunks)};
  };
  auto load = [&](int64_t first) {
    auto [row, chunk] = placeOfChunk(first);
    SmallVector<Value> values;
    for (int64_t begin = 0; begin < 8; begin += valuesOfLoad) {
      Value column = at.at().add(at.at().mul(chunk, 8), begin);
      Value part = vector::LoadOp::create(b, quarter, view, indicesOf(view, {row, column}), false,
                                          llvm::Align(4 * valuesOfLoad));
      for (int64_t v = 0; v < valuesOfLoad; ++v)
        values.push_back(vector::ExtractOp::create(b, part, v));
    }
    return values;
  };
  auto store = [&](int64_t first, ArrayRef<Value> values) {
    auto [row, chunk] = placeOfChunk(first);
    SmallVector<SmallVector<Value>> words(pointers.size());
    for (size_t i = 0; i < values.size(); i += 2)
      for (auto [ofPart, word] : llvm::zip_equal(words, at.wordsInParts(values[i], values[i + 1], pointers.size())))
        ofPart.push_back(word);
    for (auto [pointer, ofPart] : llvm::zip_equal(pointers, words)) {
      if (!pointer)
        continue;
      Value four = vector::FromElementsOp::create(b, VectorType::get(ofPart.size(), b.getI32Type()), ofPart);
      LLVM::StoreOp::create(b, four, at.chunkAddress({pointer, shape[0], shape[1]}, row, chunk), 16);
    }
  };
  for (int64_t first = 0; first < all; first += together * threads) {
    SmallVector<std::pair<int64_t, SmallVector<Value>>> ready;
    for (int64_t i = first; i < std::min(all, first + together * threads); i += threads) {
      if (i + threads <= all) {
        ready.push_back({i, load(i)});
        continue;
      }
      OpBuilder::InsertionGuard guard(b);
      onlyIf(arith::CmpIOp::create(b, arith::CmpIPredicate::ult, at.thread, at.number(all - i)));
      store(i, load(i));
    }
    for (auto &[i, values] : ready)
      store(i, values);
  }
}
