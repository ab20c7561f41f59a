// Tiles that the threads of one block compute side by side, where each element of a state goes its own way: a team of
// threads for each of some neighbouring spans of one tile. What Spans.cpp does with tasks is done here inside of one:
//   summaries   of each span, from neutral transfers and states
//   starts      the states before each span, joined in order
//   outputs     of each span from its start
// A loop over teams is an scf.forall inside the one over blocks.
#include "lib/Lowering/Expansion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
namespace strand {

class Teams {
public:
  Teams(Expansion &x, const Expansion::Part &part)
      : x(x), b(x.b), loc(x.loc), part(part), split(cast<SplitOpInterface>(x.op.getOperation())),
        transfers(split.getTransferSpecs().size()), length(x.op.getTileLengths(x.options).front()) {}

  int64_t rows() const { return x.options.teams * length; }
  /// All teams, from row `at` of the part on; `slices` as of Expansion::emitTile.
  SmallVector<Value> write(Value at, ValueRange slices);
  /// What the rows of all teams from row `at` on make of a summary: transfers, then states.
  SmallVector<Value> summarise(Value at, ValueRange summary);

private:
  using WriteTeam = llvm::function_ref<SmallVector<Value>(Value rowAt, const Expansion::Part &own, ValueRange slices)>;

  Expansion &x;
  OpBuilder &b;
  Location loc;
  const Expansion::Part &part;
  SplitOpInterface split;
  unsigned transfers;
  int64_t length;

