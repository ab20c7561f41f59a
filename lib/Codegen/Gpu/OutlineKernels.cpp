// strand-outline-kernels: callees first, since a function takes the caller's ctx if a callee does. Of each kernel:
//   arguments   what the loop uses from outside, traced through views to buffers that a pointer and sizes describe
//   body        the loop's, at the block's number; thread loops become their body and barriers; buffers, shared memory
//   maps        what tile.boxes says of matrices, made in front of the launch: the kernel's last argument, by value
//   launch      the arguments in cells on the frame of the host function, and one call
#include "dialects/Tile/Tile.h"
#include "lib/Codegen/Cpu/Bounds.h"
#include "lib/Codegen/Cpu/Descriptors.h"
#include "lib/Codegen/Gpu/SharedPlaces.h"
#include "lib/Lowering/CalleesFirst.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "strand/abi.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_OUTLINEKERNELS
#include "lib/Passes.h.inc"
namespace {
constexpr const char *launchName = "strand_rt_launch", *boxesName = "strand_rt_boxes",
                     *productName = "strand_rt_library_product";
constexpr int64_t bytesOfMap = 128, cellsOfMap = bytesOfMap / 8;

bool isMappedTo(scf::ForallOp loop, bool blocks) {
  std::optional<ArrayAttr> mapping = loop.getMapping();
  return mapping && !mapping->empty() &&
         (blocks ? isa<gpu::GPUBlockMappingAttr>((*mapping)[0]) : isa<gpu::GPUThreadMappingAttr>((*mapping)[0]));
}

/// One kernel on its way out of its host function.
class Outliner {
public:
  Outliner(scf::ForallOp loop, gpu::GPUFuncOp kernel)
      : loop(loop), kernel(kernel), loc(loop.getLoc()), b(loop), k(OpBuilder::atBlockBegin(&kernel.front())) {}

  LogicalResult emitBody();
  /// What the arguments of the kernel hold, computed in front of the loop: i64 or a scalar.
  SmallVector<Value> cells;
  /// What the kernel says of boxes of matrices, now in front of the loop; and those that become a map, behind the
  /// cells.
  SmallVector<tile::BoxesOp> boxes, maps;
  /// The number of blocks (i64).
  Value blocks;

private:
  scf::ForallOp loop;
  gpu::GPUFuncOp kernel;
  Location loc;
  OpBuilder b, k; // in front of the loop; in the kernel
  IRMapping inside;

  Value index64(Value v) { return b.createOrFold<arith::IndexCastOp>(loc, b.getI64Type(), v); }
  Value addArgument(Type type, Value cell);
  FailureOr<Value> bring(Value v);
  FailureOr<Value> bringBuffer(Value v);
  LogicalResult moveBoxesOut();
  void bringMaps();
  LogicalResult mapBlockNumbers();
};

Value Outliner::addArgument(Type type, Value cell) {
  cells.push_back(cell);
  return kernel.front().addArgument(type, loc);
}

/// `v` in the kernel: constants and views are made again, the rest comes in as arguments.
FailureOr<Value> Outliner::bring(Value v) {
  if (Value known = inside.lookupOrNull(v))
    return known;
  Operation *op = v.getDefiningOp();
  bool isView = isa_and_present<memref::SubViewOp, memref::ExpandShapeOp, memref::CollapseShapeOp, memref::CastOp,
                                memref::ReinterpretCastOp>(op);
  if (isView || (op && op->hasTrait<OpTrait::ConstantLike>()) || isa_and_present<memref::GetGlobalOp>(op)) {
    for (Value operand : op->getOperands())
      if (failed(bring(operand)))
        return failure();
    return k.clone(*op, inside)->getResult(cast<OpResult>(v).getResultNumber());
  }
  if (isa<MemRefType>(v.getType()))
    return bringBuffer(v);
  Value there;
  if (v.getType().isIndex())
    there = arith::IndexCastOp::create(k, loc, v.getType(), addArgument(k.getI64Type(), index64(v)));
  else if (v.getType().isIntOrFloat())
    there = addArgument(v.getType(), v);
  else
    return loop.emitError() << "kernel uses a value of type " << v.getType()
                            << " from outside, which a launch cannot hand over";
  inside.map(v, there);
  return there;
}

FailureOr<Value> Outliner::bringBuffer(Value v) {
  auto type = cast<MemRefType>(v.getType());
  if (!type.getLayout().isIdentity())
    return loop.emitError() << "kernel uses a buffer of type " << type
                            << " from outside; only row-major buffers and their "
                            << "views can be handed over";
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, v);
  Value pointer = addArgument(LLVM::LLVMPointerType::get(k.getContext()), index64(address));
  SmallVector<Value> sizes;
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (type.isDynamicDim(d))
      sizes.push_back(addArgument(k.getI64Type(), index64(b.createOrFold<memref::DimOp>(loc, v, d))));
  Value there = bufferAt(k, loc, type, pointer, sizes);
  inside.map(v, there);
  return there;
}

