#include "lib/Import/Activations.h"
#include "llvm/ADT/STLExtras.h"
using namespace mlir;
using namespace strand;
namespace {
struct Named {
  llvm::StringRef name;
  Activation function;
};

Scalar identity(Scalar x) { return x; }
Scalar quickGelu(Scalar x) { return x * sigmoid(1.702 * x); }
Scalar squaredRelu(Scalar x) { return relu(x) * relu(x); }
Scalar relu6(Scalar x) { return minimum(relu(x), 6); }
Scalar mish(Scalar x) { return x * tanh(softplus(x)); }

constexpr Named transformers[] = {
    {"silu", silu},        {"swish", silu},         {"gelu", gelu},           {"gelu_python", gelu},
    {"gelu_new", geluTanh}, {"gelu_fast", geluTanh}, {"gelu_pytorch_tanh", geluTanh}, {"quick_gelu", quickGelu},
    {"relu", relu},        {"relu2", squaredRelu},  {"relu6", relu6},         {"sigmoid", sigmoid},
    {"tanh", tanh},        {"mish", mish},          {"linear", identity}};

constexpr Named fla[] = {{"relu", relu},   {"sigmoid", sigmoid}, {"logsigmoid", logSigmoid}, {"silu", silu},
                         {"swish", silu}, {"sqrelu", squaredRelu}, {"gelu", geluTanh}};

SmallVector<llvm::StringRef> namesOf(ArrayRef<Named> table) {
  return llvm::map_to_vector(table, [](const Named &n) { return n.name; });
}

Activation functionOf(ArrayRef<Named> table, llvm::StringRef name) {
  for (const Named &n : table)
    if (n.name == name)
      return n.function;
  return identity;
}
} // namespace

Activation strand::readActivation(Config &config, llvm::StringRef key, llvm::StringRef byDefault) {
  return functionOf(transformers, config.getString(key, byDefault, namesOf(transformers)));
}

static Activation readOptional(Config &config, llvm::StringRef key, ArrayRef<Named> table) {
  std::optional<llvm::StringRef> name = config.optionalString(key, namesOf(table));
  return name ? functionOf(table, *name) : nullptr;
}
Activation strand::readOptionalActivation(Config &config, llvm::StringRef key) {
  return readOptional(config, key, transformers);
}
Activation strand::readFlaActivation(Config &config, llvm::StringRef key) { return readOptional(config, key, fla); }
