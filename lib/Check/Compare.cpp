#include "lib/Check/Compare.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
using namespace mlir;
using namespace strand;
using llvm::formatv;
namespace {
constexpr double elementFactor = 16; // how much farther off than all together a single element may be

/// "[3, 5]" of a flat number in `shape`.
std::string indices(ArrayRef<int64_t> shape, int64_t n) {
  SmallVector<int64_t> at(shape.size());
  for (int64_t d = int64_t(shape.size()) - 1; d >= 0; n /= shape[d--])
    at[d] = n % shape[d];
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "[";
  llvm::interleaveComma(at, out);
  out << "]";
  return text;
}

/// 0 for equal ones, which may be infinite: what begins at an identity is, until its first row.
double apart(double got, double want) { return got == want ? 0 : std::abs(got - want); }

/// Of what is finite.
double largestOf(ArrayRef<double> values) {
  double most = 0;
  for (double v : values)
    most = std::isfinite(v) ? std::max(most, std::abs(v)) : most;
  return most;
}

/// The first element that is too far off, or, if only all together are, the one that is farthest off.
size_t firstWrong(ArrayRef<double> got, ArrayRef<double> want, double bound) {
  size_t farthest = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    double d = apart(got[i], want[i]);
    if (!(d <= bound))
      return i;
    if (d > apart(got[farthest], want[farthest]))
      farthest = i;
  }
  return farthest;
}

std::string printed(const char *format, double v) {
  char text[32];
  snprintf(text, sizeof text, format, v);
  return std::isnan(v) ? "NaN" : text;
}
std::string number(double v) { return printed("%.1e", v); }
std::string value(double v) { return printed("%.9g", v); }

/// The larger one; NaN is larger than all.
double larger(double a, double b) { return std::isnan(a) || a > b ? a : b; }
} // namespace

Distance strand::boundOf(double tolerance) { return {tolerance, elementFactor * tolerance}; }

Distance strand::distance(ArrayRef<double> got, ArrayRef<double> want) {
  double difference = 0, square = 0, farthest = 0;
  for (auto [g, w] : llvm::zip_equal(got, want)) {
    double d = apart(g, w);
    difference += d * d;
    square += std::isfinite(w) ? w * w : 0;
    farthest = larger(d, farthest);
  }
  if (square == 0)
    return {want.empty() ? 0 : std::sqrt(difference / want.size()), farthest};
  return {std::sqrt(difference / square), farthest / largestOf(want)};
}

std::string Comparison::resultPlace(unsigned i, int64_t element) const {
  int64_t item = itemSize(signature.results[i]), row = element / item;
  int64_t s = 0;
  while (inputs.starts[s + 1] <= row)
    ++s;
  return formatv("result {0}, sequence {1}, row {2}, channel {3}", i, s, row - inputs.starts[s],
                 indices(itemShape(signature.results[i]), element % item));
}

std::string Comparison::statePlace(unsigned i, int64_t element) const {
  int64_t size = carried[i].slotSize(cacheRows);
  SmallVector<int64_t> shape = to_vector(carried[i].type.getShape().drop_front());
  if (carried[i].cache)
    shape[0] = cacheRows;
  return formatv("state '{0}' after sequence {1}, channel {2}", carried[i].name, element / size,
                 indices(shape, element % size));
}

std::string Comparison::difference(const Values &got, const Values &want, StringRef wanted, Distance &worst) const {
  std::string text;
  auto compare = [&](ArrayRef<double> g, ArrayRef<double> w, Type element, Distance bound,
                     llvm::function_ref<std::string(int64_t)> place) {
    Distance most = isa<FloatType>(element) ? bound : Distance();
    Distance d = distance(g, w);
    worst = {larger(d.rms, worst.rms), larger(d.largest, worst.largest)};
    if (d.rms <= most.rms && d.largest <= most.largest)
      return true;
    size_t i = firstWrong(g, w, most.largest * largestOf(w));
    text = formatv("relative RMS error {0}, bound {1}; largest error {2}, bound {3}\nfirst at {4}: {5}, and {6} in {7}",
                   number(d.rms), number(most.rms), number(d.largest), number(most.largest), place(i),
                   value(g[i]), value(w[i]), wanted);
    return false;
  };
  for (auto [i, type] : llvm::enumerate(signature.results))
    if (!compare(got.results[i], want.results[i], type.getElementType(), bounds.results[i],
                 [&](int64_t n) { return resultPlace(i, n); }))
      return text;
  for (unsigned i = 0; i < got.states.size() && i < want.states.size(); ++i)
    if (!compare(got.states[i], want.states[i], carried[i].type.getElementType(), bounds.states[i],
                 [&](int64_t n) { return statePlace(i, n); }))
      return text;
  return "";
}

std::string Comparison::infinite(const Values &values) const {
  for (auto [i, result] : llvm::enumerate(values.results))
    for (auto [n, v] : llvm::enumerate(result))
      if (!std::isfinite(v))
        return formatv("{0} is {1}", resultPlace(i, n), value(v));
  return "";
}

std::string Comparison::otherBits(const Values &a, const Values &b, StringRef when,
                                  llvm::function_ref<bool(int64_t)> isMeant) const {
  auto find = [&](ArrayRef<double> x, ArrayRef<double> y, size_t from, size_t to) {
    for (size_t n = from; n < to; ++n)
      if (memcmp(&x[n], &y[n], sizeof(double)))
        return n;
    return to;
  };
  for (int64_t s = 0; s < inputs.sequences(); ++s) {
    if (!isMeant(s))
      continue;
    for (auto [i, type] : llvm::enumerate(signature.results)) {
      size_t to = inputs.starts[s + 1] * itemSize(type);
      if (size_t n = find(a.results[i], b.results[i], inputs.starts[s] * itemSize(type), to); n != to)
        return formatv("{0} is {1}, and {2} {3}", resultPlace(i, n), value(a.results[i][n]),
                       value(b.results[i][n]), when);
    }
    for (unsigned i = 0; i < a.states.size() && i < b.states.size(); ++i) {
      size_t size = carried[i].slotSize(cacheRows), to = (s + 1) * size;
      if (size_t n = find(a.states[i], b.states[i], s * size, to); n != to)
        return formatv("{0} is {1}, and {2} {3}", statePlace(i, n), value(a.states[i][n]),
                       value(b.states[i][n]), when);
    }
  }
  return "";
}
