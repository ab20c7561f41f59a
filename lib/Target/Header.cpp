#include "lib/Target/Header.h"
#include "lib/Codegen/Cpu/WeightLayout.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"
using namespace mlir;
using namespace strand;

std::optional<ModelFacts> strand::factsOf(ModuleOp module) {
  auto advance = module.lookupSymbol<func::FuncOp>("advance");
  if (!advance)
    return std::nullopt;
  SmallVector<WeightLayout> weights = weightLayout(module);
  ModelFacts facts;
  facts.weights = weights.size();
  facts.weightBytes = weightBytes(weights);
  for (auto [i, t] : llvm::enumerate(advance.getArgumentTypes())) {
    auto type = dyn_cast<ShapedType>(t);
    auto input = advance.getArgAttrOfType<StringAttr>(i, "strand.input");
    if (type && input && input == "logits")
      facts.vocabulary = ShapedType::getNumElements(type.getShape().drop_front());
    if (auto path = advance.getArgAttrOfType<StringAttr>(i, "strand.state")) {
      std::string text;
      llvm::raw_string_ostream(text) << t;
      facts.states.push_back({path.str(), text});
    }
  }
  return facts;
}

void strand::writeHeader(const ModelFacts &facts, StringRef prefix, llvm::raw_ostream &out) {
  std::string guard = StringRef(prefix).upper() + "_STRAND_MODEL_H";
  out << "/* A model compiled by strandc: " << facts.weights << " weights of " << facts.weightBytes
      << " bytes together, " << facts.vocabulary << " logits a row.\n"
      << " * State entries, slots first:\n";
  for (const ModelFacts::State &s : facts.states)
    out << " *   " << s.path << ": " << s.type << "\n";
  out << " * How long a state block, scratch and logits are, " << prefix << "_sizes answers. */\n"
      << "#ifndef " << guard << "\n#define " << guard << "\n#include <strand/abi.h>\n"
      << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
      << "extern const strand_schema " << prefix << "_schema;\n"
      << "strand_advance_fn " << prefix << "_advance;\n"
      << "strand_sizes_fn " << prefix << "_sizes;\n"
      << "/* The weights, where they were embedded. Beyond 2 GiB, code that is not position-independent through a GOT\n"
      << " * has to be built with -mcmodel=medium to reach them. */\n"
      << "extern const char " << prefix << "_weights[];\n\n"
      << "#ifdef __cplusplus\n}\n#endif\n#endif\n";
}
