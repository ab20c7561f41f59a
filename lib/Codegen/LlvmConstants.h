// Constants of C structs in the LLVM dialect: texts, numbers, records and arrays of them.
#pragma once
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include <functional>
namespace strand {
using namespace mlir;

/// Of which value an initialiser is made, where `builder` stands.
struct Constant {
  Type type;
  std::function<Value(OpBuilder &)> build;
};

/// Writes constants at the head of a module; what they refer to gets private names that begin with `prefix`.
class LlvmConstants {
public:
  LlvmConstants(ModuleOp module, StringRef prefix);

  Constant number(int64_t value); // an i64
  /// The address of bytes, with a zero behind them.
  Constant text(const Twine &name, StringRef bytes, unsigned alignment = 1);
  Constant record(ArrayRef<Constant> fields);
  /// The address of an array of constants of one type; of none, a null pointer.
  Constant array(const Twine &name, ArrayRef<Constant> items);
  /// A global that other objects see.
  void define(const Twine &name, const Constant &value);

private:
  ModuleOp module;
  std::string prefix;
  Location loc;
  Type pointer;

  Constant addressOf(StringRef global);
  LLVM::GlobalOp emit(const Twine &name, LLVM::Linkage linkage, const Constant &value);
};
} // namespace strand
