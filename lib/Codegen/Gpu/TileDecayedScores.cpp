// tile.decayed_scores among tiles in registers.
//
// A warp has 16 rows r at a time. Of a step of 16 channels a thread holds rows lane / 4 and that + 8, at channels
// 2 (lane % 4), the next, and these + 8: as first factor, and just so as second factor, of which its rows are columns.
// Logarithms of decays are products as well, of constant matrices of 0 and 1 with the gates; their sums lie in the
// same places, so that factors decay without a word to another thread:
//   tails[s]   until the end of s's block of 16 rows, for keys of earlier blocks, which all warps read in shared
//              memory;
//   since[r]   from the end of an earlier block on, for queries;
//   halves[r]  for rows of the same block, of level l = 3, 2, 1, 0: until the lower 2^l of each 2^(l+1) rows end, for
//              the rows there; since then, for the upper ones.
// Below level 3 only the upper left and the lower right 8 x 8 scores of a block are asked for. One product has both:
// the first 8 of its depth are channels of the upper rows, the others the same channels of the lower.
//
// Mostly no decay of a tile is so strong: if what is left at its end of each channel of each row is 2^-farthest or
// more, all rows can meet there, keys decayed until then, queries with the inverse of what they would decay, which is
// finite and as exact. That takes half of the exponentials and of the instructions, or less, so it is tried first;
// whether it holds is known when the keys are written, and is the same for all threads of the block.
// A warpgroup that has the tile's 64 rows finds logarithms and scores of all channels by two products.
#include "dialects/Strand/Decay.h"
#include "lib/Codegen/Gpu/Fragments.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "lib/Codegen/Gpu/TileCode.h"
#include "lib/Codegen/Gpu/Wgmma.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
using namespace mlir;
using namespace strand;
namespace {
constexpr int64_t block = 16, half = 8, levels = 3; // of halves inside of 8 rows
/// Powers of two: far from where products of bf16 would be infinite, or lose what counts.
constexpr double farthest = 64;
using Words = SmallVector<Value>;
using Values = SmallVector<Value>; // of a step of 16 channels, a thread's 8: of each word of a first factor both

struct Planes {
  SmallVector<Plane> lefts, rights, gates;
  SmallVector<Plane> keys; // those of each of `rights`, decayed to where they meet queries
};

/// What both ways are made of.
class ScoreSteps {
public:
  ScoreSteps(ImplicitLocOpBuilder &b, TileThread &at, const Planes &planes);

protected:
  ImplicitLocOpBuilder &b;
  TileThread &at;
  const Planes &planes;
  IndexMath math;
  Value zeroWord, ones, upper; // words of constant matrices of 8 x 8: of row r, gates behind its own

  SmallVector<Words> zeros(int64_t count) const { return SmallVector<Words>(count, Words(4, zero())); }
  Value zero() const { return arith::ConstantOp::create(b, b.getF32FloatAttr(0)); }

  int64_t rows() const { return planes.gates[0].rows; }
  int64_t numPairs() const { return planes.lefts.size() * planes.rights.size(); }
  static constexpr int64_t chunksOfStep = 2;
  int64_t numSteps() const { return planes.gates[0].columns / block; }
  /// Code for a step of 16 channels, that begins with chunk `chunk` of a plane's rows, as a loop: unrolled, it would
  /// not fit what a multiprocessor keeps of a program. `body` adds to sums.
  void eachStep(ArrayRef<Words *> sums, function_ref<void(Value chunk)> body);
  Words firstFactor(const Plane &plane, Value begin, Value chunk) {
    return at.matrices(plane, math.add(begin, math.rem(at.lane, 16)), math.add(chunk, math.div(at.lane, 16)), false);
  }
  Value wordWhere(function_ref<Value(Value row, Value column)> isOne);
  Value choose(Value condition, Value yes, Value no) { return arith::SelectOp::create(b, condition, yes, no); }
  Value less(Value x, Value y, bool orEqual = false) {
    return arith::CmpIOp::create(b, orEqual ? arith::CmpIPredicate::ule : arith::CmpIPredicate::ult, x, y);
  }
  Value equal(Value x, Value y) { return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, y); }
  SmallVector<Words> gatesOf(Value begin, Value chunk);
  Words keysOf(const Plane &keys, int64_t earlier, Value chunk);
  void addLogs(Values &logs, ArrayRef<Value> matrix, ArrayRef<Words> gates);
  Values inBaseTwo(ArrayRef<Value> logs);
  Values powers(ArrayRef<Value> logs);
  Values decays(ArrayRef<Value> logs) { return powers(inBaseTwo(logs)); }
  Words scaled(ArrayRef<Value> words, ArrayRef<Value> factors);
  void writeKeys(const Plane &keys, Value begin, Value chunk, ArrayRef<Value> words);
  void multiply(Words &sums, ArrayRef<Value> first, ArrayRef<Value> second) {
    sums = multiplyFragments(b, first, second, sums);
  }
};

