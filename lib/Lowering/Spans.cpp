// Forms that cut sequences into spans of equal length, so that threads share one sequence. For each span and block:
//   summaries   of every span but the last of its sequence, from neutral transfers and states
//   starts      the states before each span: three-phase joins the summaries in order, a task a sequence; associative
//               joins each with the one 1, 2, 4, ... spans before it, a task a span
//   outputs     of each span from its start, whose place then holds the states after it
//   ends        the states after the last span of a sequence go to the sequence's slot
// Spans are numbered through all sequences. Rows of a table of spans: `sequenceOf` a span, the span that `begins` a
// sequence.
#include "lib/Lowering/CostModel.h"
#include "lib/Lowering/Expansion.h"
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
        blocks(x.op.getBlocks(x.options)), transfers(split.getTransferSpecs()) {
    sequences = x.numSequences();
    rows = numRows(b, loc, x.rowsOperand());
    if (choose) {
      threads = ThreadsOp::create(b, loc, b.getIndexType());
      count = emitSpanCount(b, loc, blocks, threads);
    } else {
      count = index(spansOnRequest);
    }
  }
  Value pay();
  /// Results, then next states, written into `into`.
  SmallVector<Value> write(ValueRange into);

private:
  struct Span {
    Value sequence, first, rows, isLast;
  };
  using WriteTask = llvm::function_ref<void(scf::ForallOp, Value at, Value block)>;

  Value index(int64_t i) { return x.index(i); }
  Value add(Value l, Value r) { return arith::AddIOp::create(b, loc, l, r); }
  Value sub(Value l, Value r) { return arith::SubIOp::create(b, loc, l, r); }
  Value least(Value l, Value r) { return arith::MinUIOp::create(b, loc, l, r); }
  Value entry(Value table, Value at) { return tensor::ExtractOp::create(b, loc, table, at); }
  Value spansOf(Value sequence);
  void number();
  Span spanAt(Value p);
  SmallVector<Value> places(ArrayRef<StateSpec> specs);
  SmallVector<Value> tasks(Value n, ValueRange into, WriteTask write);
  Expansion::Part summaryPart(Value at, Value block);
  SmallVector<Value> slotStates(Value sequence, Value block);
  SmallVector<Value> summaries();
  SmallVector<Value> after(ValueRange states, ValueRange summaries, Value p, Value block);
  SmallVector<Value> startsInOrder(ValueRange summaries);
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
  int64_t blocks;
  SmallVector<StateSpec> transfers;
  Value sequences, rows, threads, count;
  Value length, total, begins, sequenceOf; // set by write
};

Value Spans::pay() {
  auto loop = scf::ForOp::create(b, loc, index(0), sequences, index(1), index(0),
                                 [&](OpBuilder &, Location, Value s, ValueRange longest) {
                                   Value most = arith::MaxUIOp::create(b, loc, longest[0], x.rowsOf(s).second);
                                   scf::YieldOp::create(b, loc, most);
                                 });
  CallSize call{rows, loop.getResult(0), sequences, threads, count};
  return emitSpansPay(b, loc, call, blocks, split.getSplitCost(x.options));
}

SmallVector<Value> Spans::write(ValueRange into) {
  Value tile = index(x.op.getTileLengths(x.options).front());
  Value share = arith::CeilDivUIOp::create(b, loc, rows, count);
  Value tiles = arith::MaxUIOp::create(b, loc, arith::CeilDivUIOp::create(b, loc, share, tile), index(1));
  length = arith::MulIOp::create(b, loc, tiles, tile);
  number();
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
  return arith::CeilDivUIOp::create(b, loc, x.rowsOf(sequence).second, length);
}

/// Numbers the spans of all sequences: there are at most `count` and one more for each sequence.
void Spans::number() {
  Value most = add(count, sequences);
  if (threads) // spans pay only where there are no more sequences than spans
    most = least(most, index(2 * mostSpans(blocks)));
  auto table = [&](Value n) -> Value {
    return tensor::EmptyOp::create(b, loc, RankedTensorType::get({ShapedType::kDynamic}, b.getIndexType()), n);
  };
  Value zero = index(0), one = index(1);
  SmallVector<Value> init{table(numRows(b, loc, x.stream.getOffsets())), table(most), zero};
  auto put = [&](Value v, Value into, Value at) -> Value { return tensor::InsertOp::create(b, loc, v, into, at); };
  auto loop = scf::ForOp::create(b, loc, zero, sequences, one, init, [&](OpBuilder &, Location, Value s, ValueRange v) {
    Value begin = put(v[2], v[0], s), end = add(v[2], spansOf(s));
    auto inner = scf::ForOp::create(b, loc, v[2], end, one, v[1], [&](OpBuilder &, Location, Value p, ValueRange of) {
      scf::YieldOp::create(b, loc, put(s, of[0], p));
    });
    scf::YieldOp::create(b, loc, ValueRange{begin, inner.getResult(0), end});
  });
  total = loop.getResult(2);
  begins = put(total, loop.getResult(0), sequences);
  sequenceOf = loop.getResult(1);
}

