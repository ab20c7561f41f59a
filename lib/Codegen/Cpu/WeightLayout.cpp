// Weights one after another, each on a cache line of its own.
#include "lib/Codegen/Cpu/WeightLayout.h"
#include "lib/Codegen/Cpu/Bounds.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/MathExtras.h"
using namespace mlir;

int64_t strand::WeightLayout::bytes() const { return ShapedType::getNumElements(shape) * bytesOfElement(type); }

int64_t strand::weightBytes(ArrayRef<WeightLayout> weights) {
  return weights.empty() ? 0 : llvm::alignTo(weights.back().offset + weights.back().bytes(), 64);
}

std::optional<strand_type> strand::abiTypeOf(Type t) {
  if (t.isF32()) return STRAND_F32;
  if (t.isBF16()) return STRAND_BF16;
  if (t.isF16()) return STRAND_F16;
  if (t.isF64()) return STRAND_F64;
  if (t.isInteger(8)) return STRAND_I8;
  if (t.isInteger(32)) return STRAND_I32;
  if (t.isInteger(64)) return STRAND_I64;
  return std::nullopt;
}

SmallVector<strand::WeightLayout> strand::weightLayout(ModuleOp module) {
  SmallVector<WeightLayout> weights;
  auto f = module.lookupSymbol<func::FuncOp>("advance");
  for (unsigned i = 0; f && i < f.getNumArguments(); ++i) {
    auto name = f.getArgAttrOfType<StringAttr>(i, "strand.weight");
    if (!name)
      continue;
    auto type = cast<ShapedType>(f.getArgumentTypes()[i]);
    auto panel = f.getArgAttrOfType<IntegerAttr>(i, "strand.panel");
    weights.push_back({name.str(), panel ? panel.getInt() : 0, type.getElementType(), llvm::to_vector(type.getShape()),
                       weightBytes(weights)});
  }
  return weights;
}
