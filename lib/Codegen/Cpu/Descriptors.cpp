#include "lib/Codegen/Cpu/Descriptors.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
using namespace mlir;
namespace {

/// Where in a descriptor the numbers behind its two pointers stand, and what the type says of them.
struct Number {
  SmallVector<int64_t, 2> position;
  int64_t known; // or ShapedType::kDynamic
};

SmallVector<Number> numbersOf(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return {};
  SmallVector<Number> numbers{{{2}, offset}};
  for (auto [d, size] : llvm::enumerate(type.getShape()))
    numbers.push_back({{3, int64_t(d)}, size});
  for (auto [d, stride] : llvm::enumerate(strides))
    numbers.push_back({{4, int64_t(d)}, stride});
  return numbers;
}
} // namespace

SmallVector<Type> strand::openFieldTypes(MemRefType type) {
  SmallVector<Number> numbers = numbersOf(type);
  if (numbers.empty())
    return {};
  SmallVector<Type> types{LLVM::LLVMPointerType::get(type.getContext())};
  for (const Number &n : numbers)
    if (ShapedType::isDynamic(n.known))
      types.push_back(IntegerType::get(type.getContext(), 64));
  return types;
}

SmallVector<Value> strand::openFields(OpBuilder &b, Location loc, TypedValue<MemRefType> buffer) {
  Type type = LLVMTypeConverter(b.getContext()).convertType(buffer.getType());
  Value descriptor = UnrealizedConversionCastOp::create(b, loc, type, buffer).getResult(0);
  SmallVector<Value> fields{LLVM::ExtractValueOp::create(b, loc, descriptor, 1)};
  for (const Number &n : numbersOf(buffer.getType()))
    if (ShapedType::isDynamic(n.known))
      fields.push_back(LLVM::ExtractValueOp::create(b, loc, descriptor, n.position));
  return fields;
}

Value strand::bufferFrom(OpBuilder &b, Location loc, MemRefType type, ValueRange openFields) {
  SmallVector<Value> fields(2, openFields.front());
  openFields = openFields.drop_front();
  for (const Number &n : numbersOf(type)) {
    if (!ShapedType::isDynamic(n.known)) {
      fields.push_back(constant64(b, loc, n.known));
      continue;
    }
    fields.push_back(openFields.front());
    openFields = openFields.drop_front();
  }
  Value descriptor = MemRefDescriptor::pack(b, loc, LLVMTypeConverter(b.getContext()), type, fields);
  return UnrealizedConversionCastOp::create(b, loc, type, descriptor).getResult(0);
}

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
