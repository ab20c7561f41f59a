// strand-arena: every memref.alloc becomes a view of one arena that the caller hands in. Callees first; in each
// function
//   need      one for each alloc, and one for each call of a function that needs scratch
//   slot      needs that are not in use at the same time, largest first; as large as its largest need
//   offset    the running sum of slots, computed on entry from the rows and sequences of the call
#include "lib/Codegen/Cpu/Bounds.h"
#include "lib/Codegen/Cpu/Lifetimes.h"
#include "lib/Lowering/CalleesFirst.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_ARENA
#include "lib/Passes.h.inc"
namespace {
constexpr int64_t alignment = 64;

struct Need {
  Operation *op; // memref.alloc or func.call; gone when its function is done
  Interval use;
  StringRef callee; // of a call
  Bound bytes;           // of an alloc
  Bound rows, sequences; // of a call: what the callee's numbers are at most
};
using Slot = std::vector<Need>;

constexpr StringLiteral rowsMark = "strand.rows", sequencesMark = "strand.sequences", offsetsMark = "strand.offsets";
/// What each mark says of the entries of an argument; the narrower first.
const std::pair<StringRef, Bound> marks[] = {
    {rowsMark, {0, 1, 0}}, {sequencesMark, {0, 0, 1}}, {offsetsMark, {1, 0, 1}}};

SmallVector<unsigned> markedArguments(func::FuncOp f, StringRef mark) {
  return llvm::to_vector(llvm::make_filter_range(llvm::seq(f.getNumArguments()),
                                                 [&](unsigned i) { return bool(f.getArgAttr(i, mark)); }));
}

/// Of an index, or of dimension 0 of a buffer.
std::optional<Bound> extentBound(Value v) { return isa<MemRefType>(v.getType()) ? boundOfDim(v, 0) : boundOf(v); }

/// Marks arguments of private functions that every caller bounds by its rows, or by its sequences. Callers are done; it
/// begins with what a call of the model hands in.
void inferMarks(func::FuncOp f, ModuleOp module) {
  for (unsigned i = 0; i < f.getNumArguments(); ++i)
    if (auto input = f.getArgAttrOfType<StringAttr>(i, "strand.input"))
      for (auto [name, mark] : {std::pair("tokens", rowsMark), {"slots", sequencesMark}, {"offsets", offsetsMark}})
        if (input == name)
          f.setArgAttr(i, mark, UnitAttr::get(f.getContext()));
  SmallVector<func::CallOp> calls = callsOf(f, module);
  if (!f.isPrivate() || calls.empty())
    return;
  for (unsigned i = 0; i < f.getNumArguments(); ++i) {
    auto type = dyn_cast<MemRefType>(f.getArgumentTypes()[i]);
    bool isExtent = type ? type.getRank() && type.isDynamicDim(0) : f.getArgumentTypes()[i].isIndex();
    if (!isExtent || llvm::any_of(marks, [&](auto &mark) { return f.getArgAttr(i, mark.first); }))
      continue;
    auto within = [&](const Bound &limit) {
      return llvm::all_of(calls, [&](func::CallOp call) {
        std::optional<Bound> n = extentBound(call.getOperand(i));
        return n && n->unitedWith(limit) == limit;
      });
    };
    auto mark = llvm::find_if(marks, [&](auto &mark) { return within(mark.second); });
    if (mark != std::end(marks))
      f.setArgAttr(i, mark->first, UnitAttr::get(f.getContext()));
  }
}

/// The argument of `f` whose buffer `v` is, of the same type; through reshapes there and back. -1 if there is none.
int64_t sameArgument(func::FuncOp f, Value v) {
  auto type = dyn_cast<MemRefType>(v.getType());
  if (!type || type.getNumDynamicDims() > 1) // else the type alone does not say that the shapes agree
    return -1;
  while (isa_and_present<memref::CastOp, memref::ExpandShapeOp, memref::CollapseShapeOp>(v.getDefiningOp()))
    v = v.getDefiningOp()->getOperand(0);
  auto arg = dyn_cast<BlockArgument>(v);
  return arg && arg.getOwner() == &f.front() && arg.getType() == type ? int64_t(arg.getArgNumber()) : -1;
}

/// Drops results that are arguments. Upstream's drop-equivalent-buffer-results sees such a result only if no reshape
/// stands between, and needs a canonicalisation for each level of calls to see it.
void dropTiedResults(func::FuncOp f, ModuleOp module) {
  if (!f.isPrivate())
    return;
  Operation *exit = f.front().getTerminator();
  SmallVector<int64_t> argument;
  BitVector tied(f.getNumResults());
  for (auto [i, v] : llvm::enumerate(exit->getOperands())) {
    argument.push_back(sameArgument(f, v));
    tied[i] = argument.back() >= 0;
  }
  if (tied.none() || failed(f.eraseResults(tied)))
    return;
  exit->eraseOperands(tied);
  for (func::CallOp call : callsOf(f, module)) {
    OpBuilder b(call);
    auto less = func::CallOp::create(b, call.getLoc(), f, call.getOperands());
    auto rest = less.getResults().begin();
    for (auto [i, r] : llvm::enumerate(call.getResults()))
      r.replaceAllUsesWith(tied[i] ? call.getOperand(argument[i]) : Value(*rest++));
    call.erase();
  }
}

struct Arena : impl::ArenaBase<Arena> {
  using ArenaBase::ArenaBase;
  DenseMap<StringRef, func::FuncOp> needScratch;   // functions that take an arena
  DenseMap<StringRef, SmallVector<Slot>> layouts; // and what is in it

