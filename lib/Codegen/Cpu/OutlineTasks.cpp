// strand-outline-tasks: scf.forall to a function of its own and a call of the run-time library. Callees first, since a
// function takes the caller's threads if a callee does.
#include "dialects/Strand/Strand.h"
#include "lib/Codegen/Cpu/Frame.h"
#include "lib/Codegen/Cpu/Descriptors.h"
#include "lib/Lowering/CalleesFirst.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_OUTLINETASKS
#include "lib/Passes.h.inc"
namespace {
constexpr const char *parallelFor = "strand_rt_parallel_for", *countThreads = "strand_rt_threads";

bool hasOneIteration(scf::ForallOp loop) {
  for (auto [lo, hi, step] : llvm::zip(loop.getMixedLowerBound(), loop.getMixedUpperBound(), loop.getMixedStep())) {
    auto l = getConstantIntValue(lo), h = getConstantIntValue(hi), s = getConstantIntValue(step);
    if (!l || !h || !s || *h <= *l || *h > *l + *s)
      return false;
  }
  return true;
}

/// Iterations of each dimension, in front of the loop.
SmallVector<Value> iterationCounts(OpBuilder &b, scf::ForallOp loop) {
  Location loc = loop.getLoc();
  SmallVector<Value> counts;
  for (auto [lo, hi, step] : llvm::zip(loop.getMixedLowerBound(), loop.getMixedUpperBound(), loop.getMixedStep())) {
    auto value = [&](OpFoldResult v) { return getValueOrCreateConstantIndexOp(b, loc, v); };
    Value n = value(hi);
    if (!isZeroInteger(lo)) // an empty range may end before it begins
      n = b.createOrFold<arith::MaxSIOp>(loc, b.createOrFold<arith::SubIOp>(loc, n, value(lo)),
                                         arith::ConstantIndexOp::create(b, loc, 0));
    if (!isOneInteger(step)) { // rounded up
      Value up = b.createOrFold<arith::SubIOp>(loc, value(step), arith::ConstantIndexOp::create(b, loc, 1));
      n = b.createOrFold<arith::DivSIOp>(loc, b.createOrFold<arith::AddIOp>(loc, n, up), value(step));
    }
    counts.push_back(n);
  }
  return counts;
}

/// The induction variables at iteration number `i` in row-major order.
SmallVector<Value> inductionVariables(OpBuilder &b, scf::ForallOp loop, ArrayRef<Value> counts, Value i) {
  Location loc = loop.getLoc();
  SmallVector<Value> ivs(counts.size());
  for (int64_t d = counts.size() - 1; d >= 0; --d) {
    Value at = i;
    if (d) {
      at = arith::RemUIOp::create(b, loc, i, counts[d]);
      i = arith::DivUIOp::create(b, loc, i, counts[d]);
    }
    OpFoldResult step = loop.getMixedStep()[d], lo = loop.getMixedLowerBound()[d];
    if (!isOneInteger(step))
      at = arith::MulIOp::create(b, loc, at, getValueOrCreateConstantIndexOp(b, loc, step));
    if (!isZeroInteger(lo))
      at = arith::AddIOp::create(b, loc, at, getValueOrCreateConstantIndexOp(b, loc, lo));
    ivs[d] = at;
  }
  return ivs;
}

/// Whether a task computes it again instead of being handed its value.
bool isCheap(Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>() || isa<memref::GetGlobalOp>(op))
    return true;
  return isa<arith::ArithDialect>(op->getDialect()) && op->getNumResults() == 1 &&
         op->getResult(0).getType().isIndex() && llvm::all_of(op->getOperands(), [](Value v) {
           Operation *of = v.getDefiningOp();
           return of && of->hasTrait<OpTrait::ConstantLike>();
         });
}

