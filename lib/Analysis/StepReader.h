// From the region of a strand.scan to formulas.
//
// A value that does not depend on what is carried is not looked into: it is a coefficient under its own name, so that
// what is built from a formula later is built from values that are there. It is read only if it repeats itself along
// one of its dimensions (a broadcast, an outer product is not), or when someone opens it.
#pragma once
#include "dialects/Strand/Strand.h"
#include "lib/Analysis/StepAlgebra.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/MapVector.h"

namespace strand {
/// What an element of a value is, at one index a dimension.
struct Element {
  SmallVector<algebra::Var> vars;
  algebra::Poly poly;
};

class StepReader {
public:
  /// `live`: values of the region; all others that do not depend on them are coefficients.
  StepReader(algebra::Algebra &algebra, DenseSet<Value> live) : A(algebra), live(std::move(live)) {}

  const Element &read(Value v);
  /// By its definition, even if the value is live itself.
  Element readDefined(Value v);
  algebra::Poly readAt(Value v, ArrayRef<AffineExpr> index);
  bool dependsOnLive(Value v);
  /// What the operation that made the leaf's value says of it; nothing if the value comes from outside, or is not read.
  std::optional<algebra::Poly> opened(const algebra::Atom &leaf);
  /// From now on `v` is not opened: it is known otherwise than by its definition.
  void seal(Value v) { sealed.insert(v); }
  /// `p` down to what comes from outside of the region, as far as it can be read.
  algebra::Poly fullyOpened(const algebra::Poly &p);
  /// Operations whose result is not linear in what is live though their operands are, in reading order.
  ArrayRef<Operation *> getCulprits() const { return culprits; }

private:
  using Index = algebra::Index;
  using Poly = algebra::Poly;
  Poly readDefinition(Value v, ArrayRef<AffineExpr> index);
  Poly readConstant(Value v, Attribute value, ArrayRef<AffineExpr> index);
  std::optional<Poly> readShape(Operation *op, ArrayRef<AffineExpr> index);
  Poly readLinalg(linalg::LinalgOp op, unsigned result, ArrayRef<AffineExpr> index);
  Poly readScalar(Operation *op, ArrayRef<Poly> args);
  Poly unread(Operation *op, Value v, ArrayRef<AffineExpr> index);
  const llvm::BitVector &getVaryingDims(Value v);
  llvm::BitVector findVaryingDims(Value v);
  bool repeats(Value v);
  void blame(Operation *op);

  algebra::Algebra &A;
  DenseSet<Value> live, sealed;
  DenseMap<Value, std::unique_ptr<Element>> elements;
  DenseMap<Value, bool> dependence;
  DenseMap<Value, llvm::BitVector> varying;
  SmallVector<Operation *> culprits;
};
} // namespace strand
