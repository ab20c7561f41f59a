// The code of one thread for a TileProgram.
#pragma once
#include "dialects/Tile/Tile.h"
#include "lib/Codegen/Gpu/BulkCopies.h"
#include "lib/Codegen/Gpu/TileFragments.h"
#include "lib/Codegen/Gpu/TileProgram.h"
#include "lib/Codegen/Gpu/Wgmma.h"
#include "mlir/IR/IRMapping.h"
namespace strand {

class TileCode {
public:
  /// Code at `b`, for thread number `thread`; `shared` is a pointer to the block's shared memory, `ring` (i32) where it
  /// has mbarriers of copies by the copy engine. With `ahead`, what a round of a loop reads is on its way while the
  /// round before computes, and takes twice the room.
  TileCode(ImplicitLocOpBuilder &b, const TileProgram &program, Value thread, Value shared, Value ring, bool ahead);

  /// The whole program.
  void run(scf::ForOp loop);
  /// How much shared memory it takes.
  int64_t sharedBytes() const { return mostBytes; }
  /// Whether there are copies by the copy engine.
  bool hasRing() const { return round != nullptr; }

private:
  /// What the threads know of a tile.
  struct Held {
    SmallVector<Value> values; // in registers: f32, of bf16 before rounding
    SmallVector<Value> words;  // of bf16 of rank 2: pairs of values, rounded as soon as they are known
    SmallVector<PairInParts> pairs; // or those of which words are made where they are multiplied
    Value everywhere;          // or one number for all elements
    bool isShared = false;     // a copy of it lies in its place in shared memory
    bool isParked = false;     // where warpgroups read it even if its lines are along theirs
    bool isKnown() const { return everywhere || !values.empty(); }
  };
  /// A part of shared memory.
  struct Place {
    unsigned number = 0;
    Value pointer;
    int64_t begin = 0, size = 0, alignment = 0;
  };
  /// An input of a loop on its way: `next` is filled while `now` is read.
  struct Arrival {
    Value tile; // as it stands in the program
    Place place;
    int64_t stages, bytes; // of a stage
    bool boxes;            // copied by the copy engine
  };
  static bool isByEngine(const Arrival &a) { return a.boxes; }
  using Words = SmallVector<Value>;
  using Slot = std::tuple<int64_t, int64_t, int64_t>; // fragment along lines, along columns, value of it

  ImplicitLocOpBuilder &b;
  const TileProgram &program;
  Value shared, ring;
  Value round; // of copies by the copy engine (i32), that is waited for next; null: there are none
  TileThread at;
  bool ahead;
  int64_t bytes = 0, mostBytes = 0; // of shared memory, now and so far
  unsigned numPlaces = 0;
  DenseMap<Value, DenseMap<int64_t, SmallVector<Value>>>
      kept;                      // words of first factors, for loops around which they lie
  IRMapping map;                 // of the program's values
  DenseMap<Value, Held> held;
  DenseMap<Value, Place> places; // of tiles
  SmallVector<Place> unused;     // places whose tiles nobody reads any more
  SmallVector<SmallVector<Arrival>> left; // places of loops that have ended, for other loops
  DenseSet<unsigned> written, read; // places, since the last barrier
  bool groups = false;              // some products are those of a warpgroup
  bool unfenced = false;            // of what was written or loaded wgmma or the copy engine may not know yet
  llvm::MapVector<Value, GroupProduct> begun; // products of warpgroups that are yet to be computed, by tile
  DenseSet<unsigned> readByBegun;             // places that these read
  DenseSet<Operation *> multiplied;           // products that stand further on, but were computed with another
  DenseMap<Value, DenseMap<int64_t, SmallVector<Value>>> loaded; // words or numbers of tiles, read in this round
  WordsInParts parts;                                            // of first factors of this step of the depth

  // control
  void emitBody(Block &block);
  void emitLoop(scf::ForOp loop);
  void storeOf(Block &block);
  SmallVector<Value> carriedBy(scf::ForOp loop);
  SmallVector<Value> keepFactors(scf::ForOp loop);
  bool isOnlyKept(Value tile, Block *around) const;
  void givePlace(Value tile);
  SmallVector<Value> valuesOfAll(ArrayRef<Value> carried);
  void putAll(ArrayRef<Value> carried, ValueRange values);

  // inputs
  SmallVector<Arrival> arrivalsOf(scf::ForOp loop, int64_t stages);
  static int64_t bytesOfStage(ArrayRef<Arrival> arrivals);
  void awaitCopies(ArrayRef<Arrival> arrivals);
  void sendBelow(ArrayRef<Arrival> arrivals, scf::ForOp loop, Value iv, Value end, Value offset, Value round);
  void sendAll(ArrayRef<Arrival> arrivals, scf::ForOp loop, Value iv, Value offset, Value round);
  void send(Value view, Value pointer);
  void sendParts(Value view, ArrayRef<Value> pointers);
  Value again(Value v, IRMapping &later, Block *body);

