#include "lib/Codegen/Gpu/TileCode.h"
#include "lib/Codegen/Gpu/Fragments.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"
using namespace mlir;
using namespace strand;
namespace {
constexpr int64_t columnsOfStep = fragment.rows, valuesOfFragment = 4;
} // namespace

TileCode::TileCode(ImplicitLocOpBuilder &b, const TileProgram &program, Value thread, Value shared, Value ring,
                   bool ahead)
    : b(b), program(program), shared(shared), ring(ring), at(b, thread, program.warps), ahead(ahead) {
  groups = program.anyStep([&](const TileStep &step) { return step.isProduct && isOfGroup(factorsOf(step)); });
}

//===--- control -------------------------------------------------------------------------------------------------===//

void TileCode::run(scf::ForOp loop) {
  OpBuilder::InsertionGuard guard(b);
  // without a round nothing changes, and what it would carry may never have been written: states of spans that no rows
  // have
  onlyIf(arith::CmpIOp::create(b, arith::CmpIPredicate::slt, loop.getLowerBound(), loop.getUpperBound()));
  beginBoxes(loop);
  emitLoop(loop);
  settle();
  SmallVector<Value> carried = carriedBy(loop);
  if (!carried.empty())
    barrier(); // several threads may have read in front of the loop what one of them writes
  for (Value tile : carried)
    storeTile(tile);
  endBoxes();
}

/// Tiles from outside of `loop` that it changes.
SmallVector<Value> TileCode::carriedBy(scf::ForOp loop) {
  SmallVector<Value> carried;
  for (Value tile : program.writtenIn(loop))
    if (!loop->isAncestor(tile.getParentRegion()->getParentOp()))
      carried.push_back(tile);
  return carried;
}

/// Of tiles that are made in `block`, the op there in which they are used last.
static DenseMap<Value, Operation *> lastUsesIn(Block &block) {
  DenseMap<Value, Operation *> last;
  for (Operation &op : block)
    op.walk([&](Operation *inner) {
      for (Value v : inner->getOperands())
        if (Value tile = tileOf(v); tile.getParentBlock() == &block)
          last[tile] = &op;
    });
  return last;
}

void TileCode::emitBody(Block &block) {
  DenseMap<Value, Operation *> lastUses = lastUsesIn(block);
  for (Operation &op : block.without_terminator()) {
    if (const TileStep *step = program.stepOf(&op)) {
      emitStep(*step);
    } else if (const TileRows *rows = program.rowsOf(&op)) {
      storeRows(*rows);
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      emitLoop(loop);
    } else if (auto inverse = dyn_cast<tile::InverseOp>(op)) {
      emitInverse(inverse);
    } else if (auto scores = dyn_cast<tile::DecayedScoresOp>(op)) {
      emitDecayedScores(scores);
    } else if (auto load = dyn_cast<memref::LoadOp>(op); load && program.isLocal(tileOf(load.getMemref()))) {
      map.map(load.getResult(), number(tileOf(load.getMemref())));
    } else if (!isa<memref::AllocOp>(op)) {
      bool ofTile = llvm::any_of(op.getOperands(), [&](Value v) {
        return isa<MemRefType>(v.getType()) && program.isLocal(tileOf(v)) && !map.contains(v);
      });
      if (!ofTile)
        b.clone(op, map);
    }
    freePlaces(&op, lastUses);
  }
  storeOf(block);
}

/// Results, which are views that `block` makes, go to memory.
void TileCode::storeOf(Block &block) {
  for (Value tile : program.writtenIn(block.getParentOp()))
    if (!program.isLocal(tile) && tile.getParentBlock() == &block)
      storeTile(tile);
}

/// The values of `carried`, one tile after the other, and their way back.
SmallVector<Value> TileCode::valuesOfAll(ArrayRef<Value> carried) {
  SmallVector<Value> values;
  for (Value tile : carried)
    llvm::append_range(values, valuesOf(tile));
  return values;
}

void TileCode::putAll(ArrayRef<Value> carried, ValueRange values) {
  for (Value tile : carried) {
    int64_t n = slotsOf(tile);
    put(tile, llvm::to_vector(values.take_front(n)));
    values = values.drop_front(n);
  }
}

