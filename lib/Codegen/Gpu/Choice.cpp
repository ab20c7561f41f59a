// strand-choice: the next token of each sequence, on buffers. Integers alone are summed up or compared, so that neither
// the order of threads nor the cut into parts shows in what comes out.
//
//   a fold              a block a part: threads fold some entries each, then 32 of them what every 32nd has, then one
//                       these; a block a row folds its parts
//   a search            the largest rank such that it and those above hold what is wanted, 5 bits at a time from the
//                       highest on: each part sums up what is at or above each of 32 ranks, of entries that it keeps
//                       in memory of the block, then each row takes the highest one that has enough
//
// A choice is up to three searches: for the rank of the top_k-th token, for the rank at which top_p is held, and for
// the one at which the draw is held. A row that nothing is cut from is walked by ids, which is the same search in ranks
// without their logits.
#include "dialects/Strand/Rows.h"
#include "lib/Lowering/Roots.h"
#include "lib/Passes.h"
#include "lib/Runtime/Choice.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_CHOICE
#include "lib/Passes.h.inc"
namespace {
constexpr int64_t partSize = 1024, threads = 256, lanes = 32;
constexpr int64_t keyBits = 32, digitBits = 5, digits = 1 << digitBits;
constexpr int64_t mostVocabulary = int64_t(1) << 28; // of which ranks are a whole number of digits below 64 bits

/// The columns of a strand_choice, as numbers.
enum Column : int64_t { scaleColumn, topKColumn, topPColumn, seedColumn, positionColumn, columns };

/// How two values become one; zero changes nothing.
enum class Fold { Sum, Largest };

class Choice {
public:
  Choice(ModuleOp module, int64_t vocabulary)
      : b(OpBuilder::atBlockEnd(module.getBody())), loc(module.getLoc()), vocabulary(vocabulary),
        idBits(llvm::Log2_64_Ceil(vocabulary)), parts(llvm::divideCeil(vocabulary, partSize)) {}

  func::FuncOp emitLargest();
  /// Draws from what cuts leave; those that are not asked for, no row has.
  func::FuncOp emitDraw(StringRef name, bool byRank, bool byMass);

private:
  OpBuilder b;
  Location loc;
  int64_t vocabulary, idBits, parts;
  Value logits, how, ids, sequences; // of the function that is being written
  bool cutsByRank = false, cutsByMass = false;

  // ---- values ----

