// The emitter of strand-vectorize: walks the order of a LoopPlan from the outside in. What is known at a point of the
// nest (indices, values of the body, accumulators) is a State; going one loop deeper works on a copy of it, so nothing
// leaks out of the loop in which it was emitted.
#pragma once
#include "lib/Codegen/Cpu/VectorizePlan.h"
namespace strand {

/// An open dimension: its pieces and the index at which each begins.
struct OpenDim {
  mlir::SmallVector<Piece> pieces;
  mlir::SmallVector<mlir::Value> at;
};

/// How many lanes a value has; a scalar has 1.
int64_t lanesIn(mlir::Value v);

/// Which piece of each dimension.
using Coord = mlir::SmallVector<unsigned, 6>;
using Copies = mlir::SmallVector<mlir::Value>;

struct State {
  mlir::SmallVector<OpenDim> dims;
  /// Values of the body: one copy for each combination of pieces of the dimensions that the value depends on.
  llvm::DenseMap<mlir::Value, Copies> values;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, mlir::Value> broadcasts;
  /// The accumulators of each carried output, while its loops are open.
  mlir::SmallVector<Copies> held;
};

/// Steps of `step` indices over [lo, hi), a multiple of it. Once: a single step, no loop.
struct Segment {
  mlir::Value lo, hi;
  int64_t step;
  mlir::SmallVector<Piece> pieces;
  bool once;
};

class Emitter {
public:
  Emitter(mlir::OpBuilder &b, const LoopPlan &plan, const Tiling &tiling, mlir::ArrayRef<DimRange> ranges,
          const VectorTarget &target, bool stream)
      : b(b), loc(plan.op.getLoc()), plan(plan), tiling(tiling), ranges(ranges), target(target), stream(stream) {}
  void run();

private:
  // VectorizeEmit.cpp: loops and accumulators
  mlir::SmallVector<Copies> nest(unsigned level, State s);
  mlir::SmallVector<Copies> runSegment(const Segment &segment, unsigned level, const State &s);
  mlir::SmallVector<Copies> openSegment(const Segment &segment, unsigned level, State s, mlir::Value base);
  mlir::SmallVector<int64_t> stepsOf(unsigned dim) const;
  mlir::SmallVector<Segment> segmentsOf(unsigned dim);
  mlir::SmallVector<int64_t> slotWidths() const;
  unsigned slotOf(const State &s, const Coord &c) const;
  Copies startOf(const OutputPlan &o, const State &s);
  mlir::Value spreadStart(const OutputPlan &o, State &s, const Coord &c);
  void finishHeld(const OutputPlan &o, const Copies &held, State &s);
  mlir::Value filledUp(const OutputPlan &o, mlir::Value v);
  mlir::Value join(const OutputPlan &o, mlir::ArrayRef<mlir::Value> held, mlir::Value start);
  void takeOutputs(State &s);
  void putOutputs(State &s);

  // VectorizeBody.cpp: loads, body and stores at one point of the nest
  void emitItem(const BodyItem &item, State &s);
  mlir::Value emitOp(const BodyItem &item, State &s, const Coord &c, mlir::Value sum = {});
  mlir::Value emitFold(const BodyItem &item, State &s, Coord c);
  mlir::Value emitIndex(unsigned dim, State &s, const Coord &c);
  mlir::Value emitTableLoad(mlir::Operation *op, State &s, const Coord &c);
  void emitWhole(mlir::Operation *op, State &s);
  bool emitTransposed(mlir::OpOperand *in, State &s);
  mlir::Value load(mlir::OpOperand *operand, State &s, const Coord &c);
  mlir::Value load(mlir::Value buffer, mlir::AffineMap map, State &s, const Coord &c);
  void store(mlir::OpOperand *operand, mlir::Value value, State &s, const Coord &c);
  void prefetch(mlir::OpOperand *operand, State &s, const Coord &c);
  mlir::Value scalarIndex(mlir::Value v, State &s, const Coord &c);
  mlir::SmallVector<mlir::Value> indices(mlir::AffineMap map, const State &s, const Coord &c, int64_t lane = 0,
                                         std::optional<std::pair<unsigned, int64_t>> ahead = std::nullopt);
  mlir::Value combine(mlir::Operation *op, mlir::Value x, mlir::Value y);
  mlir::Value copyOf(mlir::Value v, const State &s, const Coord &c) const;
  mlir::Value widen(mlir::Value v, int64_t width, State &s);
  void forEachCoord(DimSet dims, const State &s, mlir::function_ref<void(const Coord &)> fn) const;
  unsigned positionOf(DimSet dims, const State &s, const Coord &c) const;
  int64_t widthOf(DimSet dims, const State &s, const Coord &c) const;
  mlir::Value index(int64_t i);
  mlir::Value plus(mlir::Value v, int64_t i);

  mlir::OpBuilder &b;
  mlir::Location loc;
  const LoopPlan &plan;
  const Tiling &tiling;
  mlir::ArrayRef<DimRange> ranges;
  const VectorTarget &target;
  bool stream; ///< output 0 goes past the caches
  mlir::SmallVector<int64_t> slots; ///< widths of the accumulators of one element of a partial output
};
} // namespace strand
