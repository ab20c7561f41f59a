// strand.scan: what it is. How one step is written into loops: ScanStep.cpp.
#include "dialects/Strand/Rows.h"
#include "dialects/Strand/ScanStep.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
using namespace mlir;
using namespace strand;

static RankedTensorType rowOf(Type rows) {
  auto type = cast<RankedTensorType>(rows);
  return RankedTensorType::get(type.getShape().drop_front(), type.getElementType());
}

YieldOp ScanOp::getYield() { return cast<YieldOp>(getBody()->getTerminator()); }

std::string ScanOp::getCarriedName(unsigned i) { return getInitial().size() == 1 ? "h" : "h" + std::to_string(i); }

Value ScanOp::getInitialTensor(unsigned i) {
  if (!isa<UnitAttr>(getInitial()[i]))
    return {};
  return getInits()[llvm::count_if(getInitial().getValue().take_front(i), llvm::IsaPred<UnitAttr>)];
}

StringRef ScanOp::getReasonAgainstState() {
  return getReverse() ? StringRef(reasonAgainstReverse) : "";
}

//===--- text ----------------------------------------------------------------------------------------------------===//

namespace {
struct Parsed {
  SmallVector<OpAsmParser::Argument> arguments; // of the region
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Type> types; // of operands
  SmallVector<int32_t> segments;
  SmallVector<Attribute> initial;

  void closeSegment() { segments.push_back(operands.size() - sum(segments)); }
  static int32_t sum(ArrayRef<int32_t> v) { return std::accumulate(v.begin(), v.end(), 0); }
};
} // namespace

/// keyword(%argument = %operand : type, ...)
static ParseResult parseBindings(OpAsmParser &p, StringRef keyword, Parsed &all, bool rows) {
  auto one = [&]() -> ParseResult {
    SMLoc at = p.getCurrentLocation();
    if (p.parseArgument(all.arguments.emplace_back()) || p.parseEqual() ||
        p.parseOperand(all.operands.emplace_back()) || p.parseColonType(all.types.emplace_back()))
      return failure();
    auto type = dyn_cast<RankedTensorType>(all.types.back());
    if (rows && (!type || !type.getRank()))
      return p.emitError(at, "C1: an input must be rows x item, not ") << all.types.back();
    all.arguments.back().type = rows ? rowOf(type) : all.types.back();
    return success();
  };
  if (succeeded(p.parseOptionalKeyword(keyword)) && p.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, one))
    return failure();
  all.closeSegment();
  return success();
}

/// carry(%argument : type, %argument : type = number, %argument : type = %operand)
static ParseResult parseCarry(OpAsmParser &p, Parsed &all) {
  auto one = [&]() -> ParseResult {
    SMLoc at = p.getCurrentLocation();
    OpAsmParser::Argument &argument = all.arguments.emplace_back();
    if (p.parseArgument(argument) || p.parseColonType(argument.type))
      return failure();
    auto type = dyn_cast<RankedTensorType>(argument.type);
    if (!type || !type.getElementType().isIntOrFloat())
      return p.emitError(at, "C3: a carried value must be a tensor of f32, f64 or i32, not ") << argument.type;
    all.initial.push_back(p.getBuilder().getZeroAttr(type.getElementType()));
    if (failed(p.parseOptionalEqual()))
      return success();
    OpAsmParser::UnresolvedOperand operand;
    OptionalParseResult given = p.parseOptionalOperand(operand);
    if (!given.has_value())
      return p.parseAttribute(all.initial.back(), type.getElementType());
    all.initial.back() = p.getBuilder().getUnitAttr();
    all.operands.push_back(operand);
    all.types.push_back(type);
    return *given;
  };
  if (succeeded(p.parseOptionalKeyword("carry")) && p.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, one))
    return failure();
  all.closeSegment();
  return success();
}

static ParseResult parseStates(OpAsmParser &p, Parsed &all) {
  if (p.parseKeyword("offsets") || p.parseOperand(all.operands.emplace_back()) ||
      p.parseColonType(all.types.emplace_back()))
    return failure();
  all.closeSegment();
  if (failed(p.parseOptionalKeyword("states"))) {
    all.segments.append({0, 0});
    return success();
  }
  auto one = [&]() -> ParseResult {
    return failure(p.parseOperand(all.operands.emplace_back()) || p.parseColonType(all.types.emplace_back()));
  };
  if (p.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, one))
    return failure();
  all.closeSegment();
  if (p.parseKeyword("slots") || p.parseOperand(all.operands.emplace_back()) ||
      p.parseColonType(all.types.emplace_back()))
    return failure();
  all.closeSegment();
  return success();
}

