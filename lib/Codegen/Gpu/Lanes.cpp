// strand-lanes. What the emulator offers, by name and in the types of C:
//   strand_lane_thread, strand_lane_block   () -> i32
//   strand_lane_shared                      () -> ptr
//   strand_lane_barrier         (number among the barriers of the kernel: i64)
//   strand_lane_multiply        (number of the instruction, words: ptr to 6 words of the operands and 4 sums, which
//                               are the results as well)
//   strand_lane_load_matrices   (number, address of a row of 16 bytes, words: ptr to 4 words that come out, whether
//                               each is turned)
//   strand_lane_proxy_fence     (number among the fences and waits of the kernel)
//   strand_lane_group_fence     (the same)
//   strand_lane_group_multiply  (number of the instruction, sums: ptr, in and out; words: ptr to 4 of the first factor,
//                               or null; descriptors of the first, where it has no words, and of the second;
//                               columns; whether sums are added, the first is turned, the second is)
//   strand_lane_group_commit    ()
//   strand_lane_group_wait      (number among fences and waits, groups that may be pending, sums: ptr, their count)
//   strand_lane_bulk_begin      (mbarrier: i32, whether there is one from now on: i64)
//   strand_lane_bulk_expect     (number of the instruction, mbarrier, bytes: i64)
//   strand_lane_bulk_copy       (number, mbarrier, place: i32, map: i64, column: i32, row: i32)
//   strand_lane_bulk_wait       (number, mbarrier, parity: i32)
//   strand_lane_shuffle         (number, word: ptr, in and out, mask: i32)
//   strand_lane_copy            (to: ptr to shared memory, from: ptr, bytes: i64)
//   strand_lane_commit, strand_lane_wait    ()
//   strand_lane_round           (f32) -> i16, the bits of bf16
//   strand_lane_permute         (i32, i32, selector: i32) -> i32
//   strand_lane_touch           (ptr, bytes: i64, alignment: i64, is a write: i64)
#include "lib/Codegen/Gpu/BulkCopies.h"
#include "lib/Codegen/Gpu/GroupText.h"
#include "lib/Codegen/Gpu/TileFragments.h"
#include "lib/Codegen/LlvmConstants.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "llvm/ADT/StringMap.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_LANES
#include "lib/Passes.h.inc"
namespace {
constexpr const char *launchName = "strand_rt_launch";

constexpr int64_t wordsOfFirst = 4;

int64_t numResults(LLVM::InlineAsmOp op) {
  auto all = op.getNumResults() ? dyn_cast<LLVM::LLVMStructType>(op.getResult(0).getType()) : LLVM::LLVMStructType();
  return all ? all.getBody().size() : op.getNumResults();
}

/// One kernel on its way to the emulator.
class LaneCode {
public:
  LaneCode(LLVM::LLVMFuncOp kernel, ModuleOp module)
      : kernel(kernel), b(kernel.getLoc(), OpBuilder(kernel)), module(module), i32(b.getI32Type()), i64(b.getI64Type()),
        pointer(LLVM::LLVMPointerType::get(b.getContext())) {}

  LogicalResult rewrite();
  /// `name.cells`, which calls the kernel with what the cells hold.
  LLVM::LLVMFuncOp entry();

private:
  LLVM::LLVMFuncOp kernel;
  ImplicitLocOpBuilder b;
  ModuleOp module;
  int64_t barriers = 0, fences = 0, instructions = 0; // of the block, of products, of a warp, so far
  Type i32, i64, pointer;
  Value words;              // of what a warp does together
  DenseSet<unsigned> whole; // arguments that lie in the cells themselves