void TileCode::emitLoop(scf::ForOp loop) {
  settle();
  SmallVector<Value> carried = carriedBy(loop), factors = keepFactors(loop), init = valuesOfAll(carried);
  int64_t stages = ahead && loop.getBody()->getOps<scf::ForOp>().empty() ? 2 : 1;
  SmallVector<Arrival> arrivals = arrivalsOf(loop, stages);
  bool sendAhead = stages == 2 && !arrivals.empty(); // what a round reads is sent a round before
  auto get = [&](Value v) { return map.lookupOrDefault(v); };
  Value from = get(loop.getLowerBound()), to = get(loop.getUpperBound()), step = get(loop.getStep());
  Value zero = at.number(0), bothStages = at.number(bytesOfStage(arrivals));
  if (sendAhead) {
    for (const Arrival &a : arrivals)
      beforeWrite(a.place);
    sendBelow(arrivals, loop, from, to, zero, round);
  }
  init.push_back(zero); // the stage that is read
  if (round)
    init.push_back(round);
  DenseSet<unsigned> writtenBefore = written, readBefore = read;
  bool unfencedBefore = unfenced;
  TileThread outside = at;
  auto made = scf::ForOp::create(b, from, to, step, init);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(made.getBody());
    at = at.again();
    Value iv = made.getInductionVar(), stage = made.getRegionIterArgs().drop_back(round ? 1 : 0).back();
    map.map(loop.getInductionVar(), iv);
    putAll(carried, made.getRegionIterArgs());
    loaded.clear();
    Value other = sendAhead ? arith::SubIOp::create(b, bothStages, stage).getResult() : stage, nextRound;
    if (round) {
      round = made.getRegionIterArgs().back();
      nextRound = at.at().add(round, llvm::any_of(arrivals, isByEngine) ? 1 : 0);
    }
    if (sendAhead) {
      awaitCopies(arrivals);
      barrier(); // and nobody reads any more what is written now
      sendBelow(arrivals, loop, arith::AddIOp::create(b, iv, step), to, other, nextRound);
    } else {
      barrier(); // others may still read what this round writes
      sendAll(arrivals, loop, iv, zero, round);
      awaitCopies(arrivals);
      if (!llvm::all_of(arrivals, isByEngine))
        barrier();
    }
    if (llvm::any_of(arrivals, isByEngine))
      awaitBoxes(b, ring, round);
    round = nextRound;
    for (const Arrival &a : arrivals) {
      places[a.tile] = a.place;
      places[a.tile].pointer = at.behind(a.place.pointer, stage);
    }
    emitBody(*loop.getBody());
    settle();
    fence(); // the barrier at the head of the next round does not know of what this one did
    SmallVector<Value> next = valuesOfAll(carried);
    next.push_back(other);
    if (round)
      next.push_back(round);
    scf::YieldOp::create(b, next);
  }
  putAll(carried, made.getResults());
  if (round)
    round = made.getResults().back();
  at = outside;
  loaded.clear();
  for (Value tile : factors)
    if (places.contains(tile)) // else the words are all that there is of it
      kept.erase(tile);
  for (const Arrival &a : arrivals) {
    read.insert(a.place.number);
    places.erase(a.tile);
    kept.erase(a.tile);
  }
  left.push_back(std::move(arrivals));
  written.insert_range(writtenBefore);
  read.insert_range(readBefore);
  unfenced |= unfencedBefore;
}

/// What the thread copies itself is there.
void TileCode::awaitCopies(ArrayRef<Arrival> arrivals) {
  if (llvm::all_of(arrivals, isByEngine))
    return;
  NVVM::CpAsyncWaitGroupOp::create(b, 0);
  unfenced |= groups; // cp.async writes as stores do
}

/// sendAll if there is a round `iv` below `end`.
void TileCode::sendBelow(ArrayRef<Arrival> arrivals, scf::ForOp loop, Value iv, Value end, Value offset,
                         Value round) {
  Value any = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, iv, end);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(scf::IfOp::create(b, any, false).thenBlock());
  sendAll(arrivals, loop, iv, offset, round);
}

//===--- shared memory -------------------------------------------------------------------------------------------===//