ParseResult ScanOp::parse(OpAsmParser &p, OperationState &result) {
  Parsed all;
  bool reverse = succeeded(p.parseOptionalKeyword("reverse"));
  SmallVector<Type> results;
  SMLoc at = p.getCurrentLocation();
  if (parseBindings(p, "rows", all, true) || parseBindings(p, "with", all, false) || parseCarry(p, all) ||
      parseStates(p, all) || p.parseArrowTypeList(results) || p.parseOptionalAttrDictWithKeyword(result.attributes) ||
      p.parseRegion(*result.addRegion(), all.arguments) ||
      p.resolveOperands(all.operands, all.types, at, result.operands))
    return failure();
  result.addTypes(results);
  auto &properties = result.getOrAddProperties<Properties>();
  llvm::copy(all.segments, properties.operandSegmentSizes.begin());
  properties.initial = p.getBuilder().getArrayAttr(all.initial);
  if (reverse)
    properties.reverse = p.getBuilder().getUnitAttr();
  return success();
}

void ScanOp::print(OpAsmPrinter &p) {
  auto typed = [&](Value v) { p << v << " : " << v.getType(); };
  auto bindings = [&](StringRef keyword, ValueRange arguments, ValueRange operands) {
    if (operands.empty())
      return;
    p << keyword << '(';
    llvm::interleaveComma(llvm::zip(arguments, operands), p, [&](auto pair) {
      p << std::get<0>(pair) << " = ";
      typed(std::get<1>(pair));
    });
    p << ") ";
  };
  auto carried = [&](auto pair) {
    auto [i, argument] = pair;
    typed(argument);
    Attribute initial = getInitial()[i];
    if (Value v = getInitialTensor(i))
      p << " = " << v;
    else if (!matchPattern(initial, m_Zero()) && !matchPattern(initial, m_AnyZeroFloat())) {
      p << " = ";
      p.printAttributeWithoutType(initial);
    }
  };
  p << (getReverse() ? " reverse " : " ");
  bindings("rows", getRowArgs(), getInputs());
  bindings("with", getInvariantArgs(), getInvariants());
  if (!getInitial().empty()) {
    p << "carry(";
    llvm::interleaveComma(llvm::enumerate(getCarriedArgs()), p, carried);
    p << ") ";
  }
  p << "offsets ";
  typed(getOffsets());
  if (!getStates().empty()) {
    p << " states(";
    llvm::interleaveComma(getStates(), p, typed);
    p << ") slots ";
    typed(getSlots());
  }
  p.printArrowTypeList(getResultTypes());
  p.printOptionalAttrDictWithKeyword((*this)->getAttrs(), {"operandSegmentSizes", "initial", "reverse"});
  p << ' ';
  p.printRegion(getStep(), /*printEntryBlockArgs=*/false);
}

//===--- verifier ------------------------------------------------------------------------------------------------===//

static LogicalResult verifyRows(ScanOp op) {
  if (op.getInputs().empty())
    return op.emitOpError("C1: wants an input, whose rows are counted");
  int64_t rows = rowsType(op.getInputs()[0]).getRank() ? rowsType(op.getInputs()[0]).getDimSize(0) : 0;
  SmallVector<Value> all(op.getInputs());
  llvm::append_range(all, op.getOutputs());
  for (Value v : all) {
    RankedTensorType type = rowsType(v);
    if (!type.getRank() || type.getDimSize(0) != rows)
      return op.emitOpError("C1: inputs and results must have the rows of the first input, ")
             << op.getInputs()[0].getType() << ", not " << type;
    if (llvm::any_of(type.getShape().drop_front(), ShapedType::isDynamic))
      return op.emitOpError("C1: an item must have a static size, not ") << type;
  }
  for (Value v : op.getInvariants())
    if (auto type = dyn_cast<ShapedType>(v.getType()); type && !type.hasStaticShape())
      return op.emitOpError("C2: what is constant over rows must have a static shape, not ") << type;
  return success();
}

static LogicalResult verifyInitial(ScanOp op) {
  unsigned tensors = 0;
  for (auto [i, pair] : llvm::enumerate(llvm::zip(op.getInitial(), op.getCarriedArgs()))) {
    auto [initial, argument] = pair;
    auto type = cast<RankedTensorType>(argument.getType());
    if (isa<UnitAttr>(initial)) {
      if (tensors == op.getInits().size() || op.getInits()[tensors++].getType() != type)
        return op.emitOpError("C4: carried value ") << i << " wants a tensor to begin at, of type " << type;
    } else if (auto number = dyn_cast<TypedAttr>(initial); !number || number.getType() != type.getElementType()) {
      return op.emitOpError("C4: carried value ")
             << i << " must begin at a number of type " << type.getElementType() << ", not " << initial;
    }
  }
  if (tensors != op.getInits().size())
    return op.emitOpError("C4: ") << tensors << " carried values begin at a tensor, but there are "
                                  << op.getInits().size();
  return success();
}

