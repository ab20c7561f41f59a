#include "lib/Check/Signature.h"
#include "dialects/Strand/Strand.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/SetVector.h"
using namespace mlir;
using namespace strand;
namespace {

bool isFloat(Type t) { return t.isF32() || t.isBF16() || t.isF16(); }

/// The functions that `f` calls, directly or through others, and `f` first.
SmallVector<func::FuncOp> reachedFrom(func::FuncOp f) {
  llvm::SetVector<func::FuncOp> all;
  all.insert(f);
  auto module = f->getParentOfType<ModuleOp>();
  for (size_t i = 0; i < all.size(); ++i)
    func::FuncOp(all[i]).walk([&](func::CallOp call) {
      if (auto callee = module.lookupSymbol<func::FuncOp>(call.getCallee()))
        all.insert(callee);
    });
  return all.takeVector();
}

/// Whether an op that carries state reads `v` as its offsets, here or in a function that it is handed to.
bool isReadAsOffsets(Value v) {
  return llvm::any_of(v.getUses(), [&](OpOperand &use) {
    if (auto op = dyn_cast<StreamOpInterface>(use.getOwner()))
      return op.getOffsets() == v;
    auto call = dyn_cast<func::CallOp>(use.getOwner());
    auto callee =
        call ? call->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>(call.getCallee()) : func::FuncOp();
    return callee && !callee.isDeclaration() && isReadAsOffsets(callee.getArgument(use.getOperandNumber()));
  });
}

/// [lo, hi] of floats or integers.
std::optional<std::pair<double, double>> rangeOf(Attribute a) {
  auto list = dyn_cast<ArrayAttr>(a);
  if (!list || list.size() != 2)
    return {};
  double ends[2];
  for (auto [i, end] : llvm::enumerate(list)) {
    if (auto number = dyn_cast<FloatAttr>(end))
      ends[i] = number.getValueAsDouble();
    else if (auto number = dyn_cast<IntegerAttr>(end))
      ends[i] = number.getValue().getSExtValue();
    else
      return {};
  }
  return ends[0] <= ends[1] ? std::optional(std::pair(ends[0], ends[1])) : std::nullopt;
}

struct Reader {
  func::FuncOp f;
  bool drawn;

  InFlightDiagnostic error(unsigned i) { return f.emitError() << "argument " << i << " of @" << f.getName() << " "; }

  FailureOr<Argument> argument(unsigned i) {
    auto type = dyn_cast<RankedTensorType>(f.getArgumentTypes()[i]);
    bool rows = type && strand::isRows(type);
    Type e = type ? type.getElementType() : Type();
    if (!type || (!rows && !type.hasStaticShape()) || !(isFloat(e) || e.isInteger(32) || e.isInteger(1)))
      return error(i) << "has type " << f.getArgumentTypes()[i]
                      << "; rows, tensor<?x...>, or a static tensor are needed, of "
                      << "f32, bf16, f16, i32 or i1";
    Argument a{rows ? ArgumentKind::Rows : ArgumentKind::Parameter, type};
    a.draw = e.isInteger(32) ? Draw::Integers : e.isInteger(1) ? Draw::Bits : Draw::Normal;
    bool ranged = false;
    for (NamedAttribute attr : function_interface_impl::getArgAttrs(f, i)) {
      StringRef name = attr.getName();
      if (!name.consume_front("check."))
        continue;
      if (name == "range") {
        auto range = rangeOf(attr.getValue());
        if (!range || e.isInteger(1))
          return error(i) << "has check.range = " << attr.getValue()
                          << "; [lo, hi] with lo <= hi on f32 or i32 is needed";
        std::tie(a.lo, a.hi) = *range;
        a.draw = isFloat(e) ? Draw::Uniform : Draw::Integers;
        ranged = true;
      } else if (name == "kind") {
        auto kind = dyn_cast<StringAttr>(attr.getValue());
        if (kind && kind == "gates" && isFloat(e))
          a.draw = Draw::Gates;
        else if (kind && kind == "offsets" && rows && type.getRank() == 1 && e.isInteger(32))
          a.kind = ArgumentKind::Offsets;
        else
          return error(i) << "has check.kind = " << attr.getValue()
                          << "; \"gates\" on f32 or \"offsets\" on tensor<?xi32> is needed";
      } else {
        return error(i) << "has check." << name << "; there are check.range and check.kind";
      }
    }
    if (rows && isReadAsOffsets(f.getArgument(i)))
      a.kind = ArgumentKind::Offsets;
    if (drawn && a.draw == Draw::Integers && a.kind != ArgumentKind::Offsets && !ranged)
      return error(i)
             << "holds integers, so it needs check.range = [lo, hi]; or it is the offsets and nothing reads it as "
             << "such: say check.kind = \"offsets\"";
    return a;
  }