/// Rows that meet where the later one's block, half and so on begins.
class FarScores : ScoreSteps {
public:
  FarScores(ImplicitLocOpBuilder &b, TileThread &at, const Planes &planes, bool exclusive);

  /// For the warp's 16 rows from `begin` on: writes its decayed keys, and finds the scores inside of the block.
  void readBlock(Value begin);
  /// Scores with all earlier blocks, behind a barrier.
  void readEarlier(Value begin);
  /// Scores of pair `pair`: of each 8 columns 4 sums.
  Values scores(int64_t pair, Value begin);

private:
  bool exclusive;
  Value lower, halves[levels]; // words of constant matrices of 8 x 8: of row r, gates up to its own; above
  struct Sums {
    SmallVector<Words> pairs;   // of 8 x 8 on the diagonal, of each level, then of rows with themselves
    Words below;                // of the later 8 rows with the earlier
    SmallVector<Words> inside;  // of all of these, the block's first and last 8 columns
    SmallVector<Words> earlier; // of 16 rows with 8 columns each
  };
  std::vector<Sums> sums; // of each pair: of each right factor, with each left one
  MutableArrayRef<Sums> sumsOf(size_t right) {
    return MutableArrayRef(sums).slice(right * planes.lefts.size(), planes.lefts.size());
  }
  SmallVector<Words> insideOf(const Sums &s);
  using Meet = function_ref<void(Sums &sums, ArrayRef<Value> queries, ArrayRef<Value> keys)>;
  void meetAll(ArrayRef<Words> lefts, ArrayRef<Words> rights, ArrayRef<Value> factors, Meet meet);
  void addPairs(Words &sums, ArrayRef<Value> left, ArrayRef<Value> right);
};

/// Rows that meet at the tile's end.
class NearScores : ScoreSteps {
public:
  /// `group`: products are those of a warpgroup, which has the tile's 64 rows.
  NearScores(ImplicitLocOpBuilder &b, TileThread &at, const Planes &planes, bool exclusive, bool group);

  /// For the warp's 16 rows from `begin` on: writes their decayed keys. The largest power of two that the thread's
  /// factors are divided by or multiplied with; or NaN.
  Value readRows(Value begin);
  /// Scores of each pair, behind a barrier: of each 8 columns 4 sums.
  SmallVector<Values> scores(Value begin);

private:
  bool exclusive, group;
  Value unseen; // a word as `upper` is, of the gates that a query does not see

  /// Of a single left factor queries stay in registers from the first pass over channels to the second, and then steps
  /// do not wait for each other. For more there is no room, and they are decayed anew.
  bool keepsQueries() const { return planes.lefts.size() == 1; }
  SmallVector<SmallVector<Words>> queries; // of each left factor, step after step

  /// As eachStep, one after the other.
  void eachStepInLine(function_ref<void(int64_t step)> body) {
    for (int64_t step = 0; step < numSteps(); ++step)
      body(step);
  }
  Value chunkOf(int64_t step) { return at.number(chunksOfStep * step); }
  SmallVector<Value> matrixOf(Value begin, int64_t later);
  Values logsBehindBlock(Value begin, Value chunk);
  Values logsBehindRow(Values behindBlock, Value ofRow, ArrayRef<Words> gates) {
    addLogs(behindBlock, {ofRow, zeroWord, ones, ofRow}, gates);
    return inBaseTwo(behindBlock);
  }
  Values allLogs(Value begin);
  Values withOwnGates(Values logs, Value begin, Value chunk);
  Values inverse(ArrayRef<Value> logs) {
    return powers(llvm::map_to_vector(logs, [&](Value log) -> Value { return arith::NegFOp::create(b, log); }));
  }
  void meet(MutableArrayRef<Words> sums, ArrayRef<Value> query, const Plane &keys, Value chunk);
  std::vector<SmallVector<Words>> sumsOfGroup(Value begin);
  std::vector<SmallVector<Words>> sumsOfWarps(Value begin);
};
} // namespace