  Value number(int64_t v) { return arith::ConstantIntOp::create(b, loc, v, 64); }
  Value word(int64_t v) { return arith::ConstantIntOp::create(b, loc, v, 32); }
  Value place(int64_t v) { return arith::ConstantIndexOp::create(b, loc, v); }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, loc, x, y); }
  Value wide(Value index) { return arith::IndexCastOp::create(b, loc, b.getI64Type(), index); }
  Value load(Value buffer, ValueRange at) { return memref::LoadOp::create(b, loc, buffer, at); }
  Value compare(arith::CmpIPredicate how, Value x, Value y) { return arith::CmpIOp::create(b, loc, how, x, y); }
  Value select(Value condition, Value x, Value y) { return arith::SelectOp::create(b, loc, condition, x, y); }
  Value fold(Fold how, Value x, Value y) {
    return how == Fold::Sum ? add(x, y) : arith::MaxUIOp::create(b, loc, x, y).getResult();
  }

  // ---- structure ----

  func::FuncOp beginFunction(StringRef name, bool draws);
  void endFunction() {
    func::ReturnOp::create(b, loc);
    b.setInsertionPointAfter(b.getInsertionBlock()->getParentOp());
  }
  MemRefType numbers(ArrayRef<int64_t> shape) { return MemRefType::get(shape, b.getI64Type()); }
  /// A buffer with numbers for each sequence.
  Value ofSequences(ArrayRef<int64_t> shape = {});
  /// A number or more of a buffer, as a view: what stands at `at` in its first dimensions.
  Value part(Value buffer, ArrayRef<Value> at);
  void blocks(ArrayRef<OpFoldResult> counts, function_ref<void(ValueRange)> body);
  void blockPerSequence(function_ref<void(Value s)> body) {
    blocks({sequences}, [&](ValueRange at) { body(at[0]); });
  }
  void blockPerPart(function_ref<void(Value s, Value p)> body) {
    blocks({sequences, b.getIndexAttr(parts)}, [&](ValueRange at) { body(at[0], at[1]); });
  }
  /// linalg.generic; letters name loops, those that are in no output are folded.
  void loops(StringRef all, ArrayRef<std::pair<Value, StringRef>> inputs,
             ArrayRef<std::pair<Value, StringRef>> outputs, function_ref<SmallVector<Value>(ValueRange)> body);
  /// What `out` begins with: right in front of the loops that add to it, which then need no barrier behind it.
  void zero(Value out) { linalg::FillOp::create(b, loc, number(0), out); }
  /// Folds what `made` makes of the entries of part `p`, in a block.
  void foldPart(Fold how, Value s, Value p, function_ref<Value(Value logit, Value id)> made, Value out);
  /// Folds what `of` has for the parts of a sequence.
  void foldParts(Fold how, Value of, Value s, Value out);

  // ---- ranks ----

  Value keyOf(Value logit);
  Value rankOf(Value key, Value id);
  Value idOf(Value rank);
  Value isNumber(Value rank);
  using MadeOfEntry = function_ref<SmallVector<Value>(Value logit, Value id)>;
  /// What `made` makes of one entry; zeros behind the end of the vocabulary.
  SmallVector<Value> entry(Value s, Value id, MadeOfEntry made);
  /// The same for each entry of part `p`, in buffers.
  SmallVector<Value> entries(Value s, Value p, int64_t count, MadeOfEntry made);
  Value largestRanks();

  // ---- draws ----

  /// What a row's weights depend on.
  struct Scale {
    Value largest, scale;
  };
  /// What is counted, and in which order.
  enum class Measure { Ones, Weights };
  enum class Walk { ByRank, ById, AsRowsAre };

  Value shiftRight(Value x, int64_t bits) { return arith::ShRUIOp::create(b, loc, x, number(bits)); }
  Value times(Value x, Value y) { return arith::MulIOp::create(b, loc, x, y); }
  Value column(Value s, Column c) { return load(how, {s, place(c)}); }
  Scale scaleOf(Value largestRanks, Value s);
  Value weightOf(Value logit, const Scale &scale);
  Value walkMask(Value s, Walk walk);
  Value randomOf(Value seed, Value position);
  Value share(Value total, Value of);
  /// For each sequence what `body` makes of what `of` holds for it.
  Value eachSequence(Value of, function_ref<Value(Value s, Value v)> body);
  Value heldFrom(Value largestRanks, Value ranks);
  Value drawnOf(Value totals);
  Value search(Value largestRanks, Value wanted, Measure measure, Walk walk);
  void countDigits(Value found, Value counts, Value shift, Value largestRanks, Measure measure, Walk walk);
  void takeDigit(Value found, Value counts, Value shift, Value wanted);
  void putIds(Value largestRanks, function_ref<Value(Value s, Value rank)> chosen);
  void putDrawn(Value largestRanks, Value drawn);
};

func::FuncOp Choice::beginFunction(StringRef name, bool draws) {
  constexpr int64_t dynamic = ShapedType::kDynamic;
  SmallVector<Type> arguments{MemRefType::get({dynamic, vocabulary}, b.getF32Type())};
  if (draws)
    arguments.push_back(numbers({dynamic, columns}));
  arguments.push_back(MemRefType::get({dynamic}, b.getI32Type()));
  auto f = func::FuncOp::create(b, loc, name, b.getFunctionType(arguments, {}));
  f.setPrivate();
  SmallVector<StringRef> inputs{"logits", "how", "ids"};
  if (!draws)
    inputs.erase(&inputs[1]);
  for (auto [i, input] : llvm::enumerate(inputs)) {
    f.setArgAttr(i, "strand.input", b.getStringAttr(input));
    f.setArgAttr(i, "strand.sequences", b.getUnitAttr());
  }
  b.setInsertionPointToStart(f.addEntryBlock());
  logits = f.getArgument(0);
  how = draws ? f.getArgument(1) : Value();
  ids = f.getArguments().back();
  sequences = memref::DimOp::create(b, loc, logits, 0);
  return f;
}

