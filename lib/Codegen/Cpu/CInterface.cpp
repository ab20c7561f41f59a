// strand-c-interface: the plain C functions of a compiled model around the private @advance (see strand/abi.h).
//
//   m_schema    a constant: what the model carries and what weights it reads, in the order of @advance's arguments
//   m_sizes     how large the buffers of a call are
//   m_advance   checks what the caller gave, makes a buffer of each pointer, calls @advance or @step
//   m_choose    on a device: the same around the functions of strand-choice
#include "lib/Codegen/Cpu/Bounds.h"
#include "lib/Codegen/Cpu/Descriptors.h"
#include "lib/Codegen/Cpu/WeightLayout.h"
#include "lib/Lowering/Roots.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "strand/abi.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_CINTERFACE
#include "lib/Passes.h.inc"
namespace {
struct State {
  std::string path;
  Type type;
  double initial;
  strand_growth growth;
  SmallVector<int64_t> shape; // of one item

  int64_t bytes() const { return ShapedType::getNumElements(shape) * bytesOfElement(type); }
};

struct Model {
  SmallVector<WeightLayout> weights;
  SmallVector<State> states;
  int64_t vocabulary = 0;
};

strand_growth growthOf(func::FuncOp f, unsigned argument) {
  auto growth = f.getArgAttrOfType<StringAttr>(argument, "strand.growth");
  return !growth ? STRAND_FIXED : growth == "cache" ? STRAND_CACHE : growth == "count" ? STRAND_COUNT : STRAND_FIXED;
}

double initialOf(Attribute a) {
  if (auto f = dyn_cast_if_present<FloatAttr>(a))
    return f.getValueAsDouble();
  if (auto i = dyn_cast_if_present<IntegerAttr>(a))
    return i.getValue().getSExtValue();
  return 0;
}

/// Every argument has a meaning and a type that the schema can say.
LogicalResult checkArguments(func::FuncOp f) {
  for (unsigned i = 0; i < f.getNumArguments(); ++i) {
    auto error = [&] { return f.emitError() << "argument " << i << " of @" << f.getName() << " "; };
    auto input = f.getArgAttrOfType<StringAttr>(i, "strand.input");
    if (input && input == "ctx")
      continue;
    auto type = dyn_cast<MemRefType>(f.getArgumentTypes()[i]);
    if (!type || !type.getLayout().isIdentity())
      return error() << "has type " << f.getArgumentTypes()[i] << "; a buffer of identity layout is needed";
    bool weight = bool(f.getArgAttr(i, "strand.weight")), state = bool(f.getArgAttr(i, "strand.state"));
    if (!weight && !state && !f.getArgAttr(i, "strand.scratch") &&
        !(input && llvm::is_contained({"tokens", "offsets", "slots", "logits"}, input.getValue())))
      return error()
             << "has no meaning: mark it strand.input = \"tokens\", \"offsets\", \"slots\", \"logits\" or \"ctx\", "
             << "strand.weight, strand.state or strand.scratch";
    if (!weight && !state)
      continue;
    if (!abiTypeOf(type.getElementType()))
      return error() << "has elements of type " << type.getElementType() << ", which the schema cannot say";
    bool cache = state && growthOf(f, i) == STRAND_CACHE, count = state && growthOf(f, i) == STRAND_COUNT;
    if (count && (type.getRank() != 1 || !type.getElementType().isInteger(32)))
      return error() << "counts rows and has type " << type << "; memref<?xi32> is needed";
    int64_t dynamic = !state ? 0 : cache ? 2 : 1; // leading dimensions that the state block decides
    if (type.getRank() < dynamic || type.getRank() - dynamic > STRAND_MAX_RANK)
      return error() << "has rank " << type.getRank() << "; the limit is " << dynamic << " to "
                     << dynamic + STRAND_MAX_RANK;
    for (int64_t d = 0; d < type.getRank(); ++d)
      if (type.isDynamicDim(d) != (d < dynamic))
        return error() << "has type " << type << ": exactly the first " << dynamic << " dimensions of a "
                       << (weight ? "weight" : cache ? "cache" : "state") << " are dynamic";
  }
  return success();
}

Model modelOf(func::FuncOp f) {
  Model model{weightLayout(f->getParentOfType<ModuleOp>()), {}, 0};
  for (unsigned i = 0; i < f.getNumArguments(); ++i) {
    auto type = dyn_cast<MemRefType>(f.getArgumentTypes()[i]);
    if (auto path = f.getArgAttrOfType<StringAttr>(i, "strand.state")) {
      strand_growth growth = growthOf(f, i);
      model.states.push_back({path.str(), type.getElementType(), initialOf(f.getArgAttr(i, "strand.initial")), growth,
                              llvm::to_vector(type.getShape().drop_front(growth == STRAND_CACHE ? 2 : 1))});
    }
    if (auto input = f.getArgAttrOfType<StringAttr>(i, "strand.input"); input && input == "logits")
      model.vocabulary = ShapedType::getNumElements(type.getShape().drop_front()); // in panels or not
  }
  return model;
}

class Emitter {
public:
  Emitter(ModuleOp module, StringRef prefix, bool device)
      : module(module), device(device), advance(module.lookupSymbol<func::FuncOp>("advance")),
        step(module.lookupSymbol<func::FuncOp>("step")), last(module.lookupSymbol<func::FuncOp>("last")),
        model(modelOf(advance)), prefix(prefix), loc(advance.getLoc()), b(module.getContext()),
        pointer(LLVM::LLVMPointerType::get(module.getContext())), i32(b.getI32Type()), i64(b.getI64Type()) {}

