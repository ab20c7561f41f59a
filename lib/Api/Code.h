// What a strand_model is made of: a model or a function over rows as machine code, behind one face.
#pragma once
#include "lib/Api/Error.h"
#include "lib/Api/Memory.h"
#include "lib/Import/WeightSource.h"
#include "lib/Target/Compile.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include <memory>
namespace strand {

/// The threads of a context, for as long as a model needs them.
using Threads = std::shared_ptr<strand_rt_ctx>;

struct CodeCall {
  void *state;          // block; null only where the code does not need one
  const int32_t *slots; // of each sequence; null where there is no state
  const int32_t *offsets;
  int64_t sequences, rows;
  uint32_t flags;
  llvm::ArrayRef<void *> inputs, outputs;
  void *scratch;
};

/// Does not change after it was made, except for forms that are made once and for scratch. Any thread.
class Code : public std::enable_shared_from_this<Code> {
public:
  virtual ~Code() = default;

  const strand_schema &schema() const { return facts; }
  llvm::ArrayRef<strand_value> inputs() const { return in; }
  llvm::ArrayRef<strand_value> outputs() const { return out; }
  /// Whether a call without a caller's state still needs a block.
  virtual bool alwaysHasState() const = 0;
  /// Whether STRAND_LAST_ROWS is understood; otherwise all rows are computed.
  virtual bool givesLastRows() const = 0;
  /// Makes what calls with a state need, the first time.
  virtual strand_error *prepareState() { return nullptr; }

  virtual int64_t scratchBytes(int64_t sequences, int64_t rows, const void *state) const = 0;
  /// enum strand_status. Arguments are as the schema says; the rows of inputs and outputs are not checked.
  virtual int32_t run(const CodeCall &call) const = 0;

  mutable MemoryPool scratch;
  Threads threads;

protected:
  strand_schema facts{};
  llvm::SmallVector<strand_value, 2> in, out;
};

/// A module and where it came from; exactly one of `path` and `text` says it.
struct CodeSource {
  llvm::StringRef path, text, name; // `name`: of the text, in messages
  llvm::StringRef weights, function;
};

/// Compiles. The options' input and weights are those of the source.
strand_error *makeCode(const CodeSource &source, CompileOptions options, Threads threads, std::shared_ptr<Code> &code);

/// A model from `input`, whose module or folder was read already; from a function over rows of a module.
llvm::Expected<std::shared_ptr<Code>> makeModelCode(mlir::MLIRContext &context, const CompileOptions &options,
                                                    Input &input);
llvm::Expected<std::shared_ptr<Code>> makeFunctionCode(std::shared_ptr<mlir::MLIRContext> context,
                                                       const CompileOptions &options,
                                                       mlir::OwningOpRef<mlir::ModuleOp> module,
                                                       llvm::StringRef function);
} // namespace strand

struct strand_context {
  strand::CompileOptions options;
  strand::Threads threads;
};

struct strand_model {
  std::shared_ptr<strand::Code> code;
};