  LogicalResult attributes(Signature &s) {
    for (NamedAttribute attr : f->getDiscardableAttrs()) {
      StringRef name = attr.getName();
      if (!name.consume_front("check."))
        continue;
      auto number = dyn_cast<FloatAttr>(attr.getValue());
      if (name != "tolerance")
        return f.emitError() << "@" << f.getName() << " has check." << name << "; there is check.tolerance";
      if (!number || number.getValueAsDouble() <= 0)
        return f.emitError() << "check.tolerance of @" << f.getName() << " is " << attr.getValue()
                             << "; a number above 0 is needed";
      s.tolerance = number.getValueAsDouble();
    }
    return success();
  }

  LogicalResult results(Signature &s) {
    for (auto [i, t] : llvm::enumerate(f.getResultTypes())) {
      auto type = dyn_cast<RankedTensorType>(t);
      Type e = type ? type.getElementType() : Type();
      if (!type || !strand::isRows(type) || !(isFloat(e) || e.isInteger(32) || e.isInteger(1)))
        return f.emitError() << "result " << i << " of @" << f.getName() << " has type " << t
                             << "; rows, tensor<?x...>, of f32, bf16, f16, i32 or i1 are needed";
      s.results.push_back(type);
    }
    return s.results.empty() ? f.emitError() << "@" << f.getName() << " has no results to compare" : success();
  }

  LogicalResult body(Signature &s) {
    ChunkOptions options;
    for (func::FuncOp g : reachedFrom(f)) {
      if (g.isDeclaration() || !g.getBody().hasOneBlock())
        return f.emitError() << "@" << g.getName() << " has "
                             << (g.isDeclaration() ? "no body" : "branches between blocks")
                             << "; a function over rows has one block";
      WalkResult r = g.walk([&](Operation *op) {
        if (auto w = dyn_cast<WeightOp>(op))
          return WalkResult(w.emitError() << "a function that is checked takes weights as arguments");
        if (auto stream = dyn_cast<StreamOpInterface>(op)) {
          s.hasState = true;
          s.isResumable &= stream.getReasonAgainstState().empty();
        }
        if (auto split = dyn_cast<SplitOpInterface>(op))
          s.splits |= split.canBeSplit(options);
        if (auto chunks = dyn_cast<ChunkOpInterface>(op))
          llvm::append_range(s.tiles, chunks.getTileLengths(options));
        return WalkResult::advance();
      });
      if (r.wasInterrupted())
        return failure();
    }
    llvm::sort(s.tiles);
    s.tiles.erase(llvm::unique(s.tiles), s.tiles.end());
    return success();
  }

  FailureOr<Signature> run() {
    Signature s;
    s.name = f.getName();
    if (failed(attributes(s)) || failed(body(s)) || failed(results(s)))
      return failure();
    unsigned offsets = 0, rows = 0;
    for (unsigned i = 0; i < f.getNumArguments(); ++i) {
      FailureOr<Argument> a = argument(i);
      if (failed(a))
        return failure();
      rows += a->kind == ArgumentKind::Rows;
      if (a->kind == ArgumentKind::Offsets) {
        s.offsets = i;
        ++offsets;
      }
      s.arguments.push_back(std::move(*a));
    }
    if (offsets > 1 || (s.hasState && !offsets))
      return f.emitError() << "@" << f.getName() << " has " << offsets << " arguments of offsets; one is needed";
    if (!rows)
      return f.emitError() << "@" << f.getName() << " has no argument of rows";
    return s;
  }
};
} // namespace

FailureOr<Signature> strand::readSignature(func::FuncOp f, bool drawn) { return Reader{f, drawn}.run(); }