LogicalResult ScanOp::verify() {
  if (failed(verifyRows(*this)))
    return failure();
  SmallVector<Type> expected;
  for (Value v : getInputs())
    expected.push_back(rowOf(v.getType()));
  llvm::append_range(expected, getInvariants().getTypes());
  size_t carried = getInitial().size();
  if (getBody()->getNumArguments() != expected.size() + carried)
    return emitOpError("C3: the region wants ")
           << expected.size() + carried << " arguments (inputs, invariants, carried "
           << "values), has " << getBody()->getNumArguments();
  for (auto [argument, type] : llvm::zip(getBody()->getArguments(), expected))
    if (argument.getType() != type)
      return emitOpError("C3: region argument ")
             << argument.getArgNumber() << " must be " << type << ", not " << argument.getType();
  for (Value v : getCarriedArgs()) {
    auto type = dyn_cast<RankedTensorType>(v.getType());
    if (!type || !type.hasStaticShape() ||
        !(type.getElementType().isF32() || type.getElementType().isF64() || type.getElementType().isInteger(32)))
      return emitOpError("C3: a carried value must be a static tensor of f32, f64 or i32, not ") << v.getType();
  }
  if (failed(verifyInitial(*this)))
    return failure();
  if (getReverse() && !getStates().empty())
    return emitOpError("C6: a reverse scan has no states");
  return verifyStates(*this, getOutputs().size());
}

LogicalResult ScanOp::verifyRegions() {
  auto yield = dyn_cast<YieldOp>(getBody()->getTerminator());
  size_t outputs = getOutputs().size(), carried = getInitial().size();
  if (!yield || yield.getOutputs().size() != outputs || yield.getNext().size() != carried)
    return emitOpError("C5: the region must end in a strand.yield of ")
           << outputs << " rows and " << carried << " next values";
  for (auto [row, result] : llvm::zip(yield.getOutputs(), getOutputs()))
    if (row.getType() != rowOf(result.getType()))
      return yield.emitOpError("C5: a row of ")
             << result.getType() << " must be " << rowOf(result.getType()) << ", not " << row.getType();
  for (auto [next, argument] : llvm::zip(yield.getNext(), getCarriedArgs()))
    if (next.getType() != argument.getType())
      return yield.emitOpError("C5: a next value must have the type of the carried one, ")
             << argument.getType() << ", not " << next.getType();
  for (Operation &op : getBody()->without_terminator())
    if (!isMemoryEffectFree(&op))
      return op.emitOpError("C7: has effects, which a step must not have");
  return success();
}

SmallVector<StateSpec> ScanOp::getStateSpecs() {
  SmallVector<StateSpec> specs;
  for (auto [i, argument] : llvm::enumerate(getCarriedArgs())) {
    auto type = cast<RankedTensorType>(argument.getType());
    auto initial = dyn_cast<TypedAttr>(getInitial()[i]);
    if (!initial)
      initial = Builder(getContext()).getZeroAttr(type.getElementType());
    specs.push_back({getCarriedName(i), to_vector(type.getShape()), type.getElementType(), initial});
  }
  if (!getInits().empty()) {
    Builder b(getContext());
    specs.push_back({"begun", {}, b.getI32Type(), b.getI32IntegerAttr(0)});
  }
  return specs;
}

//===--- meaning and tiles ---------------------------------------------------------------------------------------===//

static SmallVector<Value> rowsAt(OpBuilder &b, ScanOp op, Value t) {
  return llvm::map_to_vector(op.getInputs(), [&](Value x) { return takeRow(b, op.getLoc(), x, t); });
}

/// One step whose outputs go into row `at` of each of `outs`: {outs, carries}.
static std::pair<SmallVector<Value>, SmallVector<Value>> stepInto(OpBuilder &b, ScanOp op, Value row, Value at,
                                                                  ValueRange outs, ValueRange carries) {
  Location loc = op.getLoc();
  SmallVector<Value> places = llvm::map_to_vector(outs, [&](Value y) { return takeRow(b, loc, y, at); });
  ScanStep step = emitScanStep(b, op, rowsAt(b, op, row), places, carries);
  for (auto [y, whole] : llvm::zip(step.outputs, outs))
    y = putRow(b, loc, y, whole, at);
  return {step.outputs, step.next};
}