/// Descriptions of boxes, in front of the loop, where the launch makes maps of them.
LogicalResult Outliner::moveBoxesOut() {
  loop.walk([&](tile::BoxesOp op) { boxes.push_back(op); });
  for (tile::BoxesOp op : boxes) {
    if (loop->isAncestor(op.getMatrix().getParentRegion()->getParentOp()))
      return op.emitError() << "kernel has boxes of a matrix that it makes itself";
    op->moveBefore(loop);
  }
  return success();
}

/// Pointers into one last argument that holds all maps. What describes the same boxes has one map.
void Outliner::bringMaps() {
  if (boxes.empty())
    return;
  Value argument = kernel.front().addArgument(LLVM::LLVMPointerType::get(k.getContext()), loc);
  for (tile::BoxesOp op : boxes) {
    auto same = llvm::find_if(maps, [&](tile::BoxesOp known) {
      return known.getMatrix() == op.getMatrix() && known.getColumns() == op.getColumns() &&
             known.getBox() == op.getBox();
    });
    inside.map(op.getMap(), pointerAt(k, loc, argument, bytesOfMap * (same - maps.begin())));
    if (same == maps.end())
      maps.push_back(op);
  }
}

/// The loop's induction variables from the number of the block, in row-major order.
LogicalResult Outliner::mapBlockNumbers() {
  Value number = gpu::BlockIdOp::create(k, loc, gpu::Dimension::x);
  SmallVector<Value> counts = loop.getUpperBound(b);
  Value total = counts[0];
  for (Value n : ArrayRef(counts).drop_front())
    total = b.createOrFold<arith::MulIOp>(loc, total, n);
  blocks = index64(total);
  for (int64_t d = counts.size() - 1; d >= 0; --d) {
    Value at = number;
    if (d) {
      FailureOr<Value> n = bring(counts[d]);
      if (failed(n))
        return failure();
      at = arith::RemUIOp::create(k, loc, number, *n);
      number = arith::DivUIOp::create(k, loc, number, *n);
    }
    inside.map(loop.getInductionVar(d), at);
  }
  return success();
}

LogicalResult Outliner::emitBody() {
  if (!loop.isNormalized())
    return loop.emitError() << "a kernel counts its blocks from 0 in steps of 1";
  if (failed(moveBoxesOut()))
    return failure();
  SetVector<Value> used;
  getUsedValuesDefinedAbove(loop.getRegion(), used);
  for (Value v : used)
    if (!v.getDefiningOp<tile::BoxesOp>() && failed(bring(v)))
      return failure();
  if (failed(mapBlockNumbers()))
    return failure();
  bringMaps();
  for (Operation &op : loop.getBody()->without_terminator())
    k.clone(op, inside);
  gpu::ReturnOp::create(k, loc);
  kernel.setType(k.getFunctionType(kernel.front().getArgumentTypes(), {}));
  if (!maps.empty())
    kernel->setAttr("strand.maps", k.getI64IntegerAttr(maps.size()));
  return success();
}

/// Which memory is meant; places of the same may be one.
struct Memories {
  bool ofBlock = false, ofDevice = false;

  void add(Value buffer) {
    while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
      buffer = view.getViewSource();
    (buffer.getDefiningOp<gpu::DynamicSharedMemoryOp>() ? ofBlock : ofDevice) = true;
  }
  bool meet(const Memories &o) const { return (ofBlock && o.ofBlock) || (ofDevice && o.ofDevice); }
};

