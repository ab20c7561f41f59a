// Forms that cut sequences into spans of equal length, so that threads share one sequence. For each span and block:
//   summaries   of every span but the last of its sequence, from neutral transfers and states
//   starts      the states before each span: three-phase joins the summaries in order, a task a sequence; associative
//               joins each with the one 1, 2, 4, ... spans before it, a task a span
//   outputs     of each span from its start, whose place then holds the states after it
//   ends        the states after the last span of a sequence go to the sequence's slot
// Spans are numbered through all sequences, in a way that needs no table and nothing but the offsets: with L rows a
// span, sequence s begins with span offset[s] / L + s. The sequence before it takes no number from there on, since
//   ceil((offset[s] - offset[s - 1]) / L) <= offset[s] / L - offset[s - 1] / L + 1
// and all numbers are below rows / L + sequences. Numbers between the last span of a sequence and the first of the next
// are spans without rows. So the host of a device, which cannot read the offsets, knows how many tasks there are.
#include "lib/Lowering/CostModel.h"
#include "lib/Lowering/Expansion.h"
#include "lib/Lowering/JoinedInOrder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"
using namespace mlir;
namespace strand {

class Spans {
public:
  Spans(Expansion &x, ChunkForm form, bool choose)
      : x(x), b(x.b), loc(x.loc), split(cast<SplitOpInterface>(x.op.getOperation())), form(form),
        blocks(x.op.getBlocks(x.options)), most(choose ? mostSpans(blocks) : spansOnRequest), choose(choose),
        transfers(split.getTransferSpecs()) {
    sequences = x.numSequences();
    rows = numRows(b, loc, x.rowsOperand());
    if (choose && !x.options.device)
      threads = ThreadsOp::create(b, loc, b.getIndexType());
    count = threads ? emitSpanCount(b, loc, blocks, threads) : index(most);
  }
  Value pay();
  /// Results, then next states, written into `into`.
  SmallVector<Value> write(ValueRange into);

private:
  struct Span {
    Value sequence, number, first, rows, isLast; // number: in the sequence
  };
  using WriteTask = llvm::function_ref<void(scf::ForallOp, Value at, Value block)>;

  Value index(int64_t i) { return x.index(i); }
  Value add(Value l, Value r) { return arith::AddIOp::create(b, loc, l, r); }
  Value sub(Value l, Value r) { return arith::SubIOp::create(b, loc, l, r); }
  Value least(Value l, Value r) { return arith::MinUIOp::create(b, loc, l, r); }
  /// Rows by the length of a span, in 32 bits as offsets are: a GPU calls a function for a quotient of 64.
  template <typename Quotient> Value byLength(Value rows) {
    Value n = Quotient::create(b, loc, arith::IndexCastOp::create(b, loc, b.getI32Type(), rows), length32);
    return arith::IndexCastOp::create(b, loc, b.getIndexType(), n);
  }
  Value spansOf(Value sequence);
  Value firstSpanOf(Value sequence);
  Value numberOfSpans();
  Value sequenceOf(Value p);
  Span spanAt(Value p);
  SmallVector<Value> places(ArrayRef<StateSpec> specs);
  SmallVector<Value> tasks(Value n, ValueRange into, WriteTask write);
  Expansion::Part summaryPart(Value at, Value block);
  static Expansion::Part several(Expansion::Part part, Value count);
  SmallVector<Value> slotStates(Value sequence, Value block);
  Value neutral(unsigned i, Value into);
  SmallVector<Value> summaries();
  SmallVector<Value> after(ValueRange states, ValueRange summaries, Value p, Value block);
  SmallVector<Value> startsInOrder(ValueRange summaries);
  SmallVector<Value> startsOneByOne(Value begin, Value spans, Value block, ValueRange summaries, ValueRange starts,
                                    ValueRange states);
  SmallVector<Value> startsTogether(Value begin, Value spans, Value block, ValueRange summaries, ValueRange starts,
                                    ValueRange states);
  SmallVector<Value> joinedByDoubling(SmallVector<Value> summaries);
  SmallVector<Value> joinedOver(ValueRange summaries, ValueRange into, Value distance);
  SmallVector<Value> startsFrom(ValueRange summaries);
  SmallVector<Value> outputs(ValueRange into, ValueRange starts);
  SmallVector<Value> ends(ValueRange states, ValueRange after);