  void runOnOperation() override {
    FailureOr<SmallVector<func::FuncOp>> order = calleesFirst(getOperation());
    if (failed(order))
      return signalPassFailure();
    for (func::FuncOp f : llvm::reverse(*order))
      inferMarks(f, getOperation());
    for (func::FuncOp f : *order)
      if (failed(convert(f)))
        return signalPassFailure();
  }

  LogicalResult convert(func::FuncOp f) {
    dropTiedResults(f, getOperation());
    if (llvm::any_of(f.getResultTypes(), llvm::IsaPred<BaseMemRefType>))
      return f.emitError() << "returns a buffer that is not one of its arguments; give it a destination";
    f.walk([](Operation *op) {
      if (isa<memref::DeallocOp>(op) || (isa<memref::AllocOp>(op) && op->use_empty()))
        op->erase();
    });
    SmallVector<Need> needs;
    if (failed(collectNeeds(f, needs)))
      return failure();
    if (needs.empty())
      return success();
    numBuffers += needs.size();
    SmallVector<Slot> slots = slotsOf(needs);
    numSlots += slots.size();
    emitScratchFunction(f, slots);
    if (failed(takeScratch(f, slots)))
      return failure();
    needScratch[f.getName()] = f;
    layouts[f.getName()] = std::move(slots);
    return success();
  }

  LogicalResult collectNeeds(func::FuncOp f, SmallVectorImpl<Need> &needs) {
    Lifetimes lifetimes(f);
    WalkResult r = f.walk([&](Operation *op) {
      if (auto alloc = dyn_cast<memref::AllocOp>(op)) {
        if (alloc->getParentOfType<scf::ForallOp>())
          return WalkResult::advance();
        FailureOr<Interval> use = lifetimes.of(alloc);
        FailureOr<Bound> bytes = bytesOf(alloc);
        if (failed(use) || failed(bytes))
          return WalkResult::interrupt();
        needs.push_back({op, *use, {}, *bytes, {}, {}});
      }
      if (auto call = dyn_cast<func::CallOp>(op); call && needScratch.contains(call.getCallee())) {
        if (call->getParentOfType<scf::ForallOp>()) {
          call.emitError() << "@" << call.getCallee()
                           << " needs scratch and is called from a parallel loop, whose tasks have "
                           << "none; inline it, or give its temporaries a static size";
          return WalkResult::interrupt();
        }
        Need need{op, lifetimes.of(op), needScratch[call.getCallee()].getName(), {}, {}, {}};
        if (failed(boundExtent(call, rowsMark, 0, need.rows)) ||
            failed(boundExtent(call, sequencesMark, 0, need.sequences)) ||
            failed(boundExtent(call, offsetsMark, 1, need.sequences)))
          return WalkResult::interrupt();
        needs.push_back(need);
      }
      return WalkResult::advance();
    });
    return failure(r.wasInterrupted());
  }

