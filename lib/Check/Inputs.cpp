#include "lib/Check/Inputs.h"
#include "lib/Codegen/Cpu/Bounds.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/xxhash.h"
#include <cmath>
#include <numeric>
using namespace mlir;
using namespace strand;

Random::Random(uint64_t seed, StringRef purpose) : state(seed * 0x9e3779b97f4a7c15 ^ llvm::xxh3_64bits(purpose)) {}

/// The generator splitmix64: a counter, mixed.
uint64_t Random::next() {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}
double Random::uniform() { return double(next() >> 11) * 0x1p-53; }
double Random::normal() { return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(2 * M_PI * uniform()); }
int64_t Random::below(int64_t n) { return int64_t(next() % uint64_t(n)); }
SmallVector<int64_t> Random::permutation(int64_t n) {
  SmallVector<int64_t> p(n);
  std::iota(p.begin(), p.end(), 0);
  for (int64_t i = n - 1; i > 0; --i)
    std::swap(p[i], p[below(i + 1)]);
  return p;
}

namespace {
template <typename T> void readAs(const char *from, int64_t count, double *to) {
  for (int64_t i = 0; i < count; ++i) {
    T v;
    memcpy(&v, from + i * sizeof v, sizeof v);
    to[i] = double(v);
  }
}
template <typename T> void writeAs(ArrayRef<double> values, char *to) {
  for (auto [i, value] : llvm::enumerate(values)) {
    T v = T(value);
    memcpy(to + i * sizeof v, &v, sizeof v);
  }
}
} // namespace

void strand::readElements(Type type, const char *from, int64_t count, double *to) {
  if (type.isF32())
    return readAs<float>(from, count, to);
  if (type.isF64())
    return readAs<double>(from, count, to);
  if (type.isInteger(32))
    return readAs<int32_t>(from, count, to);
  if (type.isInteger(1))
    return readAs<uint8_t>(from, count, to);
  for (int64_t i = 0; i < count; ++i) { // bf16, f16
    uint16_t bits;
    memcpy(&bits, from + 2 * i, 2);
    to[i] = llvm::APFloat(cast<FloatType>(type).getFloatSemantics(), APInt(16, bits)).convertToDouble();
  }
}

void strand::writeElements(Type type, ArrayRef<double> values, char *to) {
  if (type.isF32())
    return writeAs<float>(values, to);
  if (type.isF64())
    return writeAs<double>(values, to);
  if (type.isInteger(32))
    return writeAs<int32_t>(values, to);
  if (type.isInteger(1))
    return writeAs<uint8_t>(values, to);
  for (auto [i, v] : llvm::enumerate(values)) {
    llvm::APFloat x(v);
    bool lossy;
    x.convert(cast<FloatType>(type).getFloatSemantics(), llvm::RoundingMode::NearestTiesToEven, &lossy);
    uint16_t bits = uint16_t(x.bitcastToAPInt().getZExtValue());
    memcpy(to + 2 * i, &bits, 2);
  }
}

int64_t Inputs::longest() const { return *llvm::max_element(lengths); }

namespace {

SmallVector<int64_t> drawLengths(const Signature &s, Random &random, int64_t rows) {
  llvm::SmallVector<int64_t> special{0, 1, 2};
  for (int64_t c : s.tiles)
    if (c > 1)
      llvm::append_range(special, ArrayRef<int64_t>{c - 1, c, c + 1});
  if (s.tiles.empty() || s.tiles.back() == 1)
    special.push_back(17);
  SmallVector<int64_t> lengths;
  int64_t sum = 0;
  for (int64_t n : special)
    if (sum + n <= rows) {
      lengths.push_back(n);
      sum += n;
    }
  if (rows > sum)
    lengths.push_back(rows - sum); // the long one
  SmallVector<int64_t> shuffled;
  for (int64_t i : random.permutation(lengths.size()))
    shuffled.push_back(lengths[i]);
  shuffled.push_back(0); // an empty one at the end besides the one among the others
  return shuffled;
}

/// Logarithms of gates: of one channel all strong, of the next all weak, of the third strong and weak in turn, for up
/// to 40 rows each. What is lost in a difference of two long sums shows there.
struct Gates {
  Random &random;
  struct Channel {
    int64_t kind, left = 0;
    double scale = 1;
  };
  SmallVector<Channel> channels;

  Gates(Random &random, int64_t n) : random(random) {
    for (int64_t i = 0; i < n; ++i)
      channels.push_back({n < 3 ? 2 : i % 3});
  }
  double next(Channel &c) {
    if (c.left-- == 0) {
      bool strong = c.kind == 0 || (c.kind == 2 && c.scale < 1);
      c.scale =
          strong ? std::exp(random.uniform(0, std::log(30))) : std::exp(random.uniform(std::log(1e-4), std::log(1e-2)));
      c.left = random.below(40);
    }
    return -c.scale * random.uniform(0.5, 1);
  }
};

std::vector<char> drawValues(const Argument &a, Random random, int64_t rows) {
  bool perRow = a.kind == ArgumentKind::Rows;
  int64_t item = perRow ? itemSize(a.type) : a.type.getNumElements(), items = perRow ? rows : 1;
  std::vector<double> values;
  Gates gates(random, item);
  for (int64_t t = 0; t < items; ++t)
    for (int64_t i = 0; i < item; ++i) {
      double v = 0;
      switch (a.draw) {
      case Draw::Normal:
        v = random.normal();
        break;
      case Draw::Uniform:
        v = random.uniform(a.lo, a.hi);
        break;
      case Draw::Gates:
        v = gates.next(gates.channels[i]);
        break;
      case Draw::Integers:
        v = a.lo + random.below(int64_t(a.hi - a.lo) + 1);
        break;
      case Draw::Bits:
        v = random.below(2);
        break;
      }
      values.push_back(v);
    }
  std::vector<char> bytes(values.size() * bytesOfElement(a.type.getElementType()));
  writeElements(a.type.getElementType(), values, bytes.data());
  return bytes;
}
} // namespace

Inputs strand::drawInputs(const Signature &signature, uint64_t seed, int64_t rows) {
  Inputs in;
  Random random(seed, signature.name + ".lengths");
  in.lengths = drawLengths(signature, random, rows);
  in.starts = {0};
  for (int64_t n : in.lengths)
    in.starts.push_back(in.starts.back() + n);
  for (auto [i, a] : llvm::enumerate(signature.arguments)) {
    Random random(seed, signature.name + "." + std::to_string(i));
    in.values.push_back(a.kind == ArgumentKind::Offsets ? std::vector<char>() : drawValues(a, random, in.rows()));
  }
  return in;
}

Inputs strand::offByLastPlaces(const Signature &signature, Inputs inputs, uint64_t seed) {
  Random random(seed, signature.name + ".last places");
  for (auto [a, bytes] : llvm::zip_equal(signature.arguments, inputs.values)) {
    if (!a.type.getElementType().isF32())
      continue;
    for (size_t at = 0; at < bytes.size(); at += sizeof(float)) {
      float x;
      memcpy(&x, &bytes[at], sizeof x);
      if (random.below(2))
        x = std::nextafter(x, 0.f);
      memcpy(&bytes[at], &x, sizeof x);
    }
  }
  return inputs;
}
