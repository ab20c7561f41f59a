// strand-pack-weights: a weight is followed from @advance through calls to all its readers before anything is changed;
// then the readers, the arguments on the way, and the weight itself take the new type.
#include "dialects/Strand/Rows.h"
#include "lib/Lowering/CalleesFirst.h"
#include "lib/Lowering/Product.h"
#include "lib/Lowering/Roots.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_PACKWEIGHTS
#include "lib/Passes.h.inc"
namespace {

/// Everything that reads one matrix, and the arguments through which it comes there. Weights that share a reader are
/// packed together or not at all.
struct Readers {
  llvm::SetVector<Value> values; // the strand.weights and arguments of functions
  llvm::SetVector<Operation *> products, extracts;
  bool others = false;
};

class Packing {
public:
  Packing(ModuleOp module, int64_t panel) : module(module), symbols(module), panel(panel) {}
  /// Packs `weight` and those that share its readers; how many there are, 0 if they stay as they are.
  unsigned pack(WeightOp weight);
  /// Packs what products in loops read and is no weight, in front of the outermost loop; how many matrices.
  unsigned packInFrontOfLoops();

private:
  void follow(Value v, Readers &readers);
  void followBack(BlockArgument arg, Readers &readers);
  void rewrite(linalg::LinalgOp op);
  void rewrite(tensor::ExtractOp op);
  Value product(OpBuilder &b, Location loc, Value x, Value w, Value out, bool fresh);
  Value packed(OpBuilder &b, Location loc, Value w);