  static FailureOr<Bound> bytesOf(memref::AllocOp alloc) {
    MemRefType type = alloc.getType();
    if (!type.getLayout().isIdentity())
      return alloc.emitError() << "buffer of type " << type
                               << " has a layout; only row-major buffers have a place in the arena";
    Bound bytes{bytesOfElement(type.getElementType())};
    for (int64_t d = 0; d < type.getRank(); ++d) {
      std::optional<Bound> size = boundOfDim(alloc, d);
      if (!size)
        return alloc.emitError() << "dimension " << d
                                 << " is not bounded by rows or sequences; take its arith.minsi with "
                                 << "such a bound";
      if (!size->isConstant() && !bytes.isConstant())
        return alloc.emitError() << "dimension " << d << " grows with the rows or sequences of a call, and so does a "
                                 << "dimension before it; go in blocks of a static size";
      bytes = size->isConstant() ? bytes.times(size->at(0, 0)) : size->times(bytes.at(0, 0));
    }
    return bytes;
  }

  /// What the callee's number of rows (or sequences) is at most: it takes the largest of its marked arguments, `less`
  /// that many.
  LogicalResult boundExtent(func::CallOp call, StringRef mark, int64_t less, Bound &to) {
    for (unsigned i : markedArguments(needScratch[call.getCallee()], mark)) {
      std::optional<Bound> bound = extentBound(call.getOperand(i));
      if (!bound)
        return call.emitError() << "operand " << i
                                << " is not bounded by rows or sequences; take the arith.minsi of its "
                                << "size with such a bound";
      bound->a = std::max<int64_t>(bound->a - less * bound->d, 0);
      to = to.unitedWith(*bound);
    }
    return success();
  }

  /// Bytes of a need in a call of that size.
  int64_t sizeAt(const Need &n, int64_t rows, int64_t sequences) {
    if (n.callee.empty())
      return n.bytes.at(rows, sequences);
    return sizeAt(layouts[n.callee], n.rows.at(rows, sequences), n.sequences.at(rows, sequences));
  }
  int64_t sizeAt(ArrayRef<Slot> slots, int64_t rows, int64_t sequences) {
    int64_t total = 0;
    for (const Slot &slot : slots) {
      int64_t largest = 0;
      for (const Need &n : slot)
        largest = std::max(largest, sizeAt(n, rows, sequences));
      total += llvm::alignTo(largest, alignment);
    }
    return total;
  }

  /// Largest first, each into the smallest slot that is free in its time. Which is larger may depend on the call, so
  /// the order is that of a middling one; offsets are right for any.
  SmallVector<Slot> slotsOf(ArrayRef<Need> needs) {
    constexpr int64_t rows = 1024, sequences = 16;
    SmallVector<std::pair<int64_t, unsigned>> order; // what is equally large stays in the order of the text
    for (auto [i, n] : llvm::enumerate(needs))
      order.push_back({-sizeAt(n, rows, sequences), i});
    llvm::sort(order);
    SmallVector<Slot> slots;
    for (auto [size, i] : order) {
      const Need &n = needs[i];
      auto isFree = [&](const Slot &slot) {
        return llvm::none_of(slot, [&](const Need &o) { return n.use.overlaps(o.use); });
      };
      auto at = llvm::find_if(llvm::reverse(slots), isFree);
      if (at != slots.rend())
        at->push_back(n);
      else
        slots.push_back({n});
    }
    return slots;
  }