ScoreSteps::ScoreSteps(ImplicitLocOpBuilder &b, TileThread &at, const Planes &planes)
    : b(b), at(at), planes(planes), math(at.at()) {
  zeroWord = at.number(0);
  ones = at.number(0x3f803f80);
  upper = wordWhere([&](Value r, Value t) { return less(r, t); });
}

FarScores::FarScores(ImplicitLocOpBuilder &b, TileThread &at, const Planes &planes, bool exclusive)
    : ScoreSteps(b, at, planes), exclusive(exclusive) {
  lower = wordWhere([&](Value r, Value t) { return less(t, r, !exclusive); });
  for (int64_t level = 0; level < levels; ++level) {
    int64_t size = int64_t(1) << level;
    halves[level] = wordWhere([&](Value r, Value t) {
      Value middle = math.mul(math.div(r, size), size); // where r's half begins
      Value since = arith::AndIOp::create(b, less(middle, t, true), less(t, r, !exclusive)),
            until = arith::AndIOp::create(b, less(r, t), less(t, math.add(middle, size)));
      return choose(equal(math.rem(math.div(r, size), 2), at.number(1)), since, until);
    });
  }
  int64_t fragments = rows() / half;
  for (int64_t i = 0; i < numPairs(); ++i)
    sums.push_back({zeros(levels + 1), Words(4, zero()), {}, zeros(fragments)});
}

/// The thread's word of a matrix of 8 x 8, of 1 in bf16 where `isOne`.
Value ScoreSteps::wordWhere(function_ref<Value(Value row, Value column)> isOne) {
  constexpr int64_t one = 0x3f80;
  Value low = choose(isOne(at.lineInFragment, at.column(0)), at.number(one), at.number(0)),
        high = choose(isOne(at.lineInFragment, math.add(at.column(0), 1)), at.number(one << 16), at.number(0));
  return arith::OrIOp::create(b, low, high);
}

void ScoreSteps::eachStep(ArrayRef<Words *> sums, function_ref<void(Value chunk)> body) {
  Words init;
  for (Words *sum : sums)
    llvm::append_range(init, *sum);
  auto put = [&](ValueRange values) {
    for (Words *sum : sums)
      for (Value &v : *sum) {
        v = values.front();
        values = values.drop_front();
      }
  };
  auto loop = scf::ForOp::create(b, at.number(0), at.number(chunksOfStep * numSteps()), at.number(chunksOfStep), init);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    put(loop.getRegionIterArgs());
    body(loop.getInductionVar());
    Words next;
    for (Words *sum : sums)
      llvm::append_range(next, *sum);
    scf::YieldOp::create(b, next);
  }
  put(loop.getResults());
}

/// Of each part of the gates, 16 rows from `begin` on as the depth of a second factor, the step's channels as columns.
SmallVector<Words> ScoreSteps::gatesOf(Value begin, Value chunk) {
  SmallVector<Words> words;
  for (const Plane &plane : planes.gates)
    words.push_back(
        at.matrices(plane, math.add(begin, math.rem(at.lane, 16)), math.add(chunk, math.div(at.lane, 16)), true));
  return words;
}

/// Decayed keys of a block as a second factor, the step's channels as its depth.
Words ScoreSteps::keysOf(const Plane &keys, int64_t earlier, Value chunk) {
  Value row = math.add(math.mul(math.div(at.lane, 16), 8), math.add(math.rem(at.lane, 8), block * earlier));
  return at.matrices(keys, row, math.add(chunk, math.rem(math.div(at.lane, 8), 2)), false);
}

/// logs + matrix * gates.
void ScoreSteps::addLogs(Values &logs, ArrayRef<Value> matrix, ArrayRef<Words> gates) {
  if (logs.empty())
    logs.assign(8, zero());
  for (int64_t n : {0, 1}) {
    Words sums(logs.begin() + 4 * n, logs.begin() + 4 * n + 4);
    for (const Words &part : gates)
      multiply(sums, matrix, ArrayRef(part).slice(2 * n, 2));
    llvm::copy(sums, logs.begin() + 4 * n);
  }
}