  ModuleOp module;
  SymbolTable symbols;
  int64_t panel;
};

void Packing::follow(Value v, Readers &readers) {
  if (!readers.values.insert(v))
    return;
  for (OpOperand &use : v.getUses()) {
    Operation *op = use.getOwner();
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    std::optional<Product> product = linalgOp ? productOf(linalgOp) : std::nullopt;
    if (product && product->matrix == &use && product->transposed) {
      readers.products.insert(op);
    } else if (isa<tensor::ExtractOp>(op)) {
      readers.extracts.insert(op);
    } else if (auto call = dyn_cast<func::CallOp>(op)) {
      auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
      followBack(callee.getArgument(use.getOperandNumber()), readers);
    } else {
      readers.others = true;
    }
  }
}

/// The argument, and whatever else is handed to it.
void Packing::followBack(BlockArgument arg, Readers &readers) {
  follow(arg, readers);
  auto f = cast<func::FuncOp>(arg.getOwner()->getParentOp());
  for (func::CallOp call : callsOf(f, module)) {
    Value given = call.getOperand(arg.getArgNumber());
    if (given.getDefiningOp<WeightOp>())
      follow(given, readers);
    else if (auto outer = dyn_cast<BlockArgument>(given); outer && isa<func::FuncOp>(outer.getOwner()->getParentOp()))
      readers.values.contains(outer) ? void() : followBack(outer, readers);
    else
      readers.others = true;
  }
}

unsigned Packing::pack(WeightOp weight) {
  auto type = weight.getType();
  if (weight.getPanel() || type.getRank() != 2 || !isa<FloatType>(type.getElementType()))
    return 0;
  Readers readers;
  follow(weight, readers);
  if (readers.others || readers.products.empty())
    return 0;
  int64_t n = type.getDimSize(0), k = type.getDimSize(1);
  int64_t panels = llvm::divideCeil(n, panel);
  auto packed = RankedTensorType::get({panels, k, panel}, type.getElementType());
  for (Operation *op : readers.products)
    rewrite(cast<linalg::LinalgOp>(op));
  for (Operation *op : readers.extracts)
    rewrite(cast<tensor::ExtractOp>(op));
  unsigned weights = 0;
  for (Value v : readers.values) {
    v.setType(packed);
    if (auto of = v.getDefiningOp<WeightOp>()) {
      of.setPanel(panel);
      ++weights;
    } else {
      auto f = cast<func::FuncOp>(cast<BlockArgument>(v).getOwner()->getParentOp());
      f.setType(FunctionType::get(f.getContext(), f.front().getArgumentTypes(), f.getResultTypes()));
    }
  }
  return weights;
}

/// The outermost loop around `op` in which `w` does not change; null if there is none, or if tasks run in parallel.
scf::ForOp loopAround(Operation *op, Value w) {
  scf::ForOp outermost;
  if (op->getParentOfType<scf::ForallOp>())
    return outermost;
  for (auto loop = op->getParentOfType<scf::ForOp>(); loop && !loop->isAncestor(w.getParentBlock()->getParentOp());
       loop = loop->getParentOfType<scf::ForOp>())
    outermost = loop;
  return outermost;
}

/// [N, K] as panels [N / n, K, n].
Value Packing::packed(OpBuilder &b, Location loc, Value w) {
  auto type = rowsType(w);
  int64_t n = type.getDimSize(0), k = type.getDimSize(1);
  auto split = RankedTensorType::get({n / panel, panel, k}, type.getElementType());
  Value rows = tensor::ExpandShapeOp::create(b, loc, split, w, SmallVector<ReassociationIndices>{{0, 1}, {2}});
  Value out = emptyTensor(b, loc, {n / panel, k, panel}, type.getElementType());
  auto map = [&](StringRef dims) { return dimsMap(b.getContext(), "jki", dims); };
  return generic(b, loc, rows, out, {map("jik"), map("jki")}, "ppp",
                 [](OpBuilder &, Location, ValueRange v) -> SmallVector<Value> { return {v[0]}; })[0];
}

unsigned Packing::packInFrontOfLoops() {
  SmallVector<linalg::LinalgOp> products;
  module.walk([&](linalg::LinalgOp op) {
    std::optional<Product> p = op.hasPureTensorSemantics() ? productOf(op) : std::nullopt;
    if (!p || !p->transposed || op->getParentOfType<func::FuncOp>()->hasAttr("strand.single_row"))
      return; // a single row reads the matrix once
    RankedTensorType type = rowsType(p->matrix->get());
    if (type.getRank() == 2 && type.getDimSize(0) % panel == 0 && loopAround(op, p->matrix->get()))
      products.push_back(op);
  });
  DenseMap<std::pair<Value, Operation *>, Value> done;
  for (linalg::LinalgOp op : products) {
    OpOperand *matrix = productOf(op)->matrix;
    scf::ForOp loop = loopAround(op, matrix->get());
    Value &panels = done[{matrix->get(), loop}];
    OpBuilder b(loop);
    if (!panels)
      panels = packed(b, op.getLoc(), matrix->get());
    matrix->set(panels);
    rewrite(op);
  }
  return done.size();
}

/// sum_k x[m, k] w[j, k, i] into out[m, j, i], or, with w [k, i], into out[m, i]. `fresh`: out holds nothing yet.
Value Packing::product(OpBuilder &b, Location loc, Value x, Value w, Value out, bool fresh) {
  bool panels = rowsType(out).getRank() == 3; // w may still have its old type
  Type e = rowsType(out).getElementType();
  if (fresh)
    out = filledInto(b, loc, floatConstant(b, loc, e, 0), out);
  StringRef loops = panels ? "mjik" : "mik";
  auto map = [&](StringRef dims) { return dimsMap(b.getContext(), loops, dims); };
  return generic(b, loc, {x, w}, out, {map("mk"), map(panels ? "jki" : "ki"), map(loops.drop_back())},
                 panels ? "pppr" : "ppr", [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                   Value p = arith::MulFOp::create(b, loc, castFloat(b, loc, v[0], e), castFloat(b, loc, v[1], e));
                   return {arith::AddFOp::create(b, loc, v[2], p)};
                 })[0];
}

/// The whole panels on a view of the result as [rows, panels, columns], then the columns that are left.
void Packing::rewrite(linalg::LinalgOp op) {
  Product p = *productOf(op);
  OpBuilder b(op);
  Location loc = op.getLoc();
  Value x = p.rows->get(), w = p.matrix->get(), out = op.getDpsInits()[0];
  auto type = rowsType(out);
  int64_t n = type.getDimSize(1), whole = n / panel, rest = n % panel, k = rowsType(w).getDimSize(1);
  bool fresh = isZeros(out);
  if (fresh)
    out = emptyRows(b, loc, x, {n}, type.getElementType());
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  Value rows = numRows(b, loc, x);
  // the matrix has its old type until all its readers are written for the new one
  auto panelsOf = [&](ArrayRef<OpFoldResult> offsets, ArrayRef<int64_t> sizes, ArrayRef<int64_t> shape) -> Value {
    auto sliced = RankedTensorType::get(shape, rowsType(w).getElementType());
    return tensor::ExtractSliceOp::create(b, loc, sliced, w, offsets, getAsIndexOpFoldResult(b.getContext(), sizes),
                                          SmallVector<OpFoldResult>(3, one));
  };
  auto columns = [&](int64_t at, int64_t count) {
    SmallVector<OpFoldResult> offsets{zero, b.getIndexAttr(at)}, sizes{rows, b.getIndexAttr(count)}, strides{one, one};
    auto part = RankedTensorType::get({type.getDimSize(0), count}, type.getElementType());
    return std::tuple(part, offsets, sizes, strides);
  };
  auto put = [&](int64_t at, int64_t count, function_ref<Value(Value)> compute) {
    if (count == n) {
      out = compute(out);
      return;
    }
    auto [part, offsets, sizes, strides] = columns(at, count);
    Value view = tensor::ExtractSliceOp::create(b, loc, part, out, offsets, sizes, strides);
    out = tensor::InsertSliceOp::create(b, loc, compute(view), out, offsets, sizes, strides);
  };
  if (whole)
    put(0, whole * panel, [&](Value view) -> Value {
      SmallVector<ReassociationIndices> groups{{0}, {1, 2}};
      auto split = RankedTensorType::get({type.getDimSize(0), whole, panel}, type.getElementType());
      SmallVector<OpFoldResult> shape{rows, b.getIndexAttr(whole), b.getIndexAttr(panel)};
      Value wide = tensor::ExpandShapeOp::create(b, loc, split, view, groups, shape);
      Value all = rest ? panelsOf({zero, zero, zero}, {whole, k, panel}, {whole, k, panel}) : w;
      wide = product(b, loc, x, all, wide, fresh);
      return tensor::CollapseShapeOp::create(b, loc, view.getType(), wide, groups);
    });
  if (rest)
    put(whole * panel, rest, [&](Value view) {
      return product(b, loc, x, panelsOf({b.getIndexAttr(whole), zero, zero}, {1, k, rest}, {k, rest}), view, fresh);
    });
  op->getResult(0).replaceAllUsesWith(out);
  op->erase();
}

/// W[r, c] is at [r / n, c, r % n].
void Packing::rewrite(tensor::ExtractOp op) {
  OpBuilder b(op);
  Value n = indexConstant(b, op.getLoc(), panel), row = op.getIndices()[0], column = op.getIndices()[1];
  Value indices[] = {arith::DivUIOp::create(b, op.getLoc(), row, n), column,
                     arith::RemUIOp::create(b, op.getLoc(), row, n)};
  op.getIndicesMutable().assign(indices);
}

struct PackWeights : impl::PackWeightsBase<PackWeights> {
  using PackWeightsBase::PackWeightsBase;

