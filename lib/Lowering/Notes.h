// What passes decide about an op, for --report and --strict.
#pragma once
#include "mlir/IR/Builders.h"
#include "mlir/IR/Operation.h"
namespace strand {
using namespace mlir;
/// Adds to the attribute `strand.notes` of the function around `op` that it took `form`, with the other facts.
/// `fallback` says that there is a faster form which it could not take. The location of `op` then names the note, and
/// so do those of ops that are made at it.
void noteForm(Operation *op, StringRef form, ArrayRef<NamedAttribute> facts = {}, bool fallback = false);

/// Where the tiles of an op on a GPU are while they are multiplied: in registers if there is no reason `why` they are
/// not.
SmallVector<NamedAttribute> factsOfTiles(Builder &b, StringRef why);
/// The reason until strand-register-tiles, which knows, has found the loops over tiles (TileNotes).
constexpr StringLiteral unknownTiles = "no loop over them was found in a kernel";

/// What is known of the tiles of loops, to be put into the notes that their locations name. Of several loops with one
/// note all have to keep theirs in registers; to go through memory is a fallback for loops that could have kept them.
class TileNotes {
public:
  /// Empty `why`: in registers.
  void add(Operation *loop, StringRef why);
  /// Writes all of it to the notes of `function`.
  void write(Operation *function);

private:
  struct Loops {
    int64_t kept = 0, refused = 0;
    std::string why; // of the first that is refused
  };
  DenseMap<int64_t, Loops> notes;
};
} // namespace strand