  LogicalResult run() {
    emitSchema();
    emitSizes();
    return failure(failed(emitAdvance()) || failed(emitChoose()));
  }

private:
  ModuleOp module;
  bool device;
  func::FuncOp advance, step, last; // the latter two may be null
  Model model;
  std::string prefix;
  Location loc;
  OpBuilder b;
  Type pointer, i32, i64;

  Value constant(int64_t v) { return constant64(b, loc, v); }

  /// A function at the end of the module, with the insertion point in its body.
  func::FuncOp beginFunction(const Twine &name, ArrayRef<Type> arguments) {
    b.setInsertionPointToEnd(module.getBody());
    auto f = func::FuncOp::create(b, loc, name.str(), b.getFunctionType(arguments, {i32}));
    b.setInsertionPointToStart(f.addEntryBlock());
    return f;
  }

  // ---- m_schema ----

  /// A constant global whose initialiser is what `fill` builds.
  void emitGlobal(Type t, const Twine &name, LLVM::Linkage linkage, function_ref<Value()> fill) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    auto g = LLVM::GlobalOp::create(b, loc, t, true, linkage, name.str(), Attribute());
    b.setInsertionPointToEnd(&g.getInitializerRegion().emplaceBlock());
    Value v = fill();
    LLVM::ReturnOp::create(b, loc, v);
  }