Value Choice::ofSequences(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> all{ShapedType::kDynamic};
  llvm::append_range(all, shape);
  return memref::AllocOp::create(b, loc, numbers(all), sequences, b.getI64IntegerAttr(64));
}

Value Choice::part(Value buffer, ArrayRef<Value> at) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<OpFoldResult> first(type.getRank(), b.getIndexAttr(0)), ones(type.getRank(), b.getIndexAttr(1)), sizes;
  for (int64_t d = 0; d < type.getRank(); ++d)
    sizes.push_back(b.getIndexAttr(d < int64_t(at.size()) ? 1 : type.getDimSize(d)));
  llvm::copy(at, first.begin());
  ArrayRef<int64_t> shape = type.getShape().drop_front(at.size());
  auto reduced = memref::SubViewOp::inferRankReducedResultType(shape, type, first, sizes, ones);
  return memref::SubViewOp::create(b, loc, reduced, buffer, first, sizes, ones);
}

void Choice::blocks(ArrayRef<OpFoldResult> counts, function_ref<void(ValueRange)> body) {
  auto grid = scf::ForallOp::create(b, loc, counts, ValueRange(), std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(grid.getTerminator());
  body(grid.getInductionVars());
}

void Choice::loops(StringRef all, ArrayRef<std::pair<Value, StringRef>> inputs,
                   ArrayRef<std::pair<Value, StringRef>> outputs,
                   function_ref<SmallVector<Value>(ValueRange)> body) {
  SmallVector<Value> ins, outs;
  SmallVector<AffineMap> maps;
  std::string kept;
  auto add = [&](std::pair<Value, StringRef> operand, SmallVector<Value> &to) {
    maps.push_back(dimsMap(b.getContext(), all, operand.second));
    to.push_back(operand.first);
  };
  for (auto input : inputs)
    add(input, ins);
  for (auto output : outputs) {
    add(output, outs);
    kept += output.second;
  }
  SmallVector<utils::IteratorType> kinds;
  for (char loop : all)
    kinds.push_back(StringRef(kept).contains(loop) ? utils::IteratorType::parallel : utils::IteratorType::reduction);
  OpBuilder outside = b;
  linalg::GenericOp::create(outside, loc, ins, outs, maps, kinds, [&](OpBuilder &inside, Location, ValueRange values) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(inside.getInsertionBlock());
    linalg::YieldOp::create(b, loc, body(values));
  });
}

void Choice::foldPart(Fold how, Value s, Value p, function_ref<Value(Value logit, Value id)> made, Value out) {
  constexpr int64_t each = partSize / threads;
  Value ofThreads = memref::AllocOp::create(b, loc, numbers({threads}));
  Value first = arith::MulIOp::create(b, loc, p, place(partSize));
  loops("t", {}, {{ofThreads, "t"}}, [&](ValueRange) {
    Value id = add(first, linalg::IndexOp::create(b, loc, 0)), own;
    for (int64_t i = 0; i < each; ++i) {
      Value v = entry(s, i ? add(id, place(i * threads)) : id,
                      [&](Value logit, Value id) { return SmallVector<Value>{made(logit, id)}; })[0];
      own = own ? fold(how, own, v) : v;
    }
    return SmallVector<Value>{own};
  });
  Value square = memref::ExpandShapeOp::create(b, loc, numbers({threads / lanes, lanes}), ofThreads,
                                               ArrayRef<ReassociationIndices>{{0, 1}});
  Value sums = memref::AllocOp::create(b, loc, numbers({lanes}));
  auto folded = [&](ValueRange v) { return SmallVector<Value>{fold(how, v[1], v[0])}; };
  zero(sums);
  loops("er", {{square, "re"}}, {{sums, "e"}}, folded);
  zero(out);
  loops("e", {{sums, "e"}}, {{out, ""}}, folded);
}