/// From one stage to the next: both begin where a plane can.
int64_t TileCode::bytesOfStage(ArrayRef<Arrival> arrivals) {
  int64_t all = 0;
  for (const Arrival &a : arrivals)
    all += a.bytes;
  return llvm::alignTo(all, Plane::alignment);
}

/// The smallest unused place that is large enough, if there is one.
TileCode::Place *TileCode::findUnused(int64_t size, int64_t alignment) {
  Place *best = nullptr;
  for (Place &place : unused)
    if (place.size >= size && place.alignment >= alignment && (!best || place.size < best->size))
      best = &place;
  return best;
}

/// An unused place, or half of one, or a new one.
TileCode::Place TileCode::newPlace(int64_t size, int64_t alignment) {
  Place *best = findUnused(size, alignment);
  if (!best)
    return placeAtEnd(size, alignment);
  Place place = *best;
  unused.erase(best);
  if (place.size == 2 * size && size % place.alignment == 0) {
    Place half = place;
    half.number = numPlaces++;
    half.begin += size;
    half.size = place.size = size;
    for (DenseSet<unsigned> *touched : {&written, &read, &readByBegun})
      if (touched->contains(place.number))
        touched->insert(half.number);
    unused.push_back(half);
  }
  place.pointer = at.behind(shared, at.number(place.begin)); // it may have been found in a loop that is over
  return place;
}

TileCode::Place TileCode::placeAtEnd(int64_t size, int64_t alignment) {
  bytes = llvm::alignTo(bytes, alignment);
  size = llvm::alignTo(size, alignment);
  Place place{numPlaces++, at.behind(shared, at.number(bytes)), bytes, size, alignment};
  bytes += size;
  mostBytes = std::max(mostBytes, bytes);
  return place;
}

/// Places of tiles that are used last in `done`; barriers go by a place and not by its tile.
void TileCode::freePlaces(Operation *done, const DenseMap<Value, Operation *> &lastUses) {
  SmallVector<Value> over;
  for (auto &[tile, place] : places)
    if (lastUses.lookup(tile) == done && program.isLocal(tile) && !program.isInput(tile))
      over.push_back(tile);
  llvm::sort(over, [&](Value x, Value y) { return places[x].number < places[y].number; });
  for (Value tile : over) {
    unused.push_back(places[tile]);
    places.erase(tile);
  }
}

void TileCode::fence() {
  if (unfenced)
    fenceForGroups(b);
  unfenced = false;
}

void TileCode::barrier() {
  fence();
  at.barrier();
  written.clear();
  read.clear();
}

void TileCode::beforeRead(const Place &place, Reader reader) {
  if (written.contains(place.number))
    barrier();
  unfenced |= round && reader == Reader::threads;
  read.insert(place.number);
}

void TileCode::beforeWrite(const Place &place) {
  if (readByBegun.contains(place.number))
    settle();
  if (written.contains(place.number) || read.contains(place.number))
    barrier();
  written.insert(place.number);
}

int64_t TileCode::alignmentOf(Value tile) {
  constexpr int64_t banks = 128;
  return tileShape(tile).size() == 2 ? Plane::alignment : banks;
}

int64_t TileCode::sharedBytesOf(Value tile) const {
  SmallVector<int64_t> shape = tileShape(tile);
  return shape.size() == 2 ? 2 * shape[0] * shape[1] : 4 * shape[0];
}

/// The place that a tile from registers has in shared memory.
TileCode::Place TileCode::placeOf(Value tile) {
  auto known = places.find(tile);
  if (known != places.end())
    return known->second;
  return places.try_emplace(tile, newPlace(sharedBytesOf(tile), alignmentOf(tile))).first->second;
}

/// Where a tile lies in shared memory, which threads may read now.
TileCode::Place TileCode::sharedCopy(Value tile, Reader reader) {
  if (program.isInput(tile)) {
    Place place = places.at(tile);
    beforeRead(place, reader);
    return place;
  }
  shareTile(tile);
  Place place = placeOf(tile);
  beforeRead(place, reader);
  return place;
}

