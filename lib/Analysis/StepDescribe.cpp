// Forms in words: an equation in which a coefficient has the indices that it depends on, in capitals if it is the same
// in every row.
#include "lib/Analysis/StepFactors.h"
#include "lib/Analysis/StepStructure.h"
#include "llvm/Support/Format.h"
using namespace mlir;
using namespace strand;
using namespace strand::algebra;
namespace {

class Writer {
public:
  Writer(StepStructure &structure, const StepComponent &component, const CarriedForm &form)
      : structure(structure), component(component), form(form), A(*component.algebra) {}
  std::string words();

private:
  std::string affine();
  std::string affineName();
  std::string alternatives();
  std::string equation();
  std::string coefficient(StringRef symbol, const Poly &p);
  std::string scale(StringRef symbol, const Poly &p);
  std::string carried(unsigned i, std::optional<unsigned> contracted = {});
  std::string input();
  std::optional<std::pair<Poly, Poly>> outerProduct();
  bool isDeltaRule(const LinearForm &f);
  std::string ofMatrix(StringRef symbol, const Summand &s, unsigned dim);

  StepStructure &structure;
  const StepComponent &component;
  const CarriedForm &form;
  Algebra &A;
};

char letter(unsigned dim) { return "ijlmnopq"[dim % 8]; }

std::string upper(StringRef symbol, bool perRow) { return perRow ? symbol.str() : symbol.upper(); }

std::string text(double c) {
  std::string s;
  llvm::raw_string_ostream(s) << llvm::format("%g", c);
  return s;
}

/// [i,j], or nothing.
std::string bracketed(StringRef letters) {
  std::string s;
  for (char c : letters)
    s += (s.empty() ? "[" : ",") + std::string(1, c);
  return s.empty() ? s : s + "]";
}

std::string Writer::coefficient(StringRef symbol, const Poly &p) {
  if (std::optional<double> c = A.asNumber(p))
    return text(*c);
  std::string letters;
  for (auto [d, v] : llvm::enumerate(form.vars))
    if (A.dependsOn(p, v))
      letters += letter(d);
  return upper(symbol, structure.isPerRow(A, p)) + bracketed(letters);
}

/// "a[i] * ", as an exponential where it is one.
std::string Writer::scale(StringRef symbol, const Poly &p) {
  if (A.asNumber(p) == 1)
    return "";
  if (!A.asNumber(p) && logarithmOf(A, *component.reader, p))
    return "exp(" + coefficient("g", p) + ") * ";
  return coefficient(symbol, p) + " * ";
}

std::string Writer::carried(unsigned i, std::optional<unsigned> contracted) {
  std::string letters;
  for (unsigned d = 0; d < form.vars.size(); ++d)
    letters += contracted == d ? 'x' : letter(d);
  return structure.getScan().getCarriedName(i) + bracketed(letters);
}

/// Two factors, each with an index that the other lacks, if the input is their product.
std::optional<std::pair<Poly, Poly>> Writer::outerProduct() {
  for (unsigned b = form.vars.size(); b-- > 0;)
    for (unsigned a = b; a-- > 0;)
      if (auto parts = splitProduct(A, *component.reader, form.input, form.vars[a], form.vars[b]))
        if (A.dependsOn(parts->first, form.vars[a]) && A.dependsOn(parts->second, form.vars[b]))
          return parts;
  return {};
}

std::string Writer::input() {
  if (auto outer = outerProduct())
    return coefficient("k", outer->first) + " * " + coefficient("v", outer->second);
  return coefficient("b", form.input);
}

std::string Writer::ofMatrix(StringRef symbol, const Summand &s, unsigned dim) {
  Term t = s.term;
  llvm::erase_if(t.factors, [&](const Factor &f) { return A[f.atom].live; });
  return upper(symbol, structure.isPerRow(A, A.poly(t))) + "[" + letter(dim) + ",x]";
}

std::string Writer::equation() {
  std::string terms;
  auto add = [&](const Twine &t) { terms += (terms.empty() ? "" : " + ") + t.str(); };
  for (auto &[i, f] : form.from) {
    std::string own = component.carried.size() > 1 ? std::to_string(i) : "";
    if (!f.scale.isZero())
      add(scale("a" + own, f.scale) + carried(i));
    for (const RankOne &o : f.rankOne)
      add(coefficient("l" + own, o.left) + " * sum_x r" + own + "[x] * " + carried(i, f.contracted));
    if (!f.dense.empty())
      add("sum_x " + ofMatrix("m" + own, f.dense[0], *f.contracted) + " * " + carried(i, f.contracted));
    if (!f.other.empty())
      add(structure.getScan().getCarriedName(i) + " at other places");
  }
  if (!form.input.isZero())
    add(input());
  return carried(form.carried) + " = " + terms;
}

/// left and right are parallel once the decay is out of the one that varies as it does: (D - l r^T) D^-1 is symmetric.
bool Writer::isDeltaRule(const LinearForm &f) {
  if (f.rankOne.size() != 1 || f.scale.summands.size() != 1 || !f.dense.empty() || !f.other.empty())
    return false;
  Var along = form.vars[*f.contracted];
  auto opened = [&](const Poly &p) { return component.reader->fullyOpened(p); };
  Poly left = opened(f.rankOne[0].left), right = opened(f.rankOne[0].right),
       over = A.reciprocal(opened(f.scale), nullptr);
  Poly &decayed = A.dependsOn(f.scale, along) ? right : left;
  decayed = A.product(decayed, over);
  if (left.summands.size() != 1 || right.summands.size() != 1)
    return false;
  return !A.dependsOn(A.product(left, A.reciprocal(right, nullptr)), along);
}

std::string Writer::affineName() {
  if (component.carried.size() > 1) {
    bool elementwise = llvm::all_of(component.forms, [](const CarriedForm &f) {
      return f.kind == StepKind::Affine &&
             llvm::all_of(f.from, [](auto &entry) { return entry.second.isElementwise(); });
    });
    std::string n = std::to_string(component.carried.size());
    return !elementwise  ? "linear, coupled"
           : component.getComplex() ? "complex diagonal"
                         : "a " + n + " x " + n + " block for each element";
  }
  if (form.from.empty())
    return "a shift";
  const LinearForm &f = form.from.begin()->second;
  std::string plus = f.scale.isZero() ? "" : A.asNumber(f.scale) == 1 ? "identity plus " : "diagonal plus ";
  if (!f.other.empty())
    return "linear, between places";
  if (!f.dense.empty())
    return plus + "a dense matrix";
  if (!f.rankOne.empty())
    return plus + "rank " + std::to_string(f.rankOne.size()) + (isDeltaRule(f) ? " (delta rule)" : "");
  bool decays = A.asNumber(f.scale) != 1;
  if (outerProduct())
    return decays ? "a decayed sum of outer products" : "a sum of outer products";
  return decays ? "diagonal" : "a sum";
}

std::string Writer::affine() { return affineName() + ": " + equation(); }

std::string Writer::alternatives() {
  bool matrix = false, moved = false;
  std::string terms;
  for (const Alternative &a : form.alternatives) {
    std::string term;
    if (a.carried) {
      std::string letters;
      for (auto [d, e] : llvm::enumerate(a.index)) {
        bool here = d < form.vars.size() && e == A.indexOf(form.vars[d]);
        auto x = dyn_cast<AffineDimExpr>(e);
        bool summed = !here && x && llvm::is_contained(a.over, x.getPosition());
        matrix |= summed;
        moved |= !here && !summed;
        letters += here ? letter(d) : 'x';
      }
      term = structure.getScan().getCarriedName(*a.carried) + bracketed(letters);
    }
    bool joined = llvm::any_of(a.over, [&](Var v) { return A.dependsOn(a.offset, v); });
    if (joined)
      term += " + " + upper("m", structure.isPerRow(A, a.offset));
    else if (!a.carried || !a.offset.isZero())
      term += (term.empty() ? "" : " + ") + coefficient(a.carried ? "a" : "b", a.offset);
    terms += (terms.empty() ? "" : ", ") + term;
  }
  bool isLog = form.kind == StepKind::LogSumExp;
  std::string ring = isLog ? "log-sum-exp" : form.kind == StepKind::MaxPlus ? "max-plus" : "min-plus";
  std::string op = isLog ? "lse" : form.kind == StepKind::MaxPlus ? "max" : "min";
  std::string shape = moved ? " between places" : matrix ? " with a matrix" : ", diagonal";
  return ring + shape + ": " + carried(form.carried) + " = " + op + (matrix ? "_x" : "") + "(" + terms + ")";
}

std::string Writer::words() {
  switch (form.kind) {
  case StepKind::Shift:
  case StepKind::Affine:
    return affine();
  case StepKind::MaxPlus:
  case StepKind::MinPlus:
  case StepKind::LogSumExp:
    return alternatives();
  case StepKind::Fractional:
    return "a quotient of affine forms, element by element";
  case StepKind::NotAffine:
    return "not affine";
  case StepKind::TooLong:
    return "not read, its formula is too long";
  }
  llvm_unreachable("all kinds");
}
} // namespace

std::string strand::describe(StepStructure &structure, const StepComponent &component, const CarriedForm &form) {
  std::string given;
  for (unsigned i : component.given)
    given += (given.empty() ? ", given " : ", ") + structure.getScan().getCarriedName(i);
  return Writer(structure, component, form).words() + given;
}