void Choice::foldParts(Fold how, Value of, Value s, Value out) {
  Value ofParts = part(of, s);
  zero(out);
  loops("p", {{ofParts, "p"}}, {{out, ""}}, [&](ValueRange v) { return SmallVector<Value>{fold(how, v[1], v[0])}; });
}

/// The bits of a float as a number that is the larger the larger the float is: those of negative floats count down, the
/// two zeros are one, and what is no number is above all.
Value Choice::keyOf(Value logit) {
  Value bits = arith::BitcastOp::create(b, loc, b.getI32Type(), logit);
  Value size = arith::AndIOp::create(b, loc, bits, word(0x7fffffff));
  bits = select(compare(arith::CmpIPredicate::eq, size, word(0)), word(0), bits);
  Value sign = arith::ShRSIOp::create(b, loc, bits, word(31));
  Value flips = arith::OrIOp::create(b, loc, sign, word(INT32_MIN));
  Value key = arith::XOrIOp::create(b, loc, bits, flips);
  key = select(compare(arith::CmpIPredicate::ugt, size, word(0x7f800000)), word(-1), key);
  return arith::ExtUIOp::create(b, loc, b.getI64Type(), key);
}

Value Choice::rankOf(Value key, Value id) {
  Value behind = arith::SubIOp::create(b, loc, number(vocabulary - 1), id);
  return arith::OrIOp::create(b, loc, arith::ShLIOp::create(b, loc, key, number(idBits)), behind);
}

Value Choice::idOf(Value rank) {
  Value behind = arith::AndIOp::create(b, loc, rank, number((int64_t(1) << idBits) - 1));
  return arith::SubIOp::create(b, loc, number(vocabulary - 1), behind);
}

/// Whether the logit of a rank is a number, and finite.
Value Choice::isNumber(Value rank) {
  constexpr int64_t least = 0x007fffff, most = 0xff800000; // the keys of -inf and +inf
  Value key = arith::ShRUIOp::create(b, loc, rank, number(idBits));
  return arith::AndIOp::create(b, loc, compare(arith::CmpIPredicate::ugt, key, number(least)),
                               compare(arith::CmpIPredicate::ult, key, number(most)));
}

SmallVector<Value> Choice::entry(Value s, Value id, MadeOfEntry made) {
  if (vocabulary % partSize == 0)
    return made(load(logits, {s, id}), wide(id));
  Value read = arith::MinUIOp::create(b, loc, id, place(vocabulary - 1));
  SmallVector<Value> values = made(load(logits, {s, read}), wide(read));
  for (Value &v : values)
    v = select(compare(arith::CmpIPredicate::eq, id, read), v, number(0));
  return values;
}

SmallVector<Value> Choice::entries(Value s, Value p, int64_t count, MadeOfEntry made) {
  SmallVector<Value> buffers;
  SmallVector<std::pair<Value, StringRef>> outputs;
  for (int64_t i = 0; i < count; ++i) {
    buffers.push_back(memref::AllocOp::create(b, loc, numbers({partSize})));
    outputs.push_back({buffers.back(), "i"});
  }
  Value first = arith::MulIOp::create(b, loc, p, place(partSize));
  loops("i", {}, outputs, [&](ValueRange) { return entry(s, add(first, linalg::IndexOp::create(b, loc, 0)), made); });
  return buffers;
}

/// The largest rank of each sequence.
Value Choice::largestRanks() {
  Value ofParts = ofSequences({parts}), largest = ofSequences();
  blockPerPart([&](Value s, Value p) {
    foldPart(
        Fold::Largest, s, p, [&](Value logit, Value id) { return rankOf(keyOf(logit), id); }, part(ofParts, {s, p}));
  });
  blockPerSequence([&](Value s) { foldParts(Fold::Largest, ofParts, s, part(largest, s)); });
  return largest;
}

