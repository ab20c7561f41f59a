// strand-vectorize, part 2: loops and accumulators.
#include "lib/Codegen/Cpu/VectorizeEmit.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/bit.h"
using namespace mlir;
namespace strand {

void emitLoops(OpBuilder &b, const LoopPlan &plan, const Tiling &tiling, ArrayRef<DimRange> ranges,
               const VectorTarget &target, bool stream) {
  Emitter(b, plan, tiling, ranges, target, stream).run();
}

void Emitter::run() {
  if (plan.vecReduces)
    slots = slotWidths();
  State s;
  s.dims.resize(plan.sizes.size());
  s.held.resize(plan.outputs.size());
  for (OpOperand *in : plan.op.getDpsInputOperands())
    if (!isa<MemRefType>(in->get().getType()))
      s.values[plan.op.getMatchingBlockArgument(in)] = {in->get()};
  nest(0, std::move(s));
}

/// Emits everything inside `level` open loops; answers the accumulators that go on outside.
SmallVector<Copies> Emitter::nest(unsigned level, State s) {
  bool innermost = level == plan.order.size();
  if (innermost)
    takeOutputs(s);
  for (const BodyItem &item : plan.items)
    if (item.level == level)
      emitItem(item, s);
  for (auto [i, o] : llvm::enumerate(plan.outputs))
    if (o.carried && o.level == level)
      s.held[i] = startOf(o, s);
  if (innermost)
    putOutputs(s);
  else
    for (const Segment &segment : segmentsOf(plan.order[level]))
      s.held = runSegment(segment, level, s);
  for (auto [i, o] : llvm::enumerate(plan.outputs))
    if (o.carried && o.level == level) {
      finishHeld(o, s.held[i], s);
      s.held[i].clear();
    }
  return s.held;
}

/// Accumulators cross the loop as its iteration arguments.
SmallVector<Copies> Emitter::runSegment(const Segment &segment, unsigned level, const State &s) {
  if (segment.once)
    return openSegment(segment, level, s, segment.lo);
  SmallVector<Value> flat;
  for (const Copies &held : s.held)
    llvm::append_range(flat, held);
  auto unflatten = [&](ValueRange values) {
    SmallVector<Copies> held;
    for (const Copies &old : s.held) {
      held.emplace_back(values.take_front(old.size()));
      values = values.drop_front(old.size());
    }
    return held;
  };
  auto loop = scf::ForOp::create(b, loc, segment.lo, segment.hi, index(segment.step), flat);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  State inner = s;
  inner.held = unflatten(loop.getRegionIterArgs());
  flat.clear();
  for (Copies &held : openSegment(segment, level, std::move(inner), loop.getInductionVar()))
    llvm::append_range(flat, held);
  if (!flat.empty())
    scf::YieldOp::create(b, loc, flat);
  return unflatten(loop.getResults());
}

SmallVector<Copies> Emitter::openSegment(const Segment &segment, unsigned level, State s, Value base) {
  OpenDim &open = s.dims[plan.order[level]];
  open.pieces = segment.pieces;
  for (const Piece &piece : segment.pieces)
    open.at.push_back(plus(base, piece.offset));
  return nest(level + 1, std::move(s));
}

/// The sizes of step with which a dimension is covered, largest first. What a static size leaves is one step; what an
/// unknown one leaves, powers of two.
SmallVector<int64_t> Emitter::stepsOf(unsigned dim) const {
  int64_t tile = tiling[dim], size = plan.sizes[dim];
  if (!ShapedType::isDynamic(size)) {
    if (size <= tile)
      return {size};
    return size % tile ? SmallVector<int64_t>{tile, size % tile} : SmallVector<int64_t>{tile};
  }
  if (plan.vec == dim && plan.vecReduces)
    return tile > plan.lanes ? SmallVector<int64_t>{tile, plan.lanes, 1} : SmallVector<int64_t>{plan.lanes, 1};
  SmallVector<int64_t> steps{tile};
  int64_t rest = plan.vec == dim && tile > plan.lanes ? plan.lanes : llvm::bit_floor(uint64_t(tile - 1));
  for (; rest; rest /= 2)
    steps.push_back(rest);
  return steps;
}

SmallVector<Segment> Emitter::segmentsOf(unsigned dim) {
  int64_t size = plan.sizes[dim];
  SmallVector<Segment> segments;
  if (!ranges[dim].lo) {
    int64_t at = 0;
    for (int64_t step : stepsOf(dim)) {
      int64_t end = size - (size - at) % step;
      segments.push_back({index(at), index(end), step, plan.piecesOf(dim, step), end - at == step});
      at = end;
    }
    return segments;
  }
  Value at = ranges[dim].lo, hi = ranges[dim].hi;
  for (int64_t step : stepsOf(dim)) {
    Value end = hi;
    if (step != 1) {
      Value rest = arith::RemUIOp::create(b, loc, arith::SubIOp::create(b, loc, hi, at), index(step));
      end = arith::SubIOp::create(b, loc, hi, rest);
    }
    segments.push_back({at, end, step, plan.piecesOf(dim, step), false});
    at = end;
  }
  return segments;
}

/// The accumulators of one partial output: one for each whole vector of the largest step, and one for each narrower
/// piece that a rest has.
SmallVector<int64_t> Emitter::slotWidths() const {
  SmallVector<int64_t> whole, narrow;
  for (int64_t step : stepsOf(*plan.vec)) {
    unsigned count = 0;
    for (const Piece &piece : plan.piecesOf(*plan.vec, step))
      if (piece.width == plan.lanes) {
        if (++count > whole.size())
          whole.push_back(plan.lanes);
      } else if (!llvm::is_contained(narrow, piece.width)) {
        narrow.push_back(piece.width);
      }
  }
  llvm::append_range(whole, narrow);
  return whole;
}

/// The accumulator that piece c of the vector dimension adds to.
unsigned Emitter::slotOf(const State &s, const Coord &c) const {
  int64_t width = s.dims[*plan.vec].pieces[c[*plan.vec]].width;
  if (width == plan.lanes)
    return c[*plan.vec];
  return llvm::find(slots, width) - slots.begin();
}

static Value splat(OpBuilder &b, Location loc, TypedAttr scalar, int64_t width) {
  if (width == 1)
    return arith::ConstantOp::create(b, loc, scalar);
  auto type = VectorType::get({width}, scalar.getType());
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, Attribute(scalar)));
}