FailureOr<SmallVector<Value>> ScanOp::decomposeOperation(OpBuilder &b) {
  SmallVector<Value> outs;
  for (Value y : getOutputs())
    outs.push_back(emptyRows(b, getLoc(), getInputs()[0], itemShape(y), rowsType(y).getElementType()));
  auto step = [&](OpBuilder &b, Value t, ValueRange outs, ValueRange carries) {
    return stepInto(b, *this, t, t, outs, carries);
  };
  return getReverse() ? walkRowsBack(b, *this, outs, step) : walkRows(b, *this, outs, step);
}

int64_t ScanOp::getBlocks(const ChunkOptions &) { return 1; }
SmallVector<int64_t> ScanOp::getTileLengths(const ChunkOptions &) { return {1}; }
bool ScanOp::goesBack() { return getReverse(); }

static Slice wholeItem(OpBuilder &b, ArrayRef<int64_t> shape) {
  return {SmallVector<OpFoldResult>(shape.size(), b.getIndexAttr(0)), to_vector(shape)};
}
Slice ScanOp::getStateSlice(OpBuilder &b, unsigned i, Value, const ChunkOptions &) {
  return wholeItem(b, getStateSpecs()[i].shape);
}
Slice ScanOp::getResultSlice(OpBuilder &b, unsigned i, Value, const ChunkOptions &) {
  return wholeItem(b, itemShape(getOutputs()[i]));
}
SmallVector<Value> ScanOp::emitTile(OpBuilder &b, Value row, int64_t, Value, ValueRange results, ValueRange states,
                                    const ChunkOptions &) {
  auto [all, next] = stepInto(b, *this, row, indexConstant(b, getLoc(), 0), results, states);
  llvm::append_range(all, next);
  return all;
}

//===--- canonical form ------------------------------------------------------------------------------------------===//

namespace {
/// Which operands, carried values and results a scan keeps.
struct Kept {
  BitVector inputs, invariants, carried, outputs;
  explicit Kept(ScanOp op)
      : inputs(op.getInputs().size(), true), invariants(op.getInvariants().size(), true),
        carried(op.getInitial().size(), true), outputs(op.getOutputs().size(), true) {}
  bool all() const { return inputs.all() && invariants.all() && carried.all() && outputs.all(); }
};
} // namespace

template <class Range> static SmallVector<Value> only(Range values, const BitVector &kept) {
  SmallVector<Value> some;
  for (auto [i, v] : llvm::enumerate(values))
    if (kept[i])
      some.push_back(v);
  return some;
}

/// The scan without what is not kept; nothing kept may use it.
static void shrink(ScanOp op, const Kept &kept, PatternRewriter &rewriter) {
  SmallVector<Value> inits;
  SmallVector<Attribute> initial;
  for (unsigned i : kept.carried.set_bits()) {
    initial.push_back(op.getInitial()[i]);
    if (Value v = op.getInitialTensor(i))
      inits.push_back(v);
  }
  SmallVector<Value> outputs = only(op.getOutputs(), kept.outputs);
  SmallVector<Type> types(ValueRange(outputs).getTypes());
  llvm::append_range(types, op.getStates().getTypes());
  auto made = ScanOp::create(rewriter, op.getLoc(), types, only(op.getInputs(), kept.inputs),
                             only(op.getInvariants(), kept.invariants), inits, op.getOffsets(), op.getStates(),
                             op.getSlots(), rewriter.getArrayAttr(initial), op.getReverse());
  made->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  YieldOp yield = op.getYield();
  rewriter.setInsertionPoint(yield);
  rewriter.replaceOpWithNewOp<YieldOp>(yield, only(yield.getOutputs(), kept.outputs),
                                       only(yield.getNext(), kept.carried));
  rewriter.inlineRegionBefore(op.getStep(), made.getStep(), made.getStep().end());
  BitVector arguments;
  for (const BitVector *part : {&kept.inputs, &kept.invariants, &kept.carried})
    for (unsigned i = 0; i < part->size(); ++i)
      arguments.push_back(!part->test(i));
  Block *body = made.getBody();
  SmallVector<Operation *> inner;
  for (Operation &o : body->without_terminator())
    inner.push_back(&o);
  for (Operation *o : llvm::reverse(inner))
    if (o->use_empty()) // a value that is not kept may have been used to make its own next one
      rewriter.eraseOp(o);
  rewriter.modifyOpInPlace(made, [&] { body->eraseArguments(arguments); });
  for (auto [before, after] : llvm::zip(outputs, made.getOutputs()))
    rewriter.replaceAllUsesWith(before, after);
  for (auto [before, after] :
       llvm::zip(op.getResults().take_back(op.getStates().size()), made.getResults().take_back(op.getStates().size())))
    rewriter.replaceAllUsesWith(before, after);
  rewriter.eraseOp(op);
}