/// -1 where the largest logit is no number.
void Choice::putIds(Value largestRanks, function_ref<Value(Value s, Value rank)> chosen) {
  loops("s", {{largestRanks, "s"}}, {{ids, "s"}}, [&](ValueRange v) {
    Value id = chosen(linalg::IndexOp::create(b, loc, 0), v[0]);
    id = select(isNumber(v[0]), id, number(-1));
    return SmallVector<Value>{arith::TruncIOp::create(b, loc, b.getI32Type(), id)};
  });
}

func::FuncOp Choice::emitLargest() {
  func::FuncOp f = beginFunction(chooseLargest, /*draws=*/false);
  putIds(largestRanks(), [&](Value, Value rank) { return idOf(rank); });
  endFunction();
  return f;
}

Choice::Scale Choice::scaleOf(Value largestRanks, Value s) {
  Value id = arith::IndexCastOp::create(b, loc, b.getIndexType(), idOf(load(largestRanks, s)));
  Value largest = arith::ExtFOp::create(b, loc, b.getF64Type(), load(logits, {s, id}));
  return {largest, arith::BitcastOp::create(b, loc, b.getF64Type(), column(s, scaleColumn))};
}

/// The weight of Choice.h.
Value Choice::weightOf(Value logit, const Scale &scale) {
  constexpr uint64_t terms[] = STRAND_POWER_TERMS;
  Type f64 = b.getF64Type();
  Value below = arith::SubFOp::create(b, loc, scale.largest, arith::ExtFOp::create(b, loc, f64, logit));
  Value distance = arith::MulFOp::create(b, loc, below, scale.scale);
  double limit = double(int64_t(STRAND_MOST_DISTANCE) << STRAND_DISTANCE_BITS);
  Value most = arith::ConstantOp::create(b, loc, b.getF64FloatAttr(limit));
  Value isNear = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, distance, most);
  Value x = arith::FPToUIOp::create(b, loc, b.getI64Type(), select(isNear, distance, most));
  Value fraction = arith::AndIOp::create(b, loc, x, number(UINT32_MAX)), power = number(std::end(terms)[-1]);
  for (uint64_t term : llvm::reverse(ArrayRef(terms).drop_back()))
    power = arith::SubIOp::create(b, loc, number(term), shiftRight(times(fraction, power), STRAND_DISTANCE_BITS));
  Value whole = number(strand_weight_bits(vocabulary) - STRAND_DISTANCE_BITS);
  return arith::ShRUIOp::create(b, loc, arith::ShLIOp::create(b, loc, power, whole),
                                shiftRight(x, STRAND_DISTANCE_BITS));
}

/// The bits of ranks that say what comes first.
Value Choice::walkMask(Value s, Walk walk) {
  Value all = number(-1), ofId = number((int64_t(1) << idBits) - 1), mask = ofId;
  if (walk != Walk::AsRowsAre)
    return walk == Walk::ById ? ofId : all;
  auto cutBelow = [&](Column c, int64_t whole) {
    mask = select(compare(arith::CmpIPredicate::slt, column(s, c), number(whole)), all, mask);
  };
  if (cutsByRank)
    cutBelow(topKColumn, vocabulary);
  if (cutsByMass)
    cutBelow(topPColumn, STRAND_WHOLE);
  return mask;
}

/// strand_rt_random.
Value Choice::randomOf(Value seed, Value position) {
  constexpr uint64_t golden = 0x9e3779b97f4a7c15;
  auto mix = [&](Value x) {
    auto folded = [&](Value v, int64_t bits) -> Value {
      return arith::XOrIOp::create(b, loc, v, shiftRight(v, bits));
    };
    x = times(folded(x, 30), number(0xbf58476d1ce4e5b9));
    x = times(folded(x, 27), number(0x94d049bb133111eb));
    return folded(x, 31);
  };
  Value counter = times(add(position, number(1)), number(golden));
  return mix(add(mix(add(seed, number(golden))), counter));
}