  void runOnOperation() override {
    SmallVector<func::FuncOp> roots = rootsOf(getOperation());
    Packing packing(getOperation(), panel);
    if (panel)
      for (func::FuncOp f : roots)
        for (WeightOp w : llvm::to_vector(f.getOps<WeightOp>()))
          numPanels += packing.pack(w);
    if (panel && !oneOrder)
      numPanels += packing.packInFrontOfLoops();
    llvm::SetVector<Attribute> order; // (name, type, panel) of each, as first read
    for (func::FuncOp f : roots)
      for (WeightOp w : f.getOps<WeightOp>())
        order.insert(keyOf(w));
    for (func::FuncOp f : roots)
      if (failed(takeArguments(f, order.getArrayRef())))
        return signalPassFailure();
    getOperation().walk([&](WeightOp w) {
      w.emitOpError()
          << "stands outside @advance; read weights in @forward and hand them to the functions that use them";
      signalPassFailure();
    });
  }

  static Attribute keyOf(WeightOp w) {
    Builder b(w.getContext());
    return b.getArrayAttr({w.getNameAttr(), TypeAttr::get(w.getType()), b.getI64IntegerAttr(w.getPanel().value_or(0))});
  }

  /// An argument for each of `order`, so that @advance and @step agree, in place of the ops.
  LogicalResult takeArguments(func::FuncOp f, ArrayRef<Attribute> order) {
    Builder b(&getContext());
    DenseMap<Attribute, Value> arguments;
    for (Attribute key : order) {
      auto parts = cast<ArrayAttr>(key);
      SmallVector<NamedAttribute> marks{b.getNamedAttr("strand.weight", parts[0])};
      if (auto panels = cast<IntegerAttr>(parts[2]); panels.getInt())
        marks.push_back(b.getNamedAttr("strand.panel", panels));
      unsigned at = f.getNumArguments();
      if (failed(f.insertArgument(at, cast<TypeAttr>(parts[1]).getValue(), b.getDictionaryAttr(marks), f.getLoc())))
        return failure();
      arguments[key] = f.getArgument(at);
    }
    for (WeightOp w : llvm::to_vector(f.getOps<WeightOp>())) {
      w.getResult().replaceAllUsesWith(arguments[keyOf(w)]);
      w.erase();
    }
    return success();
  }
};
} // namespace
} // namespace strand
