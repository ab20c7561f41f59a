#include "lib/Codegen/LlvmConstants.h"
#include "mlir/IR/Builders.h"
using namespace mlir;
using namespace strand;

LlvmConstants::LlvmConstants(ModuleOp module, StringRef prefix)
    : module(module), prefix(prefix), loc(module.getLoc()), pointer(LLVM::LLVMPointerType::get(module.getContext())) {}

Constant LlvmConstants::number(int64_t value) {
  return {IntegerType::get(module.getContext(), 64), [value, loc = loc](OpBuilder &b) -> Value {
            return LLVM::ConstantOp::create(b, loc, b.getI64Type(), b.getI64IntegerAttr(value));
          }};
}

Constant LlvmConstants::addressOf(StringRef global) {
  return {pointer, [name = global.str(), pointer = pointer, loc = loc](OpBuilder &b) -> Value {
            return LLVM::AddressOfOp::create(b, loc, pointer, name);
          }};
}

Constant LlvmConstants::text(const Twine &name, StringRef bytes, unsigned alignment) {
  auto b = OpBuilder::atBlockBegin(module.getBody());
  std::string symbol = (prefix + "." + name).str(), ended = (bytes + Twine('\0')).str();
  auto type = LLVM::LLVMArrayType::get(b.getI8Type(), ended.size());
  LLVM::GlobalOp::create(b, loc, type, true, LLVM::Linkage::Private, symbol, b.getStringAttr(ended), alignment);
  return addressOf(symbol);
}

static Constant aggregate(Type type, ArrayRef<Constant> items, Location loc) {
  return {type, [type, items = llvm::to_vector(items), loc](OpBuilder &b) {
            Value whole = LLVM::UndefOp::create(b, loc, type);
            for (auto [i, item] : llvm::enumerate(items))
              whole = LLVM::InsertValueOp::create(b, loc, whole, item.build(b), int64_t(i));
            return whole;
          }};
}

Constant LlvmConstants::record(ArrayRef<Constant> fields) {
  SmallVector<Type> types;
  for (const Constant &f : fields)
    types.push_back(f.type);
  return aggregate(LLVM::LLVMStructType::getLiteral(module.getContext(), types), fields, loc);
}

Constant LlvmConstants::array(const Twine &name, ArrayRef<Constant> items) {
  if (items.empty())
    return {pointer,
            [loc = loc, pointer = pointer](OpBuilder &b) -> Value { return LLVM::ZeroOp::create(b, loc, pointer); }};
  std::string symbol = (prefix + "." + name).str();
  emit(symbol, LLVM::Linkage::Private, aggregate(LLVM::LLVMArrayType::get(items[0].type, items.size()), items, loc));
  return addressOf(symbol);
}

void LlvmConstants::define(const Twine &name, const Constant &value) { emit(name, LLVM::Linkage::External, value); }

LLVM::GlobalOp LlvmConstants::emit(const Twine &name, LLVM::Linkage linkage, const Constant &value) {
  auto b = OpBuilder::atBlockBegin(module.getBody());
  auto global = LLVM::GlobalOp::create(b, loc, value.type, true, linkage, name.str(), Attribute());
  b.setInsertionPointToEnd(&global.getInitializerRegion().emplaceBlock());
  LLVM::ReturnOp::create(b, loc, value.build(b));
  return global;
}
