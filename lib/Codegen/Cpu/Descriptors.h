#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
namespace strand {
using namespace mlir;
// Buffers and what the LLVM dialect knows, at the level of functions: joined by unrealized_conversion_casts, which the
// ordinary conversions to LLVM dissolve.

/// A buffer of identity layout at a bare pointer; `sizes` are its dynamic dimensions (i64).
Value bufferAt(OpBuilder &b, Location loc, MemRefType type, Value pointer, ValueRange sizes);
/// What its type does not say of a buffer of strided layout: its pointer, then, as i64, of its offset, sizes and
/// strides those that are dynamic.
SmallVector<Value> openFields(OpBuilder &b, Location loc, TypedValue<MemRefType> buffer);
/// Their types; empty if the layout is not strided.
SmallVector<Type> openFieldTypes(MemRefType type);
/// The buffer again.
Value bufferFrom(OpBuilder &b, Location loc, MemRefType type, ValueRange openFields);
/// `pointer` + `bytes` (i64).
Value pointerAt(OpBuilder &b, Location loc, Value pointer, Value bytes);
Value pointerAt(OpBuilder &b, Location loc, Value pointer, int64_t bytes);
/// A new last argument of `f`: the context of the run-time library that the C function is called with. Null on failure.
Value addContextArgument(func::FuncOp f);
/// A constant i64.
Value constant64(OpBuilder &b, Location loc, int64_t v);
} // namespace strand
