// Index or integer arithmetic at a builder's place, that folds what is constant.
#pragma once
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
namespace strand {
struct IndexMath {
  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Type type = {}; // of numbers; null: index

  mlir::Value of(int64_t i) const {
    return mlir::arith::ConstantOp::create(b, loc, b.getIntegerAttr(type ? type : b.getIndexType(), i));
  }
  mlir::Value add(mlir::Value x, mlir::Value y) const {
    return b.createOrFold<mlir::arith::AddIOp>(loc, x, y, overflow());
  }
  mlir::Value mul(mlir::Value x, mlir::Value y) const {
    return b.createOrFold<mlir::arith::MulIOp>(loc, x, y, overflow());
  }
  mlir::Value div(mlir::Value x, mlir::Value y) const { return b.createOrFold<mlir::arith::DivUIOp>(loc, x, y); }
  mlir::Value rem(mlir::Value x, mlir::Value y) const { return b.createOrFold<mlir::arith::RemUIOp>(loc, x, y); }
  mlir::Value min(mlir::Value x, mlir::Value y) const { return b.createOrFold<mlir::arith::MinUIOp>(loc, x, y); }
  mlir::Value max(mlir::Value x, mlir::Value y) const { return b.createOrFold<mlir::arith::MaxUIOp>(loc, x, y); }
  mlir::Value turn(mlir::Value x, mlir::Value y) const { return b.createOrFold<mlir::arith::XOrIOp>(loc, x, y); }
  mlir::Value ceilDiv(mlir::Value x, int64_t y) const { return div(add(x, of(y - 1)), of(y)); }

  mlir::Value add(mlir::Value x, int64_t y) const { return y ? add(x, of(y)) : x; }
  mlir::Value mul(mlir::Value x, int64_t y) const { return mul(x, of(y)); }
  mlir::Value div(mlir::Value x, int64_t y) const { return div(x, of(y)); }
  mlir::Value rem(mlir::Value x, int64_t y) const { return rem(x, of(y)); }

private:
  /// Numbers of 32 bits are places in shared memory, which never overflow; said so, constants can be split off when
  /// they are widened.
  mlir::arith::IntegerOverflowFlags overflow() const {
    using Flags = mlir::arith::IntegerOverflowFlags;
    return type ? Flags::nsw | Flags::nuw : Flags::none;
  }
};
} // namespace strand
