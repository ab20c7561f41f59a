// strand-parallel-segments: tables of rows first, then rows by what the tables say.
//   counts      true entries of the mask up to each row
//   sources     of each kept row, the row of x; of each row, the inner row that it sees, or -1
#include "dialects/Strand/Rows.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_PARALLELSEGMENTS
#include "lib/Passes.h.inc"
namespace {
constexpr int64_t rowsOfPiece = 512;

/// What both ops need. Numbers in tables are i32, as offsets are.
class Segments {
public:
  Segments(Operation *op, Value mask, Value offsets)
      : b(op), loc(op->getLoc()), mask(mask), offsets(offsets), rows(numRows(b, loc, mask)),
        sequences(sub(numRows(b, loc, offsets), index(1))) {
    counts = countsOfRows();
  }

  void replace(CompactOp op);
  void replace(ExpandOp op);

private:
  using Item = llvm::function_ref<Value(OpBuilder &, ValueRange at)>;
  using Holds = llvm::function_ref<Value(OpBuilder &, Value at)>;

  OpBuilder b;
  Location loc;
  Value mask, offsets, rows, sequences, counts;

  Value index(int64_t i) { return indexConstant(b, loc, i); }
  static Value constant(OpBuilder &b, Location loc, int64_t i) { return indexConstant(b, loc, i); }
  Value sub(Value x, Value y) { return arith::SubIOp::create(b, loc, x, y); }
  Value i32(OpBuilder &b, Value i) { return arith::IndexCastOp::create(b, loc, b.getI32Type(), i); }
  Value one(OpBuilder &b) { return constant(b, loc, 1); }

  Value made(Value n, ArrayRef<int64_t> shape, Type element, Item item);
  Value countsOfRows();
  Value sumOfMask(OpBuilder &b, Value from, Value to, Value begin);
  Value firstWhere(OpBuilder &b, Value n, Holds holds);
  Value countBefore(OpBuilder &b, Value sequence);
  Value inside(OpBuilder &b, Value condition, Type type, Item ifTrue, Item ifFalse);
};

/// n items whose elements are what `item` says of their place.
Value Segments::made(Value n, ArrayRef<int64_t> shape, Type element, Item item) {
  SmallVector<int64_t> sizes{ShapedType::kDynamic};
  llvm::append_range(sizes, shape);
  Value out = tensor::EmptyOp::create(b, loc, RankedTensorType::get(sizes, element), n);
  AffineMap map = AffineMap::getMultiDimIdentityMap(sizes.size(), b.getContext());
  auto body = [&](OpBuilder &b, Location, ValueRange) -> SmallVector<Value> {
    SmallVector<Value> at;
    for (size_t d = 0; d < sizes.size(); ++d)
      at.push_back(linalg::IndexOp::create(b, loc, d));
    return {item(b, at)};
  };
  return generic(b, loc, {}, out, map, std::string(sizes.size(), 'p'), body)[0];
}

/// `begin` and how many entries of the mask from `from` to `to` are true.
Value Segments::sumOfMask(OpBuilder &b, Value from, Value to, Value begin) {
  auto add = [&](OpBuilder &b, Location, Value t, ValueRange sum) {
    Value bit = tensor::ExtractOp::create(b, loc, mask, t);
    bit = arith::ExtUIOp::create(b, loc, b.getI32Type(), bit);
    scf::YieldOp::create(b, loc, arith::AddIOp::create(b, loc, sum[0], bit).getResult());
  };
  return scf::ForOp::create(b, loc, from, to, one(b), begin, add).getResult(0);
}

Value Segments::countsOfRows() {
  Type number = b.getI32Type();
  Value length = index(rowsOfPiece), pieces = arith::CeilDivUIOp::create(b, loc, rows, length);
  auto zero = [&](OpBuilder &b) -> Value {
    return arith::ConstantOp::create(b, loc, b.getIntegerAttr(number, 0));
  };
  Value sums = made(pieces, {}, number, [&](OpBuilder &b, ValueRange at) {
    Value from = arith::MulIOp::create(b, loc, at[0], length);
    Value to = arith::MinUIOp::create(b, loc, arith::AddIOp::create(b, loc, from, length), rows);
    return sumOfMask(b, from, to, zero(b));
  });
  // sums up to each piece, in place
  auto addBefore = [&](OpBuilder &b, Location, Value p, ValueRange v) {
    Value before = tensor::ExtractOp::create(b, loc, v[0], arith::SubIOp::create(b, loc, p, one(b)).getResult());
    Value own = tensor::ExtractOp::create(b, loc, v[0], p);
    Value all = arith::AddIOp::create(b, loc, before, own);
    scf::YieldOp::create(b, loc, tensor::InsertOp::create(b, loc, all, v[0], p).getResult());
  };
  sums = scf::ForOp::create(b, loc, index(1), pieces, index(1), sums, addBefore).getResult(0);
  return made(rows, {}, number, [&](OpBuilder &b, ValueRange at) {
    Value piece = arith::DivUIOp::create(b, loc, at[0], length);
    Value from = arith::MulIOp::create(b, loc, piece, length);
    Value isFirst = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, piece, constant(b, loc, 0));
    Value before = inside(b, isFirst, number, [&](OpBuilder &b, ValueRange) { return zero(b); },
                          [&](OpBuilder &b, ValueRange) -> Value {
                            return tensor::ExtractOp::create(
                                b, loc, sums, arith::SubIOp::create(b, loc, piece, one(b)).getResult());
                          });
    return sumOfMask(b, from, arith::AddIOp::create(b, loc, at[0], one(b)), before);
  });
}

