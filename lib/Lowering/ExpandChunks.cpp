// strand-expand-chunks: which form each op takes. What a form is stands in Expansion.cpp and Spans.cpp.
#include "dialects/Tile/Tile.h"
#include "lib/Lowering/CostModel.h"
#include "lib/Lowering/Expansion.h"
#include "lib/Lowering/Notes.h"
#include "lib/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_EXPANDCHUNKS
#include "lib/Passes.h.inc"
namespace {

/// What an op becomes, and why.
struct Choice {
  std::string form, why;
  ChunkForm spans = ChunkForm::Chunk; // other than that: cut into spans
  bool atRunTime = false;             // spans where what is known of a call makes them pay
};

bool isSplit(StringRef form) { return form == "three-phase" || form == "associative"; }

/// Options where one sequence has too few tasks.
ChunkOptions forFewTasks(ChunkOptions options) {
  options.leastBlocks = blocksToShare;
  return options;
}

/// Options where groups of threads share a tile: a warp takes neighbouring channels, and blocks are small, so that
/// there are many of them.
ChunkOptions forTeams(ChunkOptions options, int64_t teams) {
  options.teams = teams;
  options.channelBlock = options.vectorWidth / 4; // which is a quarter of a block's channels
  return options;
}

/// Options where a tile is for a block of threads and is not cut further.
ChunkOptions forBlocks(ChunkOptions options) {
  options.historyRows = 128;
  return options;
}

bool goesElementByElement(ChunkOpInterface op) {
  auto split = dyn_cast<SplitOpInterface>(op.getOperation());
  return split && split.isElementWise();
}

/// Whether the tiles of `op` are for teams of threads.
bool hasTeams(ChunkOpInterface op, const ChunkOptions &options, int64_t teams) {
  return teams > 1 && goesElementByElement(op) && !options.singleRow && op.getTileLengths(options).front() > 1;
}

Choice choose(ChunkOpInterface op, StringRef form, const ChunkOptions &options) {
  if (options.singleRow)
    return {"step", "each sequence has one row or none"};
  bool isLoop = op.getTileLengths(options).front() == 1, asked = form != "auto";
  std::string inOrder = isLoop ? "step loop" : "chunk";
  if (op.goesBack())
    return {inOrder, "its rows go from the last to the first"};
  if (op.isFallback())
    return {inOrder, "nothing with faster forms was found for its step; --verbose says which operation prevented it"};
  if (form == "step" || form == "chunk")
    return {inOrder, isLoop && form == "chunk" ? "the op has no longer tiles" : "asked for"};
  auto split = dyn_cast<SplitOpInterface>(op.getOperation());
  if (!split || !split.canBeSplit(options))
    return {inOrder, asked ? "the op cannot be split over time" : "tiles in order"};
  if (asked)
    return {form.str(), "asked for", form == "associative" ? ChunkForm::Associative : ChunkForm::ThreePhase};
  int64_t blocks = op.getBlocks(options);
  if (blocks > (options.device ? mostBlocksToSplitOnDevice : mostBlocksToSplit))
    return {inOrder, std::to_string(blocks) + " blocks are tasks enough for one sequence"};
  int64_t most = options.device ? blocks : op.getBlocks(forFewTasks(options));
  return {inOrder + " or three-phase",
          std::string("by the ") + (options.device ? "rows and sequences" : "lengths and threads") +
              " of a call: one sequence has " + std::to_string(blocks) +
              (most > blocks ? " to " + std::to_string(most) : "") + (most == 1 ? " task" : " tasks"),
          ChunkForm::ThreePhase, true};
}

struct ExpandChunks : impl::ExpandChunksBase<ExpandChunks> {
  using ExpandChunksBase::ExpandChunksBase;
  void runOnOperation() override {
    if (!llvm::is_contained(chunkForms(), StringRef(form))) {
      getOperation().emitError() << "form '" << form << "' is none of " << llvm::join(chunkForms(), ", ");
      return signalPassFailure();
    }
    if (vectorBits < 32 || tileLength < 0 || teams < 1) {
      getOperation().emitError()
          << "vector-bits is " << int64_t(vectorBits) << ", tile-length " << int64_t(tileLength) << " and teams "
          << int64_t(teams) << "; a vector has 32 bits at least, tiles are not negative, and there is a team at least";
      return signalPassFailure();
    }
    ChunkOptions options;
    options.vectorWidth = vectorBits / 32;
    options.tileLength = form == "step" ? 1 : int64_t(tileLength);
    options.tensorCores = tensorCores;
    options.singleRow = getOperation()->hasAttr("strand.single_row");
    options.device = device;
    SmallVector<ChunkOpInterface> ops;
    getOperation().walk([&](ChunkOpInterface op) { ops.push_back(op); });
    for (ChunkOpInterface op : ops)
      if (!op.getTileLengths(options).empty())
        expand(op, options);
  }

  void expand(ChunkOpInterface op, const ChunkOptions &options) {
    Builder b(&getContext());
    ChunkOptions own = hasTeams(op, options, teams)      ? forTeams(options, teams)
                       : teams > 1 && !options.singleRow ? forBlocks(options)
                                                         : options;
    Choice choice = choose(op, form, own);
    SmallVector<NamedAttribute> facts{
        b.getNamedAttr("tile", b.getI64IntegerAttr(options.singleRow ? 1 : op.getTileLengths(own).front())),
        b.getNamedAttr("blocks", b.getI64IntegerAttr(op.getBlocks(own))),
        b.getNamedAttr("why", b.getStringAttr(choice.why))};
    if (auto split = dyn_cast<SplitOpInterface>(op.getOperation()); split && split.canBeSplit(own))
      facts.push_back(b.getNamedAttr("cost", b.getI64IntegerAttr(split.getSplitCost(own).row * op.getBlocks(own))));
    bool isFallback = op.isFallback() || (isSplit(form) && choice.spans == ChunkForm::Chunk && !options.singleRow);
    if (tensorCores && !op.getMultiplied().empty() && op.getTileLengths(own).front() > 1) {
      std::string why = op.getTensorCoreObstacle();
      llvm::append_range(facts, factsOfTiles(b, why.empty() ? StringRef(unknownTiles) : StringRef(why)));
      isFallback |= !why.empty() && isRounded(op);
    }
    noteForm(op, choice.form, facts, isFallback);
    Expansion expansion(op, own);
    if (readers && (goesElementByElement(op) || tensorCores))
      expansion.takeReaders();
    if (choice.spans == ChunkForm::Chunk)
      expansion.writeChunks();
    else if (choice.atRunTime)
      expansion.writeByCall(choice.spans, forFewTasks(options));
    else
      expansion.writeSpans(choice.spans);
  }
};
} // namespace
} // namespace strand
