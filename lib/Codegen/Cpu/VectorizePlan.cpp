// strand-vectorize, part 1: what to do with an op. Decisions stand first, the facts that they rest on after.
#include "lib/Codegen/Cpu/VectorizePlan.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/bit.h"
using namespace mlir;
namespace strand {
namespace {

bool has(DimSet set, unsigned dim) { return set >> dim & 1; }

DimSet allDims(const LoopPlan &p) { return p.sizes.empty() ? 0 : ~DimSet(0) >> (64 - p.sizes.size()); }

/// The facts about the loads of an op that decisions ask for.
struct Facts {
  LoopPlan &plan;
  DimSet reductions = 0, inAllOutputs = ~DimSet(0);

  explicit Facts(LoopPlan &p) : plan(p) {
    for (unsigned d = 0; d < p.sizes.size(); ++d)
      if (!p.isParallel(d))
        reductions |= DimSet(1) << d;
    for (const OutputPlan &o : p.outputs)
      inAllOutputs &= o.dims;
  }
  /// Some input is loaded anew for each step of a reduction but is the same for all indices of `dim`.
  bool reusedAlong(unsigned dim, DimSet mustDependOn) const {
    return llvm::any_of(plan.op.getDpsInputOperands(), [&](OpOperand *in) {
      DimSet dims = dimsOf(plan.op.getMatchingIndexingMap(in));
      return isa<MemRefType>(in->get().getType()) && (dims & reductions) && !has(dims, dim) &&
             (dims & mustDependOn) == mustDependOn;
    });
  }
  bool jammable(unsigned dim) const {
    return plan.isParallel(dim) && plan.vec != dim && plan.sizes[dim] != 1 && has(inAllOutputs, dim);
  }
};

// ---- decisions ----

/// Pieces of the vector dimension that one step takes at most, when the whole dimension is not more.
constexpr int64_t maxPieces = 4;
/// Independent chains of fma that hide its latency: 4 cycles on two units.
constexpr int64_t chains = 8;
/// Rows that make one pass over a panel worth it: below, the panel is read from a farther cache too often.
constexpr int64_t rowsOfBlock = 64;
/// An element of a polynomial of math costs about that many f32 operations.
constexpr int64_t mathCost = 12;

/// What a vector dimension costs: loads and stores that are not contiguous along it.
int64_t vectorCost(const LoopPlan &plan, unsigned dim) {
  int64_t cost = 0;
  for (OpOperand &operand : plan.op->getOpOperands())
    if (accessAlong(plan.op, &operand, dim) == Access::strided)
      cost += plan.op.isDpsInit(&operand) ? 3 : 2;
  return cost;
}

/// The registers that accumulators may take; the rest holds operands.
int64_t accumulators(const VectorTarget &t) { return t.registers() * 3 / 4; }

int64_t atMost(int64_t tile, int64_t size) {
  return ShapedType::isDynamic(size) ? tile : std::max<int64_t>(1, std::min(tile, size));
}

/// The tile of the vector dimension: all of it if that is few pieces, else `pieces` whole vectors.
int64_t vectorTile(const LoopPlan &plan, int64_t pieces, int64_t most) {
  int64_t size = plan.sizes[*plan.vec];
  if (!ShapedType::isDynamic(size) && int64_t(plan.piecesOf(*plan.vec, size).size()) <= most)
    return size;
  return pieces * plan.lanes;
}

/// Dot products: lanes are partial sums. 4 x 4 of them share what they load; a lone row streams 4 others. With
/// `oneOrder` there are as many partial sums whatever is shared, for that goes by how many rows there are.
void tileDotProducts(LoopPlan &p, const VectorTarget &t) {
  int64_t pieces = p.panels || t.oneOrder ? 1 : p.rows ? 2 : maxPieces;
  p.tiling[*p.vec] = vectorTile(p, pieces, pieces);
  if (p.rows)
    p.tiling[*p.rows] = atMost(4, p.sizes[*p.rows]);
  if (!p.panels)
    return;
  p.tiling[*p.panels] = atMost(t.registers() == 32 ? 4 : 2, p.sizes[*p.panels]);
  if (ShapedType::isDynamic(p.sizes[*p.rows])) {
    p.oneRow = p.tiling;
    p.oneRow[*p.rows] = 1;
    p.oneRow[*p.panels] = atMost(4, p.sizes[*p.panels]);
    if (!t.oneOrder)
      p.oneRow[*p.vec] = vectorTile(p, 2, 2);
  }
}

/// Sums of rows times panels: rows x vectors accumulators. A lone row takes several panels, so that as many chains of
/// fma run; the order of its sums, and so its bits, stay those of many rows.
void tileRowsByPanels(LoopPlan &p, const VectorTarget &t) {
  p.tiling[*p.vec] = vectorTile(p, p.rows ? 2 : maxPieces, maxPieces);
  int64_t pieces = p.piecesOf(*p.vec, p.tiling[*p.vec]).size();
  int64_t several = std::max<int64_t>(1, chains / pieces);
  if (p.rows) {
    // several sums of one op are no products: what is on its way to them takes registers as well
    int64_t sums = llvm::count_if(p.outputs, [](const OutputPlan &o) { return o.carried; });
    int64_t room = accumulators(t) / pieces / (sums > 1 ? 2 * sums : 1);
    int64_t rows = t.rows ? t.rows : std::clamp<int64_t>(room, 1, 14);
    p.tiling[*p.rows] = atMost(rows, p.sizes[*p.rows]);
  } else if (p.panels) {
    p.tiling[*p.panels] = atMost(several, p.sizes[*p.panels]);
  }
  if (!p.rows || !ShapedType::isDynamic(p.sizes[*p.rows]))
    return;
  p.oneRow = p.tiling;
  p.oneRow[*p.rows] = 1;
  if (p.panels)
    p.oneRow[*p.panels] = atMost(several, p.sizes[*p.panels]);
  else if (p.tiling[*p.vec] != p.sizes[*p.vec])
    p.oneRow[*p.vec] = chains / 2 * p.lanes;
  else
    p.oneRow.clear();
}

void chooseTiles(LoopPlan &p, const Facts &facts, const VectorTarget &t) {
  p.tiling.assign(p.sizes.size(), 1);
  if (!p.vec)
    return;
  if (p.held) {
    p.tiling[*p.vec] = vectorTile(p, 1, 1);
    p.tiling[*p.held] = p.sizes[*p.held];
    return;
  }
  bool reduces = llvm::any_of(p.outputs, [](const OutputPlan &o) { return o.carried; });
  if (reduces && p.vecReduces)
    return tileDotProducts(p, t);
  if (reduces)
    return tileRowsByPanels(p, t);
  if (p.transposed)
    p.tiling[*p.transposed] = atMost(p.lanes, p.sizes[*p.transposed]);
  int64_t pieces = p.transposed || p.cost >= mathCost ? 1 : 2;
  p.tiling[*p.vec] = vectorTile(p, pieces, p.transposed ? 1 : maxPieces);
}

/// Rows: the dimension whose indices share loads of vectors; panels: one whose indices share what rows load. Of
/// several, the one of unknown size (the rows of a call), else the innermost.
void chooseJammed(LoopPlan &p, const Facts &facts) {
  if (!p.vec || !facts.reductions)
    return;
  auto pick = [&](DimSet mustDependOn, std::optional<unsigned> but) {
    std::optional<unsigned> best;
    for (unsigned d = 0; d < p.sizes.size(); ++d)
      if (d != but && facts.jammable(d) && facts.reusedAlong(d, mustDependOn) &&
          (!best || ShapedType::isDynamic(p.sizes[d]) || !ShapedType::isDynamic(p.sizes[*best])))
        best = d;
    return best;
  };
  p.rows = pick(DimSet(1) << *p.vec, std::nullopt);
  p.panels = pick(0, p.rows);
  if (p.vecReduces && p.panels && !p.rows)
    std::swap(p.rows, p.panels);
}

/// A state that a recurrence over rows updates, h[n, d], stays in registers over the rows if all of n is open, inside d
/// and outside of the rows; sums over n then add all its pieces at once.
void chooseHeld(LoopPlan &p, const Facts &facts, const VectorTarget &t) {
  if (!p.vec || p.vecReduces || llvm::popcount(facts.reductions) < 2)
    return;
  for (unsigned d = 0; d < p.sizes.size(); ++d) {
    bool fits = has(facts.reductions, d) && !ShapedType::isDynamic(p.sizes[d]) && p.sizes[d] > 1 &&
                p.sizes[d] <= t.registers() / 2;
    bool isState = llvm::any_of(p.outputs, [&](const OutputPlan &o) {
      return has(o.dims, d) && has(o.dims, *p.vec) && (facts.reductions & ~o.dims);
    });
    bool sums = llvm::all_of(p.outputs, [&](const OutputPlan &o) { return has(o.dims, d) || o.combiner; });
    if (fits && isState && sums)
      p.held = d;
  }
}

/// Parallel dimensions outside, so that sums stay in registers; of them rows inside, so that a panel stays in cache.
void chooseOrder(LoopPlan &p, const Facts &facts) {
  unsigned n = p.sizes.size();
  auto placedLater = [&](unsigned d) { return p.vec == d || p.rows == d || p.panels == d; };
  for (unsigned d = 0; d < n; ++d)
    if (p.isParallel(d) && !placedLater(d))
      p.order.push_back(d);
  if (p.panels)
    p.order.push_back(*p.panels);
  if (p.vec && !p.vecReduces)
    p.order.push_back(*p.vec);
  if (p.rows)
    p.order.push_back(*p.rows);
  if (p.held)
    p.order.push_back(*p.held);
  for (unsigned d = 0; d < n; ++d)
    if (has(facts.reductions, d) && p.vec != d && p.held != d)
      p.order.push_back(d);
  if (p.vec && p.vecReduces)
    p.order.push_back(*p.vec);
}

/// Tasks divide the rows first; where there are few, panels or another parallel dimension.
void chooseSplit(LoopPlan &p, const Facts &facts) {
  auto add = [&](unsigned d) {
    if (p.split.size() == 2 || !p.isParallel(d) || p.sizes[d] == 1 ||
        llvm::any_of(p.split, [&](auto s) { return s.first == d; }) || !has(facts.inAllOutputs, d))
      return;
    int64_t block = std::max(p.tiling[d], p.oneRow.empty() ? 1 : p.oneRow[d]);
    if (d == p.rows)
      block *= llvm::divideCeil(rowsOfBlock, block);
    if (ShapedType::isDynamic(p.sizes[d]) || p.sizes[d] > block)
      p.split.push_back({d, block});
  };
  if (p.rows)
    add(*p.rows);
  if (p.panels)
    add(*p.panels);
  for (unsigned d : p.order)
    if (ShapedType::isDynamic(p.sizes[d]) && p.vec != d)
      add(d);
  for (unsigned d : p.order)
    if (p.vec != d)
      add(d);
  if (p.vec)
    add(*p.vec);
}

// ---- facts ----

/// Null if every operation of the body has a form on vectors.
const char *refusalOfBody(linalg::LinalgOp op) {
  for (Operation &inner : op.getBlock()->without_terminator()) {
    if (inner.getNumRegions())
      return "an operation of the body has a region";
    bool known = isa<linalg::IndexOp, memref::LoadOp>(inner) || inner.hasTrait<OpTrait::ConstantLike>() ||
                 OpTrait::hasElementwiseMappableTraits(&inner);
    if (!known || inner.getNumResults() != 1)
      return "an operation of the body has no form on vectors";
  }
  return nullptr;
}

/// acc' = acc (+) value, with (+) associative and acc used for nothing else: the operation (+); else null.
Operation *combinerOf(const OutputPlan &o) {
  Operation *op = o.yielded.getDefiningOp();
  if (!op || op->getNumOperands() != 2 || !op->hasOneUse() || !o.arg.hasOneUse() || *o.arg.user_begin() != op)
    return nullptr;
  bool commutes = op->hasTrait<OpTrait::IsCommutative>();
  return commutes && arith::getNeutralElement(op) ? op : nullptr;
}

bool canBeVector(const LoopPlan &p, unsigned dim) {
  if (p.sizes[dim] == 1)
    return false;
  return llvm::all_of(p.outputs, [&](const OutputPlan &o) {
    return has(o.dims, dim) || (!p.isParallel(dim) && o.combiner);
  });
}

/// Least cost; among equals a parallel dimension, then the innermost.
void chooseVector(LoopPlan &p, const Facts &facts) {
  p.refusal = refusalOfBody(p.op);
  if (p.refusal)
    return;
  int64_t best = 0;
  for (unsigned d = 0; d < p.sizes.size(); ++d) {
    if (!canBeVector(p, d))
      continue;
    int64_t cost = 2 * vectorCost(p, d) + !p.isParallel(d);
    if (p.vec && cost > best)
      continue;
    p.vec = d;
    best = cost;
  }
  auto isSide = [&](unsigned d) {
    return p.isParallel(d) && p.sizes[d] != 1;
  }; // what goes row after row has no other form
  if (!p.vec && llvm::any_of(llvm::seq<unsigned>(0, p.sizes.size()), isSide))
    p.refusal = "no dimension is in all outputs, and the results do not combine";
  p.vecReduces = p.vec && !p.isParallel(*p.vec);
}

/// As many elements as a register holds of the widest type that is computed with. Indices and truth values do not
/// count: they come and go with comparisons.
int64_t lanesOf(linalg::LinalgOp op, const VectorTarget &t) {
  int64_t widest = 0;
  auto see = [&](Type type, bool integers) {
    type = getElementTypeOrSelf(type);
    if (isa<FloatType>(type) || (integers && type.isInteger() && !type.isInteger(1)))
      widest = std::max<int64_t>(widest, type.getIntOrFloatBitWidth());
  };
  for (OpOperand &operand : op->getOpOperands())
    see(operand.get().getType(), true);
  for (Operation &inner : op.getBlock()->without_terminator())
    for (Type type : inner.getResultTypes())
      see(type, false);
  return t.bits / (widest ? widest : 32);
}

void findTransposed(LoopPlan &p, const Facts &facts) {
  if (!p.vec || facts.reductions || p.lanes > 16 || !llvm::isPowerOf2_64(p.lanes))
    return;
  for (OpOperand *in : p.op.getDpsInputOperands())
    for (unsigned d = 0; d < p.sizes.size() && p.access(in) == Access::strided; ++d)
      if (facts.jammable(d) && accessAlong(p.op, in, d) == Access::contiguous)
        p.transposed = d;
}

void setDeps(LoopPlan &p, Value v, DimSet dims) {
  if (dims)
    p.deps[v] = dims;
}

/// Which dimensions each value of the body depends on.
void findDeps(LoopPlan &p) {
  for (OpOperand *in : p.op.getDpsInputOperands())
    if (isa<MemRefType>(in->get().getType()))
      setDeps(p, p.op.getMatchingBlockArgument(in), dimsOf(p.op.getMatchingIndexingMap(in)));
  for (OutputPlan &o : p.outputs) {
    DimSet dims = o.dims;
    for (unsigned d : ArrayRef(p.order).drop_front(o.level))
      dims |= DimSet(1) << d;
    setDeps(p, o.arg, dims);
  }
  for (Operation &inner : p.op.getBlock()->without_terminator()) {
    DimSet dims = 0;
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      dims = DimSet(1) << index.getDim();
    for (Value operand : inner.getOperands())
      dims |= p.depsOf(operand);
    auto load = dyn_cast<memref::LoadOp>(inner);
    bool ofOutput = load && llvm::is_contained(p.op.getDpsInits(), load.getMemRef());
    if (inner.getNumRegions() || ofOutput || !(load || isMemoryEffectFree(&inner)))
      dims = allDims(p);
    for (Value result : inner.getResults())
      setDeps(p, result, dims);
  }
}

/// Loads, then the body in its order.
void listItems(LoopPlan &p) {
  for (OpOperand *in : p.op.getDpsInputOperands()) {
    BlockArgument arg = p.op.getMatchingBlockArgument(in);
    if (isa<MemRefType>(in->get().getType()) && !arg.use_empty())
      p.items.push_back({in, nullptr, nullptr, p.levelOf(p.depsOf(arg)), {}});
  }
  for (Operation &inner : p.op.getBlock()->without_terminator()) {
    DimSet dims = inner.getNumResults() ? p.depsOf(inner.getResult(0)) : allDims(p);
    p.items.push_back({nullptr, &inner, nullptr, p.levelOf(dims), {}});
  }
}

/// The sums of outputs over `held` take all its pieces in one item, whose value no longer depends on it.
void foldHeld(LoopPlan &p) {
  if (!p.held)
    return;
  DimSet held = DimSet(1) << *p.held;
  for (OutputPlan &o : p.outputs) {
    if (o.dims & held)
      continue;
    for (BodyItem &item : p.items)
      if (item.op == o.combiner)
        item.folds = o.arg;
    p.deps[o.yielded] = p.depsOf(o.yielded) & ~held;
    o.once = !o.carried && (o.dims | held) == allDims(p);
  }
}

/// c + a * b becomes one item where a * b is for that sum alone. A product that is known farther out stays there. With
/// `oneOrder` only terms of sums over a reduction do: whether other products stand in the op of their sum or are stored
/// before it differs between one row and many.
void fuseProducts(LoopPlan &p, const VectorTarget &t) {
  llvm::DenseMap<Operation *, BodyItem *> itemOf;
  for (BodyItem &item : p.items)
    if (item.op)
      itemOf[item.op] = &item;
  llvm::SmallPtrSet<Operation *, 4> fused;
  for (BodyItem &item : p.items) {
    auto sum = dyn_cast_or_null<arith::AddFOp>(item.op);
    if (!sum || !(sum.getType().isF32() || sum.getType().isF64()))
      continue;
    bool isOfTerms = llvm::any_of(p.outputs, [&](const OutputPlan &o) { return o.carried && o.combiner == item.op; });
    if (t.oneOrder && !isOfTerms)
      continue;
    for (Value v : sum->getOperands()) {
      auto mul = v.getDefiningOp<arith::MulFOp>();
      if (item.product || !mul || !mul->hasOneUse() || itemOf.lookup(mul) == nullptr ||
          itemOf[mul]->level != item.level)
        continue;
      item.product = mul;
      fused.insert(mul);
    }
  }
  llvm::erase_if(p.items, [&](const BodyItem &i) { return i.op && fused.contains(i.op); });
}

void listOutputs(LoopPlan &p) {
  Operation *yield = p.op.getBlock()->getTerminator();
  for (OpOperand &init : p.op.getDpsInitsMutable()) {
    OutputPlan o{&init, p.op.getMatchingBlockArgument(&init), {}, 0, 0, false, false, false, nullptr, {}, {}};
    o.yielded = yield->getOperand(p.outputs.size());
    o.dims = dimsOf(p.op.getMatchingIndexingMap(&init));
    o.combiner = combinerOf(o);
    p.outputs.push_back(o);
  }
}

int64_t costOf(linalg::LinalgOp op) {
  int64_t cost = 0;
  for (Operation &inner : op.getBlock()->without_terminator())
    cost += isa<math::MathDialect>(inner.getDialect()) ? mathCost : 1;
  return std::max<int64_t>(1, cost);
}
} // namespace

DimSet dimsOf(AffineMap map) {
  DimSet dims = 0;
  for (unsigned d = 0; d < map.getNumDims(); ++d)
    if (map.isFunctionOfDim(d))
      dims |= DimSet(1) << d;
  return dims;
}

Access accessAlong(linalg::LinalgOp op, OpOperand *operand, unsigned dim) {
  return accessAlong(operand->get().getType(), op.getMatchingIndexingMap(operand), dim);
}

Access accessAlong(Type operand, AffineMap map, unsigned dim) {
  auto type = dyn_cast<MemRefType>(operand);
  if (!type || !map.isFunctionOfDim(dim))
    return Access::uniform;
  // A vector of i1 in memory is packed bits, a memref of i1 is bytes.
  if (type.getElementType().isInteger(1))
    return Access::strided;
  for (AffineExpr e : map.getResults().drop_back())
    if (e.isFunctionOfDim(dim))
      return Access::strided;
  AffineExpr last = map.getResults().back();
  AffineExpr rest = simplifyAffineExpr(last - getAffineDimExpr(dim, map.getContext()), map.getNumDims(), 0);
  SmallVector<int64_t> strides;
  int64_t offset;
  bool unit = succeeded(type.getStridesAndOffset(strides, offset)) && strides.back() == 1;
  return unit && !rest.isFunctionOfDim(dim) ? Access::contiguous : Access::strided;
}

Access LoopPlan::access(OpOperand *operand) const {
  return vec ? accessAlong(op, operand, *vec) : Access::uniform;
}

unsigned LoopPlan::levelOf(DimSet dims) const {
  for (unsigned level = order.size(); level; --level)
    if (has(dims, order[level - 1]))
      return level;
  return 0;
}

SmallVector<Piece> LoopPlan::piecesOf(unsigned dim, int64_t size) const {
  SmallVector<Piece> pieces;
  for (int64_t at = 0, width = vec == dim ? lanes : 1; at < size; at += width) {
    if (int64_t rest = size - at; rest < width)
      width = hasMath ? rest : llvm::bit_floor(uint64_t(rest));
    pieces.push_back({at, width});
  }
  return pieces;
}

LoopPlan planLoops(linalg::LinalgOp op, const VectorTarget &target) {
  LoopPlan p;
  p.op = op;
  p.sizes = op.getStaticLoopRanges();
  for (auto [d, type] : llvm::enumerate(op.getIteratorTypesArray()))
    p.parallel |= DimSet(type == utils::IteratorType::parallel) << d;
  p.cost = costOf(op);
  listOutputs(p);
  Facts facts(p);
  chooseVector(p, facts);
  if (p.vec)
    p.lanes = lanesOf(op, target);
  findTransposed(p, facts);
  chooseHeld(p, facts, target);
  if (!p.held)
    chooseJammed(p, facts);
  chooseOrder(p, facts);
  for (OutputPlan &o : p.outputs) {
    o.level = p.levelOf(o.dims);
    o.carried = o.level < p.order.size();
    o.partial = p.vecReduces && !has(o.dims, *p.vec);
  }
  findDeps(p);
  p.hasMath = llvm::any_of(p.deps, [&](auto &value) {
    Operation *op = value.first.getDefiningOp();
    return op && isa<math::MathDialect>(op->getDialect()) && p.dependsOnVec(value.first);
  });
  listItems(p);
  fuseProducts(p, target);
  foldHeld(p);
  chooseTiles(p, facts, target);
  chooseSplit(p, facts);
  return p;
}
} // namespace strand