  Value number(int64_t v) { return LLVM::ConstantOp::create(b, i64, b.getI64IntegerAttr(v)); }
  Value call(StringRef name, Type result, ValueRange arguments);
  void oneAddressSpace();
  LogicalResult rewrite(Operation *op);
  void rewriteBarrier(Operation *op);
  void rewriteProduct(NVVM::MmaOp op);
  LogicalResult rewriteMatrices(NVVM::LdMatrixOp op);
  LogicalResult rewriteShuffle(NVVM::ShflOp op);
  LogicalResult rewriteGroup(LLVM::InlineAsmOp op);
  LogicalResult rewriteBulk(LLVM::InlineAsmOp op);
  LogicalResult rewriteWait(NVVM::CpAsyncWaitGroupOp op);
  Value wordAt(int64_t i);
  Value loaded(Type type, Type word, int64_t first);
  void touch(Operation *op, Value address, Type type, std::optional<uint64_t> alignment, bool write);
};

Value LaneCode::call(StringRef name, Type result, ValueRange arguments) {
  if (!module.lookupSymbol(name)) {
    auto type = LLVM::LLVMFunctionType::get(result ? result : LLVM::LLVMVoidType::get(b.getContext()),
                                            llvm::to_vector(arguments.getTypes()));
    OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
    LLVM::LLVMFuncOp::create(top, b.getLoc(), name, type);
  }
  auto made = LLVM::CallOp::create(b, result ? TypeRange(result) : TypeRange(), name, arguments);
  return result ? made.getResult() : Value();
}

/// The host has one.
void LaneCode::oneAddressSpace() {
  AttrTypeReplacer replacer;
  replacer.addReplacement([](LLVM::LLVMPointerType t) { return LLVM::LLVMPointerType::get(t.getContext()); });
  replacer.recursivelyReplaceElementsIn(kernel, true, false, true);
  kernel.walk([](LLVM::AddrSpaceCastOp cast) {
    cast.getResult().replaceAllUsesWith(cast.getArg());
    cast.erase();
  });
}

/// How many words go to the emulator and back.
static int64_t wordsFor(Operation *op) {
  constexpr int64_t ofWarp = 10;
  if (isa<NVVM::MmaOp, NVVM::LdMatrixOp, NVVM::ShflOp>(op))
    return ofWarp;
  auto text = dyn_cast<LLVM::InlineAsmOp>(op);
  return text && isGroupText(text.getAsmString()) ? numResults(text) + wordsOfFirst : 0;
}

LogicalResult LaneCode::rewrite() {
  for (NamedAttribute attribute : llvm::to_vector(kernel->getDiscardableAttrs()))
    kernel->removeDiscardableAttr(attribute.getName());
  for (unsigned i = 0; i < kernel.getNumArguments(); ++i)
    if (kernel.getArgAttr(i, LLVM::LLVMDialect::getByValAttrName())) {
      whole.insert(i);
      kernel.setArgAttrs(i, ArrayRef<NamedAttribute>());
    }
  SmallVector<Operation *> ops;
  int64_t mostWords = 0;
  kernel.walk([&](Operation *op) {
    ops.push_back(op);
    mostWords = std::max(mostWords, wordsFor(op));
  });
  if (mostWords) {
    b.setInsertionPointToStart(&kernel.getBody().front());
    words = LLVM::AllocaOp::create(b, pointer, i32, number(mostWords));
  }
  for (Operation *op : ops)
    if (failed(rewrite(op)))
      return failure();
  oneAddressSpace();
  return success();
}

LogicalResult LaneCode::rewrite(Operation *op) {
  b.setInsertionPoint(op);
  auto replace = [&](Value v) {
    op->getResult(0).replaceAllUsesWith(v);
    op->erase();
  };
  if (auto load = dyn_cast<LLVM::LoadOp>(op)) {
    touch(op, load.getAddr(), load.getType(), load.getAlignment(), false);
  } else if (auto store = dyn_cast<LLVM::StoreOp>(op)) {
    touch(op, store.getAddr(), store.getValue().getType(), store.getAlignment(), true);
  } else if (isa<NVVM::ThreadIdXOp>(op)) {
    replace(call("strand_lane_thread", i32, {}));
  } else if (isa<NVVM::BlockIdXOp>(op)) {
    replace(call("strand_lane_block", i32, {}));
  } else if (isa<NVVM::Barrier0Op>(op)) {
    rewriteBarrier(op);
  } else if (auto mma = dyn_cast<NVVM::MmaOp>(op)) {
    rewriteProduct(mma);
  } else if (auto matrices = dyn_cast<NVVM::LdMatrixOp>(op)) {
    return rewriteMatrices(matrices);
  } else if (auto shuffle = dyn_cast<NVVM::ShflOp>(op)) {
    return rewriteShuffle(shuffle);
  } else if (auto copy = dyn_cast<NVVM::CpAsyncOp>(op)) {
    auto plain = [&](Value v) { return LLVM::AddrSpaceCastOp::create(b, pointer, v).getResult(); };
    call("strand_lane_copy", {}, {plain(copy.getDst()), plain(copy.getSrc()), number(copy.getSize())});
    op->erase();
  } else if (isa<NVVM::CpAsyncCommitGroupOp>(op)) {
    call("strand_lane_commit", {}, {});
    op->erase();
  } else if (isa<NVVM::FenceProxyOp>(op)) {
    call("strand_lane_proxy_fence", {}, number(fences++));
    op->erase();
  } else if (auto wait = dyn_cast<NVVM::CpAsyncWaitGroupOp>(op)) {
    return rewriteWait(wait);
  } else if (auto permute = dyn_cast<NVVM::PermuteOp>(op)) {
    replace(call("strand_lane_permute", i32, {permute.getLo(), permute.getHi(), permute.getSelector()}));
  } else if (auto address = dyn_cast<LLVM::AddressOfOp>(op); address && address.getType().getAddressSpace()) {
    Value shared = call("strand_lane_shared", pointer, {});
    replace(LLVM::AddrSpaceCastOp::create(b, address.getType(), shared));
  } else if (auto intrinsic = dyn_cast<LLVM::CallIntrinsicOp>(op)) {
    if (!intrinsic.getIntrin().starts_with("llvm.nvvm.ex2.approx"))
      return op->emitError() << "the lane emulator knows no " << intrinsic.getIntrin();
    replace(LLVM::Exp2Op::create(b, intrinsic.getOperand(0)));
  } else if (auto rounding = dyn_cast<LLVM::FPTruncOp>(op);
             rounding && rounding.getType().isBF16() && rounding.getArg().getType().isF32()) {
    replace(
        LLVM::BitcastOp::create(b, rounding.getType(), call("strand_lane_round", b.getI16Type(), rounding.getArg())));
  } else if (auto text = dyn_cast<LLVM::InlineAsmOp>(op)) {
    if (StringRef asked = text.getAsmString(); asked == threadText || asked == blockText) {
      replace(call(asked == threadText ? "strand_lane_thread" : "strand_lane_block", i32, {}));
      return success();
    }
    if (text.getAsmString().empty()) { // pinned
      replace(text.getOperand(0));
      return success();
    }
    if (isGroupText(text.getAsmString()))
      return rewriteGroup(text);
    if (isBulkText(text.getAsmString()))
      return rewriteBulk(text);
    if (!text.getAsmString().starts_with("prefetch."))
      return op->emitError() << "the lane emulator knows no " << text.getAsmString();
    op->erase(); // it changes nothing, wherever it points
  } else if (isa_and_present<NVVM::NVVMDialect>(op->getDialect())) {
    return op->emitError() << "the lane emulator knows no " << op->getName();
  }
  return success();
}

void LaneCode::rewriteBarrier(Operation *op) {
  call("strand_lane_barrier", {}, number(barriers++));
  op->erase();
}

void LaneCode::rewriteProduct(NVVM::MmaOp op) {
  SmallVector<Value> operands(op.getOperandA());
  llvm::append_range(operands, op.getOperandB());
  llvm::append_range(operands, op.getOperandC());
  for (auto [i, v] : llvm::enumerate(operands))
    LLVM::StoreOp::create(b, v, wordAt(i));
  call("strand_lane_multiply", {}, {number(instructions++), words});
  op.getResult().replaceAllUsesWith(loaded(op.getType(), b.getF32Type(), operands.size() - op.getOperandC().size()));
  op.erase();
}

LogicalResult LaneCode::rewriteMatrices(NVVM::LdMatrixOp op) {
  if (op.getNum() != 4)
    return op.emitError() << "the lane emulator knows ldmatrix of four matrices";
  Value address = LLVM::AddrSpaceCastOp::create(b, pointer, op.getPtr());
  bool turned = op.getLayout() == NVVM::MMALayout::col;
  call("strand_lane_load_matrices", {}, {number(instructions++), address, words, number(turned)});
  op.getRes().replaceAllUsesWith(loaded(op.getRes().getType(), i32, 0));
  op.erase();
  return success();
}

LogicalResult LaneCode::rewriteShuffle(NVVM::ShflOp op) {
  if (op.getKind() != NVVM::ShflKind::bfly)
    return op.emitError() << "the lane emulator knows shuffles between lanes whose numbers differ in some bits";
  LLVM::StoreOp::create(b, op.getVal(), wordAt(0));
  call("strand_lane_shuffle", {}, {number(instructions++), words, op.getOffset()});
  op.getRes().replaceAllUsesWith(LLVM::LoadOp::create(b, op.getRes().getType(), wordAt(0)));
  op.erase();
  return success();
}

/// Operands are numbered: results first, then those that become results, then others.
LogicalResult LaneCode::rewriteGroup(LLVM::InlineAsmOp op) {
  auto instructionsOf = readGroupText(op.getAsmString());
  if (!instructionsOf)
    return op.emitError() << "the lane emulator cannot read " << op.getAsmString();
  int64_t results = numResults(op);
  SmallVector<StringRef> constraints;
  op.getConstraints().split(constraints, ',');
  for (auto [v, constraint] : llvm::zip(op.getOperands(), ArrayRef(constraints).drop_front(results)))
    if (int64_t result; !constraint.getAsInteger(10, result))
      LLVM::StoreOp::create(b, v, wordAt(result));
  auto operand = [&](int64_t n) { return op.getOperands()[n - results]; };
  auto descriptor = [&](const GroupInstruction::Factor &factor) -> Value {
    IndexMath words{b, b.getLoc(), i32}, whole{b, b.getLoc(), b.getI64Type()};
    Value lower = words.add(operand(factor.operands[0]), factor.behind);
    return whole.add(LLVM::ZExtOp::create(b, b.getI64Type(), lower), factor.upper << 32);
  };
  for (const GroupInstruction &made : *instructionsOf) {
    switch (made.kind) {
    case GroupInstruction::fence:
      call("strand_lane_group_fence", {}, number(fences++));
      break;
    case GroupInstruction::commit:
      call("strand_lane_group_commit", {}, {});
      break;
    case GroupInstruction::wait:
      call("strand_lane_group_wait", {}, {number(fences++), number(made.pending), words, number(results)});
      break;
    case GroupInstruction::multiply:
      bool hasWords = !made.first.isDescriptor();
      for (int64_t i = 0; hasWords && i < wordsOfFirst; ++i)
        LLVM::StoreOp::create(b, operand(made.first.operands[i]), wordAt(results + i));
      call("strand_lane_group_multiply", {},
           {number(instructions++), wordAt(made.sums),
            hasWords ? wordAt(results) : LLVM::ZeroOp::create(b, pointer).getResult(),
            hasWords ? number(0) : descriptor(made.first), descriptor(made.second), number(made.columns),
            number(made.addsSums), number(made.firstTurned), number(made.secondTurned)});
    }
  }
  if (results)
    op.getResult(0).replaceAllUsesWith(loaded(op.getResult(0).getType(), b.getF32Type(), 0));
  op.erase();
  return success();
}

LogicalResult LaneCode::rewriteBulk(LLVM::InlineAsmOp op) {
  auto instructionsOf = readBulkText(op.getAsmString());
  if (!instructionsOf)
    return op.emitError() << "the lane emulator cannot read " << op.getAsmString();
  auto operand = [&](int64_t n) { return op.getOperands()[n]; };
  for (const BulkInstruction &made : *instructionsOf) {
    Value barrier = operand(made.barrier);
    switch (made.kind) {
    case BulkInstruction::begin:
    case BulkInstruction::end:
      call("strand_lane_bulk_begin", {}, {barrier, number(made.kind == BulkInstruction::begin)});
      break;
    case BulkInstruction::expect:
      call("strand_lane_bulk_expect", {}, {number(instructions++), barrier, number(made.bytes)});
      break;
    case BulkInstruction::copy:
      call("strand_lane_bulk_copy", {},
           {number(instructions++), barrier, operand(made.to), operand(made.map), operand(made.column),
            operand(made.row)});
      break;
    case BulkInstruction::wait:
      call("strand_lane_bulk_wait", {}, {number(instructions++), barrier, operand(made.parity)});
    }
  }
  op.erase();
  return success();
}

LogicalResult LaneCode::rewriteWait(NVVM::CpAsyncWaitGroupOp op) {
  if (op.getN())
    return op.emitError() << "the lane emulator knows waiting for all copies";
  call("strand_lane_wait", {}, {});
  op.erase();
  return success();
}

Value LaneCode::wordAt(int64_t i) {
  return LLVM::GEPOp::create(b, pointer, i32, words, ArrayRef<LLVM::GEPArg>{int32_t(i)});
}

/// Words `first` .. as a struct.
Value LaneCode::loaded(Type type, Type word, int64_t first) {
  Value all = LLVM::UndefOp::create(b, type);
  for (int64_t i = 0; i < int64_t(cast<LLVM::LLVMStructType>(type).getBody().size()); ++i)
    all = LLVM::InsertValueOp::create(b, all, LLVM::LoadOp::create(b, word, wordAt(first + i)), i);
  return all;
}

void LaneCode::touch(Operation *op, Value address, Type type, std::optional<uint64_t> alignment, bool write) {
  DataLayout layout = DataLayout::closest(op);
  int64_t bytes = layout.getTypeSize(type), aligned = alignment ? *alignment : layout.getTypeABIAlignment(type);
  if (cast<LLVM::LLVMPointerType>(address.getType()).getAddressSpace())
    address = LLVM::AddrSpaceCastOp::create(b, pointer, address);
  call("strand_lane_touch", {}, {address, number(bytes), number(aligned), number(write)});
}

LLVM::LLVMFuncOp LaneCode::entry() {
  b.setInsertionPointAfter(kernel);
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()), {pointer});
  auto f = LLVM::LLVMFuncOp::create(b, (kernel.getName() + ".cells").str(), type, LLVM::Linkage::Internal);
  Block *body = f.addEntryBlock(b);
  b.setInsertionPointToStart(body);
  Value cells = body->getArgument(0);
  SmallVector<Value> arguments;
  for (auto [i, t] : llvm::enumerate(kernel.getArgumentTypes())) {
    Value cell = LLVM::GEPOp::create(b, pointer, i64, cells, ArrayRef<LLVM::GEPArg>{int32_t(i)});
    arguments.push_back(whole.contains(i) ? cell : LLVM::LoadOp::create(b, t, cell).getResult());
  }
  LLVM::CallOp::create(b, kernel, arguments);
  LLVM::ReturnOp::create(b, ValueRange());
  return f;
}