/// total * of / 2^32, rounded down.
Value Choice::share(Value total, Value of) {
  Value low = arith::AndIOp::create(b, loc, total, number(UINT32_MAX));
  return add(times(shiftRight(total, STRAND_SHARE_BITS), of), shiftRight(times(low, of), STRAND_SHARE_BITS));
}

Value Choice::eachSequence(Value of, function_ref<Value(Value s, Value v)> body) {
  Value out = ofSequences();
  loops("s", {{of, "s"}}, {{out, "s"}},
        [&](ValueRange v) { return SmallVector<Value>{body(linalg::IndexOp::create(b, loc, 0), v[0])}; });
  return out;
}

/// What the tokens from those `ranks` on weigh together; all tokens where there are none.
Value Choice::heldFrom(Value largestRanks, Value ranks) {
  Value ofParts = ofSequences({parts}), totals = ofSequences();
  blockPerPart([&](Value s, Value p) {
    Scale scale = scaleOf(largestRanks, s);
    Value from = ranks ? load(ranks, s) : Value();
    auto held = [&](Value logit, Value id) {
      Value weight = weightOf(logit, scale);
      if (!from)
        return weight;
      return select(compare(arith::CmpIPredicate::uge, rankOf(keyOf(logit), id), from), weight, number(0));
    };
    foldPart(Fold::Sum, s, p, held, part(ofParts, {s, p}));
  });
  blockPerSequence([&](Value s) { foldParts(Fold::Sum, ofParts, s, part(totals, s)); });
  return totals;
}

/// What has to be held where a draw falls: one more than a random number below the total.
Value Choice::drawnOf(Value totals) {
  return eachSequence(totals, [&](Value s, Value total) {
    Value random = randomOf(column(s, seedColumn), column(s, positionColumn));
    return add(arith::MulUIExtendedOp::create(b, loc, random, total).getHigh(), number(1));
  });
}

