// Weights are converted and packed some rows at a time and streamed, so a model larger than memory can be written.
#include "lib/Target/WeightFile.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"
#include <cmath>
using namespace llvm;
using namespace strand;
namespace {

constexpr int64_t batchBytes = 8 << 20;

bool isFloat(strand_type t) { return t == STRAND_F32 || t == STRAND_F64 || t == STRAND_BF16 || t == STRAND_F16; }

template <typename T> T load(const char *p) {
  T v;
  memcpy(&v, p, sizeof v);
  return v;
}

float halfToFloat(uint16_t h) {
  uint32_t sign = uint32_t(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
  if (exponent == 0) // subnormal: fraction * 2^-24
    return std::copysign(std::ldexp(float(fraction), -24), sign ? -1.0f : 1.0f);
  exponent = exponent == 31 ? 255 : exponent + 112;
  return bit_cast<float>(sign | exponent << 23 | fraction << 13);
}

float bfloatToFloat(uint16_t b) { return bit_cast<float>(uint32_t(b) << 16); }

/// Round to nearest even; a NaN stays one.
uint16_t floatToBfloat(float f) {
  auto u = bit_cast<uint32_t>(f);
  if (f != f)
    return u >> 16 | 0x40;
  return (u + 0x7fff + (u >> 16 & 1)) >> 16;
}

float loadFloat(const char *p, strand_type t) {
  switch (t) {
  case STRAND_F16: return halfToFloat(load<uint16_t>(p));
  case STRAND_BF16: return bfloatToFloat(load<uint16_t>(p));
  case STRAND_F64: return load<double>(p);
  default: return load<float>(p);
  }
}

/// `n` elements from `from` to `to`, which stand `stride` elements apart.
void convert(const char *from, strand_type source, char *to, strand_type type, int64_t n, int64_t stride) {
  int64_t in = bytesOf(source), step = bytesOf(type) * stride;
  auto copy = [&]<typename T>(T) {
    for (int64_t i = 0; i < n; ++i)
      memcpy(to + i * step, from + i * sizeof(T), sizeof(T));
  };
  if (source == type) {
    if (in == 2) return copy(uint16_t());
    if (in == 4) return copy(uint32_t());
    if (in == 8) return copy(uint64_t());
    return copy(uint8_t());
  }
  for (int64_t i = 0; i < n; ++i) {
    float f = loadFloat(from + i * in, source);
    uint16_t b = floatToBfloat(f);
    type == STRAND_F32 ? memcpy(to + i * step, &f, 4) : memcpy(to + i * step, &b, 2);
  }
}

/// Panel j of `w` into `to`, which is zero.
void packPanel(const PlacedWeight &w, int64_t j, char *to) {
  int64_t rows = w.source.shape[0], columns = w.source.shape[1], in = bytesOf(w.source.type);
  for (int64_t i = 0; i < w.panel && j * w.panel + i < rows; ++i)
    convert(w.source.bytes.data() + (j * w.panel + i) * columns * in, w.source.type, to + i * bytesOf(w.type), w.type,
            columns, w.panel);
}

/// Writes items 0 .. n-1 of `bytes` each, a batch at a time; `make(i, to)` fills one, and items are made in parallel.
void writeItems(raw_ostream &out, int64_t n, int64_t bytes, function_ref<void(int64_t, char *)> make) {
  if (n == 0 || bytes == 0)
    return;
  int64_t batch = std::clamp<int64_t>(batchBytes / bytes, 1, n);
  std::vector<char> buffer(batch * bytes);
  for (int64_t first = 0; first < n; first += batch) {
    int64_t count = std::min(batch, n - first);
    std::fill(buffer.begin(), buffer.end(), 0);
    parallelFor(0, count, [&](size_t i) { make(first + i, buffer.data() + i * bytes); });
    out.write(buffer.data(), count * bytes);
  }
}

void writeWeight(const PlacedWeight &w, raw_ostream &out) {
  if (w.panel)
    return writeItems(out, w.shape[0], w.bytes() / w.shape[0], [&](int64_t j, char *to) { packPanel(w, j, to); });
  if (w.source.type == w.type) {
    out.write(w.source.bytes.data(), w.source.bytes.size());
    return;
  }
  constexpr int64_t piece = 1 << 14;
  int64_t total = w.bytes() / bytesOf(w.type), whole = total / piece, in = bytesOf(w.source.type);
  auto part = [&](int64_t i, char *to, int64_t n) {
    convert(w.source.bytes.data() + i * piece * in, w.source.type, to, w.type, n, 1);
  };
  writeItems(out, whole, piece * bytesOf(w.type), [&](int64_t i, char *to) { part(i, to, piece); });
  writeItems(out, 1, total % piece * bytesOf(w.type), [&](int64_t, char *to) { part(whole, to, total % piece); });
}

std::string describe(strand_type type, ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t d : shape)
    text += std::to_string(d) + "x";
  return text + nameOf(type);
}
} // namespace

int64_t strand::bytesOf(strand_type type) {
  switch (type) {
  case STRAND_BF16: case STRAND_F16: return 2;
  case STRAND_F32: case STRAND_I32: return 4;
  case STRAND_I64: case STRAND_F64: return 8;
  case STRAND_I8: return 1;
  }
  llvm_unreachable("not a strand_type");
}

const char *strand::nameOf(strand_type type) {
  constexpr const char *names[] = {"f32", "bf16", "f16", "i32", "i64", "f64", "i8"};
  return names[type];
}

int64_t PlacedWeight::bytes() const {
  int64_t n = bytesOf(type);
  for (int64_t d : shape)
    n *= d;
  return n;
}

int64_t strand::blockBytes(const PlacedWeights &weights) {
  return weights.empty() ? 0 : alignTo(weights.back().offset + weights.back().bytes(), 64);
}

Error strand::checkPlaced(const PlacedWeight &w) {
  const WeightView &s = w.source;
  SmallVector<int64_t, 4> expected = s.shape;
  if (w.panel && s.shape.size() == 2)
    expected = {int64_t(divideCeil(uint64_t(s.shape[0]), uint64_t(w.panel))), s.shape[1], w.panel};
  bool convertible = isFloat(s.type) && (w.type == STRAND_F32 || w.type == STRAND_BF16);
  if ((w.panel && s.shape.size() != 2) || expected != w.shape || (s.type != w.type && !convertible))
    return createStringError("weight '" + w.name + "' is " + describe(s.type, s.shape) + "; the model reads " +
                             describe(w.type, w.shape) + (w.panel ? " in panels of " + std::to_string(w.panel) : ""));
  int64_t bytes = bytesOf(s.type);
  for (int64_t d : s.shape)
    bytes *= d;
  if (int64_t(s.bytes.size()) != bytes)
    return createStringError("weight '" + w.name + "' has " + Twine(s.bytes.size()) + " bytes; " +
                             describe(s.type, s.shape) + " takes " + Twine(bytes));
  return Error::success();
}

void strand::writeBlock(const PlacedWeights &weights, raw_ostream &out) {
  int64_t at = 0;
  for (const PlacedWeight &w : weights) {
    out.write_zeros(w.offset - at);
    writeWeight(w, out);
    at = w.offset + w.bytes();
  }
  out.write_zeros(blockBytes(weights) - at);
}
