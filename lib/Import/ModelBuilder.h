// What an importer builds with: @forward, one function for each kind of layer, small functions for formulas.
//
// An importer reads in a straight line. What is wrong with the folder is noted by the configuration and the checkpoint
// and makes the module useless, but never stops the building; loops over layers ask `good()`.
#pragma once
#include "lib/Import/Checkpoint.h"
#include "lib/Import/Formula.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
namespace strand {
using namespace mlir;

class ModelBuilder;

/// Builds the body of one function over rows. Tensors of rows are `tensor<?x...xf32>`; weights have the type that the
/// checkpoint gives them, and are widened where they are read.
class FunctionBuilder {
public:
  using Formula = llvm::function_ref<SmallVector<Scalar>(ArrayRef<Scalar>)>;

  ModelBuilder &model;
  OpBuilder b;
  Location loc;
  Value offsets;

  /// The tensor `name` below this function's prefix, which must have this shape or, where it is given, the one
  /// `stored`, of as many elements.
  Value weight(StringRef name, ArrayRef<int64_t> shape, ArrayRef<int64_t> stored = {});
  bool hasWeight(StringRef name) const;
  /// A tensor of f32 that the importer computed, under a name of its own below the prefix.
  Value computed(StringRef name, ArrayRef<int64_t> shape, std::vector<float> values);
  /// The elements of a tensor of the checkpoint, for an importer that computes with them; zeros after an error.
  std::vector<float> elements(StringRef name, ArrayRef<int64_t> shape);

  /// Rows of the table `weight` [vocabulary, width] chosen by ids, times `scale`: rows x width.
  Value embed(Value ids, Value table, double scale = 1);
  /// x W^T + bias: rows x N, for W [N, K] and, if there is one, a bias [N].
  Value linear(Value x, Value weight, Value bias = {});
  /// Weight `<name>.weight` [n, k] and, where `bias`, `<name>.bias` [n], applied to x.
  Value linear(Value x, StringRef name, int64_t n, bool bias = false);
  /// x[r, h, :] W[h] + bias[h], W [heads, in, out], a block-diagonal product: rows x (heads * in) -> rows x (heads *
  /// out).
  Value blockLinear(Value x, Value weight, Value bias = {});
  /// Logits: x times `lm_head.weight` or, if `tied`, the table, whose tensor is called `tableName`.
  Value head(Value x, Value table, bool tied, StringRef tableName);
  Value add(Value x, Value y);
  /// x / sqrt(mean(x^2) + eps) * weight over the last dimension; no weight: 1. `offset` is added to the weight.
  Value rmsNorm(Value x, Value weight, double eps, double offset = 0);
  /// (x - mean) / sqrt(variance + eps) * weight + bias over the last dimension; weight and bias may be absent.
  Value layerNorm(Value x, Value weight, Value bias, double eps);
  /// x / sqrt(sum(x^2) + eps) over the last dimension.
  Value unitNorm(Value x, double eps);
  /// An element-wise formula. `dims` says how operands and results are indexed, r being rows: "rd,rd,d->rd,rd".
  /// `name` is what the function that holds it is called.
  SmallVector<Value> formula(StringRef name, StringRef dims, ValueRange operands, Formula body);
  /// The same for one result.
  Value map(StringRef name, StringRef dims, ValueRange operands, llvm::function_ref<Scalar(ArrayRef<Scalar>)> body);

  /// rows x (h * d) as rows x h x d, and back.
  Value splitHeads(Value x, int64_t heads);
  Value joinHeads(Value x);
  /// rows x heads x d with each head `times` times in a row.
  Value repeatHeads(Value x, int64_t times);
  /// rows x heads x d summed over d: rows x heads.
  Value sum(Value x);
  /// The columns [from, from + count) of x.
  Value columns(Value x, int64_t from, int64_t count);

