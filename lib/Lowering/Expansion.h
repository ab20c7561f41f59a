// An op of ChunkOpInterface on its way to loops. Results come before carried states in all lists.
#pragma once
#include "dialects/Strand/Rows.h"
namespace strand {

/// The forms that strand-expand-chunks writes.
enum class ChunkForm { Chunk, ThreePhase, Associative };

class Expansion {
public:
  Expansion(ChunkOpInterface op, const ChunkOptions &options);

  /// Takes element-wise ops that alone read a result along: what they make of a tile is all that is written of it.
  void takeReaders();
  /// Replaces the op by its tiles in order, one task for each sequence and block.
  void writeChunks();
  /// Replaces it by summaries of spans, a scan of them and the outputs of spans, a task for each span and block; the op
  /// is a SplitOpInterface.
  void writeSpans(ChunkForm form);
  /// Replaces it by what a call's lengths and threads make faster: spans or chunks; and by blocks as `forFewTasks` says
  /// where those of the options are too few for the threads.
  void writeByCall(ChunkForm form, const ChunkOptions &forFewTasks);

private:
  /// The loops of some rows of one sequence and of one block: what its part of `whole` becomes.
  struct Part {
    Value block, first, rows;
    SmallVector<Value> counts;                             // of each state: the rows seen before, if it counts them
    SmallVector<Value> callCounts, past;                   // with emitPast: the same before the call; what it made
    SmallVector<SmallVector<OpFoldResult>> offsets, sizes; // of each slice of a result or carried state
  };
  using WriteTile = llvm::function_ref<SmallVector<Value>(Value at, int64_t length, ValueRange carried)>;

  Value index(int64_t i) { return indexConstant(b, loc, i); }
  Value rowsOperand();
  Value numSequences();
  /// First row of `sequence` and its number of rows.
  std::pair<Value, Value> rowsOf(Value sequence);
  Value slotOf(Value sequence);
  SmallVector<Value> destinations();
  /// The op's values from the forms' results and carried states.
  void replace(ValueRange values);
  SmallVector<Value> chunks(ValueRange into);
  SmallVector<Value> partsOrChunks(ValueRange into);
  SmallVector<Value> spansOrChunks(ChunkForm form, ValueRange into);
  using WriteForm = llvm::function_ref<SmallVector<Value>()>;
  SmallVector<Value> oneOf(Value condition, ValueRange into, WriteForm ifTrue, WriteForm ifFalse);

  Part partOf(Value first, Value rows, Value block);
  void addResults(Part &part);
  void addSlice(Part &part, Slice slice, OpFoldResult at, OpFoldResult count);
  void addStates(Part &part, Value at);
  void addPast(Part &part, ValueRange past, Value sequence);
  void addCounts(Part &part, Value sequence, Value seen);
  SmallVector<Value> takeSlices(const Part &part, ValueRange whole, unsigned results);
  SmallVector<Value> initialStates(Value block);
  SmallVector<Value> emitTiles(Value rows, SmallVector<Value> carried, WriteTile tile, Value aligned = {},
                               Value done = {});
  bool areTilesIndependent() { return carried.empty() && op.cutsSequences(options); }
  SmallVector<Value> emitLoop(Value from, Value to, int64_t length, ValueRange carried, WriteTile tile);
  SmallVector<Value> emitRows(const Part &part, SmallVector<Value> slices, Value aligned = {});
  Value rowsToAlignment(const Part &part);
  SmallVector<Value> emitTile(const Part &part, Value at, int64_t length, ValueRange slices);
  SmallVector<Value> statesOfTile(const Part &part, Value at, ValueRange states);
  SmallVector<Value> computeTile(const Part &part, Value at, int64_t length, ValueRange into, ValueRange states);
  SmallVector<OpFoldResult> placeOfTile(const Part &part, Value row, unsigned i);
  using PlaceOfResult = llvm::function_ref<SmallVector<OpFoldResult>(unsigned i)>;
  SmallVector<Value> readTiles(ValueRange made, ValueRange into, PlaceOfResult placeOf);
  SmallVector<Value> emitTeams(const Part &part, Value rows, SmallVector<Value> slices, Value &done);
  SmallVector<Value> emitTeamSummaries(const Part &part, Value rows, SmallVector<Value> slices, Value &done);
  Value resultOf(unsigned i) { return readers[i].empty() ? op->getResult(i) : readers[i].back()->getResult(0); }
  Value readTile(linalg::GenericOp reader, Value value, ArrayRef<OpFoldResult> offsets, Value tile, Value into);
  void putSlices(scf::ForallOp loop, const Part &part, ValueRange slices);
  void remember();
  Value raised(Value counts);
  Value raisedTogether(Value counts);

  // IndependentTiles.cpp
  int64_t longestTile();
  SmallVector<Value> independentTiles(ValueRange into);
  SmallVector<Value> partsOfSequences(ValueRange into, ValueRange past);
  SmallVector<Value> shortSequences(ValueRange into, ValueRange past);
  Value numParts();
  Part partOfSequence(Value sequence, Value block, Value number, Value parts);
  Value tilesFit();
  TilePart ownRows(const Part &part, Value at, int64_t length);
  SmallVector<Value> emitPartOfTile(const Part &part, Value at, int64_t length, const TilePart &own, ValueRange slices);
  Value putOwnRows(const TilePart &own, Value tile, Value into, Value at);

  friend class PartsOfPast;
  friend class Spans;
  friend class Teams;
  ChunkOpInterface op;
  StreamOpInterface stream;
  const ChunkOptions &options;
  OpBuilder b;
  Location loc;
  SmallVector<Value> states;
  SmallVector<StateSpec> specs;
  bool readsPast;                // tiles read states as they were before the call, and write none
  SmallVector<unsigned> carried; // states that the loops carry; not those that count rows, which blocks share
  unsigned results;              // of the op, but for states
  SmallVector<unsigned> written; // those of them that somebody reads
  SmallVector<SmallVector<linalg::GenericOp, 2>> readers; // of each: the ops that were taken along, in order
};
} // namespace strand
