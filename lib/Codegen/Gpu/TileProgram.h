// A loop over tiles, on buffers, as a program on values: which buffers are tiles, what each op does to them, and how
// the threads of a block hold each.
//
// A tile has rank 0 to 2, without dimensions of size 1. One of rank 2 is held as the sums of tensor cores are
// (TileFragments.h): one of its dimensions lies along the *lines* of fragments and is shared out among warps, the other
// along their columns, and each warp has all of it. So a product finds its first factor in the registers of the thread
// if the lines of that are the lines of the result; what else it needs goes through shared memory. Which dimension a
// tile's lines are is chosen for the whole program, so that least has to go that way.
#pragma once
#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/MapVector.h"
namespace strand {
using namespace mlir;

/// The buffer whose elements `v` names, all of them in order: views that only add or drop dimensions of size 1 are the
/// same tile.
Value tileOf(Value v);
/// The sizes of a buffer without those of 1.
SmallVector<int64_t> tileShape(Value buffer);

/// A linalg op without its loops of one step.
struct TileStep {
  linalg::LinalgOp op;
  SmallVector<int64_t> sizes;                 // of the loops
  SmallVector<utils::IteratorType> kinds;     // of the loops
  SmallVector<std::optional<unsigned>> loops; // of each loop of the op, its number here
  bool isProduct = false;                     // out += first input * second, each over two of three loops
  unsigned lines = 0;                         // the loop that lies along lines, of two; of a product that of its result

  /// The loops that the dimensions of an operand's tile are.
  SmallVector<unsigned> loopsOf(OpOperand &operand) const;
  bool isReduction(unsigned loop) const { return kinds[loop] == utils::IteratorType::reduction; }
};

/// A sum, or another combination of two numbers, of the values that an op's body yields into one output.
struct TileSum {
  Operation *op = nullptr; // none: the output is no such sum
  BlockArgument output;
  Value term;

  static TileSum of(linalg::LinalgOp op, unsigned output);
  Value combine(OpBuilder &b, Value x, Value y) const;
};

/// Whether an op's results in bf16 are a number rounded, then what that leaves, rounded, and so on.
bool yieldsParts(linalg::LinalgOp op);

/// A copy of some rows of a tile to memory, of which the program sees no more.
struct TileRows {
  Value tile, into;
  OpFoldResult first, count; // in the program

  /// Null if `op` is none, or of another tile than one that is made in `around`.
  static std::optional<TileRows> of(linalg::CopyOp op, Operation *around);
};

class TileProgram {
public:
  /// What `loop` does, if threads can do it with tiles in registers. `refuse` says why not, at an op.
  static std::optional<TileProgram> of(scf::ForOp loop, function_ref<void(Operation *, const Twine &)> refuse);

  int64_t warps = 0;
  bool wgmma = false; // the device has products of warpgroups

  bool anyStep(function_ref<bool(const TileStep &)> holds) const {
    return llvm::any_of(steps, [&](const auto &s) { return holds(s.second); });
  }
  bool hasScores() const { return !scores.empty(); }
  const TileStep *stepOf(Operation *op) const {
    auto known = steps.find(op);
    return known == steps.end() ? nullptr : &known->second;
  }
  const TileRows *rowsOf(Operation *op) const {
    auto known = rows.find(op);
    return known == rows.end() ? nullptr : &known->second;
  }
  /// The memory that a tile is a copy of, perhaps in another type; else the tile.
  Value sourceOf(Value tile) const { return aliases.lookup_or(tile, tile); }
  /// Whether a tile is memory from outside that the program only reads.
  bool isInput(Value tile) const;
  /// A tile that is an input in f32 rounded to bf16, or what rounding leaves of it, rounded: inputs, too. Part 0 and those
  /// behind it, if they are asked for, add up to the input.
  struct Part {
    Value input;
    unsigned number = 0;
  };
  std::optional<Part> partOf(Value tile) const {
    auto known = parts.find(tile);
    return known == parts.end() ? std::nullopt : std::optional(known->second);
  }
  /// The parts that add up to an input; none if it is not cut into them.
  ArrayRef<Value> partsOf(Value input) const {
    auto known = whole.find(input);
    return known == whole.end() ? ArrayRef<Value>() : known->second;
  }
  /// The memory that an input is, or is a part of.
  Value originOf(Value source) const { return partOf(source).value_or(Part{source}).input; }
  /// Whether an op's results are nothing but inputs, which are read where they lie.
  bool isNoCode(linalg::LinalgOp op) const;
  /// Whether an input comes through shared memory, by copies that run while threads compute.
  bool arrives(Value source) const;
  /// Whether a buffer belongs to the program or the block around it, so that nobody else sees it.
  bool isLocal(Value tile) const;
  /// Which dimension of a tile of rank 2 lies along lines.
  unsigned linesOf(Value tile) const { return lines.lookup(tile); }
  /// Whether a tile is written by tile.inverse, and so lies in shared memory alone.
  bool isInverse(Value tile) const { return inverses.contains(tile); }
  /// Tiles that steps in `op` write.
  SetVector<Value> writtenIn(Operation *op) const;

private:
  scf::ForOp loop;
  llvm::MapVector<Operation *, TileStep> steps;
  DenseMap<Operation *, TileRows> rows;
  SmallVector<tile::DecayedScoresOp> scores;
  DenseMap<Value, Value> aliases;
  DenseMap<Value, unsigned> lines;
  DenseSet<Value> inverses;
  llvm::MapVector<Value, Part> parts;
  llvm::MapVector<Value, SmallVector<Value>> whole; // all parts of inputs of which each is read
  DenseMap<Value, int64_t> writes; // how many steps write a tile

  explicit TileProgram(scf::ForOp loop) : loop(loop) {}
  using Refuse = function_ref<void(Operation *, const Twine &)>;
  bool read(Block &block, Refuse refuse);
  bool readStep(linalg::LinalgOp op, Refuse refuse);
  bool readInto(ValueRange into, Block &block, Refuse refuse);
  bool checkFactor(Operation *op, Value factor, Refuse refuse) const;
  static bool canBeSummed(const TileStep &step, Refuse refuse);
  void findCopies();
  void findParts(const TileStep &step);
  bool isRead(Value tile) const;
  bool checkProducts(Refuse refuse) const;
  bool chooseLines(Refuse refuse);
  bool chooseWarps(Refuse refuse);
};
} // namespace strand