struct Lanes : impl::LanesBase<Lanes> {
  using LanesBase::LanesBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto names = module->getAttrOfType<ArrayAttr>("strand.kernels");
    auto devices = llvm::to_vector(module.getOps<gpu::GPUModuleOp>());
    if (!names && devices.empty())
      return;
    if (!names || devices.size() != 1) {
      module.emitError() << "has " << devices.size() << " gpu.module and " << (names ? "" : "no ")
                         << "strand.kernels; one of each is needed, as strand-outline-kernels leaves them";
      return signalPassFailure();
    }
    llvm::StringMap<LLVM::LLVMFuncOp> entries; // by the kernel's name
    if (failed(moveKernels(devices[0], entries)))
      return signalPassFailure();
    rewriteLaunches(names, entries);
    devices[0].erase();
    module->removeAttr("strand.kernels");
    module->removeAttr(gpu::GPUDialect::getContainerModuleAttrName());
  }

  LogicalResult moveKernels(gpu::GPUModuleOp device, llvm::StringMap<LLVM::LLVMFuncOp> &entries) {
    ModuleOp module = getOperation();
    for (Operation &op : llvm::make_early_inc_range(device.getBody()->without_terminator())) {
      auto global = dyn_cast<LLVM::GlobalOp>(op);
      if (global && global.getAddrSpace())
        continue; // shared memory
      if (global && failed(rename(global, device)))
        return global.emitError() << "cannot be renamed";
      op.moveBefore(module.getBody(), module.getBody()->end());
      auto kernel = dyn_cast<LLVM::LLVMFuncOp>(op);
      if (!kernel)
        continue;
      LaneCode code(kernel, module);
      if (failed(code.rewrite()))
        return failure();
      entries[kernel.getName()] = code.entry();
    }
    return success();
  }

  /// The host has constants of the same names.
  static LogicalResult rename(LLVM::GlobalOp global, Operation *device) {
    auto name = StringAttr::get(global.getContext(), "lanes." + global.getName());
    if (failed(SymbolTable::replaceAllSymbolUses(global, name, device)))
      return failure();
    global.setSymNameAttr(name);
    return success();
  }

  void declare(StringRef name, FunctionType type) {
    auto b = OpBuilder::atBlockBegin(getOperation().getBody());
    func::FuncOp::create(b, getOperation().getLoc(), name, type).setPrivate();
  }

  void rewriteLaunches(ArrayAttr names, const llvm::StringMap<LLVM::LLVMFuncOp> &entries) {
    ModuleOp module = getOperation();
    LlvmConstants constants(module, "lanes");
    SmallVector<func::CallOp> launches;
    module.walk([&](func::CallOp call) {
      if (call.getCallee() == launchName)
        launches.push_back(call);
    });
    for (auto [i, launch] : llvm::enumerate(launches)) {
      OpBuilder b(launch);
      Location loc = launch.getLoc();
      IntegerAttr number;
      matchPattern(launch.getOperand(1), m_Constant(&number));
      LLVM::LLVMFuncOp entry = entries.lookup(cast<StringAttr>(names[number.getInt()]));
      Value code = LLVM::AddressOfOp::create(b, loc, entry);
      Value name = constants.text("launch." + Twine(i), cast<StringAttr>(names[number.getInt()])).build(b);
      SmallVector<Value> operands{code, name};
      llvm::append_range(operands, launch.getOperands().slice(2, 4));
      auto type = b.getFunctionType(TypeRange(operands), {});
      if (!module.lookupSymbol("strand_lane_launch"))
        declare("strand_lane_launch", type);
      func::CallOp::create(b, loc, "strand_lane_launch", TypeRange(), operands);
      launch.erase();
    }
    if (Operation *declaration = module.lookupSymbol(launchName))
      declaration->erase();
  }
};
} // namespace
} // namespace strand