Values ScoreSteps::inBaseTwo(ArrayRef<Value> logs) {
  Value toBaseTwo = arith::ConstantOp::create(b, b.getF32FloatAttr(float(log2e)));
  return llvm::map_to_vector(logs, [&](Value log) -> Value { return arith::MulFOp::create(b, log, toBaseTwo); });
}

Values ScoreSteps::powers(ArrayRef<Value> logs) {
  return llvm::map_to_vector(logs, [&](Value log) { return coarsePowerOfTwo(b, b.getLoc(), log); });
}

/// Words of a first factor, each value times its factor.
Words ScoreSteps::scaled(ArrayRef<Value> words, ArrayRef<Value> factors) {
  Words made;
  for (auto [i, word] : llvm::enumerate(words)) {
    auto [low, high] = at.halves(word);
    auto times = [&](Value v, Value factor) -> Value {
      return arith::MulFOp::create(b, arith::ExtFOp::create(b, b.getF32Type(), v), factor);
    };
    made.push_back(at.word(times(low, factors[2 * i]), times(high, factors[2 * i + 1])));
  }
  return made;
}

/// 8 x 8 scores of the upper rows with each other, and of the lower.
void FarScores::addPairs(Words &sums, ArrayRef<Value> left, ArrayRef<Value> right) {
  for (int64_t i : {0, 2})
    multiply(sums, {left[i], zeroWord, zeroWord, left[i + 1]}, {right[i], right[i + 1]});
}

/// Each right factor with each left one, both decayed.
void FarScores::meetAll(ArrayRef<Words> lefts, ArrayRef<Words> rights, ArrayRef<Value> factors, Meet meet) {
  SmallVector<Words> queries;
  for (const Words &left : lefts)
    queries.push_back(scaled(left, factors));
  for (auto [i, right] : llvm::enumerate(rights)) {
    auto same = llvm::find(lefts, right);
    Words keys = same == lefts.end() ? scaled(right, factors) : queries[same - lefts.begin()];
    for (auto [left, s] : llvm::zip_equal(queries, sumsOf(i)))
      meet(s, left, keys);
  }
}

void FarScores::readBlock(Value begin) {
  SmallVector<Words *> all;
  for (Sums &s : sums) {
    for (Words &pairs : s.pairs)
      all.push_back(&pairs);
    all.push_back(&s.below);
  }
  eachStep(all, [&](Value chunk) {
    SmallVector<Words> gates = gatesOf(begin, chunk), rights, lefts;
    for (const Plane &right : planes.rights)
      rights.push_back(firstFactor(right, begin, chunk));
    for (const Plane &left : planes.lefts) { // the same words where one is a right factor too
      auto same = llvm::find_if(planes.rights, [&](const Plane &right) { return right.pointer == left.pointer; });
      bool isNew = same == planes.rights.end();
      lefts.push_back(isNew ? firstFactor(left, begin, chunk) : rights[same - planes.rights.begin()]);
    }
    auto decayed = [&](ArrayRef<Value> matrix) {
      Values logs;
      addLogs(logs, matrix, gates);
      return decays(logs);
    };
    if (rows() > block) {
      Values factors = decayed({upper, zeroWord, ones, upper});
      for (auto [right, keys] : llvm::zip_equal(rights, planes.keys))
        writeKeys(keys, begin, chunk, scaled(right, factors));
    }
    // the later 8 rows, the earlier 8
    meetAll(lefts, rights, decayed({upper, zeroWord, zeroWord, lower}),
            [&](Sums &s, ArrayRef<Value> queries, ArrayRef<Value> keys) {
              multiply(s.below, {zeroWord, queries[1], zeroWord, queries[3]}, {keys[0], keys[2]});
            });
    for (int64_t level = 0; level < levels; ++level)
      meetAll(lefts, rights, decayed({halves[level], zeroWord, zeroWord, halves[level]}),
              [&](Sums &s, ArrayRef<Value> queries, ArrayRef<Value> keys) { addPairs(s.pairs[level], queries, keys); });
    for (size_t i = 0; i < rights.size() && !exclusive; ++i)
      for (auto [left, s] : llvm::zip_equal(lefts, sumsOf(i)))
        addPairs(s.pairs[levels], left, rights[i]);
  });
  for (Sums &s : sums) // at once, which leaves fewer registers in use
    s.inside = insideOf(s);
}

