// Each op of the join changes some of the states. Those that one op changes together, and ops that change the same
// states, become one linalg.generic: its loops are k, in order, and the elements of these states.
#include "lib/Lowering/JoinedInOrder.h"
#include "dialects/Strand/Rows.h"
#include "mlir/IR/IRMapping.h"
using namespace mlir;
namespace strand {
namespace {

/// One op of the join, and which states it changes.
struct Change {
  linalg::GenericOp op;
  SmallVector<unsigned> states;
};

/// Whether loops of the op are the elements of what it writes.
bool goesElementByElement(linalg::GenericOp op) {
  return op.getNumReductionLoops() == 0 && !op.hasIndexSemantics() &&
         llvm::all_of(op.getDpsInitsMutable(),
                      [&](OpOperand &o) { return op.getMatchingIndexingMap(&o).isIdentity(); });
}

/// The ops that lead from `before` to `after`, in order; empty if something else is in between.
SmallVector<Change> changesOf(const Joins &joins) {
  SmallVector<Change> changes;
  SmallVector<Value> now(joins.before);
  while (now != joins.after) {
    linalg::GenericOp next;
    for (Value v : now) // an op that takes states as they are now
      for (Operation *user : v.getUsers()) {
        auto op = dyn_cast<linalg::GenericOp>(user);
        bool takes = op && llvm::all_of(op.getOutputs(), [&](Value o) { return llvm::is_contained(now, o); });
        if (takes && (!next || op->isBeforeInBlock(next)))
          next = op;
      }
    if (!next || !goesElementByElement(next) ||
        !llvm::all_of(next.getInputs(), [&](Value v) { return llvm::is_contained(joins.later, v); }))
      return {};
    Change change{next, {}};
    for (auto [before, after] : llvm::zip(next.getOutputs(), next.getResults())) {
      unsigned state = llvm::find(now, before) - now.begin();
      change.states.push_back(state);
      now[state] = after;
    }
    changes.push_back(change);
  }
  return changes;
}

/// All `changes`, which are of `states` alone, for each of n summaries.
void emitTogether(OpBuilder &b, Location loc, const Joins &joins, ArrayRef<Change> changes, ArrayRef<unsigned> states,
                  ValueRange summaries, MutableArrayRef<Value> starts, MutableArrayRef<Value> carried) {
  unsigned rank = rowsType(joins.before[states[0]]).getRank();
  AffineMap items = AffineMap::getMultiDimIdentityMap(rank, b.getContext()).shiftDims(1);
  AffineMap all = AffineMap::getMultiDimIdentityMap(rank + 1, b.getContext());
  SmallVector<Value> ins, outs;
  SmallVector<AffineMap> maps;
  for (Change change : changes)
    for (OpOperand *input : change.op.getDpsInputOperands()) {
      ins.push_back(summaries[llvm::find(joins.later, input->get()) - joins.later.begin()]);
      maps.push_back(change.op.getMatchingIndexingMap(input).shiftDims(1).insertResult(b.getAffineDimExpr(0), 0));
    }
  for (unsigned s : states)
    outs.push_back(starts[s]);
  for (unsigned s : states)
    outs.push_back(carried[s]);
  maps.append(states.size(), all);
  maps.append(states.size(), items);
  auto body = [&](OpBuilder &b, Location, ValueRange v) {
    ValueRange inputs = v.take_front(ins.size());
    SmallVector<Value> out(v.take_back(states.size())), now(out);
    for (Change change : changes) {
      IRMapping values;
      size_t n = change.op.getNumDpsInputs();
      values.map(change.op.getRegionInputArgs(), inputs.take_front(n));
      inputs = inputs.drop_front(n);
      for (auto [state, arg] : llvm::zip(change.states, change.op.getRegionOutputArgs()))
        values.map(arg, now[llvm::find(states, state) - states.begin()]);
      for (Operation &inner : change.op.getBody()->without_terminator())
        b.clone(inner, values);
      for (auto [state, y] : llvm::zip(change.states, change.op.getBody()->getTerminator()->getOperands()))
        now[llvm::find(states, state) - states.begin()] = values.lookupOrDefault(y);
    }
    llvm::append_range(out, now);
    return out;
  };
  SmallVector<Value> made = generic(b, loc, ins, outs, maps, "r" + std::string(rank, 'p'), body);
  for (auto [i, s] : llvm::enumerate(states)) {
    starts[s] = made[i];
    carried[s] = made[states.size() + i];
  }
}
} // namespace

SmallVector<Value> joinedInOrder(OpBuilder &b, Location loc, const Joins &joins, ValueRange summaries,
                                 ValueRange starts, ValueRange states) {
  SmallVector<Change> changes = changesOf(joins);
  SmallVector<unsigned> leader = llvm::to_vector(llvm::seq<unsigned>(states.size())); // of states that go together
  for (const Change &change : changes)
    for (unsigned s : change.states)
      llvm::replace(leader, leader[s], leader[change.states[0]]);
  SmallVector<Value> allStarts(starts), carried(states);
  for (unsigned first = 0; first < states.size(); ++first) {
    SmallVector<unsigned> group;
    for (unsigned s = 0; s < states.size(); ++s)
      if (leader[s] == leader[first])
        group.push_back(s);
    if (group.front() != first)
      continue;
    SmallVector<Change> own;
    llvm::copy_if(changes, std::back_inserter(own),
                  [&](const Change &c) { return leader[c.states[0]] == leader[first]; });
    if (own.empty())
      return {};
    emitTogether(b, loc, joins, own, group, summaries, allStarts, carried);
  }
  llvm::append_range(allStarts, carried);
  return allStarts;
}
} // namespace strand