  /// h = decay * h + input; see strand.linear_recurrence. `dims` over the letters of `state` and t, in the order decay,
  /// input, read (may be absent), result: "td;td->td".
  Value linearRecurrence(StringRef state, StringRef dims, ValueRange decay, ValueRange input, Value read, bool log);
  struct ComplexRecurrence {
    SmallVector<Value> decay, turn, input, imag = {}, read = {};
    bool log = false;
  };
  /// The same in complex numbers; see strand.complex_recurrence. Without a reading the results are both parts.
  SmallVector<Value> complexRecurrence(StringRef state, StringRef dims, const ComplexRecurrence &operands);
  struct LinearAttention {
    Value gate = {};               // logarithms; rows x heads or rows x heads x width
    ArrayRef<double> decay = {};   // logarithms, one a head
    double scale = 1;
  };
  /// See strand.linear_attention.
  Value linearAttention(Value q, Value k, Value v, const LinearAttention &options);
  struct DeltaRule {
    Value beta = {};           // rows x heads
    Value a = {}, b = {};      // low rank: rows x heads x width
    Value gate = {};           // logarithms; rows x heads or rows x heads x width
    double scale = 1;
  };
  /// See strand.delta_rule.
  Value deltaRule(Value q, Value k, Value v, const DeltaRule &options);
  /// The row before of the same sequence, zeros in the first; see strand.shift.
  Value shift(Value x);
  /// Depthwise causal convolution of x with the tensor `weight` [D, 1, taps] and a bias [D]; see strand.causal_conv.
  Value causalConv(Value x, StringRef weight, int64_t taps, Value bias);
  /// The position of each row in its sequence.
  Value positions();
  /// Rotary embedding of the first `dims` of x's last dimension (0: all) by halves; see strand.rotary.
  Value rotary(Value x, Value positions, double base, int64_t dims = 0);
  /// Causal softmax attention, window rows wide (0: all rows before); see strand.attention.
  Value attention(Value q, Value k, Value v, int64_t window, double scale);

private:
  friend class ModelBuilder;
  FunctionBuilder(ModelBuilder &model, OpBuilder b, Location loc, std::string prefix)
      : model(model), b(b), loc(loc), prefix(std::move(prefix)) {}
  Value addWeight(StringRef name, RankedTensorType type);
  /// Maps and the type of the results of a recurrence with these operands.
  std::pair<ArrayAttr, Type> recurrenceMaps(StringRef state, StringRef dims, ValueRange operands);
  /// Makes a weight [D, 1, taps] of the checkpoint one of f32 [taps, D] that is computed now, here and in @forward.

  std::string prefix;
  func::FuncOp layer;         // null in @forward
  SmallVector<Value> given;   // weights of the layer, as @forward has them
};

class ModelBuilder {
public:
  /// Begins @forward(tokens, offsets). `family` is the model_type.
  ModelBuilder(MLIRContext &context, Checkpoint &checkpoint, WeightSource &weights, StringRef family);

  Checkpoint &checkpoint;
  Config &config;
  WeightSource &weights;

  FunctionBuilder &forward() { return *root; }
  StringRef family() const { return cast<StringAttr>((*module)->getAttr("strand.family")).getValue(); }
  Value tokens() { return forwardFunction.getArgument(0); }
  /// One layer x -> x. `kind` names its function; layers whose functions turn out equal share one. `path` is the name
  /// of what it carries, as in "layers.0"; `prefix` that of its weights, as in "model.layers.0.".
  Value layer(StringRef kind, const Twine &path, const Twine &prefix, Value x,
              llvm::function_ref<Value(FunctionBuilder &, Value)> body);
  /// The same for a layer of several values.
  SmallVector<Value> layer(StringRef kind, const Twine &path, const Twine &prefix, ValueRange xs,
                           llvm::function_ref<SmallVector<Value>(FunctionBuilder &, ValueRange)> body);
  /// Ends @forward. Errors: everything that the configuration and the checkpoint noted.
  llvm::Expected<OwningOpRef<ModuleOp>> finish(Value logits);
  bool good() const;

  /// A private function of that name and type; one that is equal is used again.
  func::FuncOp function(StringRef name, TypeRange arguments,
                        llvm::function_ref<SmallVector<Value>(OpBuilder &, ValueRange)> body);

private:
  friend class FunctionBuilder;
  func::FuncOp shared(func::FuncOp fresh);

  MLIRContext &context;
  Location loc;
  OwningOpRef<ModuleOp> module;
  func::FuncOp forwardFunction;
  std::unique_ptr<FunctionBuilder> root;
  llvm::StringMap<SmallVector<func::FuncOp>> functions; // by the name that was asked for
};

/// The family of a model_type: lib/Import/Families/<Family>.cpp defines `strand::import<Family>`.
using ImportFamily = void (*)(ModelBuilder &, Value &logits);

/// Reads a checkpoint folder into a module with @forward; the tensors it uses go to `weights`. Errors: text for the
/// user, one line a problem.
llvm::Expected<OwningOpRef<ModuleOp>> importCheckpoint(MLIRContext &context, StringRef folder, WeightSource &weights);
} // namespace strand