Spans::Span Spans::spanAt(Value p) {
  Value s = entry(sequenceOf, p);
  Value k = sub(p, entry(begins, s));
  auto [first, rows] = x.rowsOf(s);
  Value at = arith::MulIOp::create(b, loc, k, length), left = sub(rows, at);
  Value isLast = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, left, length);
  return {s, add(first, at), least(left, length), isLast};
}

/// A place for one item of each spec for each span.
SmallVector<Value> Spans::places(ArrayRef<StateSpec> specs) {
  Value n = tensor::DimOp::create(b, loc, sequenceOf, 0);
  SmallVector<Value> out;
  for (const StateSpec &spec : specs) {
    SmallVector<int64_t> shape{ShapedType::kDynamic};
    llvm::append_range(shape, spec.shape);
    out.push_back(tensor::EmptyOp::create(b, loc, RankedTensorType::get(shape, spec.elementType), n));
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

SmallVector<Value> Spans::summaries() {
  SmallVector<StateSpec> specs = transfers;
  llvm::append_range(specs, x.specs);
  return tasks(total, places(specs), [&](scf::ForallOp loop, Value p, Value block) {
    Span span = spanAt(p);
    Expansion::Part part = summaryPart(p, block);
    SmallVector<Value> slices = x.takeSlices(part, loop.getRegionIterArgs(), 0);
    for (auto [i, v] : llvm::enumerate(slices)) {
      TypedAttr begin = i < transfers.size() ? transfers[i].initial : split.getNeutralState(i - transfers.size());
      v = filledInto(b, loc, arith::ConstantOp::create(b, loc, begin), v);
    }
    Value rows = arith::SelectOp::create(b, loc, span.isLast, index(0), span.rows); // nothing follows the last
    slices = x.emitTiles(rows, std::move(slices), [&](Value at, int64_t n, ValueRange of) {
      return split.emitSummary(b, add(span.first, at), n, block, of.take_front(transfers.size()),
                               of.drop_front(transfers.size()), x.options);
    });
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

SmallVector<Value> Spans::startsInOrder(ValueRange summaries) {
  unsigned n = x.specs.size();
  return tasks(sequences, places(x.specs), [&](scf::ForallOp loop, Value s, Value block) {
    Value begin = entry(begins, s), spans = spansOf(s);
    Expansion::Part part = x.partOf({}, {}, block);
    x.addStates(part, begin);
    for (SmallVector<OpFoldResult> &sizes : part.sizes)
      sizes[0] = spans;
    SmallVector<Value> carried = x.takeSlices(part, loop.getRegionIterArgs(), n);
    llvm::append_range(carried, slotStates(s, block));
    auto walk = scf::ForOp::create(b, loc, index(0), spans, index(1), carried,
                                   [&](OpBuilder &, Location, Value k, ValueRange v) {
                                     SmallVector<Value> next;
                                     for (auto [starts, state] : llvm::zip(v.take_front(n), v.drop_front(n)))
                                       next.push_back(putRow(b, loc, state, starts, k));
                                     llvm::append_range(next, after(v.drop_front(n), summaries, add(begin, k), block));
                                     scf::YieldOp::create(b, loc, next);
                                   });
    x.putSlices(loop, part, walk.getResults().take_front(n));
  });
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
    Value k = sub(p, entry(begins, entry(sequenceOf, p)));
    Value joins = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, k, distance);
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
  int64_t most = threads ? mostSpans(blocks) : spansOnRequest, turns = llvm::divideCeil(llvm::Log2_64_Ceil(most), 2);
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
    Value s = entry(sequenceOf, p);
    Value follows = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt, p, entry(begins, s));
    Expansion::Part part = x.partOf({}, {}, block);
    x.addStates(part, p);
    SmallVector<Value> starts = copied(b, loc, slotStates(s, block), x.takeSlices(part, loop.getRegionIterArgs(), 0));
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
    slices = x.emitTiles(span.rows, std::move(slices),
                         [&](Value at, int64_t n, ValueRange of) { return x.emitTile(part, at, n, of); });
    x.putSlices(loop, part, slices);
  });
}

/// `states` with what the last span of each sequence ended with; a sequence without rows keeps its own.
SmallVector<Value> Spans::ends(ValueRange states, ValueRange after) {
  return tasks(sequences, states, [&](scf::ForallOp loop, Value s, Value block) {
    Value begin = entry(begins, s);
    Value end = entry(begins, add(s, index(1)));
    Value moves = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt, end, begin);
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
  SmallVector<Value> into = destinations(), values;
  int64_t blocks = op.getBlocks(options);
  if (op.getBlocks(forFewTasks) == blocks) {
    values = spansOrChunks(form, into);
  } else {
    Value threads = ThreadsOp::create(b, loc, b.getIndexType());
    Value suffice = emitTasksSuffice(b, loc, numSequences(), blocks, threads);
    Expansion shared(op, forFewTasks);
    values = oneOf(suffice, into, [&] { return chunks(into); }, [&] {
      shared.b.restoreInsertionPoint(b.saveInsertionPoint());
      return shared.spansOrChunks(form, into);
    });
  }
  replace(values);
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
