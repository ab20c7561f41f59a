// A recursive descent over the bytes. Values of an open list or object wait on one stack and move
// into the arena when it closes, so that memory is in proportion to the count, which is bounded.
#include "lib/Import/Json.h"
#include "lib/Import/Diagnose.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/JSON.h"
#include <cmath>
#include <cstring>

namespace strand {

llvm::StringRef jsonKindName(JsonKind kind) {
  switch (kind) {
  case JsonKind::Null: return "null";
  case JsonKind::Bool: return "true or false";
  case JsonKind::Int: return "an integer";
  case JsonKind::Float: return "a number with a fraction or exponent";
  case JsonKind::String: return "a string";
  case JsonKind::List: return "a list";
  case JsonKind::Object: return "an object";
  }
}

llvm::ArrayRef<JsonValue> JsonValue::items() const {
  if (kind != JsonKind::List)
    return {};
  return {static_cast<const JsonValue *>(data), size};
}

llvm::ArrayRef<JsonMember> JsonValue::members() const {
  if (kind != JsonKind::Object)
    return {};
  return {static_cast<const JsonMember *>(data), size};
}

const JsonValue *JsonValue::find(llvm::StringRef key) const {
  for (const JsonMember &member : members())
    if (member.key == key)
      return &member.value;
  return nullptr;
}

std::optional<int64_t> JsonValue::asInt() const {
  int64_t result;
  if (kind != JsonKind::Int || text().getAsInteger(10, result))
    return std::nullopt;
  return result;
}

std::optional<double> JsonValue::asDouble() const {
  double result;
  if (kind != JsonKind::Int && kind != JsonKind::Float)
    return std::nullopt;
  if (text().getAsDouble(result, /*AllowInexact=*/true) || !std::isfinite(result))
    return std::nullopt;
  return result;
}

std::optional<bool> JsonValue::asBool() const {
  if (kind != JsonKind::Bool)
    return std::nullopt;
  return text() == "true";
}

/// One pass over one text. Every parse* function returns false once `problem` is set.
class JsonParser {
public:
  JsonParser(llvm::StringRef text, llvm::BumpPtrAllocator &arena) : text(text), arena(arena) {}

  bool parseDocument(JsonValue &value) {
    if (!checkEncoding())
      return false;
    skipSpace();
    if (!parseValue(value, 0))
      return false;
    skipSpace();
    return at == text.size() || fail(at, "there is more after the end of the value");
  }

  JsonProblem problem;

private:
  bool fail(size_t offset, const llvm::Twine &what) {
    problem = {offset, what.str()};
    return false;
  }

  bool failHere(llvm::StringRef wanted) {
    if (at == text.size())
      return fail(at, "the text ends where " + wanted + " is wanted");
    return fail(at, "found " + quoted(text.substr(at, 1)) + " where " + wanted + " is wanted");
  }

  bool checkEncoding() {
    size_t offset = 0;
    if (text.size() > UINT32_MAX)
      return fail(0, "the text is longer than 4 GiB");
    if (text.starts_with("\xEF\xBB\xBF"))
      return fail(0, "the text begins with a byte order mark");
    return llvm::json::isUTF8(text, &offset) || fail(offset, "the text is not valid UTF-8");
  }

  void skipSpace() { at = std::min(text.find_first_not_of(" \t\r\n", at), text.size()); }

  bool consume(char c) {
    if (at == text.size() || text[at] != c)
      return false;
    ++at;
    return true;
  }

  bool parseValue(JsonValue &value, int depth) {
    value.offset = at;
    if (depth > JsonDocument::maxDepth)
      return fail(at, "lists and objects are nested deeper than " +
                          llvm::Twine(JsonDocument::maxDepth));
    if (++count > JsonDocument::maxValues)
      return fail(at, "there are more than " + llvm::Twine(JsonDocument::maxValues) + " values");
    switch (at < text.size() ? text[at] : '\0') {
    case '{': return parseObject(value, depth);
    case '[': return parseList(value, depth);
    case '"': return parseString(value);
    default: return parseWordOrNumber(value);
    }
  }

  bool parseList(JsonValue &value, int depth) {
    size_t first = items.size();
    ++at;
    skipSpace();
    for (bool more = !consume(']'); more;) {
      JsonValue item;
      if (!parseValue(item, depth + 1))
        return false;
      items.push_back(item);
      skipSpace();
      more = consume(',');
      skipSpace();
      if (!more && !consume(']'))
        return failHere("',' or ']'");
    }
    close(value, JsonKind::List, items, first);
    return true;
  }

  bool parseObject(JsonValue &value, int depth) {
    size_t first = members.size();
    ++at;
    skipSpace();
    for (bool more = !consume('}'); more;) {
      JsonMember member;
      if (!parseMember(member, depth))
        return false;
      members.push_back(member);
      skipSpace();
      more = consume(',');
      skipSpace();
      if (!more && !consume('}'))
        return failHere("',' or '}'");
    }
    close(value, JsonKind::Object, members, first);
    return checkUnique(value.members());
  }

  bool parseMember(JsonMember &member, int depth) {
    JsonValue key;
    member.keyOffset = at;
    if (at == text.size() || text[at] != '"')
      return failHere("a key in double quotes");
    if (!parseString(key))
      return false;
    member.key = key.text();
    skipSpace();
    if (!consume(':'))
      return failHere("':'");
    skipSpace();
    return parseValue(member.value, depth + 1);
  }