  /// The name of a global that holds a C string.
  std::string emitText(const Twine &name, StringRef text) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    auto type = LLVM::LLVMArrayType::get(b.getI8Type(), text.size() + 1);
    LLVM::GlobalOp::create(b, loc, type, true, LLVM::Linkage::Private, name.str(), b.getStringAttr(text + Twine('\0')));
    return name.str();
  }

  Value literal(Type t, Attribute v) { return LLVM::ConstantOp::create(b, loc, t, cast<TypedAttr>(v)); }
  Value address(StringRef global) { return LLVM::AddressOfOp::create(b, loc, pointer, global); }
  Value insert(Value into, Value v, ArrayRef<int64_t> at) { return LLVM::InsertValueOp::create(b, loc, into, v, at); }

  /// One strand_entry.
  struct Entry {
    StringRef name;
    int64_t offset, bytes;
    Type type;
    strand_growth growth;
    double initial;
    ArrayRef<int64_t> shape;
  };

  void emitEntries(StringRef what, ArrayRef<Entry> entries) {
    SmallVector<std::string> names;
    for (auto [i, e] : llvm::enumerate(entries))
      names.push_back(emitText(prefix + "." + what + "." + Twine(i), e.name));
    auto entry = LLVM::LLVMStructType::getLiteral(
        b.getContext(),
        {pointer, i64, i64, i32, i32, b.getF64Type(), i64, LLVM::LLVMArrayType::get(i64, STRAND_MAX_RANK)});
    auto type = LLVM::LLVMArrayType::get(entry, entries.size());
    emitGlobal(type, prefix + "." + what, LLVM::Linkage::Private, [&] {
      Value table = LLVM::UndefOp::create(b, loc, type);
      for (auto [n, e] : llvm::enumerate(entries)) {
        int64_t i = n;
        auto k = [&](int64_t v, Type t) { return literal(t, b.getIntegerAttr(t, v)); };
        Value fields[] = {address(names[i]),        k(e.offset, i64), k(e.bytes, i64),
                          k(*abiTypeOf(e.type), i32), k(e.growth, i32),
                          literal(b.getF64Type(), b.getF64FloatAttr(e.initial)), k(e.shape.size(), i64)};
        for (auto [at, v] : llvm::enumerate(fields))
          table = insert(table, v, {i, int64_t(at)});
        for (int64_t d = 0; d < STRAND_MAX_RANK; ++d)
          table = insert(table, k(d < int64_t(e.shape.size()) ? e.shape[d] : 1, i64), {i, 7, d});
      }
      return table;
    });
  }

  void emitSchema() {
    SmallVector<Entry> states, weights;
    for (const State &s : model.states)
      states.push_back({s.path, 0, s.bytes(), s.type, s.growth, s.initial, s.shape});
    for (const WeightLayout &w : model.weights)
      weights.push_back({w.name, w.offset, w.bytes(), w.type, STRAND_FIXED, 0, w.shape});
    emitEntries("state", states);
    emitEntries("weight", weights);
    SmallVector<std::string> pointers{prefix + ".state", prefix + ".weight"};
    for (auto [name, otherwise] : {std::pair("hash", ""), {"family", ""}, {"cpu_features", ""}, {"report", "{}"}}) {
      auto text = module->getAttrOfType<StringAttr>(("strand." + Twine(name)).str());
      pointers.push_back(emitText(prefix + "." + name, text ? text.getValue() : StringRef(otherwise)));
    }
    int64_t numbers[] = {STRAND_ABI_VERSION, model.vocabulary, weightBytes(model.weights), int64_t(states.size()),
                         int64_t(weights.size()), last ? 1 : 0};
    SmallVector<Type> fields(std::size(numbers), i64);
    fields.append(pointers.size(), pointer);
    auto type = LLVM::LLVMStructType::getLiteral(b.getContext(), fields);
    emitGlobal(type, prefix + "_schema", LLVM::Linkage::External, [&] {
      Value schema = LLVM::UndefOp::create(b, loc, type);
      int64_t at = 0;
      for (int64_t v : numbers)
        schema = insert(schema, literal(i64, b.getI64IntegerAttr(v)), {at++});
      for (StringRef name : pointers)
        schema = insert(schema, address(name), {at++});
      return schema;
    });
  }

  // ---- m_sizes ----

  Value roundedUp(Value bytes) {
    return arith::AndIOp::create(b, loc, arith::AddIOp::create(b, loc, bytes, constant(63)), constant(-64));
  }

  /// Bytes of scratch of the function that needs most.
  Value scratchBytes(Value sequences, Value rows) {
    Value most = constant(0);
    Type index = b.getIndexType();
    for (StringRef called : llvm::concat<const llvm::StringLiteral>(rootNames, choiceNames)) {
      std::string name = (called + ".scratch").str();
      if (!module.lookupSymbol(name))
        continue;
      Value args[] = {arith::IndexCastOp::create(b, loc, index, rows),
                      arith::IndexCastOp::create(b, loc, index, sequences)};
      Value bytes = func::CallOp::create(b, loc, name, index, args).getResult(0);
      most = arith::MaxUIOp::create(b, loc, most, arith::IndexCastOp::create(b, loc, i64, bytes));
    }
    return most;
  }

  /// The same sum as strand_rt_state_bytes: the head, then the entries, each on a cache line of its own.
  Value stateBytes(Value slots, Value cacheRows) {
    Value total = roundedUp(constant(stateHead + 8 * model.states.size()));
    for (const State &s : model.states) {
      Value bytes = arith::MulIOp::create(b, loc, slots, constant(s.bytes()));
      if (s.growth == STRAND_CACHE)
        bytes = arith::MulIOp::create(b, loc, bytes, cacheRows);
      total = arith::AddIOp::create(b, loc, total, roundedUp(bytes));
    }
    return total;
  }

  void emitSizes() { // (sequences, rows, slots, cache_rows, out)
    auto f = beginFunction(prefix + "_sizes", {i64, i64, i64, i64, pointer});
    Value sequences = f.getArgument(0), rows = f.getArgument(1), slots = f.getArgument(2), cacheRows = f.getArgument(3);
    Value logits = arith::MulIOp::create(b, loc, rows, constant(model.vocabulary * sizeof(float)));
    Value sizes[] = {stateBytes(slots, cacheRows), scratchBytes(sequences, rows), logits,
                     constant(weightBytes(model.weights))};
    for (auto [i, v] : llvm::enumerate(sizes))
      LLVM::StoreOp::create(b, loc, v, pointerAt(b, loc, f.getArgument(4), 8 * i));
    func::ReturnOp::create(b, loc, arith::ConstantIntOp::create(b, loc, i32, STRAND_OK).getResult());
  }

  // ---- m_advance ----

  static constexpr int64_t stateHead = 16; // slots and cache_rows stand before the offsets of the state block

  /// The C function's arguments, by name.
  struct Call {
    Value ctx, weights, state, slots, tokens, offsets, sequences, rows, flags, scratch, logits;
    Value hostOffsets; // what `offsets` holds, where the host can read it
  };

  FailureOr<Value> operandFor(func::FuncOp f, unsigned i, const Call &c) {
    auto input = f.getArgAttrOfType<StringAttr>(i, "strand.input");
    if (input && input == "ctx")
      return c.ctx;
    auto type = cast<MemRefType>(f.getArgumentTypes()[i]);
    auto buffer = [&](Value p, ValueRange sizes) { return bufferAt(b, loc, type, p, sizes); };
    if (auto name = f.getArgAttrOfType<StringAttr>(i, "strand.weight")) {
      auto w = llvm::find_if(model.weights, [&](const WeightLayout &w) { return w.name == name; });
      if (w == model.weights.end())
        return f.emitError() << "weight \"" << name.getValue() << "\" is not a weight of @advance";
      return buffer(pointerAt(b, loc, c.weights, w->offset), {});
    }
    if (auto path = f.getArgAttrOfType<StringAttr>(i, "strand.state")) {
      auto s = llvm::find_if(model.states, [&](const State &s) { return s.path == path; });
      if (s == model.states.end())
        return f.emitError() << "state \"" << path.getValue() << "\" is not a state of @advance";
      auto head = [&](int64_t at) -> Value {
        return LLVM::LoadOp::create(b, loc, i64, pointerAt(b, loc, c.state, at));
      };
      SmallVector<Value> sizes{head(0)};
      if (s->growth == STRAND_CACHE)
        sizes.push_back(head(8));
      return buffer(pointerAt(b, loc, c.state, head(stateHead + 8 * (s - model.states.begin()))), sizes);
    }
    if (!input) // the arena: how large it is was said by m_sizes
      return buffer(c.scratch, constant(INT64_MAX));
    if (input == "tokens")
      return buffer(c.tokens, c.rows);
    if (input == "slots")
      return buffer(c.slots, c.sequences);
    if (input == "offsets")
      return buffer(c.offsets, arith::AddIOp::create(b, loc, c.sequences, constant(1)).getResult());
    return buffer(c.logits, f == last ? c.sequences : c.rows);
  }

  LogicalResult emitCall(func::FuncOp f, const Call &c) {
    SmallVector<Value> operands;
    for (unsigned i = 0; i < f.getNumArguments(); ++i) {
      FailureOr<Value> v = operandFor(f, i, c);
      if (failed(v))
        return failure();
      operands.push_back(*v);
    }
    func::CallOp::create(b, loc, f, operands);
    return success();
  }

  /// Whether no sequence of the call has more than one row.
  Value isStep(const Call &c) {
    Value few = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, c.rows, c.sequences);
    auto branch = scf::IfOp::create(b, loc, b.getI1Type(), few, true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, loc, few);
    b.setInsertionPointToStart(branch.thenBlock());
    auto loop = scf::ForOp::create(b, loc, constant(0), c.sequences, constant(1), few,
                                   [&](OpBuilder &b, Location loc, Value s, ValueRange soFar) {
      Value at = arith::MulIOp::create(b, loc, s, constant64(b, loc, sizeof(int32_t)));
      Value begin = pointerAt(b, loc, c.hostOffsets, at), end = pointerAt(b, loc, begin, sizeof(int32_t));
      Value rows = arith::SubIOp::create(b, loc, LLVM::LoadOp::create(b, loc, i32, end),
                                         LLVM::LoadOp::create(b, loc, i32, begin));
      Value one = arith::ConstantIntOp::create(b, loc, i32, 1);
      Value isShort = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, rows, one);
      scf::YieldOp::create(b, loc, arith::AndIOp::create(b, loc, soFar[0], isShort).getResult());
    });
    scf::YieldOp::create(b, loc, loop.getResult(0));
    return branch.getResult(0);
  }

  LogicalResult emitAdvance() {
    b.setInsertionPointToEnd(module.getBody());
    auto check =
        func::FuncOp::create(b, loc, device ? "strand_rt_gpu_check" : "strand_rt_check",
                             b.getFunctionType({pointer, pointer, pointer, pointer, pointer, i64, i64}, {i32}));
    check.setPrivate();
    auto f = beginFunction(prefix + "_advance",
                           {pointer, pointer, pointer, pointer, pointer, pointer, i64, i64, i32, pointer, pointer});
    auto a = [&](unsigned i) -> Value { return f.getArgument(i); };
    Call c{a(0), a(1), a(2), a(3), a(4), a(5), a(6), a(7), a(8), a(9), a(10), a(5)};
    Value checked[] = {address(prefix + "_schema"), c.state, c.slots, c.tokens, c.offsets, c.sequences, c.rows};
    Value status = func::CallOp::create(b, loc, check, checked).getResult(0);
    Value good = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, status,
                                       arith::ConstantIntOp::create(b, loc, i32, STRAND_OK));
    auto branch = scf::IfOp::create(b, loc, i32, good, true);
    func::ReturnOp::create(b, loc, branch.getResult(0));
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, loc, status);
    b.setInsertionPointToStart(branch.thenBlock());
    if (device)
      placeInputs(c);
    {
      OpBuilder::InsertionGuard guard(b);
      if (failed(emitDispatch(c)))
        return failure();
    }
    scf::YieldOp::create(b, loc, device ? statusOfDevice(c.ctx) : status);
    return success();
  }

  func::FuncOp declare(StringRef name, ArrayRef<Type> arguments, ArrayRef<Type> results) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    auto f = func::FuncOp::create(b, loc, name, b.getFunctionType(arguments, results));
    f.setPrivate();
    return f;
  }

  /// Makes slots, tokens and offsets those on the device.
  void placeInputs(Call &c) {
    auto inputs = declare("strand_rt_gpu_inputs", {pointer, pointer, pointer, pointer, i64, i64, pointer}, {});
    Value placed = LLVM::AllocaOp::create(b, loc, pointer, pointer, constant(3));
    Value operands[] = {c.ctx, c.slots, c.tokens, c.offsets, c.sequences, c.rows, placed};
    func::CallOp::create(b, loc, inputs, operands);
    Value *places[] = {&c.slots, &c.tokens, &c.offsets};
    for (auto [i, v] : llvm::enumerate(places))
      *v = LLVM::LoadOp::create(b, loc, pointer, pointerAt(b, loc, placed, 8 * i));
  }

  Value statusOfDevice(Value ctx) {
    constexpr StringLiteral name = "strand_rt_gpu_status";
    auto status = module.lookupSymbol<func::FuncOp>(name);
    if (!status)
      status = declare(name, {pointer}, {i32});
    return func::CallOp::create(b, loc, status, ctx).getResult(0);
  }

  /// @step where no sequence has more than one row, @last where the caller asks for last rows alone, else @advance.
  /// With last rows alone, the logits of a step are in the right place only if every sequence has its row.
  LogicalResult emitDispatch(const Call &c) {
    Value wantsLast = last ? isLast(c) : Value();
    auto otherwise = [&](Value condition, func::FuncOp f) {
      auto branch = scf::IfOp::create(b, loc, condition, true);
      b.setInsertionPointToStart(branch.thenBlock());
      LogicalResult done = emitCall(f, c);
      b.setInsertionPointToStart(branch.elseBlock());
      return done;
    };
    if (step) {
      Value takesStep = isStep(c);
      if (last) {
        Value all = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, c.rows, c.sequences);
        Value wantsAll = arith::XOrIOp::create(b, loc, wantsLast, constantTrue());
        takesStep = arith::AndIOp::create(b, loc, takesStep, arith::OrIOp::create(b, loc, wantsAll, all));
      }
      if (failed(otherwise(takesStep, step)))
        return failure();
    }
    if (last && failed(otherwise(wantsLast, last)))
      return failure();
    return emitCall(advance, c);
  }

  // ---- m_choose ----

  LogicalResult emitChoose() {
    if (!module.lookupSymbol(choiceNames[0]))
      return success();
    auto f = beginFunction(prefix + "_choose", {pointer, pointer, pointer, i64, i32, pointer, pointer});
    Value ctx = f.getArgument(0), which = f.getArgument(4);
    for (auto [number, name] : llvm::enumerate(choiceNames)) {
      auto choice = module.lookupSymbol<func::FuncOp>(name);
      if (!choice)
        return f.emitError() << "@" << choiceNames[0] << " is there and @" << name << " is not";
      Value isThis = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, which,
                                           arith::ConstantIntOp::create(b, loc, i32, number));
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(scf::IfOp::create(b, loc, isThis, false).thenBlock());
      SmallVector<Value> operands;
      for (unsigned i = 0; i < choice.getNumArguments(); ++i)
        operands.push_back(choiceOperand(choice, i, f));
      func::CallOp::create(b, loc, choice, operands);
    }
    func::ReturnOp::create(b, loc, statusOfDevice(ctx));
    return success();
  }

  Value choiceOperand(func::FuncOp choice, unsigned i, func::FuncOp f) {
    enum { ctx, logits, how, sequences, which, scratch, ids };
    auto input = choice.getArgAttrOfType<StringAttr>(i, "strand.input");
    if (input && input == "ctx")
      return f.getArgument(ctx);
    Value from = f.getArgument(!input ? scratch : input == "logits" ? logits : input == "how" ? how : ids);
    Value size = input ? Value(f.getArgument(sequences)) : constant(INT64_MAX);
    return bufferAt(b, loc, cast<MemRefType>(choice.getArgumentTypes()[i]), from, size);
  }

  Value constantTrue() { return arith::ConstantIntOp::create(b, loc, b.getI1Type(), 1); }

  /// Whether the flags ask for last rows alone, and there is a row.
  Value isLast(const Call &c) {
    Value flag = arith::ConstantIntOp::create(b, loc, i32, STRAND_LAST_ROWS),
          zero = arith::ConstantIntOp::create(b, loc, i32, 0);
    Value set =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, arith::AndIOp::create(b, loc, c.flags, flag), zero);
    Value some = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, c.rows, constant(0));
    return arith::AndIOp::create(b, loc, set, some);
  }
};

struct CInterface : impl::CInterfaceBase<CInterface> {
  using CInterfaceBase::CInterfaceBase;

  void runOnOperation() override {
    if (failed(emit(getOperation())))
      return signalPassFailure();
    auto internal = LLVM::LinkageAttr::get(&getContext(), LLVM::Linkage::Internal);
    for (auto f : getOperation().getOps<func::FuncOp>()) {
      if (f.isPrivate() && !f.isDeclaration()) // else private functions would be global symbols of the object
        f->setAttr("llvm.linkage", internal);
      for (unsigned i = 0; i < f.getNumArguments(); ++i) // what no one reads from here on
        f.removeArgAttr(i, "strand.input");
    }
  }

  LogicalResult emit(ModuleOp module) {
    if (!module.lookupSymbol<func::FuncOp>("advance"))
      return success();
    for (func::FuncOp f : rootsOf(module)) {
      if (!f.isPrivate() || f.getNumResults())
        return f.emitError() << "@" << f.getName()
                             << " must be private and have no results: its logits and states are arguments";
      if (failed(checkArguments(f)))
        return failure();
    }
    return Emitter(module, prefix, device).run();
  }
};
} // namespace
} // namespace strand