  // inputs that the copy engine brings
  Value matrixOf(Value source) const;
  void beginBoxes(scf::ForOp loop);
  void endBoxes();
  Value mapOf(Value source);
  void sendBoxesOf(ArrayRef<Arrival> arrivals, const IRMapping &later, Block *body, Value offset, Value round);
  void firstThread(function_ref<void()> act);
  DenseMap<Value, Value> maps; // tile.boxes of sources

  // shared memory
  Place *findUnused(int64_t size, int64_t alignment);
  Place newPlace(int64_t size, int64_t alignment);
  Place placeAtEnd(int64_t size, int64_t alignment);
  void freePlaces(Operation *done, const DenseMap<Value, Operation *> &lastUses);
  /// Products of warpgroups have read when they are waited for; loads of threads may still be on their way behind a
  /// barrier, and the copy engine does not wait for them without a fence.
  enum class Reader { threads, group };
  void beforeRead(const Place &place, Reader reader = Reader::threads);
  void beforeWrite(const Place &place);
  void fence();
  void barrier();
  Place placeOf(Value tile);
  void shareTile(Value tile);
  Place sharedCopy(Value tile, Reader reader = Reader::threads);
  void writePlane(Value tile, const Place &place, ArrayRef<Value> words);
  Plane planeOf(Value tile, Reader reader = Reader::threads);
  int64_t sharedBytesOf(Value tile) const;
  static int64_t alignmentOf(Value tile);

  // elements
  int64_t slotsOf(Value tile) const;
  const SmallVector<Value> &valuesOf(Value tile);
  Value asType(Value v, Type type);
  SmallVector<Value> indicesOf(Value buffer, ArrayRef<Value> coordinates);
  Value loadDirect(Value tile, ArrayRef<Value> coordinates);
  Value element(Value tile, bool turned, int64_t lines, const Slot &slot);
  Value ofLine(Value tile, int64_t lines, int64_t f, int64_t half);
  Value ofColumn(Value tile, int64_t n, int64_t odd);
  Value ofIndex(Value tile, Value index);
  Value number(Value tile);
  using WithValue = function_ref<void(int64_t number, ArrayRef<Value> coordinates)>;
  void eachValue(Value tile, WithValue body);
  void eachOwnValue(Value tile, WithValue body);
  void onlyIf(Value condition);
  void loadTile(Value tile);
  bool hasPairs(Value tile, Value buffer) const;
  void storeValue(ArrayRef<Value> values, int64_t i, Value buffer, ArrayRef<Value> place, bool inPairs);
  void storeTile(Value tile);
  void storeRows(const TileRows &rows);

  // steps
  void emitStep(const TileStep &step);
  void emitFill(const TileStep &step);
  void emitMap(const TileStep &step);
  void putParts(linalg::LinalgOp op, ArrayRef<SmallVector<Value>> values);
  SmallVector<SmallVector<Value>> resultsOfMap(const TileStep &step);
  static OpOperand *scalesLines(const TileStep &step);
  void emitLines(const TileStep &step);
  void emitTotal(const TileStep &step);
  void emitProduct(const TileStep &step);
  SmallVector<const TileStep *> productsFrom(const TileStep &step) const;
  void multiplyByWarps(ArrayRef<const TileStep *> steps);
  void emitInverse(tile::InverseOp op);
  void emitDecayedScores(tile::DecayedScoresOp op);
  struct Factors {
    OpOperand *first, *second;
    bool firstAlongRows, depthIsRows; // lines are rows of the first; the depth is rows of the second
    int64_t lines, columns, depth;
  };
  static Factors factorsOf(const TileStep &step);
  bool isOfGroup(const Factors &factors) const;
  void settle();
  void emitGroupProduct(const TileStep &step, const Factors &factors);
  bool isHeldAlong(Value tile, bool alongRows) const;
  bool waits(Value tile, Operation *writer) const;
  bool isSharedAtOnce(Value tile, Operation *writer);
  static int64_t numberOfWords(bool alongRows, int64_t f, int64_t k) { return (k * 64 + f) * 2 + alongRows; }
  Words firstFactor(Value tile, bool alongRows, int64_t lines, int64_t f, int64_t k);
  /// Of what is held of a first factor, one for each of its words, the 4 of fragment `f` and 16 of the depth.
  template <typename T> ArrayRef<T> stepOf(Value tile, ArrayRef<T> held, int64_t f, int64_t k) const {
    int64_t alongDepth = tileShape(tile)[1 - program.linesOf(tile)] / 8;
    return held.slice((f * alongDepth + 2 * k) * 2, 4);
  }
  SmallVector<Value> evaluate(const TileStep &step, ArrayRef<Value> arguments, ArrayRef<Value> indices);
  void put(Value tile, SmallVector<Value> values);
  SmallVector<Value> wordsOf(Value tile);
};
} // namespace strand