  Expansion &x;
  OpBuilder &b;
  Location loc;
  SplitOpInterface split;
  ChunkForm form;
  int64_t blocks, most; // spans that there are to be, most
  bool choose;
  SmallVector<StateSpec> transfers;
  Value sequences, rows, threads, count;
  Value length, length32, total; // set by write
};

Value Spans::pay() {
  SplitCost cost = split.getSplitCost(x.options);
  if (x.options.device)
    return emitSpansPayOnDevice(b, loc, rows, sequences, blocks, cost);
  auto loop = scf::ForOp::create(b, loc, index(0), sequences, index(1), index(0),
                                 [&](OpBuilder &, Location, Value s, ValueRange longest) {
                                   Value most = arith::MaxUIOp::create(b, loc, longest[0], x.rowsOf(s).second);
                                   scf::YieldOp::create(b, loc, most);
                                 });
  CallSize call{rows, loop.getResult(0), sequences, threads, count};
  return emitSpansPay(b, loc, call, blocks, cost);
}

SmallVector<Value> Spans::write(ValueRange into) {
  Value tile = index(x.options.teams * x.op.getTileLengths(x.options).front());
  Value share = arith::CeilDivUIOp::create(b, loc, rows, count);
  Value tiles = arith::MaxUIOp::create(b, loc, arith::CeilDivUIOp::create(b, loc, share, tile), index(1));
  length = arith::MulIOp::create(b, loc, tiles, tile);
  length32 = arith::IndexCastOp::create(b, loc, b.getI32Type(), length);
  total = numberOfSpans();
  SmallVector<Value> of = summaries();
  SmallVector<Value> starts =
      form == ChunkForm::ThreePhase ? startsInOrder(of) : startsFrom(joinedByDoubling(std::move(of)));
  SmallVector<Value> out = outputs(into.take_front(x.written.size()), starts);
  SmallVector<Value> results(ArrayRef(out).take_front(x.written.size()));
  if (!x.states.empty())
    llvm::append_range(results, ends(into.drop_front(x.written.size()), ArrayRef(out).drop_front(x.written.size())));
  return results;
}

Value Spans::spansOf(Value sequence) {
  return byLength<arith::CeilDivUIOp>(x.rowsOf(sequence).second);
}

Value Spans::firstSpanOf(Value sequence) {
  return add(byLength<arith::DivUIOp>(x.rowsOf(sequence).first), sequence);
}

/// Also as a bound that buffers can be sized by: there are at most `count` whole spans of rows.
Value Spans::numberOfSpans() {
  Value n = least(add(arith::DivUIOp::create(b, loc, rows, length), sequences), add(count, sequences));
  return choose ? least(n, index(2 * most)) : n; // spans pay only where there are no more sequences than spans
}

/// The last sequence that begins at span `p` or before.
Value Spans::sequenceOf(Value p) {
  return lastNotAbove(b, loc, sequences, p, [&](OpBuilder &, Value s) { return firstSpanOf(s); });
}

Spans::Span Spans::spanAt(Value p) {
  Value s = sequenceOf(p), begin = firstSpanOf(s);
  auto [first, rows] = x.rowsOf(s);
  Value k = sub(p, begin), at = least(arith::MulIOp::create(b, loc, k, length), rows), left = sub(rows, at);
  Value isLast = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, left, length);
  return {s, k, add(first, at), least(left, length), isLast};
}

/// A place for one item of each spec for each span.
SmallVector<Value> Spans::places(ArrayRef<StateSpec> specs) {
  SmallVector<Value> out;
  for (const StateSpec &spec : specs) {
    SmallVector<int64_t> shape{ShapedType::kDynamic};
    llvm::append_range(shape, spec.shape);
    out.push_back(tensor::EmptyOp::create(b, loc, RankedTensorType::get(shape, spec.elementType), total));
  }
  return out;
}