  /// Offsets of the slots, and after them the total.
  static SmallVector<Value> layOut(OpBuilder &b, Location loc, ArrayRef<Slot> slots, Value rows, Value sequences) {
    SmallVector<Value> offsets{arith::ConstantIndexOp::create(b, loc, 0)};
    Value up = arith::ConstantIndexOp::create(b, loc, alignment - 1);
    Value mask = arith::ConstantIndexOp::create(b, loc, -alignment);
    for (const Slot &slot : slots) {
      Value size;
      for (const Need &n : slot) {
        Value bytes;
        if (!n.callee.empty())
          bytes = func::CallOp::create(b, loc, scratchName(n.callee), b.getIndexType(),
                                       ValueRange{n.rows.at(b, loc, rows, sequences),
                                                  n.sequences.at(b, loc, rows, sequences)})
                      .getResult(0);
        else
          bytes = n.bytes.at(b, loc, rows, sequences);
        size = size ? arith::MaxUIOp::create(b, loc, size, bytes) : bytes;
      }
      Value whole = arith::AndIOp::create(b, loc, arith::AddIOp::create(b, loc, size, up), mask);
      offsets.push_back(arith::AddIOp::create(b, loc, offsets.back(), whole));
    }
    return offsets;
  }

  static std::string scratchName(StringRef function) { return (function + ".scratch").str(); }

  static void emitScratchFunction(func::FuncOp f, ArrayRef<Slot> slots) {
    OpBuilder b(f);
    Type index = b.getIndexType();
    auto scratch =
        func::FuncOp::create(b, f.getLoc(), scratchName(f.getName()), b.getFunctionType({index, index}, {index}));
    scratch.setPrivate();
    b.setInsertionPointToStart(scratch.addEntryBlock());
    Value total = layOut(b, f.getLoc(), slots, scratch.getArgument(0), scratch.getArgument(1)).back();
    func::ReturnOp::create(b, f.getLoc(), total);
  }

  /// The number of rows (or sequences) of `f` as a value.
  static Value extent(OpBuilder &b, func::FuncOp f, StringRef mark) {
    Location loc = f.getLoc();
    Value most = arith::ConstantIndexOp::create(b, loc, 0);
    auto atLeast = [&](StringRef mark, int64_t less) {
      for (unsigned i : markedArguments(f, mark)) {
        Value n = f.getArgument(i), k = arith::ConstantIndexOp::create(b, loc, less);
        if (isa<MemRefType>(n.getType()))
          n = memref::DimOp::create(b, loc, n, 0);
        n = b.createOrFold<arith::SubIOp>(loc, b.createOrFold<arith::MaxUIOp>(loc, n, k), k);
        most = b.createOrFold<arith::MaxUIOp>(loc, most, n);
      }
    };
    atLeast(mark, 0);
    if (mark == sequencesMark)
      atLeast(offsetsMark, 1);
    return most;
  }

  LogicalResult takeScratch(func::FuncOp f, ArrayRef<Slot> slots) {
    Location loc = f.getLoc();
    OpBuilder b(f);
    auto bytes = MemRefType::get({ShapedType::kDynamic}, b.getI8Type());
    auto mark = b.getDictionaryAttr(b.getNamedAttr("strand.scratch", b.getUnitAttr()));
    if (failed(f.insertArgument(f.getNumArguments(), bytes, mark, loc)))
      return failure();
    Value arena = f.getArguments().back();
    b.setInsertionPointToStart(&f.front());
    SmallVector<Value> offsets = layOut(b, loc, slots, extent(b, f, rowsMark), extent(b, f, sequencesMark));
    for (auto [i, slot] : llvm::enumerate(slots))
      for (const Need &n : slot) {
        b.setInsertionPoint(n.op);
        if (auto alloc = dyn_cast<memref::AllocOp>(n.op)) {
          Value view =
              memref::ViewOp::create(b, alloc.getLoc(), alloc.getType(), arena, offsets[i], alloc.getDynamicSizes());
          alloc.replaceAllUsesWith(view);
          alloc.erase();
          continue;
        }
        Value size = arith::SubIOp::create(b, loc, offsets[i + 1], offsets[i]);
        Value part = memref::ViewOp::create(b, loc, bytes, arena, offsets[i], ValueRange{size});
        n.op->insertOperands(n.op->getNumOperands(), part);
      }
    return success();
  }
};
} // namespace
} // namespace strand