/// From registers to the tile's place in shared memory.
void TileCode::shareTile(Value tile) {
  if (held[tile].isShared)
    return;
  Place place = placeOf(tile);
  SmallVector<Value> values = valuesOf(tile);
  beforeWrite(place);
  if (tileShape(tile).size() == 2)
    writePlane(tile, place, wordsOf(tile));
  else
    eachOwnValue(tile, [&](int64_t i, ArrayRef<Value> coordinates) {
      LLVM::StoreOp::create(b, values[i], at.behind(place.pointer, at.at().mul(coordinates[0], 4)), 4);
    });
  held[tile].isShared = true;
}

/// A tile of rank 2, rounded to bf16: a word where its rows are lines, else two halves of words.
void TileCode::writePlane(Value tile, const Place &place, ArrayRef<Value> words) {
  SmallVector<int64_t> shape = tileShape(tile);
  unsigned d = program.linesOf(tile);
  int64_t lines = shape[d];
  Plane plane{place.pointer, shape[0], shape[1]};
  unfenced |= groups || round;
  OpBuilder::InsertionGuard guard(b);
  onlyIf(at.isFirstHolder(lines));
  for (int64_t f = 0; f < at.fragmentsOfThread(lines); ++f)
    for (int64_t n = 0; n < shape[1 - d] / columnsOfStep; ++n)
      for (int64_t half : {0, 1}) {
        Value word = words.front();
        words = words.drop_front();
        if (d == 0) {
          Value address = at.chunkAddress(plane, at.line(lines, f, 0), at.number(n), 8 * half);
          LLVM::StoreOp::create(b, word, at.behind(address, at.at().mul(at.column(0), 2)), 4);
          continue;
        }
        Value chunk = at.at().add(at.at().div(at.fragmentBegin(lines, f), 8), half);
        auto [even, odd] = at.halves(word);
        for (int64_t next : {0, 1}) {
          Value address = at.chunkAddress(plane, at.at().add(at.column(0), next), chunk, columnsOfStep * n);
          LLVM::StoreOp::create(b, next ? odd : even, at.behind(address, at.at().mul(at.lineInFragment, 2)), 2);
        }
      }
}

Plane TileCode::planeOf(Value tile, Reader reader) {
  SmallVector<int64_t> shape = tileShape(tile);
  return {sharedCopy(tile, reader).pointer, shape[0], shape[1]};
}

//===--- elements ------------------------------------------------------------------------------------------------===//

int64_t TileCode::slotsOf(Value tile) const {
  SmallVector<int64_t> shape = tileShape(tile);
  if (shape.empty())
    return 1;
  if (shape.size() == 1)
    return 2 * at.fragmentsOfThread(shape[0]);
  unsigned d = program.linesOf(tile);
  return at.fragmentsOfThread(shape[d]) * shape[1 - d] / columnsOfStep * valuesOfFragment;
}

void TileCode::put(Value tile, SmallVector<Value> values) {
  if (begun.contains(tile))
    settle();
  held[tile] = {};
  held[tile].values = std::move(values);
  if (!held[tile].values.empty() && tileShape(tile).size() == 2 && getElementTypeOrSelf(tile).isBF16())
    held[tile].words = wordsOf(tile);
  loaded.erase(tile);
}

/// The values of a tile of rank 2 in pairs, rounded to bf16.
SmallVector<Value> TileCode::wordsOf(Value tile) {
  if (!held[tile].words.empty())
    return held[tile].words;
  SmallVector<Value> words;
  ArrayRef<Value> values = valuesOf(tile);
  for (size_t i = 0; i < values.size(); i += 2) {
    OpBuilder::InsertionGuard guard(b);
    // as soon as both are known: until then they take twice the registers
    Operation *low = values[i].getDefiningOp(), *high = values[i + 1].getDefiningOp();
    auto isHere = [&](Operation *op) { return op && op->getBlock() == b.getInsertionBlock(); };
    if (isHere(low) && isHere(high))
      b.setInsertionPointAfter(low->isBeforeInBlock(high) ? high : low);
    words.push_back(at.word(values[i], values[i + 1]));
  }
  return words;
}

const SmallVector<Value> &TileCode::valuesOf(Value tile) {
  if (begun.contains(tile))
    settle();
  if (!held[tile].isKnown())
    loadTile(tile);
  Held &h = held[tile];
  if (h.values.empty())
    h.values.assign(slotsOf(tile), h.everywhere);
  return h.values;
}

