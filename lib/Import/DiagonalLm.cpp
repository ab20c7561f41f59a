#include "lib/Import/DiagonalLm.h"
#include "lib/Import/Keys.h"
using namespace mlir;
using namespace strand;

Value strand::buildDiagonalLm(ModelBuilder &m, int64_t hidden, StateSpace ssm) {
  Config &c = m.config;
  expectArchitecture(c, "DiagonalLanguageModel");
  int64_t layers = c.getInt("num_hidden_layers", Config::required, 1, mostLayers);
  int64_t vocabulary = c.getInt("vocab_size", 256, 1, mostVocabulary);
  ignoreBookkeeping(c);

  constexpr double eps = 1e-5; // torch.nn.LayerNorm's
  FunctionBuilder &f = m.forward();
  Value x = f.embed(m.tokens(), f.weight("embed.weight", {vocabulary, hidden}));
  for (int64_t n = 0; n < layers && m.good(); ++n)
    x = m.layer(
        m.family().str() + "_layer", "layers." + Twine(n), "blocks." + Twine(n) + ".", x,
        [&](FunctionBuilder &f, Value x) {
          Value u = f.layerNorm(x, f.weight("norm.weight", {hidden}), f.weight("norm.bias", {hidden}), eps);
          return f.map("residual", "rd,rd->rd", {x, ssm(f, u)}, [](ArrayRef<Scalar> v) { return v[0] + gelu(v[1]); });
        });
  x = f.layerNorm(x, f.weight("norm.weight", {hidden}), f.weight("norm.bias", {hidden}), eps);
  return f.linear(x, "lm_head", vocabulary);
}

std::vector<std::complex<double>> strand::complexElements(FunctionBuilder &f, StringRef name, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> stored(shape);
  stored.push_back(2);
  std::vector<float> pairs = f.elements(name, stored);
  std::vector<std::complex<double>> values(pairs.size() / 2);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = {pairs[2 * i], pairs[2 * i + 1]};
  return values;
}

std::vector<float> strand::partsOf(ArrayRef<std::complex<double>> values, bool imaginary, int64_t columns,
                                   bool transposed) {
  size_t rows = values.size() / columns;
  std::vector<float> parts(values.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    size_t to = transposed ? i % columns * rows + i / columns : i;
    parts[to] = imaginary ? values[i].imag() : values[i].real();
  }
  return parts;
}
