// When a sequence is cut into spans that threads share: all numbers of the choice between forms.
#pragma once
#include "dialects/Strand/Strand.h"
namespace strand {

/// What a form may be asked for as: auto, which is this cost model's choice, and the others by name.
ArrayRef<StringRef> chunkForms();

/// Blocks beyond which one sequence has tasks for all threads anyway.
constexpr int64_t mostBlocksToSplit = 16;
/// Blocks that one sequence is to have where a call's sequences are not tasks for all threads.
constexpr int64_t blocksToShare = 8;
/// Spans of a call for each block, where a form is asked for instead of chosen.
constexpr int64_t spansOnRequest = 16;

/// Spans that a call has at most for each block: their summaries are scratch.
int64_t mostSpans(int64_t blocks);
/// Spans that a call of `threads` is to have for each block: at least 1, at most mostSpans.
Value emitSpanCount(OpBuilder &b, Location loc, int64_t blocks, Value threads);

/// What a call brings: indices.
struct CallSize {
  Value rows, longest, sequences; // of all sequences together, of the longest, their number
  Value threads, spans;
};
/// Whether `sequences`, of so many blocks each, are a task for each of the threads, as i1.
Value emitTasksSuffice(OpBuilder &b, Location loc, Value sequences, int64_t blocks, Value threads);
/// Whether summaries and outputs of spans take less time than each sequence in order, as i1. With w, s and j for the
/// costs of a row, a row of a summary and a join:
///   in order   max(longest, rows blocks / threads) w
///   in spans   rows blocks / threads (w + s) + spans j + what starting the phases takes
Value emitSpansPay(OpBuilder &b, Location loc, const CallSize &call, int64_t blocks, const SplitCost &cost);

/// Blocks of one sequence that keep a device busy without spans.
constexpr int64_t mostBlocksToSplitOnDevice = 64;
/// The same on a device, whose host knows neither lengths nor threads: as if sequences were equally long, which is when
/// spans pay least, and blocks went side by side as far as a device is for.
Value emitSpansPayOnDevice(OpBuilder &b, Location loc, Value rows, Value sequences, int64_t blocks,
                           const SplitCost &cost);

/// Of parts of a cache: blocks of all of them together, where there are several; parts; and places that each is to have
/// at least, so that a block does more than to begin and to end.
struct PartLimits {
  int64_t blocks, parts, places;
  /// Parts times rows, with tiles of `length` rows: one tile of each part, or of the one part.
  int64_t rows(int64_t blocks, int64_t length) const;
};
/// Of calls where each sequence has one row, or of others, with so many blocks side by side on a multiprocessor.
PartLimits limitsOfParts(bool singleRow, int64_t together);

/// Into how many parts the rows that a sequence has seen before a call are cut, each for blocks of its own, where a
/// call of so many `sequences`, `tiles` of each and blocks of each tile would leave a device idle; `places` of a cache.
/// An index.
Value emitPartsOfPast(OpBuilder &b, Location loc, const PartLimits &limits, Value sequences, Value tiles,
                      int64_t blocks, Value places);

/// From how many rows in bf16 on a library of the device is to multiply them with a matrix of n x k; none if it is not.
/// `singleRows`: of a call, each sequence has one.
std::optional<int64_t> leastRowsOfLibrary(int64_t n, int64_t k, bool singleRows);
} // namespace strand
