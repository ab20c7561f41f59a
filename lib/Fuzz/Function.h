// A function over rows in the making: arguments appear as operations ask for them.
#pragma once
#include "lib/Fuzz/Text.h"
namespace strand {

/// What an argument is drawn from; how strand-check is told.
enum class From {
  Normal,
  Small,      // [-0.5, 0.5]
  Unit,       // [0, 1]
  NearOne,    // [0.99, 1]
  NearZero,   // [0, 0.01]
  Negative,   // [-1, 0]
  Signed,     // [-1, 1]
  Positive,   // [0.1, 1]
  Gates,      // logarithms: strong, weak and mixed
  Weight,     // so small that a sum over the second last dimension keeps its size
  Contracting, // so small that a matrix takes nothing above its size
  Key,         // so small that the last dimension has at most length 1
  Part         // real or imaginary part of a number of length below 1
};

class FunctionText {
public:
  FunctionText(Random &random, Names &names);

  /// A new argument.
  Tensor rows(ArrayRef<int64_t> dims, From from, StringRef element = "f32");
  Tensor rowsBetween(double lo, double hi, ArrayRef<int64_t> dims);
  Tensor parameter(ArrayRef<int64_t> dims, From from, StringRef element = "f32");
  /// Rows that may be anything of the size of a normal number: a value that there is already, or an argument.
  Tensor anyRows(ArrayRef<int64_t> dims);

  /// Makes a value one that later operations may read.
  void offer(const Tensor &t) { offered.push_back(t); }
  /// The value offered last is one that a part of the program is for.
  void endPart() { ends.push_back(offered.back()); }
  /// The whole text, with what is offered last as result, and sometimes something before it.
  std::string finish(StringRef name);

  Random &random;
  Names &names;
  BlockText body;
  /// Between these, operations work on the rows under a mask; the last value is expanded again.
  void compact();
  void expand();

  std::string offsets = "%offsets", count = "%n"; // of the rows that operations work on now
  SmallVector<Tensor> offered;

private:
  Tensor argument(Tensor t, const std::string &mark);
  Tensor newRows(ArrayRef<int64_t> dims, StringRef element, const std::string &mark);
  Tensor compacted(const Tensor &t);
  Tensor widened(const Tensor &t);
  std::string mask, innerOffsets; // while rows are compacted
  SmallVector<std::string> arguments;
  SmallVector<Tensor> ends;
  std::string firstRows, firstType;
};

/// Sizes of dimensions: 1, odd ones, those of vectors and one more, rarely wide.
int64_t drawSize(Random &random);

// Each appends one operation, or some, and offers the result.
void appendScan(FunctionText &f);
void appendLayer(FunctionText &f);   // an op of the dialect
void appendRowWise(FunctionText &f); // linalg and arith on the rows last offered

/// A module of one public function @`name`, the same for the same seed.
std::string randomProgram(uint64_t seed, StringRef name);
} // namespace strand