void ScoreSteps::writeKeys(const Plane &keys, Value begin, Value chunk, ArrayRef<Value> words) {
  for (auto [e, word] : llvm::enumerate(words)) {
    Value row = math.add(math.add(begin, at.lineInFragment), half * (e % 2));
    Value address = at.chunkAddress(keys, row, math.add(chunk, e / 2));
    LLVM::StoreOp::create(b, word, at.behind(address, math.mul(at.column(0), 2)), 4);
  }
}

/// Of a pair of rows, the score of the level that parts them.
SmallVector<Words> FarScores::insideOf(const Sums &s) {
  SmallVector<Words> inside(2);
  for (int64_t e = 0; e < 4; ++e) {
    Value r = at.lineInFragment, c = math.add(at.column(0), e % 2), parted = math.turn(r, c);
    Value pair = s.pairs[levels][e];
    for (int64_t level = 0; level < levels; ++level)
      pair = choose(less(parted, at.number(int64_t(1) << level)), pair, s.pairs[level][e]);
    pair = choose(less(r, c), zero(), pair);
    inside[0].push_back(e < 2 ? pair : s.below[e]);
    inside[1].push_back(e < 2 ? zero() : pair);
  }
  return inside;
}

void FarScores::readEarlier(Value begin) {
  int64_t blocks = rows() / block;
  Value own = math.div(begin, block);
  SmallVector<Words *> all;
  for (Sums &s : sums)
    for (Words &sum : MutableArrayRef(s.earlier).drop_back(2)) // the last block is nobody's earlier one
      all.push_back(&sum);
  eachStep(all, [&](Value chunk) {
    SmallVector<Words> lefts;
    for (const Plane &left : planes.lefts)
      lefts.push_back(firstFactor(left, begin, chunk));
    Values since; // logarithms, from the end of block `earlier` to the row; of earlier rows without meaning
    for (int64_t earlier = blocks - 2; earlier >= 0; --earlier) {
      int64_t next = earlier + 1;
      Value isPassed = less(at.number(next), own), isOwn = equal(own, at.number(next));
      Value whole = choose(isPassed, ones, zeroWord);
      Value triangle = choose(isOwn, lower, whole);
      addLogs(since, {triangle, choose(isOwn, ones, whole), whole, triangle}, gatesOf(at.number(block * next), chunk));
      Values factors = decays(since);
      SmallVector<Words> queries;
      for (const Words &left : lefts)
        queries.push_back(scaled(left, factors));
      for (auto [i, plane] : llvm::enumerate(planes.keys)) {
        Words keys = keysOf(plane, earlier, chunk);
        for (auto [left, s] : llvm::zip_equal(queries, sumsOf(i)))
          for (int64_t n : {0, 1})
            multiply(s.earlier[2 * earlier + n], left, ArrayRef(keys).slice(2 * n, 2));
      }
    }
  });
}

Values FarScores::scores(int64_t pair, Value begin) {
  const Sums &s = sums[pair];
  Value own = math.div(begin, block);
  Values all;
  for (int64_t n = 0; n < rows() / half; ++n) {
    Value isOwn = equal(own, at.number(n / 2)), isEarlier = less(at.number(n / 2), own);
    for (int64_t e = 0; e < 4; ++e)
      all.push_back(choose(isEarlier, s.earlier[n][e], choose(isOwn, s.inside[n % 2][e], zero())));
  }
  return all;
}

NearScores::NearScores(ImplicitLocOpBuilder &b, TileThread &at, const Planes &planes, bool exclusive, bool group)
    : ScoreSteps(b, at, planes), exclusive(exclusive), group(group), queries(planes.lefts.size()) {
  unseen = exclusive ? wordWhere([&](Value r, Value t) { return less(r, t, /*orEqual=*/true); }) : upper;
}