/// What the accumulators of an output hold before its loops.
Copies Emitter::startOf(const OutputPlan &o, const State &s) {
  Copies held;
  State known = s;
  forEachCoord(o.dims, s, [&](const Coord &c) {
    for (int64_t width : o.partial ? ArrayRef<int64_t>(slots) : ArrayRef<int64_t>())
      held.push_back(splat(b, loc, *arith::getNeutralElement(o.combiner), width));
    if (o.partial)
      return;
    if (o.spread)
      held.push_back(spreadStart(o, known, c));
    else
      held.push_back(o.start ? widen(o.start, widthOf(o.dims, s, c), known) : load(o.operand, known, c));
  });
  return held;
}

/// Stores what the loops of an output have accumulated.
void Emitter::finishHeld(const OutputPlan &o, const Copies &held, State &s) {
  unsigned count = o.partial ? slots.size() : 1;
  ArrayRef<Value> rest = held;
  forEachCoord(o.dims, s, [&](const Coord &c) {
    Value value = rest.front();
    if (o.partial)
      value = join(o, rest.take_front(count), o.start ? o.start : load(o.operand, s, c));
    rest = rest.drop_front(count);
    store(o.operand, value, s, c);
  });
}

/// `v`, filled up with neutral elements to a power of two.
Value Emitter::filledUp(const OutputPlan &o, Value v) {
  int64_t has = lanesIn(v), width = llvm::bit_ceil(uint64_t(has));
  if (has == width)
    return v;
  SmallVector<int64_t> from;
  for (int64_t l = 0; l < width; ++l)
    from.push_back(std::min(l, has));
  Value neutral = splat(b, loc, *arith::getNeutralElement(o.combiner), has);
  return vector::ShuffleOp::create(b, loc, v, neutral, from);
}

/// All lanes of all slots and the starting value to one scalar: vectors pairwise, then halves of a vector. Vectors that
/// have narrowed to the width of another slot take it along.
Value Emitter::join(const OutputPlan &o, ArrayRef<Value> held, Value start) {
  SmallVector<Value> whole, narrow;
  for (Value v : held) {
    Value full = filledUp(o, v);
    (lanesIn(full) == plan.lanes ? whole : narrow).push_back(full);
  }
  while (whole.size() > 1) {
    SmallVector<Value> half;
    for (size_t i = 0; i < whole.size(); i += 2)
      half.push_back(i + 1 < whole.size() ? combine(o.combiner, whole[i], whole[i + 1]) : whole[i]);
    whole = half;
  }
  Value sum = whole.empty() ? Value() : whole.front();
  for (int64_t width = plan.lanes / 2; width; width /= 2) {
    if (sum) {
      Value low = sum, high = sum;
      if (width == 1) {
        low = vector::ExtractOp::create(b, loc, sum, 0);
        high = vector::ExtractOp::create(b, loc, sum, 1);
      } else {
        auto first = llvm::to_vector(llvm::seq<int64_t>(0, width)),
             second = llvm::to_vector(llvm::seq(width, 2 * width));
        low = vector::ShuffleOp::create(b, loc, sum, sum, first);
        high = vector::ShuffleOp::create(b, loc, sum, sum, second);
      }
      sum = combine(o.combiner, low, high);
    }
    for (Value v : narrow)
      if (lanesIn(v) == width)
        sum = sum ? combine(o.combiner, sum, v) : v;
  }
  return combine(o.combiner, start, sum);
}

/// Gives the block arguments of outputs their values at an innermost point: accumulators, or elements of the buffer.
void Emitter::takeOutputs(State &s) {
  for (auto [i, o] : llvm::enumerate(plan.outputs)) {
    if (o.arg.use_empty())
      continue;
    Copies copies;
    unsigned count = o.partial ? slots.size() : 1;
    forEachCoord(plan.depsOf(o.arg), s, [&](const Coord &c) {
      unsigned slot = o.partial ? slotOf(s, c) : 0;
      if (o.carried)
        copies.push_back(s.held[i][positionOf(o.dims, s, c) * count + slot]);
      else
        copies.push_back(o.start ? widen(o.start, widthOf(o.dims, s, c), s) : load(o.operand, s, c));
    });
    s.values[o.arg] = copies;
  }
}

/// Gives the accumulators, or the buffers, the new elements.
void Emitter::putOutputs(State &s) {
  for (auto [i, o] : llvm::enumerate(plan.outputs)) {
    unsigned count = o.partial ? slots.size() : 1;
    DimSet dims = o.carried ? plan.depsOf(o.arg) : o.dims;
    forEachCoord(dims, s, [&](const Coord &c) {
      Value value = copyOf(o.yielded, s, c);
      if (!o.carried)
        return store(o.operand, value, s, c);
      unsigned slot = o.partial ? slotOf(s, c) : 0;
      s.held[i][positionOf(o.dims, s, c) * count + slot] = widen(value, widthOf(dims, s, c), s);
    });
  }
}
} // namespace strand
