// Arithmetic on numbers and indices, as bodies of linalg ops and tiles are written with it.
#pragma once
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
namespace strand {
using namespace mlir;

inline bool isFloat(Value x) { return isa<FloatType>(getElementTypeOrSelf(x)); }
inline Value add(OpBuilder &b, Location loc, Value x, Value y) {
  return isFloat(x) ? Value(arith::AddFOp::create(b, loc, x, y)) : Value(arith::AddIOp::create(b, loc, x, y));
}
inline Value sub(OpBuilder &b, Location loc, Value x, Value y) {
  return isFloat(x) ? Value(arith::SubFOp::create(b, loc, x, y)) : Value(arith::SubIOp::create(b, loc, x, y));
}
inline Value mul(OpBuilder &b, Location loc, Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
inline Value exp(OpBuilder &b, Location loc, Value x) { return math::ExpOp::create(b, loc, x); }
} // namespace strand