/// For the 16 rows from `begin` on, which gates of the 16 rows of block `later` are behind them: as a first factor.
SmallVector<Value> NearScores::matrixOf(Value begin, int64_t later) {
  Value own = math.div(begin, block), isOwn = equal(own, at.number(later)),
        rest = choose(less(own, at.number(later)), ones, zeroWord), corner = choose(isOwn, upper, rest);
  return {corner, rest, choose(isOwn, ones, rest), corner};
}

/// Sums of the gates from the end of the block of 16 rows from `begin` on to the tile's.
Values NearScores::logsBehindBlock(Value begin, Value chunk) {
  Value own = math.div(begin, block);
  Values logs;
  for (int64_t later = 1; later < rows() / block; ++later) {
    Value all = choose(less(own, at.number(later)), ones, zeroWord);
    addLogs(logs, {all, all, all, all}, gatesOf(at.number(block * later), chunk));
  }
  return logs;
}

/// Of all steps, what is left behind each row: one product of a warpgroup.
Values NearScores::allLogs(Value begin) {
  GroupProduct product{planes.gates[0].columns, /*firstTurned=*/false, /*secondTurned=*/true, {{}}, {}};
  for (const Plane &gates : planes.gates) {
    Value descriptor = groupDescriptor(b, gates, /*turned=*/true);
    for (int64_t k = 0; k < rows() / block; ++k)
      product.blocks[0].push_back({k, {matrixOf(begin, k)}, groupFactor(descriptor, gates, /*turned=*/true, 0, k)});
  }
  return inBaseTwo(multiplyAll(b, at, product));
}

/// Logarithms in base two and the gates of the rows themselves.
Values NearScores::withOwnGates(Values logs, Value begin, Value chunk) {
  for (const Plane &gates : planes.gates) {
    Values own;
    for (Value word : firstFactor(gates, begin, chunk)) {
      auto [low, high] = at.halves(word);
      own.append({arith::ExtFOp::create(b, b.getF32Type(), low), arith::ExtFOp::create(b, b.getF32Type(), high)});
    }
    for (auto [log, gate] : llvm::zip_equal(logs, inBaseTwo(own)))
      log = arith::AddFOp::create(b, log, gate);
  }
  return logs;
}

Value NearScores::readRows(Value begin) {
  Words most{zero()};
  auto read = [&](Value chunk, const Values &ofKeys, const Values &ofQueries) {
    for (Value log : ofQueries)
      most[0] = arith::MaximumFOp::create(b, most[0], math::AbsFOp::create(b, log));
    Values factors = powers(ofKeys);
    for (auto [right, keys] : llvm::zip_equal(planes.rights, planes.keys))
      writeKeys(keys, begin, chunk, scaled(firstFactor(right, begin, chunk), factors));
    if (keepsQueries())
      queries[0].push_back(scaled(firstFactor(planes.lefts[0], begin, chunk), inverse(ofQueries)));
  };
  auto readOfWarps = [&](Value chunk) {
    Values behind = logsBehindBlock(begin, chunk);
    SmallVector<Words> gates = gatesOf(begin, chunk);
    Values ofKeys = logsBehindRow(behind, upper, gates);
    read(chunk, ofKeys, exclusive ? logsBehindRow(behind, unseen, gates) : ofKeys);
  };
  if (group) {
    Values all = allLogs(begin);
    eachStepInLine([&](int64_t step) {
      Values logs(ArrayRef(all).slice(8 * step, 8));
      read(chunkOf(step), logs, exclusive ? withOwnGates(logs, begin, chunkOf(step)) : logs);
    });
  } else if (keepsQueries()) {
    eachStepInLine([&](int64_t step) { readOfWarps(chunkOf(step)); });
  } else {
    eachStep(&most, readOfWarps);
  }
  return most[0];
}

/// Adds products of queries with the keys of a step.
void NearScores::meet(MutableArrayRef<Words> sums, ArrayRef<Value> query, const Plane &keys, Value chunk) {
  for (size_t n = 0; n < sums.size(); n += 2) {
    Words words = keysOf(keys, n / 2, chunk);
    for (int64_t odd : {0, 1})
      multiply(sums[n + odd], query, ArrayRef(words).slice(2 * odd, 2));
  }
}

