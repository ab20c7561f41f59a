// S4D (state-spaces/s4, models/s4/s4d.py): a diagonal complex state space a channel, one of each conjugate pair stored.
//   h[n, d] = exp(dt[d] A[n, d]) h[n, d] + u[d]
//   y[d] = sum_n Re(2 C[n, d] (exp(dt[d] A[n, d]) - 1) / A[n, d] h[n, d]) + D[d] u[d]
//   out = W gelu(y) + b split in two, the first times sigmoid of the second
#include "lib/Import/DiagonalLm.h"
#include "lib/Import/Keys.h"
using namespace mlir;
namespace strand {
namespace {
using Complex = std::complex<double>;

/// The recurrence of u, rows x width, over `modes` states a channel.
Value diagonalStates(FunctionBuilder &f, Value u, int64_t width, int64_t modes) {
  std::vector<float> logDt = f.elements("ssm.kernel.log_dt", {width});
  std::vector<float> logDecay = f.elements("ssm.kernel.log_A_real", {width, modes});
  std::vector<float> frequency = f.elements("ssm.kernel.A_imag", {width, modes});
  std::vector<Complex> c = complexElements(f, "ssm.kernel.C", {width, modes}), step(c.size());
  if (f.model.good())
    for (size_t i = 0; i < c.size(); ++i) {
      Complex a(-std::exp(double(logDecay[i])), frequency[i]);
      double dt = std::exp(double(logDt[i / modes]));
      step[i] = std::exp(dt * a);
      c[i] *= 2.0 * (a == 0.0 ? dt : (step[i] - 1.0) / a);
    }
  auto part = [&](StringRef name, ArrayRef<Complex> values, bool imaginary) { // [d, n] -> [n, d]
    return f.computed(name, {modes, width}, partsOf(values, imaginary, modes, /*transposed=*/true));
  };
  FunctionBuilder::ComplexRecurrence r;
  r.decay = {part("ssm.step_re", step, false)};
  r.turn = {part("ssm.step_im", step, true)};
  r.input = {u};
  r.read = {part("ssm.read_re", c, false), part("ssm.read_im", c, true)};
  return f.complexRecurrence("nd", "nd,nd,td,nd,nd->td", r)[0];
}
} // namespace

void importS4d(ModelBuilder &m, Value &logits) {
  Config &c = m.config;
  int64_t width = c.getInt("hidden_size", Config::required, 1, mostWidth);
  int64_t states = c.getInt("d_state", 64, 2, mostWidth);
  if (states % 2)
    c.fail("d_state", "must be even: states go in conjugate pairs");
  logits = buildDiagonalLm(m, width, [&](FunctionBuilder &f, Value u) {
    Value y = diagonalStates(f, u, width, states / 2);
    y = f.map("skipped", "rd,rd,d->rd", {y, u, f.weight("ssm.D", {width})},
              [](ArrayRef<Scalar> v) { return gelu(v[0] + v[1] * v[2]); });
    // a convolution of width 1, stored as [out, in, 1]
    Value w = f.weight("ssm.output_linear.0.weight", {2 * width, width}, {2 * width, width, 1});
    Value out = f.linear(y, w, f.weight("ssm.output_linear.0.bias", {2 * width}));
    return f.map("gated", "rd,rd->rd", {f.columns(out, 0, width), f.columns(out, width, width)},
                 [](ArrayRef<Scalar> v) { return v[0] * sigmoid(v[1]); });
  });
}
} // namespace strand