/// A task for each of `n` items and each block.
SmallVector<Value> Spans::tasks(Value n, ValueRange into, WriteTask write) {
  auto loop = scf::ForallOp::create(b, loc, SmallVector<OpFoldResult>{n, b.getIndexAttr(blocks)}, into, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(loop.getTerminator());
  write(loop, loop.getInductionVar(0), loop.getInductionVar(1));
  return llvm::to_vector_of<Value>(loop.getResults());
}

/// The block's part of the summary of span `at`: transfers, then states.
Expansion::Part Spans::summaryPart(Value at, Value block) {
  Expansion::Part part = x.partOf({}, {}, block);
  for (unsigned i = 0; i < transfers.size(); ++i)
    x.addSlice(part, split.getTransferSlice(b, i, block, x.options), at, b.getIndexAttr(1));
  x.addStates(part, at);
  return part;
}

/// `into` as what stands for no rows in part `i` of a summary.
Value Spans::neutral(unsigned i, Value into) {
  bool isTransfer = i < transfers.size();
  TypedAttr begin = isTransfer ? transfers[i].initial : split.getNeutralState(i - transfers.size());
  Value number = arith::ConstantOp::create(b, loc, begin);
  if (!isTransfer || !split.hasUnitTransfers())
    return filledInto(b, loc, number, into);
  int64_t rank = rowsType(into).getRank();
  Value one = floatConstant(b, loc, begin.getType(), 1);
  return generic(b, loc, {}, into, b.getMultiDimIdentityMap(rank), std::string(rank, 'p'),
                 [&](OpBuilder &b, Location loc, ValueRange) -> SmallVector<Value> {
                   Value row = linalg::IndexOp::create(b, loc, rank - 2);
                   Value column = linalg::IndexOp::create(b, loc, rank - 1);
                   Value same = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, row, column);
                   return {arith::SelectOp::create(b, loc, same, one, number)};
                 })[0];
}

SmallVector<Value> Spans::summaries() {
  SmallVector<StateSpec> specs = transfers;
  llvm::append_range(specs, x.specs);
  return tasks(total, places(specs), [&](scf::ForallOp loop, Value p, Value block) {
    Span span = spanAt(p);
    Expansion::Part part = summaryPart(p, block);
    SmallVector<Value> slices = x.takeSlices(part, loop.getRegionIterArgs(), 0);
    for (auto [i, v] : llvm::enumerate(slices))
      v = neutral(i, v);
    Value rows = arith::SelectOp::create(b, loc, span.isLast, index(0), span.rows); // nothing follows the last
    Value done;
    if (x.options.teams > 1)
      slices = x.emitTeamSummaries(x.partOf(span.first, rows, block), rows, std::move(slices), done);
    auto tile = [&](Value at, int64_t n, ValueRange of) {
      return split.emitSummary(b, add(span.first, at), n, block, of.take_front(transfers.size()),
                               of.drop_front(transfers.size()), x.options);
    };
    slices = x.emitTiles(rows, std::move(slices), tile, {}, done);
    x.putSlices(loop, part, slices);
  });
}

/// The block's part of the states before the call, in a place of their own.
SmallVector<Value> Spans::slotStates(Value sequence, Value block) {
  if (x.states.empty())
    return x.initialStates(block);
  Expansion::Part part = x.partOf({}, {}, block);
  x.addStates(part, x.slotOf(sequence));
  SmallVector<Value> slices = x.takeSlices(part, x.states, 0);
  for (Value &v : slices) {
    Value own = emptyTensor(b, loc, rowsType(v).getShape(), rowsType(v).getElementType());
    v = linalg::CopyOp::create(b, loc, v, own).getResult(0);
  }
  return slices;
}

/// `states` joined with the summary of span `p`.
SmallVector<Value> Spans::after(ValueRange states, ValueRange summaries, Value p, Value block) {
  SmallVector<Value> later = x.takeSlices(summaryPart(p, block), summaries, 0);
  ArrayRef<Value> all(later);
  return split.emitJoined(b, {}, states, all.take_front(transfers.size()), all.drop_front(transfers.size()));
}

/// As `part`, of `count` entries from its own on.
Expansion::Part Spans::several(Expansion::Part part, Value count) {
  for (SmallVector<OpFoldResult> &sizes : part.sizes)
    sizes[0] = count;
  return part;
}