  /// Sorted rather than hashed: keys that collide by design cost no more than others.
  bool checkUnique(llvm::ArrayRef<JsonMember> object) {
    llvm::SmallVector<const JsonMember *> order = llvm::to_vector(llvm::make_pointer_range(object));
    llvm::sort(order, [](const JsonMember *a, const JsonMember *b) {
      return std::tie(a->key, a->keyOffset) < std::tie(b->key, b->keyOffset);
    });
    for (size_t i = 1; i < order.size(); ++i)
      if (order[i - 1]->key == order[i]->key)
        return fail(order[i]->keyOffset, "key " + quoted(order[i]->key) + " is there twice");
    return true;
  }

  template <typename T>
  void close(JsonValue &value, JsonKind kind, llvm::SmallVector<T> &stack, size_t first) {
    size_t size = stack.size() - first;
    T *kept = arena.Allocate<T>(size);
    std::uninitialized_copy(stack.begin() + first, stack.end(), kept);
    stack.truncate(first);
    value.kind = kind;
    value.size = size;
    value.data = kept;
  }

  void setText(JsonValue &value, JsonKind kind, llvm::StringRef literal) {
    value.kind = kind;
    value.size = literal.size();
    value.data = literal.data();
  }

  bool parseWordOrNumber(JsonValue &value) {
    for (llvm::StringRef word : {"null", "true", "false"})
      if (text.substr(at).starts_with(word)) {
        setText(value, word == "null" ? JsonKind::Null : JsonKind::Bool, text.substr(at, word.size()));
        at += word.size();
        return true;
      }
    for (llvm::StringRef word : {"NaN", "Infinity", "-Infinity"})
      if (text.substr(at).starts_with(word))
        return fail(at, word + " is not JSON; a finite number is wanted");
    return parseNumber(value);
  }

  bool parseDigits() {
    size_t first = at;
    while (at < text.size() && llvm::isDigit(text[at]))
      ++at;
    return at > first || failHere("a digit");
  }

  bool parseNumber(JsonValue &value) {
    size_t first = at;
    JsonKind kind = JsonKind::Int;
    bool negative = consume('-');
    if (!negative && (at == text.size() || !llvm::isDigit(text[at])))
      return failHere("a value");
    if (!consume('0') && !parseDigits())
      return false;
    if (consume('.')) {
      kind = JsonKind::Float;
      if (!parseDigits())
        return false;
    }
    if (consume('e') || consume('E')) {
      kind = JsonKind::Float;
      if (!consume('+'))
        consume('-');
      if (!parseDigits())
        return false;
    }
    // Converting digits to binary takes quadratic time.
    if (at - first > maxNumberLength)
      return fail(first, "a number is longer than " + llvm::Twine(maxNumberLength) + " characters");
    setText(value, kind, text.slice(first, at));
    return true;
  }

  bool parseString(JsonValue &value) {
    size_t first = ++at;
    std::string decoded;
    bool escaped = false;
    while (true) {
      size_t end = std::min(text.find_if([](char c) {
        return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
      }, at), text.size());
      if (end == text.size())
        return fail(first - 1, "a string does not end");
      if (escaped || text[end] == '\\')
        decoded += text.slice(at, end);
      at = end;
      if (text[at] == '"')
        break;
      if (text[at] != '\\')
        return fail(at, "a control character stands in a string");
      escaped = true;
      if (!parseEscape(decoded))
        return false;
    }
    setText(value, JsonKind::String, escaped ? llvm::StringRef(decoded).copy(arena) : text.slice(first, at));
    ++at;
    return true;
  }

  bool parseEscape(std::string &decoded) {
    size_t start = at++;
    static constexpr llvm::StringRef letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    char letter = at < text.size() ? text[at] : '\0';
    if (size_t i = letters.find(letter); letter && i != llvm::StringRef::npos) {
      ++at;
      decoded += meanings[i];
      return true;
    }
    if (letter != 'u')
      return fail(start, "an escape in a string is not one of JSON");
    return parseUnicodeEscape(start, decoded);
  }

  bool parseUnicodeEscape(size_t start, std::string &decoded) {
    uint32_t unit = 0, low = 0;
    bool good = parseUnit(unit);
    if (good && unit >= 0xD800 && unit < 0xDC00) {
      good = consume('\\') && at < text.size() && text[at] == 'u' && parseUnit(low) &&
             low >= 0xDC00 && low < 0xE000;
      unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    } else {
      good = good && (unit < 0xDC00 || unit >= 0xE000);
    }
    if (!good)
      return fail(start, "an escape in a string is not a Unicode character");
    char bytes[UNI_MAX_UTF8_BYTES_PER_CODE_POINT], *end = bytes;
    llvm::ConvertCodePointToUTF8(unit, end);
    decoded.append(bytes, end);
    return true;
  }

  /// `u` and four hexadecimal digits.
  bool parseUnit(uint32_t &unit) {
    llvm::StringRef digits = text.substr(at + 1, 4);
    if (digits.size() < 4 || !llvm::all_of(digits, llvm::isHexDigit))
      return false;
    at += 5;
    return !digits.getAsInteger(16, unit);
  }

  static constexpr size_t maxNumberLength = 400;
  llvm::StringRef text;
  llvm::BumpPtrAllocator &arena;
  size_t at = 0;
  size_t count = 0;
  llvm::SmallVector<JsonValue> items;
  llvm::SmallVector<JsonMember> members;
};

std::optional<JsonProblem> JsonDocument::parse(llvm::StringRef text) {
  JsonParser parser(text, arena);
  if (!parser.parseDocument(value))
    return std::move(parser.problem);
  return std::nullopt;
}

} // namespace strand