  Slice sliceOf(unsigned i) {
    return i < transfers ? split.getTransferSlice(b, i, part.block, x.options)
                         : x.op.getStateSlice(b, i - transfers, part.block, x.options);
  }
  SmallVector<Value> places(unsigned first);
  Expansion::Part entryAt(Value team, unsigned first);
  SmallVector<Value> summaries(Value at);
  std::pair<SmallVector<Value>, SmallVector<Value>> starts(ValueRange summaries, ValueRange states);
  SmallVector<Value> outputs(Value at, ValueRange into, ValueRange starts);
  Value firstRow(Value at, Value team) { // of a team, in the part
    return arith::AddIOp::create(b, loc, at, arith::MulIOp::create(b, loc, team, x.index(length)));
  }
};

/// A place for each team, of what summaries hold from item `first` on: transfers, then states.
SmallVector<Value> Teams::places(unsigned first) {
  SmallVector<Value> out;
  SmallVector<StateSpec> of = split.getTransferSpecs();
  for (unsigned i = first; i < transfers + x.specs.size(); ++i) {
    SmallVector<int64_t> shape{x.options.teams};
    llvm::append_range(shape, sliceOf(i).sizes);
    out.push_back(emptyTensor(b, loc, shape, i < transfers ? of[i].elementType : x.specs[i - transfers].elementType));
  }
  return out;
}

/// A team's entry of such places.
Expansion::Part Teams::entryAt(Value team, unsigned first) {
  Expansion::Part own = x.partOf(part.first, part.rows, part.block);
  for (unsigned i = first; i < transfers + x.specs.size(); ++i) {
    Slice whole = sliceOf(i);
    whole.offsets.assign(whole.sizes.size(), b.getIndexAttr(0));
    x.addSlice(own, whole, team, b.getIndexAttr(1));
  }
  return own;
}

SmallVector<Value> Teams::summaries(Value at) {
  auto loop =
      scf::ForallOp::create(b, loc, ArrayRef<OpFoldResult>{b.getIndexAttr(x.options.teams)}, places(0), std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(loop.getTerminator());
  Value team = loop.getInductionVar(0);
  Expansion::Part own = entryAt(team, 0);
  SmallVector<Value> slices = x.takeSlices(own, loop.getRegionIterArgs(), 0);
  SmallVector<StateSpec> of = split.getTransferSpecs();
  for (auto [i, v] : llvm::enumerate(slices)) {
    TypedAttr neutral = i < transfers ? of[i].initial : split.getNeutralState(i - transfers);
    v = filledInto(b, loc, arith::ConstantOp::create(b, loc, neutral), v);
  }
  Value row = arith::AddIOp::create(b, loc, part.first, firstRow(at, team));
  ArrayRef<Value> all(slices);
  SmallVector<Value> made =
      split.emitSummary(b, row, length, part.block, all.take_front(transfers), all.drop_front(transfers), x.options);
  x.putSlices(loop, own, made);
  return llvm::to_vector_of<Value>(loop.getResults());
}

/// The states before each team, and those behind all.
std::pair<SmallVector<Value>, SmallVector<Value>> Teams::starts(ValueRange summaries, ValueRange states) {
  unsigned n = states.size();
  SmallVector<Value> carried = places(transfers);
  llvm::append_range(carried, states);
  auto walk =
      scf::ForOp::create(b, loc, x.index(0), x.index(x.options.teams), x.index(1), carried,
                         [&](OpBuilder &, Location, Value team, ValueRange v) {
                           SmallVector<Value> next;
                           for (auto [place, state] : llvm::zip(v.take_front(n), v.drop_front(n)))
                             next.push_back(putRow(b, loc, state, place, team));
                           SmallVector<Value> later = x.takeSlices(entryAt(team, 0), summaries, 0);
                           ArrayRef<Value> all(later);
                           llvm::append_range(next, split.emitJoined(b, {}, v.drop_front(n), all.take_front(transfers),
                                                                     all.drop_front(transfers)));
                           scf::YieldOp::create(b, loc, next);
                         });
  auto made = llvm::to_vector_of<Value>(walk.getResults());
  return {{made.begin(), made.begin() + n}, {made.begin() + n, made.end()}};
}

SmallVector<Value> Teams::outputs(Value at, ValueRange into, ValueRange starts) {
  SmallVector<Value> all(into);
  llvm::append_range(all, starts);
  auto loop = scf::ForallOp::create(b, loc, ArrayRef<OpFoldResult>{b.getIndexAttr(x.options.teams)}, all, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(loop.getTerminator());
  Value team = loop.getInductionVar(0), first = firstRow(at, team);
  Expansion::Part own = x.partOf(part.first, part.rows, part.block);
  for (unsigned i : x.written) {
    Slice slice = x.op.getResultSlice(b, i, part.block, x.options);
    slice.offsets.assign(slice.sizes.size(), b.getIndexAttr(0)); // `into` is the block's part already
    x.addSlice(own, slice, first, b.getIndexAttr(length));
  }
  Expansion::Part entry = entryAt(team, transfers);
  llvm::append_range(own.offsets, entry.offsets);
  llvm::append_range(own.sizes, entry.sizes);
  SmallVector<Value> slices = x.takeSlices(own, loop.getRegionIterArgs(), x.written.size());
  ArrayRef<Value> of(slices);
  SmallVector<Value> made =
      x.computeTile(part, first, length, of.take_front(x.written.size()), of.drop_front(x.written.size()));
  x.putSlices(loop, own, made);
  return llvm::to_vector_of<Value>(loop.getResults().take_front(x.written.size()));
}

SmallVector<Value> Teams::write(Value at, ValueRange slices) {
  size_t n = x.written.size();
  auto [before, behind] = starts(summaries(at), slices.drop_front(n));
  SmallVector<Value> next = outputs(at, slices.take_front(n), before);
  llvm::append_range(next, behind);
  return next;
}

SmallVector<Value> Teams::summarise(Value at, ValueRange summary) {
  SmallVector<Value> of = summaries(at);
  auto walk = scf::ForOp::create(b, loc, x.index(0), x.index(x.options.teams), x.index(1), summary,
                                 [&](OpBuilder &, Location, Value team, ValueRange v) {
                                   SmallVector<Value> later = x.takeSlices(entryAt(team, 0), of, 0);
                                   ArrayRef<Value> all(later);
                                   scf::YieldOp::create(b, loc,
                                                        split.emitJoined(b, v.take_front(transfers),
                                                                         v.drop_front(transfers),
                                                                         all.take_front(transfers),
                                                                         all.drop_front(transfers)));
                                 });
  return llvm::to_vector_of<Value>(walk.getResults());
}

/// As many of `rows` as are rounds of all teams.
static Value rowsOfTeams(OpBuilder &b, Location loc, Value rows, int64_t round) {
  Value rest = arith::RemUIOp::create(b, loc, rows, indexConstant(b, loc, round));
  return arith::SubIOp::create(b, loc, rows, rest);
}

/// All teams while there are rows for them; `done` becomes the number of these rows.
SmallVector<Value> Expansion::emitTeams(const Part &part, Value rows, SmallVector<Value> slices, Value &done) {
  Teams teams(*this, part);
  done = rowsOfTeams(b, loc, rows, teams.rows());
  auto write = [&](Value at, int64_t, ValueRange of) { return teams.write(at, of); };
  return emitLoop(index(0), done, teams.rows(), slices, write);
}

/// The same for a summary of the rows.
SmallVector<Value> Expansion::emitTeamSummaries(const Part &part, Value rows, SmallVector<Value> slices, Value &done) {
  Teams teams(*this, part);
  done = rowsOfTeams(b, loc, rows, teams.rows());
  auto summarise = [&](Value at, int64_t, ValueRange of) { return teams.summarise(at, of); };
  return emitLoop(index(0), done, teams.rows(), slices, summarise);
}
} // namespace strand
