// A strict JSON reader (RFC 8259, no key twice in an object, limited depth) and the writing of strings.
#include "Program.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DEPTH = 64 };

typedef struct {
  const char *begin, *at, *end;
  char *why;
  int64_t whySize;
  int depth;
} Parser;

static Json *parseValue(Parser *p);

static void *refuse(Parser *p, const char *what) {
  snprintf(p->why, (size_t)p->whySize, "%s at byte %lld of its JSON", what, (long long)(p->at - p->begin));
  return NULL;
}

static void skipSpace(Parser *p) {
  while (p->at < p->end && memchr(" \t\r\n", *p->at, 4))
    ++p->at;
}

static bool accept(Parser *p, char c) {
  skipSpace(p);
  if (p->at == p->end || *p->at != c)
    return false;
  ++p->at;
  return true;
}

static Json *newValue(JsonKind kind) {
  Json *j = allocate(sizeof *j, "JSON");
  memset(j, 0, sizeof *j);
  j->kind = kind;
  return j;
}

void freeJson(Json *j) {
  while (j) {
    Json *next = j->next;
    freeJson(j->first);
    if (j->kind == JSON_STRING)
      free((char *)j->text);
    free(j->key);
    free(j);
    j = next;
  }
}

// ---- strings ----

static bool parseHex(Parser *p, uint32_t *code) {
  *code = 0;
  for (int i = 0; i < 4; ++i, ++p->at) {
    char c = p->at < p->end ? *p->at : 0;
    uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0') : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10) : 16;
    if (digit == 16)
      return false;
    *code = *code * 16 + digit;
  }
  return true;
}

static char *putUtf8(char *out, uint32_t c) {
  if (c < 0x80) {
    *out++ = (char)c;
  } else if (c < 0x800) {
    *out++ = (char)(0xc0 | c >> 6);
    *out++ = (char)(0x80 | (c & 63));
  } else if (c < 0x10000) {
    *out++ = (char)(0xe0 | c >> 12);
    *out++ = (char)(0x80 | (c >> 6 & 63));
    *out++ = (char)(0x80 | (c & 63));
  } else {
    *out++ = (char)(0xf0 | c >> 18);
    *out++ = (char)(0x80 | (c >> 12 & 63));
    *out++ = (char)(0x80 | (c >> 6 & 63));
    *out++ = (char)(0x80 | (c & 63));
  }
  return out;
}

// The escape after a backslash; NULL if it is wrong. An escape is never shorter than the bytes that it stands for.
static char *parseEscape(Parser *p, char *out) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  char c = p->at < p->end ? *p->at++ : 0;
  const char *simple = c ? strchr(from, c) : NULL;
  if (simple) {
    *out++ = to[simple - from];
    return out;
  }
  uint32_t code, low;
  if (c != 'u' || !parseHex(p, &code) || (code >= 0xdc00 && code <= 0xdfff))
    return NULL;
  if (code >= 0xd800 && code <= 0xdbff) {
    if (p->end - p->at < 2 || p->at[0] != '\\' || p->at[1] != 'u')
      return NULL;
    p->at += 2;
    if (!parseHex(p, &low) || low < 0xdc00 || low > 0xdfff)
      return NULL;
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  return code ? putUtf8(out, code) : NULL; // texts here are C strings
}

static char *parseText(Parser *p, int64_t *length) {
  const char *close = ++p->at;
  while (close < p->end && *close != '"')
    close += *close == '\\' ? 2 : 1;
  if (close >= p->end)
    return refuse(p, "a string that does not end");
  char *text = allocate(close - p->at + 1, "JSON"), *out = text;
  while (out && p->at < close) {
    unsigned char c = (unsigned char)*p->at++;
    if (c == '\\')
      out = parseEscape(p, out);
    else if (c < 0x20)
      out = NULL;
    else
      *out++ = (char)c;
  }
  if (!out) {
    free(text);
    return refuse(p, "a wrong escape or control character");
  }
  p->at = close + 1;
  *out = 0;
  *length = out - text;
  return text;
}

// ---- values ----

static Json *parseString(Parser *p) {
  int64_t length;
  char *text = parseText(p, &length);
  if (!text)
    return NULL;
  Json *j = newValue(JSON_STRING);
  j->text = text;
  j->length = length;
  return j;
}

static bool skipDigits(Parser *p) {
  const char *from = p->at;
  while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
    ++p->at;
  return p->at > from;
}

static bool skipOne(Parser *p, const char *set) {
  bool found = p->at < p->end && *p->at && strchr(set, *p->at);
  p->at += found;
  return found;
}

static Json *parseNumber(Parser *p) {
  const char *from = p->at;
  skipOne(p, "-");
  const char *first = p->at;
  if (!skipDigits(p) || (*first == '0' && p->at - first > 1) || (skipOne(p, ".") && !skipDigits(p)))
    return refuse(p, "a wrong number");
  if (skipOne(p, "eE")) {
    skipOne(p, "+-");
    if (!skipDigits(p))
      return refuse(p, "a wrong number");
  }
  Json *j = newValue(JSON_NUMBER);
  j->text = from;
  j->length = p->at - from;
  return j;
}