SmallVector<Value> Spans::startsInOrder(ValueRange summaries) {
  unsigned n = x.specs.size();
  return tasks(sequences, places(x.specs), [&](scf::ForallOp loop, Value s, Value block) {
    Value begin = firstSpanOf(s), spans = spansOf(s);
    Expansion::Part one = x.partOf({}, {}, block);
    x.addStates(one, begin);
    Expansion::Part part = several(one, spans);
    SmallVector<Value> starts = x.takeSlices(part, loop.getRegionIterArgs(), n), states = slotStates(s, block);
    SmallVector<Value> made;
    if (x.options.device)
      made = startsTogether(begin, spans, block, summaries, starts, states);
    if (made.empty())
      made = startsOneByOne(begin, spans, block, summaries, starts, states);
    x.putSlices(loop, part, ArrayRef(made).take_front(n));
  });
}

/// `starts` of the spans from `begin` on, and the states behind them.
SmallVector<Value> Spans::startsOneByOne(Value begin, Value spans, Value block, ValueRange summaries, ValueRange starts,
                                         ValueRange states) {
  unsigned n = x.specs.size();
  SmallVector<Value> carried(starts);
  llvm::append_range(carried, states);
  auto walk = scf::ForOp::create(b, loc, index(0), spans, index(1), carried,
                                 [&](OpBuilder &, Location, Value k, ValueRange v) {
                                   SmallVector<Value> next;
                                   for (auto [starts, state] : llvm::zip(v.take_front(n), v.drop_front(n)))
                                     next.push_back(putRow(b, loc, state, starts, k));
                                   llvm::append_range(next, after(v.drop_front(n), summaries, add(begin, k), block));
                                   scf::YieldOp::create(b, loc, next);
                                 });
  return llvm::to_vector_of<Value>(walk.getResults());
}

/// The same by ops that each element goes through by itself; empty where the join is not of that kind.
SmallVector<Value> Spans::startsTogether(Value begin, Value spans, Value block, ValueRange summaries, ValueRange starts,
                                         ValueRange states) {
  Expansion::Part one = summaryPart(begin, block);
  Joins joins{llvm::to_vector(states), x.takeSlices(one, summaries, 0), {}};
  ArrayRef<Value> later(joins.later);
  joins.after =
      split.emitJoined(b, {}, states, later.take_front(transfers.size()), later.drop_front(transfers.size()));
  SmallVector<Value> all = x.takeSlices(several(one, spans), summaries, summaries.size());
  return joinedInOrder(b, loc, joins, all, starts, states);
}

static SmallVector<Value> copied(OpBuilder &b, Location loc, ValueRange from, ValueRange into) {
  SmallVector<Value> out;
  for (auto [x, y] : llvm::zip_equal(from, into))
    out.push_back(linalg::CopyOp::create(b, loc, x, y).getResult(0));
  return out;
}

/// Each summary joined with the one `distance` before it, where its sequence has one.
SmallVector<Value> Spans::joinedOver(ValueRange summaries, ValueRange into, Value distance) {
  return tasks(total, into, [&](scf::ForallOp loop, Value p, Value block) {
    Value joins = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, spanAt(p).number, distance);
    Value from = arith::SelectOp::create(b, loc, joins, sub(p, distance), p);
    Expansion::Part part = summaryPart(p, block);
    SmallVector<Value> first = x.takeSlices(summaryPart(from, block), summaries, 0);
    SmallVector<Value> all = copied(b, loc, first, x.takeSlices(part, loop.getRegionIterArgs(), 0));
    all = changedIf(b, loc, joins, all, [&](ValueRange v) {
      SmallVector<Value> later = x.takeSlices(part, summaries, 0);
      unsigned n = transfers.size();
      return split.emitJoined(b, v.take_front(n), v.drop_front(n), ArrayRef(later).take_front(n),
                              ArrayRef(later).drop_front(n));
    });
    x.putSlices(loop, part, all);
  });
}

/// Each summary joined with all before it in its sequence: there and back between two places, so that a turn of the
/// loop ends where it began.
SmallVector<Value> Spans::joinedByDoubling(SmallVector<Value> summaries) {
  SmallVector<StateSpec> specs = transfers;
  llvm::append_range(specs, x.specs);
  int64_t turns = llvm::divideCeil(llvm::Log2_64_Ceil(most), 2);
  unsigned n = specs.size();
  llvm::append_range(summaries, places(specs));
  auto loop = scf::ForOp::create(
      b, loc, index(0), index(turns), index(1), summaries, [&](OpBuilder &, Location, Value i, ValueRange v) {
        Value distance = arith::ShLIOp::create(b, loc, index(1), add(i, i));
        SmallVector<Value> there = joinedOver(v.take_front(n), v.drop_front(n), distance);
        SmallVector<Value> next = joinedOver(there, v.take_front(n), add(distance, distance));
        llvm::append_range(next, there);
        scf::YieldOp::create(b, loc, next);
      });
  return llvm::to_vector_of<Value>(loop.getResults().take_front(n));
}

