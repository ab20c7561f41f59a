#include "lib/Codegen/Cpu/Descriptors.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_FUNCTIONINTERFACE
#include "lib/Passes.h.inc"
namespace {

bool isThreads(func::FuncOp f, unsigned i) {
  return f.getArgAttr(i, "strand.input") == StringAttr::get(f.getContext(), "ctx");
}

LogicalResult check(func::FuncOp f) {
  if (!f.isPrivate() || f.getNumResults())
    return f.emitError() << "@" << f.getName()
                         << " must be private and have no results: what it computes goes into arguments";
  for (auto [i, t] : llvm::enumerate(f.getArgumentTypes()))
    if (auto type = dyn_cast<MemRefType>(t); !isThreads(f, i) && (!type || !type.getLayout().isIdentity()))
      return f.emitError() << "argument " << i << " of @" << f.getName() << " has type " << t
                           << "; a buffer of identity layout is needed";
  return success();
}

class Emitter {
public:
  Emitter(func::FuncOp f, StringRef name)
      : f(f), module(f->getParentOfType<ModuleOp>()), name(name), loc(f.getLoc()), b(f.getContext()),
        pointer(LLVM::LLVMPointerType::get(f.getContext())), i64(b.getI64Type()) {}

  LogicalResult run() { return failure(failed(emitCall()) || failed(emitScratch())); }

private:
  func::FuncOp f;
  ModuleOp module;
  StringRef name;
  Location loc;
  OpBuilder b;
  Type pointer, i64;

  /// A public function at the end of the module, with the insertion point in its body.
  FailureOr<func::FuncOp> beginFunction(const Twine &suffix, ArrayRef<Type> arguments, TypeRange results) {
    std::string symbol = (name + suffix).str();
    if (module.lookupSymbol(symbol))
      return f.emitError() << "@" << symbol << " is there already";
    b.setInsertionPointToEnd(module.getBody());
    auto made = func::FuncOp::create(b, loc, symbol, b.getFunctionType(arguments, results));
    b.setInsertionPointToStart(made.addEntryBlock());
    return made;
  }

  LogicalResult emitCall() {
    FailureOr<func::FuncOp> call = beginFunction("_call", {pointer, pointer, pointer, pointer}, {});
    if (failed(call))
      return failure();
    Value ctx = call->getArgument(0), buffers = call->getArgument(1), sizes = call->getArgument(2);
    int64_t buffer = 0, size = 0;
    auto next = [&](Type t, Value list, int64_t &at) -> Value {
      return LLVM::LoadOp::create(b, loc, t, pointerAt(b, loc, list, 8 * at++));
    };
    SmallVector<Value> operands;
    for (auto [i, t] : llvm::enumerate(f.getArgumentTypes())) {
      if (isThreads(f, i)) {
        operands.push_back(ctx);
        continue;
      }
      auto type = cast<MemRefType>(t);
      if (f.getArgAttr(i, "strand.scratch")) { // how large it is was said by name_scratch
        operands.push_back(bufferAt(b, loc, type, call->getArgument(3), constant64(b, loc, INT64_MAX)));
        continue;
      }
      Value p = next(pointer, buffers, buffer);
      SmallVector<Value> dynamic;
      for (unsigned n = type.getNumDynamicDims(); n; --n)
        dynamic.push_back(next(i64, sizes, size));
      operands.push_back(bufferAt(b, loc, type, p, dynamic));
    }
    func::CallOp::create(b, loc, f, operands);
    func::ReturnOp::create(b, loc);
    return success();
  }

  LogicalResult emitScratch() {
    FailureOr<func::FuncOp> scratch = beginFunction("_scratch", {i64, i64}, i64);
    if (failed(scratch))
      return failure();
    Value bytes = constant64(b, loc, 0);
    if (auto of = module.lookupSymbol<func::FuncOp>((f.getName() + ".scratch").str())) { // made by strand-arena
      auto index = [&](unsigned i) -> Value {
        return arith::IndexCastOp::create(b, loc, b.getIndexType(), scratch->getArgument(i));
      };
      Value n = func::CallOp::create(b, loc, of, ValueRange{index(0), index(1)}).getResult(0);
      bytes = arith::IndexCastOp::create(b, loc, i64, n);
    }
    func::ReturnOp::create(b, loc, bytes);
    return success();
  }
};

struct FunctionInterface : impl::FunctionInterfaceBase<FunctionInterface> {
  void runOnOperation() override {
    for (auto f : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (auto name = f->getAttrOfType<StringAttr>("strand.entry"))
        if (failed(check(f)) || failed(Emitter(f, name).run()))
          return signalPassFailure();
  }
};
} // namespace
} // namespace strand
