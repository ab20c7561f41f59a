// A program in the making: the text of blocks, operation by operation, each returning the tensor it makes.
//
// Dimensions are named by letters, as in einsum: `generic({{k, "i"}, {v, "j"}}, "ij", product)` is an outer product,
// and with "i" as the result it sums over j. Where tensors have rows, dimension 0 is theirs and has no letter.
#pragma once
#include "lib/Check/Inputs.h"
namespace strand {

struct Tensor {
  std::string name;
  SmallVector<int64_t> dims;
  std::string element = "f32";
  std::string rows; // the number of rows, an index; empty: it has none

  std::string type() const;
};

struct Lettered {
  Tensor tensor;
  std::string letters;
};

/// Counts names, so that none is used twice in a program.
struct Names {
  int next = 0;
  std::string fresh() { return "%" + std::to_string(next++); }
};

class BlockText {
public:
  BlockText(Random &random, Names &names, int indent) : random(random), names(names), indent(indent, ' ') {}

  /// `op` on operands of one type, which is the result's.
  Tensor apply(StringRef op, ArrayRef<Tensor> operands);
  /// The same on scalars; returns the name.
  std::string scalar(StringRef op, ArrayRef<std::string> operands, StringRef type = "f32");
  std::string scalarConstant(double value);
  Tensor constant(double value, ArrayRef<int64_t> dims);
  /// All elements the same, with rows if `like` has them.
  Tensor filled(double value, ArrayRef<int64_t> dims, const Tensor &like);
  Tensor empty(ArrayRef<int64_t> dims, const Tensor &like, StringRef element = "f32");

  using Body = llvm::function_ref<std::string(ArrayRef<std::string> scalars)>;
  /// What elements are taken together by, and what that begins with.
  struct Reduction {
    const char *op;
    double identity;
  };
  static constexpr Reduction sum{"arith.addf", 0}, maximum{"arith.maximumf", -1e30};
  /// The result's elements are `body` of the operands' elements; reduced over the letters that `out` lacks.
  /// `shape`: what says how large letters of `out` are that no operand has, and whether there are rows.
  Tensor generic(ArrayRef<Lettered> operands, StringRef out, Body body, const Lettered &shape = {},
                 Reduction reduction = sum);
  /// The product of the operands, summed over the letters that `out` lacks.
  Tensor product(ArrayRef<Lettered> operands, StringRef out);
  /// `x` in the shape of another; as linalg.broadcast or as a generic op.
  Tensor broadcast(const Lettered &x, const Lettered &shape);

  // element by element, spelled one way or another
  Tensor add(const Tensor &a, const Tensor &b) { return apply("arith.addf", flipped(a, b)); }
  Tensor mul(const Tensor &a, const Tensor &b) { return apply("arith.mulf", flipped(a, b)); }
  Tensor sub(const Tensor &a, const Tensor &b) { return apply("arith.subf", {a, b}); }
  Tensor oneMinus(const Tensor &a) { return sub(filled(1, a.dims, a), a); }
  Tensor sigmoid(const Tensor &a);
  Tensor softplus(const Tensor &a);
  Tensor scaled(const Tensor &a, double by) { return mul(a, filled(by, a.dims, a)); }

  void line(const Twine &text);

  Random &random;
  Names &names;
  std::string text;

private:
  SmallVector<Tensor> flipped(const Tensor &a, const Tensor &b);
  std::string indent;
};

/// A type with rows or without.
std::string tensorType(ArrayRef<int64_t> dims, StringRef element, bool rows);
/// A number as MLIR reads it.
std::string floatText(double value);
} // namespace strand
