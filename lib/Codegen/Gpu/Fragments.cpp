#include "lib/Codegen/Gpu/Fragments.h"
#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
using namespace mlir;
using namespace strand;
namespace {
constexpr int64_t widestLoad = 16; // bytes

int64_t bytesOf(Type t) { return t.getIntOrFloatBitWidth() / 8; }

Value constant(ImplicitLocOpBuilder &b, int64_t v) { return arith::ConstantIndexOp::create(b, v); }
Value constant32(ImplicitLocOpBuilder &b, int64_t v) {
  return arith::ConstantOp::create(b, b.getI32IntegerAttr(int32_t(v)));
}

bool isMultiple(OpFoldResult v, int64_t n) {
  if (std::optional<int64_t> known = getConstantIntValue(v))
    return *known % n == 0;
  Value value = dyn_cast<Value>(v);
  if (auto product = value.getDefiningOp<arith::MulIOp>())
    return isMultiple(product.getLhs(), n) || isMultiple(product.getRhs(), n);
  scf::ForOp loop = scf::getForInductionVarOwner(value);
  return loop && isMultiple(loop.getLowerBound(), n) && isMultiple(loop.getStep(), n);
}

/// A number that the stride of dimension `d` is a multiple of: of a buffer without gaps what is known of its sizes.
int64_t factorOfStride(MemRefType type, unsigned d) {
  int64_t stride = type.getStridesAndOffset().first[d], factor = 1;
  if (!ShapedType::isDynamic(stride))
    return stride;
  if (type.getLayout().isIdentity())
    for (int64_t size : type.getShape().drop_front(d + 1))
      factor *= ShapedType::isDynamic(size) ? 1 : size;
  return factor;
}

/// Whether the first element of `buffer` lies at a multiple of `elements`.
bool beginsAligned(Value buffer, int64_t elements) {
  Operation *op = buffer.getDefiningOp();
  if (isa_and_present<memref::ExpandShapeOp, memref::CollapseShapeOp, memref::CastOp, memref::MemorySpaceCastOp>(op))
    return beginsAligned(op->getOperand(0), elements);
  if (auto view = dyn_cast_if_present<memref::ViewOp>(op)) // of memory that is aligned to more
    return isMultiple(view.getByteShift(), elements * bytesOf(view.getType().getElementType()));
  if (auto part = dyn_cast_if_present<memref::SubViewOp>(op)) {
    for (auto [d, at] : llvm::enumerate(part.getMixedOffsets()))
      if (!isMultiple(at, elements) && factorOfStride(part.getSourceType(), d) % elements)
        return false;
    return beginsAligned(part.getSource(), elements);
  }
  // an argument of the function or of the kernel, or memory of the function's own
  return !op || isa<UnrealizedConversionCastOp, memref::AllocOp>(op);
}

/// The upper halves of two words as one: bf16 of the first below that of the second.
Value upperHalves(ImplicitLocOpBuilder &b, Value first, Value second) {
  constexpr int64_t bytes2367 = 0x7632;
  return NVVM::PermuteOp::create(b, b.getI32Type(), first, second, constant32(b, bytes2367),
                                 NVVM::PermuteMode::DEFAULT);
}
} // namespace

bool strand::hasAlignedLines(Value buffer, int64_t elements) {
  auto type = cast<MemRefType>(buffer.getType());
  auto [strides, offset] = type.getStridesAndOffset();
  for (int64_t stride : ArrayRef(strides).drop_back())
    if (ShapedType::isDynamic(stride) || stride % elements)
      return false;
  return strides.back() == 1 && beginsAligned(buffer, elements);
}

FragmentOperand::FragmentOperand(Value buffer, bool depthFirst, int64_t run)
    : buffer(buffer), type(cast<MemRefType>(buffer.getType()).getElementType()), depthFirst(depthFirst), run(run) {
  wide = !depthFirst && depth() % run == 0 && hasAlignedLines(buffer, std::min(run, widestLoad / bytesOf(type)));
}

int64_t FragmentOperand::depth() const { return cast<MemRefType>(buffer.getType()).getDimSize(depthFirst ? 0 : 1); }

Value FragmentOperand::lines(ImplicitLocOpBuilder &b) const {
  return b.createOrFold<memref::DimOp>(buffer, depthFirst ? 1 : 0);
}

Value FragmentOperand::loadValue(ImplicitLocOpBuilder &b, Value line, Value k) const {
  Value v = memref::LoadOp::create(b, buffer, depthFirst ? ValueRange{k, line} : ValueRange{line, k});
  return type.isF32() ? v : arith::ExtFOp::create(b, b.getF32Type(), v).getResult();
}

SmallVector<Value> FragmentOperand::loadRun(ImplicitLocOpBuilder &b, Value line, Value k) const {
  int64_t width = std::min(run, widestLoad / bytesOf(type));
  SmallVector<Value> words;
  for (int64_t e = 0; e < run; e += width) {
    Value at = e ? arith::AddIOp::create(b, k, constant(b, e)).getResult() : k;
    Value v = vector::LoadOp::create(b, VectorType::get(width, type), buffer, ValueRange{line, at}, false,
                                     llvm::Align(width * bytesOf(type)));
    int64_t count = width;
    if (type.isBF16())
      v = vector::BitCastOp::create(b, VectorType::get(count /= 2, b.getI32Type()), v);
    else if (!type.isF32())
      v = arith::ExtFOp::create(b, VectorType::get(width, b.getF32Type()), v);
    for (int64_t i = 0; i < count; ++i)
      words.push_back(vector::ExtractOp::create(b, v, i));
  }
  return words;
}

