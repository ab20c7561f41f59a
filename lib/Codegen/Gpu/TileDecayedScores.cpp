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
#include "lib/Codegen/Gpu/Fragments.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "lib/Codegen/Gpu/TileCode.h"
#include "dialects/Strand/Decay.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
using namespace mlir;
using namespace strand;
namespace {
constexpr int64_t block = 16, half = 8, levels = 3; // of halves inside of 8 rows
using Words = SmallVector<Value>;
using Values = SmallVector<Value>; // of a step of 16 channels, a thread's 8: of each word of a first factor both

class DecayedScores {
public:
  struct Planes {
    SmallVector<Plane> lefts, rights, gates;
    SmallVector<Plane> keys; // those of each of `rights`, decayed to the end of their block
  };
  DecayedScores(ImplicitLocOpBuilder &b, TileThread &at, Planes planes, bool exclusive);

  /// For the warp's 16 rows from `begin` on: writes its decayed keys, and finds the scores inside of the block.
  void readBlock(Value begin);
  /// Scores with all earlier blocks, behind a barrier.
  void readEarlier(Value begin);
  /// Scores of pair `pair`: of each 8 columns 4 sums.
  Values scores(int64_t pair, Value begin);

private:
  ImplicitLocOpBuilder &b;
  TileThread &at;
  Planes planes;
  bool exclusive;
  IndexMath math;
  Value zeroWord, ones, lower, upper, halves[levels]; // words of constant matrices of 8 x 8
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
  SmallVector<Words> zeros(int64_t count) const { return SmallVector<Words>(count, Words(4, zero())); }
  Value zero() const { return arith::ConstantOp::create(b, b.getF32FloatAttr(0)); }

  int64_t rows() const { return planes.gates[0].rows; }
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
  SmallVector<Words> gatesOf(Value begin, Value chunk);
  Words keysOf(const Plane &keys, int64_t earlier, Value chunk);
  void addLogs(Values &logs, ArrayRef<Value> matrix, ArrayRef<Words> gates);
  Values decays(ArrayRef<Value> logs);
  Words scaled(ArrayRef<Value> words, ArrayRef<Value> factors);
  SmallVector<Words> insideOf(const Sums &s);
  void writeKeys(const Plane &keys, Value begin, Value chunk, ArrayRef<Value> words);
  using Meet = function_ref<void(Sums &sums, ArrayRef<Value> queries, ArrayRef<Value> keys)>;
  void meetAll(ArrayRef<Words> lefts, ArrayRef<Words> rights, ArrayRef<Value> factors, Meet meet);
  void addPairs(Words &sums, ArrayRef<Value> left, ArrayRef<Value> right);
  void multiply(Words &sums, ArrayRef<Value> first, ArrayRef<Value> second) {
    sums = multiplyFragments(b, first, second, sums);
  }
};
} // namespace

DecayedScores::DecayedScores(ImplicitLocOpBuilder &b, TileThread &at, Planes planes, bool exclusive)
    : b(b), at(at), planes(std::move(planes)), exclusive(exclusive), math(at.at()) {
  zeroWord = at.number(0);
  ones = at.number(0x3f803f80);
  // of row r, gates up to its own; behind its own
  lower = wordWhere([&](Value r, Value t) { return less(t, r, !exclusive); });
  upper = wordWhere([&](Value r, Value t) { return less(r, t); });
  for (int64_t level = 0; level < levels; ++level) {
    int64_t size = int64_t(1) << level;
    halves[level] = wordWhere([&](Value r, Value t) {
      Value middle = math.mul(math.div(r, size), size); // where r's half begins
      Value since = arith::AndIOp::create(b, less(middle, t, true), less(t, r, !exclusive)),
            until = arith::AndIOp::create(b, less(r, t), less(t, math.add(middle, size)));
      Value isUpper = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, math.rem(math.div(r, size), 2), at.number(1));
      return choose(isUpper, since, until);
    });
  }
  int64_t fragments = rows() / half;
  for (size_t i = 0; i < this->planes.lefts.size() * this->planes.rights.size(); ++i)
    sums.push_back({zeros(levels + 1), Words(4, zero()), {}, zeros(fragments)});
}

/// The thread's word of a matrix of 8 x 8, of 1 in bf16 where `isOne`.
Value DecayedScores::wordWhere(function_ref<Value(Value row, Value column)> isOne) {
  constexpr int64_t one = 0x3f80;
  Value low = choose(isOne(at.lineInFragment, at.column(0)), at.number(one), at.number(0)),
        high = choose(isOne(at.lineInFragment, math.add(at.column(0), 1)), at.number(one << 16), at.number(0));
  return arith::OrIOp::create(b, low, high);
}