/// The largest rank of each sequence such that what it and those above measure is `wanted` or more.
Value Choice::search(Value largestRanks, Value wanted, Measure measure, Walk walk) {
  int64_t bits = walk == Walk::ById ? idBits : keyBits + idBits, steps = llvm::divideCeil(bits, digitBits);
  Value found = ofSequences(), counts = ofSequences({parts, digits});
  zero(found);
  auto loop = scf::ForOp::create(b, loc, place(0), place(steps), place(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value left = arith::SubIOp::create(b, loc, place(steps - 1), loop.getInductionVar());
  Value shift = wide(arith::MulIOp::create(b, loc, left, place(digitBits)));
  countDigits(found, counts, shift, largestRanks, measure, walk);
  takeDigit(found, counts, shift, wanted);
  return found;
}

/// counts[s, p, j]: what those of part p measure that are `found[s]` + j 2^shift or more.
void Choice::countDigits(Value found, Value counts, Value shift, Value largestRanks, Measure measure, Walk walk) {
  blockPerPart([&](Value s, Value p) {
    Value from = load(found, s), mask = walkMask(s, walk);
    Scale scale = measure == Measure::Weights ? scaleOf(largestRanks, s) : Scale();
    SmallVector<Value> held = entries(s, p, 2, [&](Value logit, Value id) {
      Value rank = arith::AndIOp::create(b, loc, rankOf(keyOf(logit), id), mask);
      return SmallVector<Value>{rank, measure == Measure::Weights ? weightOf(logit, scale) : number(1)};
    });
    Value out = part(counts, {s, p});
    zero(out);
    loops("ji", {{held[0], "i"}, {held[1], "i"}}, {{out, "j"}}, [&](ValueRange v) {
      Value digit = arith::ShLIOp::create(b, loc, wide(linalg::IndexOp::create(b, loc, 0)), shift);
      Value counted = compare(arith::CmpIPredicate::uge, v[0], add(from, digit));
      return SmallVector<Value>{add(v[2], select(counted, v[1], number(0)))};
    });
  });
}

/// Adds the largest j 2^shift to `found` that leaves enough.
void Choice::takeDigit(Value found, Value counts, Value shift, Value wanted) {
  blockPerSequence([&](Value s) {
    Value from = load(found, s), enough = load(wanted, s);
    Value sums = memref::AllocOp::create(b, loc, numbers({digits})), ofParts = part(counts, s);
    zero(sums);
    loops("jp", {{ofParts, "pj"}}, {{sums, "j"}}, [&](ValueRange v) { return SmallVector<Value>{add(v[1], v[0])}; });
    loops("j", {{sums, "j"}}, {{part(found, s), ""}}, [&](ValueRange v) {
      Value digit = arith::ShLIOp::create(b, loc, wide(linalg::IndexOp::create(b, loc, 0)), shift);
      Value reached = select(compare(arith::CmpIPredicate::uge, v[0], enough), add(from, digit), number(0));
      return SmallVector<Value>{fold(Fold::Largest, v[1], reached)};
    });
  });
}

func::FuncOp Choice::emitDraw(StringRef name, bool byRank, bool byMass) {
  func::FuncOp f = beginFunction(name, /*draws=*/true);
  cutsByRank = byRank;
  cutsByMass = byMass;
  Value largest = largestRanks(), last; // the last rank that is kept
  if (byRank) {
    Value wanted = eachSequence(largest, [&](Value s, Value) { return column(s, topKColumn); });
    last = search(largest, wanted, Measure::Ones, Walk::ByRank);
  }
  if (byMass) {
    Value wanted = eachSequence(heldFrom(largest, last), [&](Value s, Value total) {
      return fold(Fold::Largest, share(total, column(s, topPColumn)), number(1));
    });
    last = search(largest, wanted, Measure::Weights, Walk::ByRank);
  }
  Walk walk = byRank || byMass ? Walk::AsRowsAre : Walk::ById;
  putDrawn(largest, search(largest, drawnOf(heldFrom(largest, last)), Measure::Weights, walk));
  endFunction();
  return f;
}

/// -1 where the sequence has stopped.
void Choice::putDrawn(Value largestRanks, Value drawn) {
  putIds(largestRanks, [&](Value s, Value) {
    Value goesOn = compare(arith::CmpIPredicate::sge, column(s, positionColumn), number(0));
    return select(goesOn, idOf(load(drawn, s)), number(-1));
  });
}

/// Entries of a row of logits; none if there is no model.
std::optional<int64_t> vocabularyOf(func::FuncOp advance) {
  for (unsigned i = 0; advance && i < advance.getNumArguments(); ++i)
    if (auto input = advance.getArgAttrOfType<StringAttr>(i, "strand.input"); input && input == "logits")
      if (auto type = dyn_cast<MemRefType>(advance.getArgumentTypes()[i]); type && type.getNumDynamicDims() == 1)
        return ShapedType::getNumElements(type.getShape().drop_front());
  return std::nullopt;
}

struct ChoicePass : impl::ChoiceBase<ChoicePass> {
  using ChoiceBase::ChoiceBase;

  void runOnOperation() override {
    auto advance = getOperation().lookupSymbol<func::FuncOp>("advance");
    std::optional<int64_t> vocabulary = vocabularyOf(advance);
    if (!vocabulary)
      return;
    if (*vocabulary > mostVocabulary) {
      advance.emitError() << "has logits of " << *vocabulary << " tokens; a device chooses among "
                                 << mostVocabulary << " at most";
      return signalPassFailure();
    }
    Choice choice(getOperation(), *vocabulary);
    for (func::FuncOp f : {choice.emitLargest(), choice.emitDraw(chooseAll, false, false),
                           choice.emitDraw(chooseRank, true, false), choice.emitDraw(chooseMass, false, true),
                           choice.emitDraw(chooseBoth, true, true)})
      if (entries)
        f->setAttr("strand.entry", f.getNameAttr());
  }
};
} // namespace
} // namespace strand
