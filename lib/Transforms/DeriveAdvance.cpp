// strand-derive-advance: from functions over whole sequences to functions that carry state.
//
// Functions are taken callees first, so a call knows what its callee carries. In one function:
//   1. collect  in program order, each stateful op gives its specs, each call its callee's, under its own name
//   2. check    everything but stateful ops and calls is row-wise
//   3. extend   one operand a carried value after the old ones, then the slots; one result a carried value
//   4. rewrite  op -> op with state, call -> call with its own share; the next values are returned
#include "dialects/Strand/Strand.h"
#include "lib/Lowering/CalleesFirst.h"
#include "lib/Passes.h"
#include "lib/Transforms/RowWise.h"
#include "llvm/ADT/StringSet.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_DERIVEADVANCE
#include "lib/Passes.h.inc"
namespace {
using Specs = SmallVector<StateSpec>;

/// An op or call that carries something, and how much.
struct Carrier {
  Operation *op;
  Specs specs;
};

/// `strand.name` of the op, else its callee or mnemonic; made unique among its siblings.
std::string stepOfPath(Operation *op, llvm::StringSet<> &taken) {
  auto given = op->getAttrOfType<StringAttr>("strand.name");
  auto call = dyn_cast<func::CallOp>(op);
  std::string base = (given ? given.getValue() : call ? call.getCallee() : op->getName().stripDialect()).str();
  std::string name = base;
  for (int i = 1; !taken.insert(name).second; ++i)
    name = base + "_" + std::to_string(i);
  return name;
}

/// Slots in dimension 0 and, for a cache, its rows in dimension 1.
RankedTensorType stateType(const StateSpec &spec) {
  SmallVector<int64_t> shape(spec.growth == Growth::Cache ? 2 : 1, ShapedType::kDynamic);
  llvm::append_range(shape, spec.shape);
  return RankedTensorType::get(shape, spec.elementType);
}

struct DeriveAdvance : impl::DeriveAdvanceBase<DeriveAdvance> {
  llvm::StringMap<Specs> carried; // by function

  void runOnOperation() override {
    if (failed(forEachCalleesFirst(getOperation(), [&](func::FuncOp f) { return convert(f); })))
      return signalPassFailure();
    if (auto f = getOperation().lookupSymbol<func::FuncOp>("forward"))
      if (failed(beAdvance(f)))
        signalPassFailure();
  }