void DecayedScores::eachStep(ArrayRef<Words *> sums, function_ref<void(Value chunk)> body) {
  constexpr int64_t chunksOfStep = 2;
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
  auto loop = scf::ForOp::create(b, at.number(0), at.number(chunksOfStep * planes.gates[0].columns / block),
                                 at.number(chunksOfStep), init);
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
SmallVector<Words> DecayedScores::gatesOf(Value begin, Value chunk) {
  SmallVector<Words> words;
  for (const Plane &plane : planes.gates)
    words.push_back(at.matrices(plane, math.add(begin, math.rem(at.lane, 16)),
                                math.add(chunk, math.div(at.lane, 16)), true));
  return words;
}

/// Decayed keys of a block as a second factor, the step's channels as its depth.
Words DecayedScores::keysOf(const Plane &keys, int64_t earlier, Value chunk) {
  Value row = math.add(math.mul(math.div(at.lane, 16), 8), math.add(math.rem(at.lane, 8), block * earlier));
  return at.matrices(keys, row, math.add(chunk, math.rem(math.div(at.lane, 8), 2)), false);
}

/// logs + matrix * gates.
void DecayedScores::addLogs(Values &logs, ArrayRef<Value> matrix, ArrayRef<Words> gates) {
  if (logs.empty())
    logs.assign(8, zero());
  for (int64_t n : {0, 1}) {
    Words sums(logs.begin() + 4 * n, logs.begin() + 4 * n + 4);
    for (const Words &part : gates)
      multiply(sums, matrix, ArrayRef(part).slice(2 * n, 2));
    llvm::copy(sums, logs.begin() + 4 * n);
  }
}

Values DecayedScores::decays(ArrayRef<Value> logs) {
  Value toBaseTwo = arith::ConstantOp::create(b, b.getF32FloatAttr(float(log2e)));
  Values factors;
  for (Value log : logs)
    factors.push_back(coarsePowerOfTwo(b, b.getLoc(), arith::MulFOp::create(b, log, toBaseTwo)));
  return factors;
}

/// Words of a first factor, each value times its factor.
Words DecayedScores::scaled(ArrayRef<Value> words, ArrayRef<Value> factors) {
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
void DecayedScores::addPairs(Words &sums, ArrayRef<Value> left, ArrayRef<Value> right) {
  for (int64_t i : {0, 2})
    multiply(sums, {left[i], zeroWord, zeroWord, left[i + 1]}, {right[i], right[i + 1]});
}

/// Each right factor with each left one, both decayed.
void DecayedScores::meetAll(ArrayRef<Words> lefts, ArrayRef<Words> rights, ArrayRef<Value> factors, Meet meet) {
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

void DecayedScores::readBlock(Value begin) {
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

void DecayedScores::writeKeys(const Plane &keys, Value begin, Value chunk, ArrayRef<Value> words) {
  for (auto [e, word] : llvm::enumerate(words)) {
    Value row = math.add(math.add(begin, at.lineInFragment), half * (e % 2));
    Value address = at.chunkAddress(keys, row, math.add(chunk, e / 2));
    LLVM::StoreOp::create(b, word, at.behind(address, math.mul(at.column(0), 2)), 4);
  }
}

/// Of a pair of rows, the score of the level that parts them.
SmallVector<Words> DecayedScores::insideOf(const Sums &s) {
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

void DecayedScores::readEarlier(Value begin) {
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
      Value isPassed = less(at.number(next), own),
            isOwn = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, own, at.number(next));
      Value whole = choose(isPassed, ones, zeroWord);
      Value triangle = choose(isOwn, lower, whole);
      addLogs(since, {triangle, choose(isOwn, ones, whole), whole, triangle},
              gatesOf(at.number(block * next), chunk));
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

Values DecayedScores::scores(int64_t pair, Value begin) {
  const Sums &s = sums[pair];
  Value own = math.div(begin, block);
  Values all;
  for (int64_t n = 0; n < rows() / half; ++n) {
    Value isOwn = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, own, at.number(n / 2)),
          isEarlier = less(at.number(n / 2), own);
    for (int64_t e = 0; e < 4; ++e)
      all.push_back(choose(isEarlier, s.earlier[n][e], choose(isOwn, s.inside[n % 2][e], zero())));
  }
  return all;
}

void TileCode::emitDecayedScores(tile::DecayedScoresOp op) {
  int64_t rows = op.rows(), fragments = at.fragmentsOfThread(rows);
  auto planeOfFactor = [&](Value v) { return planeOf(program.sourceOf(tileOf(v))); };
  DecayedScores::Planes planes;
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
  std::vector<DecayedScores> parts; // of 16 rows each
  for (int64_t f = 0; f < fragments; ++f) {
    parts.emplace_back(b, at, planes, op.getExclusive());
    parts.back().readBlock(at.fragmentBegin(rows, f));
  }
  if (rows > block) {
    barrier();
    markRead();
    for (const Place &place : keys)
      beforeRead(place);
    for (auto [f, part] : llvm::enumerate(parts))
      part.readEarlier(at.fragmentBegin(rows, f));
    unused.append(keys);
  }
  for (auto [i, into] : llvm::enumerate(op.getInto())) {
    SmallVector<Value> values;
    for (auto [f, part] : llvm::enumerate(parts))
      llvm::append_range(values, part.scores(i, at.fragmentBegin(rows, f)));
    put(tileOf(into), std::move(values));
  }
}