SmallVector<Value> FragmentOperand::load(ImplicitLocOpBuilder &b, Value line, Value k) const {
  if (wide)
    return loadRun(b, line, k);
  SmallVector<Value> values;
  for (int64_t e = 0; e < run; ++e)
    values.push_back(loadValue(b, line, arith::AddIOp::create(b, k, constant(b, e))));
  return values;
}

SmallVector<Value> FragmentOperand::loadLast(ImplicitLocOpBuilder &b, Value line, Value k) const {
  auto isInside = [&](Value at) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, at, constant(b, depth()));
  };
  auto orZero = [&](Value inside, Value v) -> Value {
    return arith::SelectOp::create(b, inside, v, arith::ConstantOp::create(b, b.getZeroAttr(v.getType())));
  };
  if (wide) {
    Value inside = isInside(k);
    SmallVector<Value> words = loadRun(b, line, arith::MinUIOp::create(b, k, constant(b, depth() - run)));
    for (Value &v : words)
      v = orZero(inside, v);
    return words;
  }
  SmallVector<Value> values;
  for (int64_t e = 0; e < run; ++e) {
    Value at = arith::AddIOp::create(b, k, constant(b, e));
    Value v = loadValue(b, line, arith::MinUIOp::create(b, at, constant(b, depth() - 1)));
    values.push_back(orZero(isInside(at), v));
  }
  return values;
}

SmallVector<SmallVector<Value>> FragmentOperand::parts(ImplicitLocOpBuilder &b, ArrayRef<Value> words) const {
  if (words[0].getType().isInteger(32))
    return {llvm::to_vector(words)};
  return inParts(b, words, tile::numParts(type));
}

SmallVector<SmallVector<Value>> strand::inParts(ImplicitLocOpBuilder &b, ArrayRef<Value> values, int64_t count) {
  SmallVector<SmallVector<Value>> all;
  SmallVector<Value> rest(values);
  for (int64_t p = 0; p < count; ++p) {
    SmallVector<Value> bits, pairs;
    for (Value v : rest)
      bits.push_back(arith::BitcastOp::create(b, b.getI32Type(), v));
    for (size_t i = 0; i < bits.size(); i += 2)
      pairs.push_back(upperHalves(b, bits[i], bits[i + 1]));
    all.push_back(pairs);
    if (p + 1 == count)
      break;
    for (auto [v, asInteger] : llvm::zip(rest, bits)) {
      Value upper = arith::AndIOp::create(b, asInteger, constant32(b, int64_t(0xffff0000)));
      v = arith::SubFOp::create(b, v, arith::BitcastOp::create(b, v.getType(), upper));
    }
  }
  return all;
}

Value strand::sharedPointer(ImplicitLocOpBuilder &b, Value buffer) {
  constexpr unsigned sharedSpace = 3;
  Value bytes = memref::ExtractAlignedPointerAsIndexOp::create(b, buffer);
  Value address = arith::IndexCastOp::create(b, b.getI64Type(), bytes);
  Value anywhere = LLVM::IntToPtrOp::create(b, LLVM::LLVMPointerType::get(b.getContext()), address);
  return LLVM::AddrSpaceCastOp::create(b, LLVM::LLVMPointerType::get(b.getContext(), sharedSpace), anywhere);
}

SmallVector<Value> strand::loadMatrices(ImplicitLocOpBuilder &b, Value address, bool turned) {
  constexpr int64_t count = 4;
  Type i32 = b.getI32Type();
  auto all = LLVM::LLVMStructType::getLiteral(b.getContext(), SmallVector<Type>(count, i32));
  auto shape = NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8);
  Value loaded =
      NVVM::LdMatrixOp::create(b, all, address, count, turned ? NVVM::MMALayout::col : NVVM::MMALayout::row, shape,
                               NVVM::LdStMatrixEltType::B16);
  SmallVector<Value> words;
  for (int64_t i = 0; i < count; ++i)
    words.push_back(LLVM::ExtractValueOp::create(b, i32, loaded, i));
  return words;
}

SmallVector<Value> strand::multiplyFragments(ImplicitLocOpBuilder &b, ArrayRef<Value> columns, ArrayRef<Value> rows,
                                             ArrayRef<Value> sums) {
  Type f32 = b.getF32Type();
  auto result = LLVM::LLVMStructType::getLiteral(b.getContext(), {f32, f32, f32, f32});
  std::array types{NVVM::MMATypes::bf16, NVVM::MMATypes::bf16};
  std::array layouts{NVVM::MMALayout::row, NVVM::MMALayout::col};
  Value all = NVVM::MmaOp::create(b, result, columns, rows, sums, ArrayRef<int64_t>{16, 8, 16}, std::nullopt,
                                  std::nullopt, types, layouts);
  SmallVector<Value> next;
  for (int64_t i = 0; i < 4; ++i)
    next.push_back(LLVM::ExtractValueOp::create(b, all, i));
  return next;
}

SmallVector<Value> strand::multiplyParts(ImplicitLocOpBuilder &b, ArrayRef<SmallVector<Value>> columns,
                                         ArrayRef<SmallVector<Value>> rows, SmallVector<Value> sums) {
  constexpr int64_t smallestProduct = 2; // of parts, each 2^-8 of the one before: 2^-16 of the largest
  for (int64_t below = smallestProduct; below >= 0; --below)
    for (int64_t p = 0; p <= below; ++p)
      if (int64_t q = below - p; p < int64_t(columns.size()) && q < int64_t(rows.size()))
        sums = multiplyFragments(b, columns[p], rows[q], sums);
  return sums;
}