/// Of each pair, by products of a warpgroup.
std::vector<SmallVector<Words>> NearScores::sumsOfGroup(Value begin) {
  if (!keepsQueries()) {
    Values all = allLogs(begin);
    eachStepInLine([&](int64_t step) {
      Values logs(ArrayRef(all).slice(8 * step, 8));
      Values factors = inverse(exclusive ? withOwnGates(logs, begin, chunkOf(step)) : logs);
      for (auto [left, kept] : llvm::zip_equal(planes.lefts, queries))
        kept.push_back(scaled(firstFactor(left, begin, chunkOf(step)), factors));
    });
  }
  std::vector<GroupProduct> products;
  for (const Plane &keys : planes.keys)
    for (ArrayRef<Words> query : queries) {
      GroupProduct product{rows(), /*firstTurned=*/false, /*secondTurned=*/false, {{}}, {}};
      Value descriptor = groupDescriptor(b, keys, /*turned=*/false);
      eachStepInLine([&](int64_t k) {
        product.blocks[0].push_back({k, {query[k]}, groupFactor(descriptor, keys, /*turned=*/false, 0, k)});
      });
      products.push_back(std::move(product));
    }
  Values all = multiplyAll(b, at, products);
  std::vector<SmallVector<Words>> sums(products.size());
  for (size_t at = 0; at < all.size(); at += 4)
    sums[at / (all.size() / products.size())].push_back(Words(ArrayRef(all).slice(at, 4)));
  return sums;
}

/// The same by each warp for its rows.
std::vector<SmallVector<Words>> NearScores::sumsOfWarps(Value begin) {
  std::vector<SmallVector<Words>> sums(numPairs(), zeros(rows() / half));
  if (keepsQueries()) {
    eachStepInLine([&](int64_t step) {
      for (auto [sum, keys] : llvm::zip_equal(sums, planes.keys))
        meet(sum, queries[0][step], keys, chunkOf(step));
    });
    return sums;
  }
  SmallVector<Words *> all;
  for (SmallVector<Words> &pair : sums)
    for (Words &sum : pair)
      all.push_back(&sum);
  eachStep(all, [&](Value chunk) {
    Values factors = inverse(logsBehindRow(logsBehindBlock(begin, chunk), unseen, gatesOf(begin, chunk)));
    for (auto [j, left] : llvm::enumerate(planes.lefts)) {
      Words query = scaled(firstFactor(left, begin, chunk), factors);
      for (auto [i, keys] : llvm::enumerate(planes.keys))
        meet(sums[i * planes.lefts.size() + j], query, keys, chunk);
    }
  });
  return sums;
}

SmallVector<Values> NearScores::scores(Value begin) {
  SmallVector<Values> scores;
  for (const SmallVector<Words> &pair : group ? sumsOfGroup(begin) : sumsOfWarps(begin)) {
    scores.emplace_back();
    for (auto [n, sum] : llvm::enumerate(pair))
      for (auto [e, score] : llvm::enumerate(sum)) {
        Value row = math.add(math.add(begin, at.lineInFragment), half * (e / 2));
        Value column = math.add(at.column(0), half * n + e % 2);
        scores.back().push_back(choose(less(column, row, !exclusive), score, zero()));
      }
  }
  return scores;
}

/// Whether no thread of the block found more than `farthest`: behind a barrier, `found` having been written in front.
static Value isNear(ImplicitLocOpBuilder &b, TileThread &at, Value found) {
  Value most;
  for (int64_t warp = 0; warp < at.warps; ++warp) {
    Value next = LLVM::LoadOp::create(b, b.getF32Type(), at.behind(found, at.number(4 * warp)), 4);
    most = most ? arith::MaximumFOp::create(b, most, next).getResult() : next;
  }
  return arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, most,
                               arith::ConstantOp::create(b, b.getF32FloatAttr(farthest)));
}

/// The warp's largest to its place.
static void writeMost(ImplicitLocOpBuilder &b, TileThread &at, Value most, Value found) {
  for (int64_t mask = 16; mask; mask /= 2)
    most = arith::MaximumFOp::create(b, most, at.fromLane(most, mask));
  Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, at.lane, at.number(0));
  auto only = scf::IfOp::create(b, isFirst, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(only.thenBlock());
  LLVM::StoreOp::create(b, most, at.behind(found, at.at().mul(at.warp, 4)), 4);
}

