// S5 (s5-pytorch): one diagonal complex state space for all channels.
//   h[n] = Lbar[n] h[n] + sum_d Bbar[n, d] u[d],   y[d] = sum_n Re(C[d, n] h[n]) + D[d] u[d],   s = exp(log_step)
//   zoh:      Lbar = exp(s L),                       Bbar = (Lbar - 1) / L B
//   bilinear: Lbar = (1 + s L / 2) / (1 - s L / 2),  Bbar = s / (1 - s L / 2) B
#include "lib/Import/DiagonalLm.h"
#include "lib/Import/Keys.h"
using namespace mlir;
namespace strand {
namespace {
using Complex = std::complex<double>;

struct Discrete {
  Complex transition, input;
};
Discrete discretized(Complex l, double step, bool zoh) {
  if (zoh) {
    Complex transition = std::exp(step * l);
    return {transition, l == 0.0 ? Complex(step) : (transition - 1.0) / l};
  }
  Complex below = 1.0 - step / 2 * l;
  return {(1.0 + step / 2 * l) / below, step / below};
}
} // namespace

void importS5(ModelBuilder &m, Value &logits) {
  Config &c = m.config;
  int64_t width = c.getInt("hidden_size", Config::required, 1, mostWidth);
  if (std::optional<int64_t> given = c.optionalInt("width", 1, mostWidth); given && *given != width)
    c.fail("width", "must be hidden_size, which is " + Twine(width));
  int64_t states = c.getInt("state_width", width, 1, mostWidth);
  bool zoh = c.getString("discretization", "zoh", {"zoh", "bilinear"}) == "zoh";
  c.ignore({"block_count", "dt_min", "dt_max"}); // of the initial weights
  logits = buildDiagonalLm(m, width, [&](FunctionBuilder &f, Value u) {
    std::vector<Complex> l = complexElements(f, "ssm.seq.Lambda", {states});
    std::vector<Complex> b = complexElements(f, "ssm.seq.B", {states, width});
    std::vector<Complex> out = complexElements(f, "ssm.seq.C", {width, states});
    std::vector<float> logStep = f.elements("ssm.seq.log_step", {states});
    if (f.model.good())
      for (int64_t n = 0; n < states; ++n) {
        Discrete d = discretized(l[n], std::exp(double(logStep[n])), zoh);
        l[n] = d.transition;
        for (int64_t i = 0; i < width; ++i)
          b[n * width + i] *= d.input;
      }
    for (Complex &x : out) // Re(C h) = Re C Re h - Im C Im h
      x = std::conj(x);
    auto part = [&](StringRef name, ArrayRef<int64_t> shape, ArrayRef<Complex> values, bool imaginary) {
      return f.computed((name + (imaginary ? "_im" : "_re")).str(), shape, partsOf(values, imaginary));
    };
    FunctionBuilder::ComplexRecurrence r;
    r.decay = {part("ssm.Lambda", {states}, l, false)};
    r.turn = {part("ssm.Lambda", {states}, l, true)};
    r.input = {f.linear(u, part("ssm.B", {states, width}, b, false))};
    r.imag = {f.linear(u, part("ssm.B", {states, width}, b, true))};
    SmallVector<Value> h = f.complexRecurrence("n", "n,n,tn,tn->tn", r);
    Value re = f.linear(h[0], part("ssm.C", {width, states}, out, false));
    Value im = f.linear(h[1], part("ssm.C", {width, states}, out, true));
    return f.map("skipped", "rd,rd,rd,d->rd", {re, im, u, f.weight("ssm.seq.D", {width})},
                 [](ArrayRef<Scalar> v) { return v[0] + v[1] + v[2] * v[3]; });
  });
}
} // namespace strand
