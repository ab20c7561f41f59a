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

/// Into how many parts the rows that a sequence has seen before a call are cut, each for blocks of its own, where a
/// call of so many `sequences`, `tiles` of each and blocks of each tile would leave a device idle; `places` of a cache.
/// An index.
Value emitPartsOfPast(OpBuilder &b, Location loc, Value sequences, Value tiles, int64_t blocks, Value places);
/// Blocks of all parts together are at most so many where there are several, and parts times rows, with tiles of
/// `length` rows.
int64_t mostBlocksOfParts();
int64_t mostRowsOfParts(int64_t blocks, int64_t length);

/// From how many rows in bf16 on a library of the device is to multiply them with a matrix of n x k; none if it is not.
/// `singleRows`: of a call, each sequence has one.
std::optional<int64_t> leastRowsOfLibrary(int64_t n, int64_t k, bool singleRows);
} // namespace strand
