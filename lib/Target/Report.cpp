#include "lib/Target/Report.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
using namespace mlir;
using namespace strand;
namespace json = llvm::json;
namespace {
json::Value valueOf(Attribute a) {
  if (auto s = dyn_cast<StringAttr>(a))
    return s.getValue();
  if (auto b = dyn_cast<BoolAttr>(a))
    return b.getValue();
  if (auto i = dyn_cast<IntegerAttr>(a))
    return i.getValue().getSExtValue();
  if (auto f = dyn_cast<FloatAttr>(a))
    return f.getValueAsDouble();
  if (isa<UnitAttr>(a))
    return true;
  if (auto list = dyn_cast<ArrayAttr>(a)) {
    json::Array values;
    for (Attribute v : list)
      values.push_back(valueOf(v));
    return values;
  }
  if (auto fields = dyn_cast<DictionaryAttr>(a)) {
    json::Object values;
    for (NamedAttribute field : fields)
      values[field.getName().getValue()] = valueOf(field.getValue());
    return values;
  }
  std::string text;
  llvm::raw_string_ostream(text) << a;
  return text;
}

std::string textOf(const json::Value &v) {
  std::string text;
  llvm::raw_string_ostream(text) << v;
  return v.getAsString() ? v.getAsString()->str() : text;
}

/// A line with the fields by name, the op first.
void printOp(const json::Value &op, llvm::raw_ostream &out) {
  const json::Object *fields = op.getAsObject();
  if (!fields)
    return;
  SmallVector<std::string> words;
  for (auto &[key, value] : *fields)
    if (key != "op")
      words.push_back(key.str() + " " + textOf(value));
  llvm::sort(words);
  const json::Value *name = fields->get("op");
  out << "  " << (name ? textOf(*name) : "") << ": " << llvm::join(words, ", ") << "\n";
}
} // namespace

llvm::Error strand::refuseFallbacks(const json::Array &ops) {
  std::string slow;
  for (const json::Value &op : ops)
    if (auto *fields = op.getAsObject(); fields && fields->getBoolean("fallback").value_or(false)) {
      auto text = [&](StringRef key) { return fields->getString(key).value_or("unknown").str(); };
      slow += "\n  " + text("at") + ": " + text("op") + " of @" + text("function") + " takes the form " + text("form");
      if (fields->get("why"))
        slow += ": " + text("why");
      if (fields->get("tiles_why"))
        slow += "; its tiles go through memory: " + text("tiles_why");
    }
  return slow.empty() ? llvm::Error::success() : llvm::createStringError("--strict: there is no fast form for" + slow);
}

json::Array strand::reportOf(ModuleOp module) {
  json::Array ops;
  for (auto f : module.getOps<FunctionOpInterface>())
    if (auto notes = f->getAttrOfType<ArrayAttr>("strand.notes"))
      for (Attribute a : notes) {
        json::Value op = valueOf(a);
        if (json::Object *fields = op.getAsObject())
          (*fields)["function"] = f.getName();
        ops.push_back(std::move(op));
      }
  return ops;
}

void strand::sealReport(ModuleOp module, const json::Array &ops) {
  std::string text;
  llvm::raw_string_ostream(text) << json::Value(json::Object{{"ops", json::Array(ops)}});
  module->setAttr("strand.report", StringAttr::get(module.getContext(), text));
}

json::Value strand::toJson(const CompileReport &r) {
  json::Array steps;
  double total = 0;
  for (const StepTime &t : r.times) {
    steps.push_back(json::Object{{"step", t.step}, {"seconds", t.seconds}});
    total += t.seconds;
  }
  return json::Object{{"input", r.input},
                      {"output", r.output},
                      {"hash", r.hash},
                      {"target", json::Object{{"triple", r.target.triple},
                                              {"cpu", r.target.name},
                                              {"cpu_features", r.target.cpu_features},
                                              {"vector_bits", r.target.vectorBits}}},
                      {"linker", r.linker},
                      {"weight_bytes", r.weightBytes},
                      {"code_bytes", r.codeBytes},
                      {"seconds", total},
                      {"steps", std::move(steps)},
                      {"ops", json::Array(r.ops)}};
}

void strand::printText(const CompileReport &r, llvm::raw_ostream &out) {
  out << r.input << " -> " << r.output << " for " << r.target.name << ", vectors of " << r.target.vectorBits
      << " bits\n";
  double total = 0;
  for (const StepTime &t : r.times) {
    out << llvm::format("%10.3f s  ", t.seconds) << t.step << "\n";
    total += t.seconds;
  }
  out << llvm::format("%10.3f s  ", total) << "together\n";
  out << "weights " << r.weightBytes << " bytes, code " << r.codeBytes << " bytes\n";
  for (const json::Value &op : r.ops)
    printOp(op, out);
}