Value Segments::inside(OpBuilder &b, Value condition, Type type, Item ifTrue, Item ifFalse) {
  auto branch = [&](Item item) {
    return [&, item](OpBuilder &b, Location) { scf::YieldOp::create(b, loc, item(b, {})); };
  };
  return scf::IfOp::create(b, loc, condition, branch(ifTrue), branch(ifFalse)).getResult(0);
}

/// The first of n places where `holds`, which then holds at all behind; n if there is none.
Value Segments::firstWhere(OpBuilder &b, Value n, Holds holds) {
  SmallVector<Value> range{indexConstant(b, loc, 0), n};
  auto search = scf::WhileOp::create(
      b, loc, TypeRange(ValueRange(range)), range,
      [&](OpBuilder &b, Location, ValueRange v) {
        Value open = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, v[0], v[1]);
        scf::ConditionOp::create(b, loc, open, v);
      },
      [&](OpBuilder &b, Location, ValueRange v) {
        Value one = indexConstant(b, loc, 1);
        Value middle = arith::ShRUIOp::create(b, loc, arith::AddIOp::create(b, loc, v[0], v[1]), one);
        Value held = holds(b, middle), behind = arith::AddIOp::create(b, loc, middle, one);
        Value from = arith::SelectOp::create(b, loc, held, v[0], behind);
        Value to = arith::SelectOp::create(b, loc, held, middle, v[1]);
        scf::YieldOp::create(b, loc, ValueRange{from, to});
      });
  return search.getResult(0);
}

/// True entries of the mask before the first row of a sequence, or before the end of all.
Value Segments::countBefore(OpBuilder &b, Value sequence) {
  Value first = indexAt(b, loc, offsets, sequence);
  Value isStart = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, first, constant(b, loc, 0));
  return inside(b, isStart, b.getI32Type(),
                [&](OpBuilder &b, ValueRange) -> Value {
                  return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0));
                },
                [&](OpBuilder &b, ValueRange) -> Value {
                  return tensor::ExtractOp::create(b, loc, counts,
                                                   arith::SubIOp::create(b, loc, first, one(b)).getResult());
                });
}

void Segments::replace(CompactOp op) {
  Type number = b.getI32Type(), element = op.getX().getType().getElementType();
  Value inner = made(numRows(b, loc, offsets), {}, number,
                     [&](OpBuilder &b, ValueRange at) { return countBefore(b, at[0]); });
  Value sources = made(rows, {}, number, [&](OpBuilder &b, ValueRange at) {
    Value row = firstWhere(b, rows, [&](OpBuilder &b, Value t) -> Value {
      return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt, indexAt(b, loc, counts, t), at[0]);
    });
    return i32(b, row);
  });
  Value kept = made(rows, itemShape(op.getX()), element, [&](OpBuilder &b, ValueRange at) {
    Value source = indexAt(b, loc, sources, at[0]);
    Value isKept = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, source, rows);
    SmallVector<Value> from(at);
    from[0] = source;
    return inside(b, isKept, element,
                  [&](OpBuilder &b, ValueRange) -> Value { return tensor::ExtractOp::create(b, loc, op.getX(), from); },
                  [&](OpBuilder &b, ValueRange) -> Value {
                    return arith::ConstantOp::create(b, loc, cast<TypedAttr>(b.getZeroAttr(element)));
                  });
  });
  op.getKept().replaceAllUsesWith(kept);
  op.getInnerOffsets().replaceAllUsesWith(inner);
  op.erase();
}