/// What threads of a block read outside of thread loops, and may still read when they come to one: because one stands
/// before the read, or behind it in a loop around both.
Memories lateReads(gpu::GPUFuncOp kernel) {
  Memories read;
  bool seenLoop = false;
  auto hasThreadLoop = [](Operation *op) {
    return op->walk([](scf::ForallOp) { return WalkResult::interrupt(); }).wasInterrupted();
  };
  auto comesAgain = [&](Operation *op) {
    for (Operation *around = op->getParentOp(); !isa<gpu::GPUFuncOp>(around); around = around->getParentOp())
      if (isa<LoopLikeOpInterface>(around) && hasThreadLoop(around))
        return true;
    return false;
  };
  kernel.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto loop = dyn_cast<scf::ForallOp>(op)) {
      seenLoop |= isMappedTo(loop, false);
      return WalkResult::skip();
    }
    if (auto load = dyn_cast<memref::LoadOp>(op); load && (seenLoop || comesAgain(op)))
      read.add(load.getMemRef());
    return WalkResult::advance();
  });
  return read;
}

Memories writes(scf::ForallOp threadLoop) {
  Memories written;
  threadLoop.getRegion().walk([&](Operation *op) {
    if (auto store = dyn_cast<memref::StoreOp>(op))
      written.add(store.getMemRef());
    else if (!isa<memref::LoadOp, memref::PrefetchOp>(op) && !op->hasTrait<OpTrait::HasRecursiveMemoryEffects>() &&
             !isMemoryEffectFree(op))
      written = {true, true};
  });
  return written;
}

int64_t threadsOf(scf::ForallOp threadLoop) { return *getConstantIntValue(threadLoop.getMixedUpperBound()[0]); }

/// Whether nothing that touches memory stands between a barrier and `op`.
bool isBehindBarrier(Operation *op) {
  do
    op = op->getPrevNode();
  while (op && !isa<gpu::BarrierOp>(op) && isMemoryEffectFree(op));
  return isa_and_present<gpu::BarrierOp>(op);
}

void inlineThreadLoop(scf::ForallOp loop, int64_t threads, bool barrierBefore) {
  Location loc = loop.getLoc();
  IRRewriter b(loop);
  if (barrierBefore && !isBehindBarrier(loop))
    gpu::BarrierOp::create(b, loc);
  Value t = gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x);
  int64_t count = threadsOf(loop);
  b.eraseOp(loop.getTerminator());
  Block *into = nullptr;
  if (count < threads) {
    Value n = arith::ConstantIndexOp::create(b, loc, count);
    Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, t, n);
    into = scf::IfOp::create(b, loc, inside, false).thenBlock();
  }
  if (into)
    b.inlineBlockBefore(loop.getBody(), into->getTerminator(), t);
  else
    b.inlineBlockBefore(loop.getBody(), loop, t);
  if (!isa<gpu::ReturnOp>(loop->getNextNode()))
    gpu::BarrierOp::create(b, loc);
  b.eraseOp(loop);
}

/// a * b + c may be one operation.
void allowContraction(gpu::GPUFuncOp kernel) {
  auto contract = arith::FastMathFlagsAttr::get(kernel.getContext(), arith::FastMathFlags::contract);
  kernel.walk([&](Operation *op) {
    if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(op))
      op->setAttr("fastmath", contract);
  });
}

struct OutlineKernels : impl::OutlineKernelsBase<OutlineKernels> {
  using OutlineKernelsBase::OutlineKernelsBase;
  DenseSet<StringRef> takesContext; // functions with a ctx argument
  gpu::GPUModuleOp device;
  SmallVector<Attribute> names;

  void runOnOperation() override {
    if (failed(forEachCalleesFirst(getOperation(), [&](func::FuncOp f) { return convert(f); })))
      return signalPassFailure();
    if (device)
      getOperation()->setAttr("strand.kernels", ArrayAttr::get(&getContext(), names));
  }

  LogicalResult convert(func::FuncOp f) {
    SmallVector<scf::ForallOp> loops;
    SmallVector<func::CallOp> calls; // of functions that take ctx
    SmallVector<tile::LibraryProductOp> products;
    f.walk([&](Operation *op) {
      if (auto product = dyn_cast<tile::LibraryProductOp>(op))
        products.push_back(product);
      if (auto loop = dyn_cast<scf::ForallOp>(op); loop && isMappedTo(loop, true))
        loops.push_back(loop);
      if (auto call = dyn_cast<func::CallOp>(op); call && takesContext.contains(call.getCallee()))
        calls.push_back(call);
    });
    if (loops.empty() && calls.empty() && products.empty())
      return success();
    Value context = addContextArgument(f);
    if (!context)
      return failure();
    takesContext.insert(f.getName());
    for (func::CallOp call : calls)
      call->insertOperands(call.getNumOperands(), context);
    for (tile::LibraryProductOp product : products)
      emitProduct(product, context);
    for (scf::ForallOp loop : loops)
      if (failed(outline(f, loop, context)))
        return failure();
    return success();
  }

