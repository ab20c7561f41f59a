#include "lib/Import/Config.h"
#include "lib/Import/Diagnose.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

namespace strand {

/// What the whole and the objects below it share.
struct Config::Source {
  std::string file;
  llvm::StringRef text;
  JsonDocument document;
  std::vector<std::string> errors;
  std::vector<std::string> defaults; // integers that were absent: "hidden_size = 2048"
};

namespace {
std::string numberText(double number) {
  std::string result;
  llvm::raw_string_ostream(result) << llvm::format("%.9g", number);
  return result;
}

std::string literalText(const ConfigLiteral &literal) {
  if (const bool *flag = std::get_if<bool>(&literal))
    return *flag ? "true" : "false";
  if (const int64_t *integer = std::get_if<int64_t>(&literal))
    return std::to_string(*integer);
  if (const double *number = std::get_if<double>(&literal))
    return numberText(*number);
  if (const llvm::StringRef *string = std::get_if<llvm::StringRef>(&literal))
    return quoted(*string);
  return "null";
}

/// A value as a message shows it; lists and objects by their kind only.
std::string valueText(const JsonValue &value) {
  switch (value.kind) {
  case JsonKind::List:
  case JsonKind::Object: return jsonKindName(value.kind).str();
  case JsonKind::String: return quoted(value.text());
  default: return value.text().str();
  }
}

bool equals(const JsonValue &value, const ConfigLiteral &literal) {
  if (const bool *flag = std::get_if<bool>(&literal))
    return value.asBool() == *flag;
  if (const int64_t *integer = std::get_if<int64_t>(&literal))
    return value.asInt() == *integer;
  if (const double *number = std::get_if<double>(&literal))
    return value.asDouble() == *number;
  if (const llvm::StringRef *string = std::get_if<llvm::StringRef>(&literal))
    return value.kind == JsonKind::String && value.text() == *string;
  return value.kind == JsonKind::Null;
}

/// {"__float__": "Infinity"}, how transformers writes what JSON cannot.
std::optional<double> infinityOf(const JsonValue &value) {
  const JsonValue *name = value.members().size() == 1 ? value.find("__float__") : nullptr;
  if (!name || name->kind != JsonKind::String)
    return std::nullopt;
  if (name->text() == "Infinity")
    return HUGE_VAL;
  if (name->text() == "-Infinity")
    return -HUGE_VAL;
  return std::nullopt;
}
} // namespace

//===-------------------------------------------------------------------------------------------===//
// The whole, and errors
//===-------------------------------------------------------------------------------------------===//

Config::Config(std::shared_ptr<Source> source, const JsonValue &object, std::string prefix)
    : source(std::move(source)), object(object), prefix(std::move(prefix)) {}

llvm::Expected<std::unique_ptr<Config>> Config::parse(llvm::StringRef text, llvm::StringRef file) {
  if (text.size() > maxBytes)
    return importError(messageAt(file, "has " + llvm::Twine(text.size()) + " bytes; the limit is " +
                                           llvm::Twine(maxBytes)));
  auto source = std::make_shared<Source>();
  source->file = file.str();
  source->text = text;
  if (auto problem = source->document.parse(text))
    return importError(messageAt(file, text, problem->offset, problem->what));
  const JsonValue &root = source->document.root();
  if (root.kind != JsonKind::Object)
    return importError(messageAt(file, text, root.offset, "the text is " + jsonKindName(root.kind) +
                                                              "; an object is wanted"));
  return std::unique_ptr<Config>(new Config(std::move(source), root, ""));
}

void Config::report(size_t offset, const llvm::Twine &what) {
  source->errors.push_back(messageAt(source->file, source->text, offset, what));
}

std::string Config::named(llvm::StringRef key) const {
  return "key " + quoted(prefix + key.str());
}

void Config::wrongType(llvm::StringRef key, const JsonValue &found, llvm::StringRef wanted) {
  std::string value = valueText(found), kind = jsonKindName(found.kind).str();
  bool sayKind = found.kind == JsonKind::String || found.kind == JsonKind::Float;
  report(found.offset, named(key) + " is " + value + (sayKind ? ", " + kind : "") + "; " + wanted + " is wanted");
}

void Config::fail(llvm::StringRef key, const llvm::Twine &what) {
  if (const JsonValue *value = object.find(key))
    report(value->offset, named(key) + " is " + valueText(*value) + ": " + what);
  else
    report(object.offset, named(key) + " is missing: " + what);
}

llvm::Error Config::check() const { return importErrors(source->errors); }

std::string Config::defaultsText() const {
  if (source->defaults.empty())
    return "";
  return messageAt(source->file,
                   "note: keys that are absent have the library's defaults: " + llvm::join(source->defaults, ", "));
}

llvm::Error Config::finish() const {
  std::vector<std::string> messages = source->errors;
  addUnknown(messages);
  return importErrors(messages);
}

void Config::addUnknown(std::vector<std::string> &messages) const {
  for (const JsonMember &member : object.members())
    if (!asked.contains(member.key))
      messages.push_back(messageAt(source->file, source->text, member.keyOffset,
                                   named(member.key) + " (" + valueText(member.value) +
                                       ") is not understood, and it may change the meaning"));
  for (const auto &[key, child] : children)
    child->addUnknown(messages);
}

//===-------------------------------------------------------------------------------------------===//
// Values
//===-------------------------------------------------------------------------------------------===//

bool Config::has(llvm::StringRef key) const { return object.find(key); }

llvm::SmallVector<llvm::StringRef> Config::keys() const {
  llvm::SmallVector<llvm::StringRef> result;
  for (const JsonMember &member : object.members())
    result.push_back(member.key);
  return result;
}

const JsonValue *Config::getValue(llvm::StringRef key) {
  asked.insert(key);
  return object.find(key);
}

const JsonValue *Config::ask(llvm::StringRef key, bool mustBe) {
  const JsonValue *value = getValue(key);
  if (!value && mustBe)
    report(object.offset, named(key) + " is missing");
  return value;
}

const JsonValue *Config::askOptional(llvm::StringRef key) {
  const JsonValue *value = getValue(key);
  return value && value->kind != JsonKind::Null ? value : nullptr;
}

std::optional<int64_t> Config::readInt(llvm::StringRef key, const JsonValue &value, int64_t min,
                                       int64_t max) {
  if (value.kind != JsonKind::Int) {
    wrongType(key, value, "an integer");
    return std::nullopt;
  }
  std::optional<int64_t> number = value.asInt();
  if (number && *number >= min && *number <= max)
    return number;
  report(value.offset,
         named(key) + " is " + value.text() + ", outside " + llvm::Twine(min) + " to " + llvm::Twine(max));
  return std::nullopt;
}

std::optional<double> Config::readFloat(llvm::StringRef key, const JsonValue &value, double min,
                                        double max) {
  std::optional<double> number = infinityOf(value);
  bool isNumber = number || value.kind == JsonKind::Int || value.kind == JsonKind::Float;
  if (!isNumber) {
    wrongType(key, value, "a number");
    return std::nullopt;
  }
  std::string found = number ? quoted(value.find("__float__")->text()) : value.text().str();
  if (!number)
    number = value.asDouble();
  if (number && *number >= min && *number <= max)
    return number;
  report(value.offset, named(key) + " is " + found + (number ? ", outside " + numberText(min) + " to " + numberText(max)
                                : std::string(", beyond the range of a double")));
  return std::nullopt;
}

std::optional<llvm::StringRef> Config::readString(llvm::StringRef key, const JsonValue &value,
                                                  llvm::ArrayRef<llvm::StringRef> oneOf) {
  if (value.kind != JsonKind::String) {
    wrongType(key, value, "a string");
    return std::nullopt;
  }
  if (oneOf.empty() || llvm::is_contained(oneOf, value.text()))
    return value.text();
  report(value.offset, named(key) + " is " + quoted(value.text()) + "; supported are " +
                           llvm::join(llvm::map_range(oneOf, quoted), ", "));
  return std::nullopt;
}

int64_t Config::getInt(llvm::StringRef key, std::optional<int64_t> byDefault, int64_t min,
                       int64_t max) {
  const JsonValue *value = ask(key, !byDefault);
  if (!value && byDefault)
    source->defaults.push_back(prefix + key.str() + " = " + std::to_string(*byDefault));
  std::optional<int64_t> number = value ? readInt(key, *value, min, max) : std::nullopt;
  return number ? *number : byDefault.value_or(min);
}

std::optional<int64_t> Config::optionalInt(llvm::StringRef key, int64_t min, int64_t max) {
  const JsonValue *value = askOptional(key);
  return value ? readInt(key, *value, min, max) : std::nullopt;
}

bool Config::getBool(llvm::StringRef key, std::optional<bool> byDefault) {
  const JsonValue *value = ask(key, !byDefault);
  std::optional<bool> flag = value ? value->asBool() : std::nullopt;
  if (value && !flag)
    wrongType(key, *value, "true or false");
  return flag ? *flag : byDefault.value_or(false);
}

double Config::getFloat(llvm::StringRef key, std::optional<double> byDefault, double min,
                        double max) {
  const JsonValue *value = ask(key, !byDefault);
  std::optional<double> number = value ? readFloat(key, *value, min, max) : std::nullopt;
  return number ? *number : byDefault.value_or(min);
}

std::optional<double> Config::optionalFloat(llvm::StringRef key, double min, double max) {
  const JsonValue *value = askOptional(key);
  return value ? readFloat(key, *value, min, max) : std::nullopt;
}

llvm::StringRef Config::getString(llvm::StringRef key, std::optional<llvm::StringRef> byDefault,
                                  llvm::ArrayRef<llvm::StringRef> oneOf) {
  const JsonValue *value = ask(key, !byDefault);
  std::optional<llvm::StringRef> text = value ? readString(key, *value, oneOf) : std::nullopt;
  if (text)
    return *text;
  return byDefault ? *byDefault : oneOf.empty() ? llvm::StringRef() : oneOf.front();
}

std::optional<llvm::StringRef> Config::optionalString(llvm::StringRef key,
                                                      llvm::ArrayRef<llvm::StringRef> oneOf) {
  const JsonValue *value = askOptional(key);
  return value ? readString(key, *value, oneOf) : std::nullopt;
}

template <typename T, typename Read>
std::optional<llvm::SmallVector<T>> Config::readList(llvm::StringRef key, Read read) {
  const JsonValue *value = askOptional(key);
  if (!value)
    return std::nullopt;
  if (value->kind != JsonKind::List) {
    wrongType(key, *value, "a list");
    return std::nullopt;
  }
  llvm::SmallVector<T> result;
  for (auto [i, item] : llvm::enumerate(value->items())) {
    std::optional<T> entry = read((key + "[" + llvm::Twine(i) + "]").str(), item);
    if (!entry)
      return std::nullopt;
    result.push_back(*entry);
  }
  return result;
}

std::optional<llvm::SmallVector<int64_t>> Config::getIntList(llvm::StringRef key, int64_t min,
                                                             int64_t max) {
  return readList<int64_t>(key, [&](llvm::StringRef entry, const JsonValue &item) {
    return readInt(entry, item, min, max);
  });
}

std::optional<llvm::SmallVector<double>> Config::getFloatList(llvm::StringRef key, double min,
                                                              double max) {
  return readList<double>(key, [&](llvm::StringRef entry, const JsonValue &item) {
    return readFloat(entry, item, min, max);
  });
}

std::optional<llvm::SmallVector<llvm::StringRef>>
Config::getStringList(llvm::StringRef key, llvm::ArrayRef<llvm::StringRef> oneOf) {
  return readList<llvm::StringRef>(key, [&](llvm::StringRef entry, const JsonValue &item) {
    return readString(entry, item, oneOf);
  });
}

Config *Config::getObject(llvm::StringRef key) {
  for (auto &[name, child] : children)
    if (name == key)
      return child.get();
  const JsonValue *value = askOptional(key);
  if (!value)
    return nullptr;
  if (value->kind != JsonKind::Object) {
    wrongType(key, *value, "an object");
    return nullptr;
  }
  children.emplace_back(key.str(), std::unique_ptr<Config>(
                                       new Config(source, *value, prefix + key.str() + ".")));
  return children.back().second.get();
}

void Config::expect(llvm::StringRef key, ConfigLiteral literal, llvm::StringRef because) {
  const JsonValue *value = getValue(key);
  if (value && !equals(*value, literal))
    report(value->offset, named(key) + " is " + valueText(*value) + "; only " + literalText(literal) +
                              " is supported, because " + because);
}

void Config::ignore(llvm::ArrayRef<llvm::StringRef> keys) {
  for (llvm::StringRef key : keys)
    asked.insert(key);
}

} // namespace strand