using Scores = SmallVector<Values>; // of each pair

/// What one of two ways makes, `count` numbers of each of `pairs` pairs.
static Scores oneOf(ImplicitLocOpBuilder &b, Value condition, int64_t pairs, int64_t count,
                    function_ref<Scores()> ifTrue, function_ref<Scores()> ifFalse) {
  auto either =
      scf::IfOp::create(b, SmallVector<Type>(pairs * count, b.getF32Type()), condition, /*withElseRegion=*/true);
  for (auto [body, way] : {std::pair(either.thenBlock(), ifTrue), std::pair(either.elseBlock(), ifFalse)}) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(body);
    Values all;
    for (const Values &scores : way())
      llvm::append_range(all, scores);
    scf::YieldOp::create(b, all);
  }
  Scores made;
  for (int64_t i = 0; i < pairs; ++i)
    made.emplace_back(llvm::to_vector_of<Value>(either.getResults().slice(i * count, count)));
  return made;
}

void TileCode::emitDecayedScores(tile::DecayedScoresOp op) {
  int64_t rows = op.rows(), fragments = at.fragmentsOfThread(rows);
  auto planeOfFactor = [&](Value v) { return planeOf(program.sourceOf(tileOf(v))); };
  Planes planes;
  for (Value left : op.getLefts())
    planes.lefts.push_back(planeOfFactor(left));
  for (Value right : op.getRights())
    planes.rights.push_back(planeOfFactor(right));
  for (Value part : op.getGates())
    planes.gates.push_back(planeOfFactor(part));
  auto markRead = [&] { // behind the barriers that there may be in between
    for (OpOperand *factor : op.getDpsInputOperands())
      planeOfFactor(factor->get());
  };
  markRead();
  SmallVector<Place> keys;
  for (size_t i = 0; i < op.getRights().size() && rows > block; ++i) {
    keys.push_back(newPlace(2 * rows * op.channels(), Plane::alignment));
    beforeWrite(keys.back());
    planes.keys.push_back({keys.back().pointer, rows, op.channels()});
  }
  SmallVector<Value> begins; // of the thread's 16 rows each
  for (int64_t f = 0; f < fragments; ++f)
    begins.push_back(at.fragmentBegin(rows, f));
  int64_t pairs = op.getInto().size();
  auto far = [&] {
    Scores scores(pairs);
    std::vector<FarScores> parts(begins.size(), FarScores(b, at, planes, op.getExclusive()));
    for (auto [part, begin] : llvm::zip_equal(parts, begins))
      part.readBlock(begin);
    if (rows > block)
      at.barrier();
    for (auto [part, begin] : llvm::zip_equal(parts, begins)) {
      if (rows > block)
        part.readEarlier(begin);
      for (auto [i, all] : llvm::enumerate(scores))
        llvm::append_range(all, part.scores(i, begin));
    }
    return scores;
  };
  Scores scores;
  if (rows > block) {
    Place found = newPlace(4 * at.warps, 4 * at.warps);
    beforeWrite(found);
    bool group = program.wgmma && rows == linesOfGroup && at.warps == warpsOfGroup;
    std::vector<NearScores> parts(begins.size(), NearScores(b, at, planes, op.getExclusive(), group));
    Value most;
    for (auto [part, begin] : llvm::zip_equal(parts, begins)) {
      Value next = part.readRows(begin);
      most = most ? arith::MaximumFOp::create(b, most, next).getResult() : next;
    }
    writeMost(b, at, most, found.pointer);
    unfenced |= group; // of the keys
    barrier();
    markRead();
    beforeRead(found);
    for (const Place &place : keys)
      beforeRead(place);
    auto together = [&] {
      Scores scores(pairs);
      for (auto [part, begin] : llvm::zip_equal(parts, begins))
        for (auto [all, some] : llvm::zip_equal(scores, part.scores(begin)))
          llvm::append_range(all, some);
      return scores;
    };
    scores = oneOf(b, isNear(b, at, found.pointer), pairs, fragments * rows / half * 4, together, far);
    unused.append(keys);
    unused.push_back(found);
  } else {
    scores = far();
  }
  for (auto [into, values] : llvm::zip_equal(op.getInto(), scores))
    put(tileOf(into), std::move(values));
}