static Json *parseWord(Parser *p) {
  static const struct { const char *word; JsonKind kind; } words[] = {
      {"true", JSON_BOOLEAN}, {"false", JSON_BOOLEAN}, {"null", JSON_NULL}};
  for (int i = 0; i < 3; ++i) {
    size_t length = strlen(words[i].word);
    if ((size_t)(p->end - p->at) < length || memcmp(p->at, words[i].word, length))
      continue;
    Json *j = newValue(words[i].kind);
    j->text = p->at;
    j->length = (int64_t)length;
    p->at += length;
    return j;
  }
  return refuse(p, "an unexpected character");
}

static void append(Json *parent, Json *child) {
  *(parent->last ? &parent->last->next : &parent->first) = child;
  parent->last = child;
  ++parent->count;
}

static char *parseKey(Parser *p, const Json *object) {
  int64_t length;
  skipSpace(p);
  if (p->at == p->end || *p->at != '"')
    return refuse(p, "no key");
  char *key = parseText(p, &length);
  if (!key)
    return NULL;
  if (jsonMember(object, key)) {
    free(key);
    return refuse(p, "a key for the second time");
  }
  if (!accept(p, ':')) {
    free(key);
    return refuse(p, "no colon");
  }
  return key;
}

// Reads members up to the closing bracket into `parent`.
static bool parseMembers(Parser *p, Json *parent, char close) {
  if (accept(p, close))
    return true;
  do {
    char *key = NULL;
    if (parent->kind == JSON_OBJECT && !(key = parseKey(p, parent)))
      return false;
    Json *child = parseValue(p);
    if (!child) {
      free(key);
      return false;
    }
    child->key = key;
    append(parent, child);
  } while (accept(p, ','));
  return accept(p, close) || refuse(p, "no comma or closing bracket");
}

static Json *parseGroup(Parser *p, JsonKind kind, char close) {
  const char *from = p->at++;
  if (++p->depth > MOST_DEPTH)
    return refuse(p, "too deep a nesting");
  Json *j = newValue(kind);
  if (!parseMembers(p, j, close)) {
    freeJson(j);
    return NULL;
  }
  --p->depth;
  j->text = from;
  j->length = p->at - from;
  return j;
}

static Json *parseValue(Parser *p) {
  skipSpace(p);
  char c = p->at < p->end ? *p->at : 0;
  if (c == '{')
    return parseGroup(p, JSON_OBJECT, '}');
  if (c == '[')
    return parseGroup(p, JSON_ARRAY, ']');
  if (c == '"')
    return parseString(p);
  return c == '-' || (c >= '0' && c <= '9') ? parseNumber(p) : parseWord(p);
}

Json *parseJson(const char *text, int64_t length, char *why, int64_t whySize) {
  Parser p = {text, text, text + length, why, whySize, 0};
  Json *j = parseValue(&p);
  skipSpace(&p);
  if (j && p.at != p.end) {
    freeJson(j);
    return refuse(&p, "something after the end");
  }
  return j;
}

const Json *jsonMember(const Json *object, const char *key) {
  for (const Json *j = object->first; j; j = j->next)
    if (j->key && !strcmp(j->key, key))
      return j;
  return NULL;
}

bool jsonInteger(const Json *j, int64_t *value) {
  if (!j || j->kind != JSON_NUMBER)
    return false;
  *value = 0;
  for (int64_t i = 0; i < j->length; ++i)
    if (j->text[i] < '0' || j->text[i] > '9' || __builtin_mul_overflow(*value, 10, value) ||
        __builtin_add_overflow(*value, j->text[i] - '0', value))
      return false;
  return true;
}

// ---- writing ----

// Bytes of the UTF-8 character at `s`, 0 if there is none.
static int utf8Length(const unsigned char *s, int64_t rest) {
  static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
  int length = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
  if (!length || length > rest)
    return 0;
  unsigned code = length == 1 ? s[0] : s[0] & (0x7fu >> length);
  for (int i = 1; i < length; ++i) {
    if (s[i] >> 6 != 2)
      return 0;
    code = code << 6 | (s[i] & 63);
  }
  bool valid = code >= least[length] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return valid ? length : 0;
}

void printJsonText(FILE *to, const char *bytes, int64_t count) {
  fputc('"', to);
  for (int64_t i = 0; i < count;) {
    const unsigned char *s = (const unsigned char *)bytes + i;
    int length = utf8Length(s, count - i);
    if (!length)
      fputs("\\ufffd", to);
    else if (*s == '"' || *s == '\\')
      fprintf(to, "\\%c", *s);
    else if (*s < 0x20 || *s == 0x7f)
      fprintf(to, "\\u%04x", *s);
    else
      fwrite(s, 1, (size_t)length, to);
    i += length ? length : 1;
  }
  fputc('"', to);
}