/// Makes `region` use nothing from outside: cheap values are computed again at its entry, the others become new
/// arguments and are returned. (Upstream's makeRegionIsolatedFromAbove does not look into nested regions.)
SmallVector<Value> isolate(Region &region) {
  SetVector<Value> used;
  getUsedValuesDefinedAbove(region, used);
  auto inside = [&](OpOperand &use) { return region.isAncestor(use.getOwner()->getParentRegion()); };
  OpBuilder b = OpBuilder::atBlockBegin(&region.front());
  SmallVector<Value> captured;
  for (Value v : used) {
    Operation *op = v.getDefiningOp();
    if (op && isCheap(op)) {
      IRMapping constants;
      for (Value operand : op->getOperands())
        constants.map(operand, b.clone(*operand.getDefiningOp())->getResult(0));
      v.replaceUsesWithIf(b.clone(*op, constants)->getResult(0), inside);
      continue;
    }
    v.replaceUsesWithIf(region.addArgument(v.getType(), v.getLoc()), inside);
    captured.push_back(v);
  }
  return captured;
}

Value casted(OpBuilder &b, Location loc, Type to, Value v) {
  return v.getType() == to ? v : UnrealizedConversionCastOp::create(b, loc, to, v).getResult(0);
}

/// How a captured value lies in memory: of a buffer what its type does not say. Empty if it cannot.
SmallVector<Type> storedTypes(Type t) {
  if (auto buffer = dyn_cast<MemRefType>(t))
    return openFieldTypes(buffer);
  if (t.isIndex())
    return {IntegerType::get(t.getContext(), 64)};
  return LLVM::isCompatibleType(t) ? SmallVector<Type>{t} : SmallVector<Type>();
}
SmallVector<Value> toStored(OpBuilder &b, Location loc, Value v) {
  if (auto buffer = dyn_cast<TypedValue<MemRefType>>(v))
    return openFields(b, loc, buffer);
  return {casted(b, loc, storedTypes(v.getType()).front(), v)};
}
Value fromStored(OpBuilder &b, Location loc, Type t, ArrayRef<Value> stored) {
  if (auto buffer = dyn_cast<MemRefType>(t))
    return bufferFrom(b, loc, buffer, stored);
  return casted(b, loc, t, stored.front());
}
Value fieldAt(OpBuilder &b, Location loc, Type record, Value base, unsigned i) {
  return LLVM::GEPOp::create(b, loc, base.getType(), record, base, ArrayRef<LLVM::GEPArg>{0, int32_t(i)});
}

struct OutlineTasks : impl::OutlineTasksBase<OutlineTasks> {
  using OutlineTasksBase::OutlineTasksBase;
  DenseSet<StringRef> takesThreads; // functions with a ctx argument

  void runOnOperation() override {
    if (failed(forEachCalleesFirst(getOperation(), [&](func::FuncOp f) { return convert(f); })))
      signalPassFailure();
  }

  LogicalResult convert(func::FuncOp f) {
    FailureOr<SmallVector<scf::ForallOp>> loops = loopsToOutline(f);
    if (failed(loops))
      return failure();
    SmallVector<func::CallOp> calls; // of functions that take threads
    f.walk([&](func::CallOp call) {
      if (takesThreads.contains(call.getCallee()))
        calls.push_back(call);
    });
    SmallVector<ThreadsOp> questions;
    f.walk([&](ThreadsOp op) { questions.push_back(op); });
    if (loops->empty() && calls.empty() && questions.empty())
      return success();
    Value threads = addContextArgument(f);
    if (!threads)
      return failure();
    takesThreads.insert(f.getName());
    for (func::CallOp call : calls) {
      OpBuilder at(call);
      bool inTask = bool(call->getParentOfType<scf::ForallOp>());
      call->insertOperands(call.getNumOperands(),
                           inTask ? LLVM::ZeroOp::create(at, call.getLoc(), threads.getType()).getResult() : threads);
    }
    for (ThreadsOp op : questions)
      answer(op, threads);
    for (auto [i, loop] : llvm::enumerate(*loops))
      if (failed(outline(f, loop, (f.getName() + ".task" + Twine(i)).str(), threads)))
        return failure();
    return success();
  }

