// config.json, read so that no key is passed over in silence.
//
// An importer asks for the keys that it understands, each with its type and range, says which it
// may ignore, and calls finish(). Whatever remains is an error: a key that nobody asked for may
// change what the model computes. Getters do not stop: they note the error and return a value that
// is in range, so that importers read in a straight line and ask once, by check() or finish().
//
// null is a value of its own. Only the optional* getters and expect(key, nullptr) take it.
#pragma once
#include "lib/Import/Json.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include <cfloat>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace strand {

/// What Config::expect compares with.
using ConfigLiteral = std::variant<std::nullptr_t, bool, int64_t, double, llvm::StringRef>;

/// An object of config.json: the whole, or one below it from getObject().
class Config {
public:
  static constexpr size_t maxBytes = 16 << 20;
  /// As a default: the key must be there.
  static constexpr std::nullopt_t required = std::nullopt;

  /// Parses `text`, which must be an object; `file` is for messages. `text` must outlive it.
  static llvm::Expected<std::unique_ptr<Config>> parse(llvm::StringRef text, llvm::StringRef file);

  /// Whether the key is there, null or not. Does not count as asking for it.
  bool has(llvm::StringRef key) const;
  /// The keys in the order of the file. Does not count as asking for them.
  llvm::SmallVector<llvm::StringRef> keys() const;

  /// An integer in [min, max]; 4.0 is not one. On error: the default or `min`.
  int64_t getInt(llvm::StringRef key, std::optional<int64_t> byDefault, int64_t min, int64_t max);
  /// The same; nothing where the key is null or absent, or on error.
  std::optional<int64_t> optionalInt(llvm::StringRef key, int64_t min, int64_t max);
  /// true or false. On error: the default or false.
  bool getBool(llvm::StringRef key, std::optional<bool> byDefault);
  /// A number in [min, max], written as a number or as {"__float__": "Infinity"}, the form of
  /// transformers. Infinity passes only where the range holds it; NaN never. On error: the default
  /// or `min`.
  double getFloat(llvm::StringRef key, std::optional<double> byDefault, double min = -DBL_MAX,
                  double max = DBL_MAX);
  /// The same; nothing where the key is null or absent, or on error.
  std::optional<double> optionalFloat(llvm::StringRef key, double min = -DBL_MAX,
                                      double max = DBL_MAX);
  /// One of `oneOf`; any string if that is empty. On error: the default, the first of `oneOf`, or
  /// the empty string.
  llvm::StringRef getString(llvm::StringRef key, std::optional<llvm::StringRef> byDefault,
                            llvm::ArrayRef<llvm::StringRef> oneOf = {});
  /// The same; nothing where the key is null or absent, or on error.
  std::optional<llvm::StringRef> optionalString(llvm::StringRef key,
                                                llvm::ArrayRef<llvm::StringRef> oneOf = {});

  /// Lists, each entry under the rule of its getter. Nothing where the key is null or absent, or
  /// on error; whether the length is right is for the importer to say, by fail().
  std::optional<llvm::SmallVector<int64_t>> getIntList(llvm::StringRef key, int64_t min,
                                                       int64_t max);
  std::optional<llvm::SmallVector<double>> getFloatList(llvm::StringRef key, double min = -DBL_MAX,
                                                        double max = DBL_MAX);
  std::optional<llvm::SmallVector<llvm::StringRef>>
  getStringList(llvm::StringRef key, llvm::ArrayRef<llvm::StringRef> oneOf = {});

  /// The object under `key`, whose keys finish() of the whole counts too; null where the key is
  /// null or absent, or on error. Owned by this object.
  Config *getObject(llvm::StringRef key);
  /// The value under `key` as parsed, or null; for shapes that no getter reads.
  const JsonValue *getValue(llvm::StringRef key);

  /// Where `key` is there it must have this value, otherwise an error: "key 'conv_size' is 3; only
  /// 4 is supported, because <because>".
  void expect(llvm::StringRef key, ConfigLiteral value, llvm::StringRef because);
  /// These keys never change the meaning, whatever their values.
  void ignore(llvm::ArrayRef<llvm::StringRef> keys);
  /// An error of the importer about the value of `key`: "key 'num_heads' is 3: <what>".
  void fail(llvm::StringRef key, const llvm::Twine &what);

  /// A line that says which integers were absent and what stood in for them; empty if none was. For errors about sizes.
  std::string defaultsText() const;
  /// All errors so far.
  llvm::Error check() const;
  /// All errors, and one for every key that nobody asked for.
  llvm::Error finish() const;

private:
  struct Source;
  Config(std::shared_ptr<Source> source, const JsonValue &object, std::string prefix);

  const JsonValue *ask(llvm::StringRef key, bool mustBe);
  const JsonValue *askOptional(llvm::StringRef key);
  void report(size_t offset, const llvm::Twine &what);
  void wrongType(llvm::StringRef key, const JsonValue &found, llvm::StringRef wanted);
  std::string named(llvm::StringRef key) const;
  std::optional<int64_t> readInt(llvm::StringRef key, const JsonValue &, int64_t min, int64_t max);
  std::optional<double> readFloat(llvm::StringRef key, const JsonValue &, double min, double max);
  std::optional<llvm::StringRef> readString(llvm::StringRef key, const JsonValue &,
                                            llvm::ArrayRef<llvm::StringRef> oneOf);
  template <typename T, typename Read>
  std::optional<llvm::SmallVector<T>> readList(llvm::StringRef key, Read read);
  void addUnknown(std::vector<std::string> &messages) const;

  std::shared_ptr<Source> source;
  const JsonValue &object;
  std::string prefix;
  llvm::StringSet<> asked;
  std::vector<std::pair<std::string, std::unique_ptr<Config>>> children;
};

} // namespace strand