void Segments::replace(ExpandOp op) {
  Type number = b.getI32Type(), element = op.getY().getType().getElementType();
  Value none = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(-1));
  // the inner row behind `count` true entries of a sequence's rows; -1: there is none
  auto innerRow = [&](OpBuilder &b, Value sequence, Value count) -> Value {
    Value seen = arith::SubIOp::create(b, loc, count, countBefore(b, sequence));
    Value begin = tensor::ExtractOp::create(b, loc, op.getInnerOffsets(), sequence);
    Value last = arith::AddIOp::create(b, loc, arith::AddIOp::create(b, loc, begin, seen), none);
    Value any = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, seen,
                                      arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0)));
    return arith::SelectOp::create(b, loc, any, last, none);
  };
  Value sources = made(rows, {}, number, [&](OpBuilder &b, ValueRange at) {
    return innerRow(b, sequenceOf(b, loc, offsets, at[0]), tensor::ExtractOp::create(b, loc, counts, at[0]));
  });
  bool hasState = !op.getStates().empty();
  Value y = made(rows, itemShape(op.getY()), element, [&](OpBuilder &b, ValueRange at) {
    Value source = tensor::ExtractOp::create(b, loc, sources, at[0]);
    Value sees = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, source, none);
    SmallVector<Value> from(at);
    return inside(b, sees, element,
                  [&](OpBuilder &b, ValueRange) -> Value {
                    from[0] = arith::IndexCastOp::create(b, loc, b.getIndexType(), source);
                    return tensor::ExtractOp::create(b, loc, op.getInner(), from);
                  },
                  [&](OpBuilder &b, ValueRange) -> Value {
                    if (!hasState)
                      return arith::ConstantOp::create(b, loc, cast<TypedAttr>(b.getZeroAttr(element)));
                    from[0] = indexAt(b, loc, op.getSlots(), sequenceOf(b, loc, offsets, at[0]));
                    return tensor::ExtractOp::create(b, loc, op.getStates()[0], from);
                  });
  });
  op.getY().replaceAllUsesWith(y);
  if (hasState) {
    Value state = op.getStates()[0];
    SmallVector<OpFoldResult> at(rowsType(state).getRank(), b.getIndexAttr(0)), ones(at.size(), b.getIndexAttr(1));
    SmallVector<OpFoldResult> sizes = ones;
    for (auto [size, n] : llvm::zip(MutableArrayRef(sizes).drop_front(), itemShape(state)))
      size = b.getIndexAttr(n);
    auto loop = scf::ForallOp::create(b, loc, SmallVector<OpFoldResult>{sequences}, state, std::nullopt);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(loop.getTerminator());
    Value s = loop.getInductionVar(0), next = arith::AddIOp::create(b, loc, s, index(1));
    Value row = innerRow(b, s, countBefore(b, next));
    Value moves = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, row, none);
    at[0] = indexAt(b, loc, op.getSlots(), s);
    auto item = RankedTensorType::get(itemShape(state), element);
    Value own = tensor::ExtractSliceOp::create(b, loc, item, loop.getRegionIterArgs()[0], at, sizes, ones);
    own = changedIf(b, loc, moves, own, [&](ValueRange v) -> SmallVector<Value> {
      Value from = arith::IndexCastOp::create(b, loc, b.getIndexType(), row);
      return {linalg::CopyOp::create(b, loc, takeRow(b, loc, op.getInner(), from), v[0]).getResult(0)};
    })[0];
    b.setInsertionPointToEnd(loop.getTerminator().getBody());
    tensor::ParallelInsertSliceOp::create(b, loc, own, loop.getRegionIterArgs()[0], at, sizes, ones);
    op.getNext()[0].replaceAllUsesWith(loop.getResult(0));
  }
  op.erase();
}

struct ParallelSegments : impl::ParallelSegmentsBase<ParallelSegments> {
  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      if (auto compact = dyn_cast<CompactOp>(op))
        Segments(op, compact.getMask(), compact.getOffsets()).replace(compact);
      else if (auto expand = dyn_cast<ExpandOp>(op))
        Segments(op, expand.getMask(), expand.getOffsets()).replace(expand);
    });
  }
};
} // namespace
} // namespace strand
