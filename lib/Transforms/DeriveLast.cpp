#include "dialects/Strand/Rows.h"
#include "lib/Passes.h"
#include "lib/Transforms/RowWise.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_DERIVELAST
#include "lib/Passes.h.inc"
namespace {

/// Whether what `op` gives can only be had for all rows.
bool needsAllRows(Operation *op) { return isa<StreamOpInterface, func::CallOp>(op) || op->getNumRegions() > 1; }

/// The number of rows as an index: an op that says it.
bool isRowCount(Operation *op) {
  auto dim = dyn_cast<tensor::DimOp>(op);
  return dim && isRows(dim.getSource()) && dim.getConstantIndex() == 0;
}

/// The row-wise ops behind the last ops with state, and the rows that they begin with.
struct Tail {
  llvm::SetVector<Operation *> ops; // operands first
  llvm::SetVector<Value> begins;

  /// Whether `v` changes when there are fewer rows.
  bool add(Value v) {
    Operation *op = v.getDefiningOp();
    if (!op || needsAllRows(op)) {
      if (isRows(v))
        begins.insert(v);
      return isRows(v);
    }
    bool varies = isRowCount(op) || ops.contains(op);
    if (!varies)
      for (Value operand : op->getOperands())
        varies |= add(operand);
    if (varies)
      ops.insert(op);
    return varies;
  }
};

/// Row offsets[s + 1] - 1 of `x` for each sequence s.
Value lastRows(OpBuilder &b, Value x, Value offsets, Value sequences) {
  Location loc = x.getLoc();
  auto type = rowsType(x);
  Value out = tensor::EmptyOp::create(b, loc, type, sequences);
  return generic(b, loc, {}, out, {b.getMultiDimIdentityMap(type.getRank())}, std::string(type.getRank(), 'p'),
                 [&](OpBuilder &b, Location loc, ValueRange) -> SmallVector<Value> {
                   SmallVector<Value> at;
                   for (int64_t d = 0; d < type.getRank(); ++d)
                     at.push_back(linalg::IndexOp::create(b, loc, d));
                   Value one = indexConstant(b, loc, 1),
                         end = indexAt(b, loc, offsets, arith::AddIOp::create(b, loc, at[0], one));
                   // sequences without rows in front of the first row
                   at[0] = arith::MaxSIOp::create(b, loc, arith::SubIOp::create(b, loc, end, one),
                                                  indexConstant(b, loc, 0));
                   return {tensor::ExtractOp::create(b, loc, x, at)};
                 })[0];
}

struct DeriveLast : impl::DeriveLastBase<DeriveLast> {
  void runOnOperation() override {
    auto advance = getOperation().lookupSymbol<func::FuncOp>("advance");
    if (!advance || advance.getNumResults() == 0 || getOperation().lookupSymbol("last"))
      return;
    Tail tail;
    tail.add(advance.front().getTerminator()->getOperand(0));
    if (tail.ops.empty() || tail.begins.empty())
      return;
    Value offsets = offsetsOf(advance);
    if (!offsets) {
      advance.emitError() << "has no argument with strand.input = \"offsets\", which says where the last rows are";
      return signalPassFailure();
    }
    OpBuilder b(advance);
    b.setInsertionPointAfter(advance);
    IRMapping copies;
    auto last = cast<func::FuncOp>(b.clone(*advance, copies));
    last.setName("last");
    shorten(last, tail, copies.lookup(offsets), copies);
  }

  static Value offsetsOf(func::FuncOp f) {
    for (unsigned i = 0; i < f.getNumArguments(); ++i)
      if (auto input = f.getArgAttrOfType<StringAttr>(i, "strand.input"); input && input == "offsets")
        return f.getArgument(i);
    return {};
  }

  static void shorten(func::FuncOp last, const Tail &tail, Value offsets, IRMapping &copies) {
    Operation *exit = last.front().getTerminator();
    OpBuilder b(exit);
    Location loc = last.getLoc();
    Value sequences = arith::SubIOp::create(b, loc, numRows(b, loc, offsets), indexConstant(b, loc, 1));
    IRMapping shorter;
    for (Value v : tail.begins)
      shorter.map(copies.lookup(v), lastRows(b, copies.lookup(v), offsets, sequences));
    for (Operation *op : tail.ops) {
      Operation *copy = copies.lookup(op);
      if (isRowCount(op))
        shorter.map(copy->getResult(0), sequences);
      else
        b.clone(*copy, shorter);
    }
    exit->setOperand(0, shorter.lookup(exit->getOperand(0)));
  }
};
} // namespace
} // namespace strand
