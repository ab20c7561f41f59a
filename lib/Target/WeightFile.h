// The weights of a compiled model as one block of bytes: in a file of their own, or as an ELF object to be linked.
#pragma once
#include "lib/Import/WeightSource.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
namespace strand {

/// One weight and what becomes of it. With `panel` = n a matrix [N, K] is stored as [ceil(N/n), K, n], element (j, k,
/// i) being W[j*n+i][k], zero where j*n+i >= N. The stored type is the source's or, from a float, f32 or bf16 (rounded
/// to nearest even).
struct PlacedWeight {
  std::string name;
  strand_type type;                      // as stored
  llvm::SmallVector<int64_t, 4> shape;   // as stored, panels included
  int64_t offset = 0;                    // from the start of the block, in bytes
  int64_t panel = 0;                     // columns of a panel; 0: row-major
  WeightView source;                     // row-major, as the checkpoint has it

  int64_t bytes() const;
};

/// Weights in the order of their offsets, which do not overlap.
using PlacedWeights = std::vector<PlacedWeight>;

int64_t bytesOf(strand_type type);
const char *nameOf(strand_type type);
/// What the whole block takes: the end of the last weight rounded up to 64.
int64_t blockBytes(const PlacedWeights &weights);

/// Whether `w` can be stored as it asks. The message names the weight, what the checkpoint has and what is needed.
llvm::Error checkPlaced(const PlacedWeight &w);

/// Streams the block to `out` from its present position; what is held at a time are some panels. The weights have
/// passed `checkPlaced`.
void writeBlock(const PlacedWeights &weights, llvm::raw_ostream &out);

struct WeightObjectOptions {
  std::string prefix = "m";
  bool x86 = true;       // else AArch64
  bool empty = false;    // the section has a size and no bytes, for `fillWeights`
  bool exported = false; // the symbol can be seen outside the shared library
};

/// Writes a relocatable ELF object that holds the block in one section `.lrodata`, 2 MiB aligned, outside the reach
/// that code has for its other data, under the symbol `<prefix>_weights`.
void writeWeightObject(const PlacedWeights &weights, const WeightObjectOptions &options, llvm::raw_fd_ostream &out);

/// Streams the block into a program or shared library that lld linked with an empty weight object: linking then takes
/// no time that grows with the weights, and they are written once. False: the file is not laid out so that it can be
/// done (other linkers; more than 2 MiB of code), and is as it was. Errors: reading and writing.
llvm::Expected<bool> fillWeights(const PlacedWeights &weights, llvm::StringRef path);
} // namespace strand