  LogicalResult outline(func::FuncOp f, scf::ForallOp loop, Value context) {
    gpu::GPUFuncOp kernel = beginKernel(f.getName(), loop.getLoc());
    Outliner outliner(loop, kernel);
    if (failed(outliner.emitBody()))
      return failure();
    copyGlobals(kernel);
    FailureOr<int64_t> shared = allocsToShared(kernel, sharedLimit);
    if (failed(shared))
      return failure();
    Memories read = lateReads(kernel);
    SmallVector<scf::ForallOp> threadLoops;
    int64_t threads = 1;
    kernel.walk([&](scf::ForallOp inner) {
      threadLoops.push_back(inner);
      threads = std::max(threads, threadsOf(inner));
    });
    if (auto together = loop->getAttrOfType<IntegerAttr>(tile::blocksTogetherMark))
      kernel->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), OpBuilder(kernel).getI32IntegerAttr(together.getInt()));
    kernel.setKnownBlockSizeAttr(OpBuilder(kernel).getDenseI32ArrayAttr({int32_t(threads), 1, 1}));
    for (scf::ForallOp inner : threadLoops)
      inlineThreadLoop(inner, threads, writes(inner).meet(read));
    allowContraction(kernel);
    emitLaunch(f, loop, context, outliner, threads, *shared);
    loop.erase();
    for (tile::BoxesOp boxes : outliner.boxes)
      boxes.erase();
    ++numKernels;
    return success();
  }

  /// PTX knows no dots in names.
  gpu::GPUFuncOp beginKernel(StringRef host, Location loc) {
    OpBuilder b(&getContext());
    if (!device) {
      b.setInsertionPointToStart(getOperation().getBody());
      device = gpu::GPUModuleOp::create(b, getOperation().getLoc(), "device");
      getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(), b.getUnitAttr());
    }
    std::string name = ("k" + Twine(names.size()) + "_" + host).str();
    llvm::replace(name, '.', '_');
    names.push_back(b.getStringAttr(name));
    b.setInsertionPointToEnd(device.getBody());
    auto kernel = gpu::GPUFuncOp::create(b, loc, name, b.getFunctionType({}, {}));
    kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
    return kernel;
  }

  /// Constants that the kernel reads stand in the device's module as well.
  void copyGlobals(gpu::GPUFuncOp kernel) {
    kernel.walk([&](memref::GetGlobalOp get) {
      if (SymbolTable::lookupSymbolIn(device, get.getName()))
        return;
      auto global = getOperation().lookupSymbol<memref::GlobalOp>(get.getName());
      OpBuilder::atBlockBegin(device.getBody()).clone(*global);
    });
  }

  void emitLaunch(func::FuncOp f, scf::ForallOp loop, Value context, const Outliner &outliner, int64_t threads,
                  int64_t shared) {
    Location loc = loop.getLoc();
    OpBuilder b = OpBuilder::atBlockBegin(&f.front()); // once, also if the loop stands in a loop
    Type pointer = context.getType(), i64 = b.getI64Type();
    int64_t count = outliner.cells.size() + cellsOfMap * outliner.maps.size();
    Value cells = LLVM::AllocaOp::create(b, loc, pointer, i64, constant64(b, loc, count));
    b.setInsertionPoint(loop);
    for (auto [i, v] : llvm::enumerate(outliner.cells)) {
      Value cell = pointerAt(b, loc, cells, 8 * i);
      if (v.getType().isIntOrFloat() &&
          v.getType().getIntOrFloatBitWidth() < 64) // cells of equal launches are compared whole
        LLVM::StoreOp::create(b, loc, constant64(b, loc, 0), cell);
      LLVM::StoreOp::create(b, loc, v, cell);
    }
    auto number = [&](int64_t v) { return constant64(b, loc, v); };
    for (auto [i, boxes] : llvm::enumerate(outliner.maps))
      emitMap(b, context, boxes, pointerAt(b, loc, cells, 8 * (outliner.cells.size() + cellsOfMap * i)));
    Value operands[] = {context,      number(names.size() - 1), outliner.blocks, number(threads), number(shared), cells,
                        number(count)};
    func::CallOp::create(b, loc, runtimeFunction(launchName, {pointer, i64, i64, i64, i64, pointer, i64}), operands);
  }

  /// Fills in the map at `cell`.
  void emitMap(OpBuilder &b, Value context, tile::BoxesOp boxes, Value cell) {
    Location loc = boxes.getLoc();
    Value matrix = boxes.getMatrix();
    Type pointer = context.getType(), i64 = b.getI64Type();
    auto index64 = [&](Value v) { return b.createOrFold<arith::IndexCastOp>(loc, i64, v); };
    Value address = LLVM::IntToPtrOp::create(
        b, loc, pointer, index64(memref::ExtractAlignedPointerAsIndexOp::create(b, loc, matrix)));
    Value rows = arith::ConstantIndexOp::create(b, loc, 1);
    unsigned dims = *tile::BoxesOp::rowDims(boxes.getMatrix().getType(), boxes.getColumns());
    for (unsigned d = 0; d < dims; ++d)
      rows = b.createOrFold<arith::MulIOp>(loc, rows, b.createOrFold<memref::DimOp>(loc, matrix, d));
    auto number = [&](int64_t v) { return constant64(b, loc, v); };
    Value operands[] = {context,
                        cell,
                        address,
                        index64(rows),
                        number(boxes.getColumns()),
                        number(boxes.getBox()[0]),
                        number(boxes.getBox()[1])};
    func::CallOp::create(b, loc, runtimeFunction(boxesName, {pointer, pointer, pointer, i64, i64, i64, i64}), operands);
  }

  void emitProduct(tile::LibraryProductOp op, Value context) {
    Location loc = op.getLoc();
    OpBuilder b(op);
    Type pointer = context.getType(), i64 = b.getI64Type();
    auto index64 = [&](Value v) { return b.createOrFold<arith::IndexCastOp>(loc, i64, v); };
    Value rows = op.getRows(), matrix = op.getMatrix(), into = op.getInto();
    SmallVector<Value> operands{context}, strides;
    for (Value buffer : {rows, matrix, into}) {
      auto described = memref::ExtractStridedMetadataOp::create(b, loc, buffer);
      Value base = LLVM::IntToPtrOp::create(
          b, loc, pointer, index64(memref::ExtractAlignedPointerAsIndexOp::create(b, loc, buffer)));
      Value bytes = constant64(b, loc, bytesOfElement(getElementTypeOrSelf(buffer)));
      operands.push_back(
          pointerAt(b, loc, base, arith::MulIOp::create(b, loc, index64(described.getOffset()), bytes).getResult()));
      strides.push_back(index64(described.getStrides()[0]));
    }
    for (auto [buffer, dim] : {std::pair(rows, 0), {matrix, 0}, {matrix, 1}})
      operands.push_back(index64(b.createOrFold<memref::DimOp>(loc, buffer, dim)));
    llvm::append_range(operands, strides);
    operands.push_back(constant64(b, loc, getElementTypeOrSelf(into).isBF16() ? STRAND_BF16 : STRAND_F32));
    operands.push_back(constant64(b, loc, op.getAdds()));
    operands.push_back(constant64(b, loc, op.getFrom()));
    SmallVector<Type> types(operands.size(), i64);
    std::fill_n(types.begin(), 4, pointer);
    auto call = func::CallOp::create(b, loc, runtimeFunction(productName, types, i64), operands);
    op.getLeft().replaceAllUsesWith(
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, call.getResult(0), constant64(b, loc, 0)));
    op.erase();
  }

  func::FuncOp runtimeFunction(StringRef name, ArrayRef<Type> arguments, TypeRange results = {}) {
    if (auto f = getOperation().lookupSymbol<func::FuncOp>(name))
      return f;
    auto b = OpBuilder::atBlockBegin(getOperation().getBody());
    auto f = func::FuncOp::create(b, getOperation().getLoc(), name, b.getFunctionType(arguments, results));
    f.setPrivate();
    return f;
  }
};
} // namespace
} // namespace strand