Value TileCode::asType(Value v, Type type) {
  if (v.getType() == type)
    return v;
  if (v.getType().getIntOrFloatBitWidth() < type.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(b, type, v);
  return arith::TruncFOp::create(b, type, v);
}

/// Coordinates of a tile (i32) as indices of its buffer.
SmallVector<Value> TileCode::indicesOf(Value buffer, ArrayRef<Value> coordinates) {
  SmallVector<Value> indices;
  for (int64_t size : cast<MemRefType>(buffer.getType()).getShape()) {
    if (size == 1) {
      indices.push_back(arith::ConstantIndexOp::create(b, 0));
    } else {
      indices.push_back(arith::IndexCastOp::create(b, b.getIndexType(), coordinates[0]));
      coordinates = coordinates.drop_front();
    }
  }
  return indices;
}

Value TileCode::loadDirect(Value tile, ArrayRef<Value> coordinates) {
  return memref::LoadOp::create(b, map.lookupOrDefault(tile), indicesOf(tile, coordinates));
}

/// An element of rank 2, as f32 or as it lies in memory. `turned`: the lines are its dimension 1.
Value TileCode::element(Value tile, bool turned, int64_t lines, const Slot &slot) {
  auto [f, n, e] = slot;
  Value source = program.sourceOf(tile);
  if (!program.isInput(source)) {
    if (begun.contains(tile))
      settle();
    if (!held[tile].isKnown())
      loadTile(tile);
    const Held &h = held[tile];
    if (h.everywhere)
      return h.everywhere;
    int64_t columns = tileShape(tile)[1 - program.linesOf(tile)];
    return h.values[(f * columns / columnsOfStep + n) * valuesOfFragment + e];
  }
  if (ArrayRef<Value> parts = program.partsOf(source); !parts.empty() && program.arrives(parts[0])) {
    Value sum; // exact, as it is part by part
    for (Value part : parts) {
      Value v = asType(element(part, turned, lines, slot), b.getF32Type());
      sum = sum ? arith::AddFOp::create(b, sum, v).getResult() : v;
    }
    return sum;
  }
  if (!program.arrives(source)) {
    Value line = at.line(lines, f, e / 2), column = at.at().add(at.column(n), e % 2);
    return turned ? loadDirect(source, {column, line}) : loadDirect(source, {line, column});
  }
  Words words = firstFactor(source, !turned, lines, f, n / 2);
  auto [low, high] = at.halves(words[n % 2 * 2 + e / 2]);
  return e % 2 ? high : low;
}

/// Of a tile of rank 1 along lines.
Value TileCode::ofLine(Value tile, int64_t lines, int64_t f, int64_t half) {
  Value source = program.sourceOf(tile);
  if (!program.isInput(source)) {
    if (!held[tile].isKnown())
      loadTile(tile);
    const Held &h = held[tile];
    return h.everywhere ? h.everywhere : h.values[2 * f + half];
  }
  SmallVector<Value> &known = loaded[source][-1 - (2 * f + half)];
  if (known.empty()) {
    Value line = at.line(lines, f, half);
    known.push_back(program.arrives(source) ? ofIndex(source, line) : loadDirect(source, {line}));
  }
  return known[0];
}

/// Of a tile of rank 1 along columns.
Value TileCode::ofColumn(Value tile, int64_t n, int64_t odd) {
  Value source = program.sourceOf(tile);
  if (!program.isInput(source) && held[tile].everywhere)
    return held[tile].everywhere;
  if (program.isInput(source) && !program.arrives(source))
    return loadDirect(source, {at.at().add(at.column(n), odd)});
  Place place = sharedCopy(program.isInput(source) ? source : tile);
  SmallVector<Value> &known = loaded[program.isInput(source) ? source : tile][n];
  if (known.empty()) {
    auto pair = VectorType::get(2, b.getF32Type());
    Value both = LLVM::LoadOp::create(b, pair, at.behind(place.pointer, at.at().mul(at.column(n), 4)), 8);
    for (int64_t i : {0, 1})
      known.push_back(vector::ExtractOp::create(b, both, i));
  }
  return known[odd];
}

Value TileCode::ofIndex(Value tile, Value index) {
  Place place = sharedCopy(tile);
  return LLVM::LoadOp::create(b, b.getF32Type(), at.behind(place.pointer, at.at().mul(index, 4)), 4);
}

/// Of rank 0.
Value TileCode::number(Value tile) {
  Value source = program.sourceOf(tile);
  if (program.isInput(source))
    return loadDirect(source, {});
  return valuesOf(tile)[0];
}

/// Calls `body` for each value that the thread holds of a tile, in their order, with its place in the tile (i32).
void TileCode::eachValue(Value tile, WithValue body) {
  SmallVector<int64_t> shape = tileShape(tile);
  if (shape.empty())
    return body(0, {});
  unsigned d = shape.size() == 2 ? program.linesOf(tile) : 0;
  int64_t i = 0;
  for (int64_t f = 0; f < at.fragmentsOfThread(shape[d]); ++f)
    for (int64_t n = 0; n < (shape.size() == 2 ? shape[1 - d] / columnsOfStep : 1); ++n)
      for (int64_t half : {0, 1})
        for (int64_t odd = 0; odd < int64_t(shape.size()); ++odd) {
          SmallVector<Value> coordinates(shape.size());
          coordinates[d] = at.line(shape[d], f, half);
          if (shape.size() == 2)
            coordinates[1 - d] = at.at().add(at.column(n), odd);
          body(i++, coordinates);
        }
}

/// The same where the thread is the first of those that hold them.
void TileCode::eachOwnValue(Value tile, WithValue body) {
  SmallVector<int64_t> shape = tileShape(tile);
  OpBuilder::InsertionGuard guard(b);
  if (!shape.empty())
    onlyIf(at.isFirstHolder(shape[shape.size() == 2 ? program.linesOf(tile) : 0]));
  if (shape.size() < 2) // four threads hold a line, and all a number
    onlyIf(arith::CmpIOp::create(b, arith::CmpIPredicate::eq, shape.empty() ? at.thread : at.at().rem(at.lane, 4),
                                 at.number(0)));
  eachValue(tile, body);
}

/// What follows is done where `condition` holds, if it is given; until the place of `b` changes back.
void TileCode::onlyIf(Value condition) {
  if (condition)
    b.setInsertionPointToStart(scf::IfOp::create(b, condition, false).thenBlock());
}

/// From memory to registers.
void TileCode::loadTile(Value tile) {
  SmallVector<Value> values;
  eachValue(tile, [&](int64_t, ArrayRef<Value> coordinates) {
    values.push_back(asType(loadDirect(tile, coordinates), b.getF32Type()));
  });
  put(tile, std::move(values));
}

/// Whether a thread has two neighbours of a row of `buffer` at a time.
bool TileCode::hasPairs(Value tile, Value buffer) const {
  return tileShape(tile).size() == 2 && program.linesOf(tile) == 0 && hasAlignedLines(buffer, 2);
}

/// Value number `i` to a place (i32) of memory; in pairs an even one and the next.
void TileCode::storeValue(ArrayRef<Value> values, int64_t i, Value buffer, ArrayRef<Value> place, bool inPairs) {
  Type type = getElementTypeOrSelf(buffer);
  if (!inPairs) {
    memref::StoreOp::create(b, asType(values[i], type), buffer, indicesOf(buffer, place));
    return;
  }
  Value pair =
      vector::FromElementsOp::create(b, VectorType::get(2, b.getF32Type()), ValueRange{values[i], values[i + 1]});
  if (!type.isF32())
    pair = arith::TruncFOp::create(b, VectorType::get(2, type), pair);
  vector::StoreOp::create(b, pair, buffer, indicesOf(buffer, place), false,
                          llvm::Align(2 * type.getIntOrFloatBitWidth() / 8));
}

/// From registers to memory.
void TileCode::storeTile(Value tile) {
  SmallVector<Value> values = valuesOf(tile);
  Value buffer = map.lookupOrDefault(tile);
  bool inPairs = hasPairs(tile, buffer);
  eachOwnValue(tile, [&](int64_t i, ArrayRef<Value> coordinates) {
    if (!inPairs || i % 2 == 0)
      storeValue(values, i, buffer, coordinates, inPairs);
  });
}
