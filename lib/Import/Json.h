// Strict JSON for files that are hostile until checked.
//
// RFC 8259 to the letter, and stricter where the letter leaves a choice: valid UTF-8 without a
// byte order mark, no NaN or Infinity, no key twice in one object, no lone surrogate, bounded
// depth and count. Numbers keep their text, so that 2^63 is told from 2^63 - 1.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Allocator.h"
#include <optional>
#include <string>

namespace strand {

enum class JsonKind : uint8_t { Null, Bool, Int, Float, String, List, Object };

/// What a kind is called in a message: "an integer", "a list".
llvm::StringRef jsonKindName(JsonKind kind);

struct JsonMember;

/// A value in a JsonDocument, which owns what it points to.
class JsonValue {
public:
  JsonKind kind = JsonKind::Null;
  /// Where the value begins, in bytes from the beginning of the text.
  uint32_t offset = 0;

  /// String: its characters, decoded. Null, Bool, Int, Float: as written in the file.
  llvm::StringRef text() const { return {static_cast<const char *>(data), size}; }
  /// The values of a List; of any other kind: none.
  llvm::ArrayRef<JsonValue> items() const;
  /// The members of an Object in the order of the file; of any other kind: none.
  llvm::ArrayRef<JsonMember> members() const;
  /// The member `key`, or null.
  const JsonValue *find(llvm::StringRef key) const;

  /// An Int that fits; otherwise nothing.
  std::optional<int64_t> asInt() const;
  /// An Int or Float that a double can hold, rounded to the nearest; otherwise nothing.
  std::optional<double> asDouble() const;
  /// A Bool; otherwise nothing.
  std::optional<bool> asBool() const;

private:
  friend class JsonParser;
  uint32_t size = 0;
  const void *data = nullptr;
};

struct JsonMember {
  llvm::StringRef key;
  /// Where the key begins, in bytes from the beginning of the text.
  uint32_t keyOffset;
  JsonValue value;
};

/// What is wrong with a text, and at which byte of it.
struct JsonProblem {
  size_t offset;
  std::string what;
};

/// A parsed text. It keeps pointers into the text, which must outlive it.
class JsonDocument {
public:
  static constexpr int maxDepth = 64;
  static constexpr size_t maxValues = 2'000'000;

  /// Parses the whole of `text`; at most 24 bytes are kept a value and 48 a member.
  std::optional<JsonProblem> parse(llvm::StringRef text);
  const JsonValue &root() const { return value; }

private:
  llvm::BumpPtrAllocator arena;
  JsonValue value;
};

} // namespace strand