  LogicalResult convert(func::FuncOp f) {
    FailureOr<SmallVector<Carrier>> carriers = collect(f); // first: what it has to say of regions says more
    if (failed(carriers))
      return failure();
    if (f->hasAttr("strand.whole"))
      return staysWhole(*carriers);
    WalkResult r = f.walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (failed(checkRowWise(op)))
        return WalkResult::interrupt();
      return isa<linalg::LinalgOp, StreamOpInterface>(op) ? WalkResult::skip() : WalkResult::advance();
    });
    if (r.wasInterrupted())
      return failure();
    return carriers->empty() ? success() : thread(f, *carriers);
  }

  /// Of a function marked strand.whole: its calls were not changed.
  static LogicalResult staysWhole(ArrayRef<Carrier> carriers) {
    for (const Carrier &c : carriers)
      if (auto call = dyn_cast<func::CallOp>(c.op))
        return call.emitOpError("in a function marked strand.whole calls @")
               << call.getCallee() << ", which carries state; inline it";
    return success();
  }

  FailureOr<SmallVector<Carrier>> collect(func::FuncOp f) {
    SmallVector<Carrier> carriers;
    llvm::StringSet<> taken;
    WalkResult r = f.walk<WalkOrder::PreOrder>([&](Operation *op) {
      Specs specs;
      if (auto stream = dyn_cast<StreamOpInterface>(op)) {
        if (stream.hasState())
          return WalkResult(op->emitOpError("has state already"));
        if (StringRef reason = stream.getReasonAgainstState(); !reason.empty())
          return WalkResult(op->emitOpError(reason));
        specs = stream.getStateSpecs();
      } else if (auto call = dyn_cast<func::CallOp>(op)) {
        specs = carried.lookup(call.getCallee());
      }
      if (specs.empty())
        return WalkResult::advance();
      if (op->getParentOp() != f)
        return WalkResult(op->emitOpError("carries state inside a region of ")
                          << op->getParentOp()->getName()
                          << "; move it in front of that op or into a function of its own");
      std::string step = stepOfPath(op, taken);
      for (StateSpec &s : specs)
        s.name = step + "." + s.name;
      carriers.push_back({op, specs});
      return WalkResult::skip();
    });
    if (r.wasInterrupted())
      return failure();
    return carriers;
  }

  LogicalResult thread(func::FuncOp f, ArrayRef<Carrier> carriers) {
    Specs all;
    for (const Carrier &c : carriers)
      llvm::append_range(all, c.specs);
    OpBuilder b(&getContext());
    SmallVector<Value> states, next;
    for (const StateSpec &s : all) {
      if (failed(f.insertArgument(f.getNumArguments(), stateType(s), {}, f.getLoc())))
        return failure();
      states.push_back(f.getArguments().back());
    }
    auto ints = RankedTensorType::get({ShapedType::kDynamic}, b.getI32Type());
    if (failed(f.insertArgument(f.getNumArguments(), ints, {}, f.getLoc())))
      return failure();
    Value slots = f.getArguments().back();
    ArrayRef<Value> left = states;
    for (const Carrier &c : carriers) {
      Operation *with = rewrite(c.op, left.take_front(c.specs.size()), slots);
      left = left.drop_front(c.specs.size());
      llvm::append_range(next, with->getResults().take_back(c.specs.size()));
      c.op->replaceAllUsesWith(with->getResults().drop_back(c.specs.size()));
      c.op->erase();
    }
    f.walk([&](func::ReturnOp r) { r->insertOperands(r->getNumOperands(), next); });
    SmallVector<Type> results(f.getResultTypes());
    llvm::append_range(results, ValueRange(states).getTypes());
    f.setType(b.getFunctionType(f.getArgumentTypes(), results));
    if (f->hasAttr("strand.entry"))
      markStates(f, all);
    carried[f.getName()] = all;
    return success();
  }

  /// Says on the last arguments of `f` which carried value or input they are.
  static void markStates(func::FuncOp f, ArrayRef<StateSpec> specs) {
    Builder b(f.getContext());
    unsigned slots = f.getNumArguments() - 1, first = slots - specs.size();
    for (auto [i, s] : llvm::enumerate(specs)) {
      f.setArgAttr(first + i, "strand.state", b.getStringAttr(s.name));
      f.setArgAttr(first + i, "strand.initial", s.initial);
      if (s.growth != Growth::Fixed)
        f.setArgAttr(first + i, "strand.growth", b.getStringAttr(s.growth == Growth::Cache ? "cache" : "count"));
    }
    f.setArgAttr(slots, "strand.input", b.getStringAttr("slots"));
  }

  static Operation *rewrite(Operation *op, ArrayRef<Value> states, Value slots) {
    OpBuilder b(op);
    if (auto stream = dyn_cast<StreamOpInterface>(op))
      return stream.withState(b, states, slots);
    SmallVector<Value> operands(op->getOperands());
    llvm::append_range(operands, states);
    operands.push_back(slots);
    SmallVector<Type> results(op->getResultTypes());
    llvm::append_range(results, ValueRange(states).getTypes());
    auto call = func::CallOp::create(b, op->getLoc(), cast<func::CallOp>(op).getCallee(), results, operands);
    call->setDiscardableAttrs(llvm::to_vector(op->getDiscardableAttrs()));
    return call;
  }

  /// Gives the arguments of @forward the marks of @advance.
  LogicalResult beAdvance(func::FuncOp f) {
    OpBuilder b(&getContext());
    ArrayRef<StateSpec> specs = carried[f.getName()];
    unsigned inputs = f.getNumArguments() - (specs.empty() ? 0 : specs.size() + 1);
    auto ints = RankedTensorType::get({ShapedType::kDynamic}, b.getI32Type());
    if (inputs != 2 || f.getArgument(0).getType() != ints || f.getArgument(1).getType() != ints)
      return f.emitError("@forward must have the arguments (tokens: tensor<?xi32>, offsets: tensor<?xi32>)");
    f.setArgAttr(0, "strand.input", b.getStringAttr("tokens"));
    f.setArgAttr(1, "strand.input", b.getStringAttr("offsets"));
    if (!specs.empty())
      markStates(f, specs);
    f.setName("advance");
    f.setPrivate();
    return success();
  }
};
} // namespace
} // namespace strand