  /// A task has one thread: its own.
  void answer(ThreadsOp op, Value threads) {
    OpBuilder b(op);
    Value n;
    if (op->getParentOfType<scf::ForallOp>()) {
      n = arith::ConstantIndexOp::create(b, op.getLoc(), 1);
    } else {
      auto f = runTimeFunction(countThreads, b.getFunctionType(threads.getType(), b.getI64Type()));
      n = func::CallOp::create(b, op.getLoc(), f, threads).getResult(0);
      n = arith::IndexCastOp::create(b, op.getLoc(), b.getIndexType(), n);
    }
    op.replaceAllUsesWith(n);
    op.erase();
  }

  /// Outermost parallel loops that stay parallel; the others become ordinary ones, or just their body.
  FailureOr<SmallVector<scf::ForallOp>> loopsToOutline(func::FuncOp f) {
    SmallVector<scf::ForallOp> all, outer;
    f.walk([&](scf::ForallOp loop) { all.push_back(loop); });
    IRRewriter rewriter(&getContext());
    for (scf::ForallOp loop : all) { // inner ones first
      if (loop.getNumResults())
        return loop.emitError() << "parallel loop has tensor results; bufferise before its tasks are outlined";
      rewriter.setInsertionPoint(loop);
      if (loop->getParentOfType<scf::ForallOp>()) {
        if (failed(scf::forallToForLoop(rewriter, loop)))
          return failure();
      } else if (hasOneIteration(loop)) {
        if (failed(inlineBody(rewriter, f, loop)))
          return failure();
      } else {
        outer.push_back(loop);
      }
    }
    return outer;
  }

  static SmallVector<memref::AllocOp> allocsIn(Operation *op) {
    SmallVector<memref::AllocOp> allocs;
    op->walk([&](memref::AllocOp alloc) { allocs.push_back(alloc); });
    return allocs;
  }

  LogicalResult inlineBody(IRRewriter &rewriter, func::FuncOp f, scf::ForallOp loop) {
    SmallVector<memref::AllocOp> allocs = allocsIn(loop);
    SmallVector<Value> ivs = getValueOrCreateConstantIndexOp(rewriter, loop.getLoc(), loop.getMixedLowerBound());
    rewriter.eraseOp(loop.getTerminator());
    rewriter.inlineBlockBefore(loop.getBody(), loop, ivs);
    rewriter.eraseOp(loop);
    return allocsToFrame(f, allocs, frameLimit);
  }