/// The carried values that the outputs that are kept depend on, over any number of rows.
static BitVector carriedThatMatter(ScanOp op, const BitVector &outputs) {
  YieldOp yield = op.getYield();
  BitVector carried(op.getInitial().size());
  SmallVector<Value> work = only(yield.getOutputs(), outputs);
  DenseSet<Value> seen;
  while (!work.empty()) {
    Value v = work.pop_back_val();
    if (!seen.insert(v).second)
      continue;
    if (Operation *def = v.getDefiningOp()) {
      def->walk([&](Operation *inner) { llvm::append_range(work, inner->getOperands()); });
      continue;
    }
    auto argument = cast<BlockArgument>(v);
    unsigned first = op.getInputs().size() + op.getInvariants().size();
    if (argument.getOwner() != op.getBody() || argument.getArgNumber() < first)
      continue;
    carried.set(argument.getArgNumber() - first);
    work.push_back(yield.getNext()[argument.getArgNumber() - first]);
  }
  return carried;
}

namespace {
/// Outputs that nobody reads, carried values that no output depends on, inputs and invariants that the region does not
/// read are dropped. With states all carried values stay: they are the caller's.
struct DropUnused : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ScanOp op, PatternRewriter &rewriter) const override {
    Kept kept(op);
    for (auto [i, y] : llvm::enumerate(op.getOutputs()))
      kept.outputs[i] = !y.use_empty();
    if (op.getStates().empty())
      kept.carried = carriedThatMatter(op, kept.outputs);
    for (auto [i, x] : llvm::enumerate(op.getRowArgs()))
      kept.inputs[i] = !x.use_empty();
    if (kept.inputs.none())
      kept.inputs.set(0); // its rows are counted
    for (auto [i, w] : llvm::enumerate(op.getInvariantArgs()))
      kept.invariants[i] = !w.use_empty();
    if (kept.all())
      return rewriter.notifyMatchFailure(op, "all of it is used");
    shrink(op, kept, rewriter);
    return success();
  }
};

/// A value that comes in twice is read once; a constant that comes in is written in the region.
struct SimplifyOperands : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ScanOp op, PatternRewriter &rewriter) const override {
    bool changed = false;
    auto merge = [&](ValueRange operands, ValueRange arguments) {
      for (size_t i = 0; i < operands.size(); ++i)
        for (size_t j = i + 1; j < operands.size(); ++j)
          if (operands[i] == operands[j] && !arguments[j].use_empty()) {
            rewriter.replaceAllUsesWith(arguments[j], arguments[i]);
            changed = true;
          }
    };
    merge(op.getInputs(), ValueRange(op.getRowArgs()));
    merge(op.getInvariants(), ValueRange(op.getInvariantArgs()));
    for (auto [v, argument] : llvm::zip(op.getInvariants(), op.getInvariantArgs())) {
      Operation *def = v.getDefiningOp();
      if (argument.use_empty() || !def || !def->hasTrait<OpTrait::ConstantLike>())
        continue;
      rewriter.setInsertionPointToStart(op.getBody());
      rewriter.replaceAllUsesWith(argument, rewriter.clone(*def)->getResult(0));
      changed = true;
    }
    return success(changed);
  }
};

/// A carried value that is passed on as it came is what it began with.
struct CarriedUnchanged : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ScanOp op, PatternRewriter &rewriter) const override {
    bool changed = false;
    for (auto [i, pair] : llvm::enumerate(llvm::zip(op.getCarriedArgs(), op.getYield().getNext()))) {
      auto [argument, next] = pair;
      auto initial = dyn_cast<TypedAttr>(op.getInitial()[i]);
      if (argument != next || !initial || !op.getStates().empty() || argument.hasOneUse())
        continue;
      rewriter.setInsertionPointToStart(op.getBody());
      auto value = DenseElementsAttr::get(cast<ShapedType>(argument.getType()), ArrayRef<Attribute>(initial));
      Value constant = arith::ConstantOp::create(rewriter, op.getLoc(), value);
      OpOperand &ownNext = op.getYield().getNextMutable()[i];
      rewriter.replaceUsesWithIf(argument, constant, [&](OpOperand &use) { return &use != &ownNext; });
      changed = true;
    }
    return success(changed);
  }
};
} // namespace

void ScanOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropUnused, SimplifyOperands, CarriedUnchanged>(context);
}
