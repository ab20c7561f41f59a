#include "lib/Lowering/CostModel.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"
using namespace mlir;
using namespace strand;
namespace {
/// Spans of a thread: more even out what threads get, fewer save joins and scratch.
constexpr int64_t spansPerThread = 4;
/// Tasks of a phase at most.
constexpr int64_t mostTasks = 256;
/// f32 operations that a core does while the parallel loops of the phases are started and awaited.
constexpr int64_t startOfPhases = 100000;

/// Of a device with some 130 multiprocessors: blocks of threads that it runs side by side; f32 operations that one of
/// them does, at some 80 in a nanosecond, while the kernels of the phases are started (10 us), and while it waits for
/// what it joins (40 ns).
constexpr int64_t multiprocessors = 128, blocksOfDevice = 2 * multiprocessors, startOfKernels = 800000,
                  waitForJoined = 3200;

/// Of a library. Where each sequence has a row, kernels for few rows read the matrix as fast as memory is: of
/// 4096 x 4096, on an H100, 8 rows take 1.1 of the library's time and 16 rows 2.0; of 1024 x 1024, 16 rows take 1.1.
/// Elsewhere own kernels are for many rows: 1 row takes 6 times as long, 128 rows 2.7, 8192 rows 1.3. To open the
/// library takes a fifth of a second, once, which products with smaller matrices, some microseconds faster each, seldom
/// win back.
constexpr int64_t fewRowsOfLibrary = 16, leastMatrixOfLibrary = 1 << 20;
} // namespace

ArrayRef<StringRef> strand::chunkForms() {
  static constexpr StringRef names[] = {"auto", "step", "chunk", "three-phase", "associative"};
  return names;
}

int64_t strand::mostSpans(int64_t blocks) { return llvm::divideCeil(mostTasks, blocks); }

Value strand::emitSpanCount(OpBuilder &b, Location loc, int64_t blocks, Value threads) {
  auto k = [&](int64_t n) { return indexConstant(b, loc, n); };
  Value tasks = arith::MulIOp::create(b, loc, threads, k(spansPerThread));
  Value wanted = arith::CeilDivUIOp::create(b, loc, tasks, k(blocks));
  return arith::MinUIOp::create(b, loc, wanted, k(mostSpans(blocks)));
}

Value strand::emitTasksSuffice(OpBuilder &b, Location loc, Value sequences, int64_t blocks, Value threads) {
  Value tasks = arith::MulIOp::create(b, loc, sequences, indexConstant(b, loc, blocks));
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, tasks, threads);
}

static Value spansPay(OpBuilder &b, Location loc, const CallSize &call, int64_t start, int64_t blocks,
                      const SplitCost &cost) {
  auto k = [&](int64_t n) { return indexConstant(b, loc, n); };
  auto times = [&](Value x, Value y) { return arith::MulIOp::create(b, loc, x, y).getResult(); };
  // both sides times the number of threads
  Value all = times(call.rows, k(blocks));
  Value inOrder = times(arith::MaxUIOp::create(b, loc, times(call.longest, call.threads), all), k(cost.row));
  Value alone = arith::AddIOp::create(b, loc, times(call.spans, k(cost.joined)), k(start));
  Value inSpans = arith::AddIOp::create(b, loc, times(all, k(cost.row + cost.summary)), times(alone, call.threads));
  Value faster = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, inSpans, inOrder);
  Value fits = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, call.sequences, call.spans);
  return arith::AndIOp::create(b, loc, faster, fits);
}

Value strand::emitSpansPay(OpBuilder &b, Location loc, const CallSize &call, int64_t blocks, const SplitCost &cost) {
  return spansPay(b, loc, call, startOfPhases, blocks, cost);
}

Value strand::emitSpansPayOnDevice(OpBuilder &b, Location loc, Value rows, Value sequences, int64_t blocks,
                                   const SplitCost &cost) {
  Value some = arith::MaxUIOp::create(b, loc, sequences, indexConstant(b, loc, 1));
  Value longest = arith::CeilDivUIOp::create(b, loc, rows, some);
  CallSize call{rows, longest, sequences, indexConstant(b, loc, blocksOfDevice),
                indexConstant(b, loc, mostSpans(blocks))};
  return spansPay(b, loc, call, startOfKernels, blocks,
                  {cost.row, cost.summary, std::max(cost.joined, waitForJoined)});
}

PartLimits strand::limitsOfParts(bool singleRow, int64_t together) {
  int64_t blocks = together * multiprocessors;
  return singleRow ? PartLimits{blocks, 128, 128} : PartLimits{blocks, 32, 256};
}

Value strand::emitPartsOfPast(OpBuilder &b, Location loc, const PartLimits &limits, Value sequences, Value tiles,
                              int64_t blocks, Value places) {
  auto k = [&](int64_t n) { return indexConstant(b, loc, n); };
  Value all = arith::MulIOp::create(b, loc, arith::MulIOp::create(b, loc, sequences, tiles), k(blocks));
  Value wanted = arith::DivUIOp::create(b, loc, k(limits.blocks), arith::MaxUIOp::create(b, loc, all, k(1)));
  Value pay = arith::DivUIOp::create(b, loc, places, k(limits.places));
  Value parts = arith::MinUIOp::create(b, loc, arith::MinUIOp::create(b, loc, wanted, pay), k(limits.parts));
  return arith::MaxUIOp::create(b, loc, parts, k(1));
}

int64_t PartLimits::rows(int64_t blocksOfTile, int64_t length) const {
  return std::max(blocks / blocksOfTile, int64_t(1)) * length;
}

std::optional<int64_t> strand::leastRowsOfLibrary(int64_t n, int64_t k, bool singleRows) {
  if (n * k < leastMatrixOfLibrary)
    return {};
  return singleRows ? fewRowsOfLibrary : 1;
}