  LogicalResult outline(func::FuncOp f, scf::ForallOp loop, StringRef name, Value threads) {
    Location loc = loop.getLoc();
    IRRewriter b(loop);
    SmallVector<Value> counts = iterationCounts(b, loop);

    // the body as a function of the iteration's number and of what it captures
    Block *body = loop.getBody();
    b.eraseOp(loop.getTerminator());
    unsigned dims = body->getNumArguments();
    Value number = body->addArgument(b.getI64Type(), loc);
    b.setInsertionPointToStart(body);
    Value i = arith::IndexCastOp::create(b, loc, b.getIndexType(), number);
    for (auto [arg, iv] : llvm::zip(body->getArguments(), inductionVariables(b, loop, counts, i)))
      b.replaceAllUsesWith(arg, iv);
    body->eraseArguments(0, dims);
    SmallVector<Value> captured = isolate(loop.getRegion());
    SmallVector<Type> fields;
    for (Value v : captured) {
      SmallVector<Type> types = storedTypes(v.getType());
      llvm::append_range(fields, types);
      if (types.empty())
        return loop.emitError() << "parallel loop uses a value of type " << v.getType()
                                << " from outside, which a task cannot be handed";
    }
    auto record = LLVM::LLVMStructType::getLiteral(&getContext(), fields);
    func::FuncOp task = emitTask(f, name, loc, record, loop.getRegion());
    if (failed(allocsToFrame(task, allocsIn(task), frameLimit)))
      return failure();

    // the call
    Type pointer = threads.getType();
    b.setInsertionPointToStart(&f.front()); // once, also if the loop stands in a loop
    Value one = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(1));
    Value args = LLVM::AllocaOp::create(b, loc, pointer, record, one);
    b.setInsertionPoint(loop);
    unsigned n = 0;
    for (Value v : captured)
      for (Value field : toStored(b, loc, v))
        LLVM::StoreOp::create(b, loc, field, fieldAt(b, loc, record, args, n++));
    emitRun(b, loc, task, counts, args, threads);
    b.eraseOp(loop);
    ++numTasks;
    return success();
  }

  /// @name(%args, %i) of `body`, whose arguments are the number and the captured values.
  func::FuncOp emitTask(func::FuncOp f, StringRef name, Location loc, Type record, Region &body) {
    OpBuilder b(f);
    Type pointer = LLVM::LLVMPointerType::get(&getContext());
    auto task = func::FuncOp::create(b, loc, name, b.getFunctionType({pointer, b.getI64Type()}, {}));
    task.setPrivate();
    // it is called in two ways; one copy of its code is enough
    task->setAttr("passthrough", b.getStrArrayAttr({"noinline"}));
    task.getBody().takeBody(body);
    Block &entry = task.front();
    Value args = entry.insertArgument(0u, pointer, loc);
    b.setInsertionPointToStart(&entry);
    for (unsigned n = 0; entry.getNumArguments() > 2;) {
      Value v = entry.getArgument(2);
      SmallVector<Value> fields;
      for (Type t : storedTypes(v.getType()))
        fields.push_back(LLVM::LoadOp::create(b, loc, t, fieldAt(b, loc, record, args, n++)));
      v.replaceAllUsesWith(fromStored(b, loc, v.getType(), fields));
      entry.eraseArgument(2);
    }
    b.setInsertionPointToEnd(&entry);
    func::ReturnOp::create(b, loc);
    return task;
  }

  void emitRun(OpBuilder &b, Location loc, func::FuncOp task, ArrayRef<Value> counts, Value args, Value threads) {
    Type i64 = b.getI64Type(), pointer = threads.getType();
    Value total = counts[0];
    for (Value n : counts.drop_front())
      total = b.createOrFold<arith::MulIOp>(loc, total, n);
    Value n = b.createOrFold<arith::IndexCastOp>(loc, i64, total);
    OpBuilder::InsertionGuard guard(b);
    if (!getConstantIntValue(n)) {
      Value one = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(1));
      Value isOne = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, n, one);
      auto branch = scf::IfOp::create(b, loc, isOne, true);
      b.setInsertionPointToStart(branch.thenBlock());
      Value zero = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(0));
      func::CallOp::create(b, loc, task, ValueRange{args, zero});
      b.setInsertionPointToStart(branch.elseBlock());
    }
    Value address = func::ConstantOp::create(b, loc, task.getFunctionType(), SymbolRefAttr::get(task));
    Value operands[] = {threads, n, casted(b, loc, pointer, address), args};
    func::CallOp::create(b, loc, runTimeFunction(parallelFor, b.getFunctionType({pointer, i64, pointer, pointer}, {})),
                         operands);
  }

  func::FuncOp runTimeFunction(StringRef name, FunctionType type) {
    if (auto f = getOperation().lookupSymbol<func::FuncOp>(name))
      return f;
    auto b = OpBuilder::atBlockBegin(getOperation().getBody());
    auto f = func::FuncOp::create(b, getOperation().getLoc(), name, type);
    f.setPrivate();
    return f;
  }
};
} // namespace
} // namespace strand
