#include "lib/Codegen/Cpu/Descriptors.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
using namespace mlir;

Value strand::addContextArgument(func::FuncOp f) {
  Builder b(f.getContext());
  auto mark = b.getDictionaryAttr(b.getNamedAttr("strand.input", b.getStringAttr("ctx")));
  if (failed(f.insertArgument(f.getNumArguments(), LLVM::LLVMPointerType::get(f.getContext()), mark, f.getLoc())))
    return {};
  return f.getArguments().back();
}

Value strand::constant64(OpBuilder &b, Location loc, int64_t v) {
  return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(v));
}

Value strand::pointerAt(OpBuilder &b, Location loc, Value pointer, Value bytes) {
  return LLVM::GEPOp::create(b, loc, pointer.getType(), b.getI8Type(), pointer, ArrayRef<LLVM::GEPArg>{bytes});
}

Value strand::pointerAt(OpBuilder &b, Location loc, Value pointer, int64_t bytes) {
  return bytes ? pointerAt(b, loc, pointer, constant64(b, loc, bytes)) : pointer;
}

Value strand::bufferAt(OpBuilder &b, Location loc, MemRefType type, Value pointer, ValueRange dynamicSizes) {
  int64_t rank = type.getRank();
  SmallVector<Value> sizes, strides(rank);
  for (int64_t d = 0; d < rank; ++d)
    sizes.push_back(type.isDynamicDim(d) ? dynamicSizes[type.getDynamicDimIndex(d)]
                                         : constant64(b, loc, type.getDimSize(d)));
  Value stride = constant64(b, loc, 1);
  for (int64_t d = rank - 1; d >= 0; --d) {
    strides[d] = stride;
    if (d)
      stride = arith::MulIOp::create(b, loc, stride, sizes[d]);
  }
  SmallVector<Value> fields{pointer, pointer, constant64(b, loc, 0)};
  llvm::append_range(fields, sizes);
  llvm::append_range(fields, strides);
  LLVMTypeConverter types(b.getContext());
  Value descriptor = MemRefDescriptor::pack(b, loc, types, type, fields);
  return UnrealizedConversionCastOp::create(b, loc, type, descriptor).getResult(0);
}