/// The states before each span, from summaries of all before it.
SmallVector<Value> Spans::startsFrom(ValueRange summaries) {
  return tasks(total, places(x.specs), [&](scf::ForallOp loop, Value p, Value block) {
    Span span = spanAt(p);
    Value follows = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, span.number, index(0));
    Expansion::Part part = x.partOf({}, {}, block);
    x.addStates(part, p);
    SmallVector<Value> starts =
        copied(b, loc, slotStates(span.sequence, block), x.takeSlices(part, loop.getRegionIterArgs(), 0));
    starts =
        changedIf(b, loc, follows, starts, [&](ValueRange v) { return after(v, summaries, sub(p, index(1)), block); });
    x.putSlices(loop, part, starts);
  });
}

SmallVector<Value> Spans::outputs(ValueRange into, ValueRange starts) {
  SmallVector<Value> all(into);
  llvm::append_range(all, starts);
  return tasks(total, all, [&](scf::ForallOp loop, Value p, Value block) {
    Span span = spanAt(p);
    Expansion::Part part = x.partOf(span.first, span.rows, block);
    x.addResults(part);
    x.addStates(part, p);
    SmallVector<Value> slices = x.takeSlices(part, loop.getRegionIterArgs(), x.written.size());
    x.putSlices(loop, part, x.emitRows(part, std::move(slices)));
  });
}

/// `states` with what the last span of each sequence ended with; a sequence without rows keeps its own.
SmallVector<Value> Spans::ends(ValueRange states, ValueRange after) {
  return tasks(sequences, states, [&](scf::ForallOp loop, Value s, Value block) {
    Value spans = spansOf(s), end = add(firstSpanOf(s), spans);
    Value moves = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, spans, index(0));
    Expansion::Part part = x.partOf({}, {}, block), last = x.partOf({}, {}, block);
    x.addStates(part, x.slotOf(s));
    x.addStates(last, sub(end, index(1)));
    SmallVector<Value> slices =
        changedIf(b, loc, moves, x.takeSlices(part, loop.getRegionIterArgs(), 0),
                  [&](ValueRange v) { return copied(b, loc, x.takeSlices(last, after, 0), v); });
    x.putSlices(loop, part, slices);
  });
}

void Expansion::writeSpans(ChunkForm form) {
  SmallVector<Value> values = Spans(*this, form, /*choose=*/false).write(destinations());
  replace(values);
}

void Expansion::writeByCall(ChunkForm form, const ChunkOptions &forFewTasks) {
  SmallVector<Value> into = destinations();
  int64_t blocks = op.getBlocks(options);
  if (options.device || op.getBlocks(forFewTasks) == blocks) // a device has one kind of blocks
    return replace(spansOrChunks(form, into));
  Value threads = ThreadsOp::create(b, loc, b.getIndexType());
  Value suffice = emitTasksSuffice(b, loc, numSequences(), blocks, threads);
  Expansion shared(op, forFewTasks);
  replace(oneOf(suffice, into, [&] { return chunks(into); }, [&] {
    shared.b.restoreInsertionPoint(b.saveInsertionPoint());
    return shared.spansOrChunks(form, into);
  }));
}

SmallVector<Value> Expansion::spansOrChunks(ChunkForm form, ValueRange into) {
  Spans spans(*this, form, /*choose=*/true);
  return oneOf(spans.pay(), into, [&] { return spans.write(into); }, [&] { return chunks(into); });
}

SmallVector<Value> Expansion::oneOf(Value condition, ValueRange into, WriteForm ifTrue, WriteForm ifFalse) {
  auto branch = scf::IfOp::create(b, loc, TypeRange(into), condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(b, loc, ifTrue());
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, loc, ifFalse());
  return llvm::to_vector_of<Value>(branch.getResults());
}
} // namespace strand
