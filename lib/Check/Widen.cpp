#include "lib/Check/Widen.h"
#include "dialects/Strand/Strand.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Verifier.h"
#include <complex>
using namespace mlir;
namespace {
using Replaced = std::pair<Attribute, WalkResult>;

/// The replacement is whole: its parts are not looked at again.
Replaced whole(Attribute a) { return {a, WalkResult::skip()}; }

bool isF32(Type t) { return t.isF32(); }
bool isComplexF32(Type t) {
  auto c = dyn_cast<ComplexType>(t);
  return c && isF32(c.getElementType());
}

ShapedType withF64(ShapedType t) {
  Type f64 = Float64Type::get(t.getContext());
  return t.clone(isF32(t.getElementType()) ? f64 : Type(ComplexType::get(f64)));
}

APFloat widened(APFloat x) {
  bool lossy;
  x.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lossy);
  return x;
}

DenseElementsAttr widened(DenseElementsAttr a) {
  ShapedType type = withF64(a.getType());
  if (isF32(a.getElementType()))
    return cast<DenseFPElementsAttr>(a).mapValues(type.getElementType(),
                                                  [](const APFloat &x) { return widened(x).bitcastToAPInt(); });
  SmallVector<std::complex<APFloat>> values;
  for (std::complex<APFloat> z : a.getValues<std::complex<APFloat>>())
    values.push_back({widened(z.real()), widened(z.imag())});
  return DenseElementsAttr::get(type, a.isSplat() ? ArrayRef(values).take_front() : ArrayRef(values));
}

AttrTypeReplacer replacer() {
  AttrTypeReplacer r;
  r.addReplacement([](Float32Type t) -> std::optional<Type> { return Float64Type::get(t.getContext()); });
  r.addReplacement([](FloatAttr a) -> std::optional<Replaced> {
    if (!isF32(a.getType()))
      return {};
    return whole(FloatAttr::get(Float64Type::get(a.getContext()), widened(a.getValue())));
  });
  r.addReplacement([](DenseElementsAttr a) -> std::optional<Replaced> {
    if (!isF32(a.getElementType()) && !isComplexF32(a.getElementType()))
      return {};
    return whole(widened(a));
  });
  r.addReplacement([](DenseF32ArrayAttr a) -> std::optional<Replaced> {
    return whole(DenseF64ArrayAttr::get(a.getContext(), SmallVector<double>(a.asArrayRef())));
  });
  r.addReplacement([](DenseResourceElementsAttr a) -> std::optional<Replaced> {
    auto values = dyn_cast<DenseF32ResourceElementsAttr>(a);
    std::optional<ArrayRef<float>> data = values ? values.tryGetAsArrayRef() : std::nullopt;
    if (!data)
      return {};
    return whole(DenseElementsAttr::get(withF64(a.getType()), ArrayRef(SmallVector<double>(*data))));
  });
  return r;
}
} // namespace

LogicalResult strand::widenToF64(ModuleOp module) {
  AttrTypeReplacer r = replacer();
  Dialect *strand = module.getContext()->getLoadedDialect<StrandDialect>();
  module->walk([&](Operation *op) { // attributes of our ops are numbers of a type of their own, whatever the rows hold
    r.replaceElementsIn(op, /*replaceAttrs=*/op->getDialect() != strand, /*replaceLocs=*/false, /*replaceTypes=*/true);
    if (auto scan = dyn_cast<strand::ScanOp>(op)) // what its carried values begin at is of their type
      scan.setInitialAttr(cast<ArrayAttr>(r.replace(scan.getInitialAttr())));
  });
  WalkResult walk = module.walk([](Operation *op) {
    if (isa<arith::BitcastOp, tensor::BitcastOp>(op))
      return WalkResult(op->emitOpError("reads the bits of a float, which are others in f64"));
    if (isa<arith::ExtFOp, arith::TruncFOp>(op) && op->getOperand(0).getType() == op->getResult(0).getType()) {
      op->getResult(0).replaceAllUsesWith(op->getOperand(0));
      op->erase();
    }
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted() || failed(verify(module)));
}
