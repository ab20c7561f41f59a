// Random sequences for a function over rows, the same for the same seed.
#pragma once
#include "lib/Check/Signature.h"
#include <string>
#include <vector>
namespace strand {

/// Numbers that depend on a seed and a purpose, not on what was drawn for others.
class Random {
public:
  Random(uint64_t seed, StringRef purpose);
  uint64_t next();
  double uniform(); // in [0, 1)
  double uniform(double lo, double hi) { return lo + (hi - lo) * uniform(); }
  double normal();
  int64_t below(int64_t n); // in 0 .. n-1; n > 0
  SmallVector<int64_t> permutation(int64_t n);

private:
  uint64_t state;
};

/// Elements of a buffer, one after another, as numbers; and numbers as elements, rounded to what the type can hold.
void readElements(Type type, const char *from, int64_t count, double *to);
void writeElements(Type type, ArrayRef<double> values, char *to);

struct Inputs {
  SmallVector<int64_t> lengths, starts;  // of each sequence, in rows; starts has one more, the sum
  SmallVector<std::vector<char>> values; // of each argument: rows of all sequences in turn; offsets: nothing

  int64_t sequences() const { return lengths.size(); }
  int64_t rows() const { return starts.back(); }
  int64_t longest() const;
};

/// Lengths 0, 1 and those around the tiles of the function's ops, and one that is long; about `rows` together.
Inputs drawInputs(const Signature &signature, uint64_t seed, int64_t rows);

/// The same with every other number in f32, by chance, one unit of its last place nearer to 0.
Inputs offByLastPlaces(const Signature &signature, Inputs inputs, uint64_t seed);
} // namespace strand
