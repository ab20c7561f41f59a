// The two small files of `logits`: a strict reader of one integer tensor, a writer of one f32 tensor.
//
// The form: u64 length of a JSON head, the head, the data. The head maps names to {dtype, shape, data_offsets}; the
// ranges must cover the data without hole or overlap. All of it is checked before a tensor is used.
#include "Program.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_HEAD_BYTES = 1 << 20, LENGTH_BYTES = 8 };

typedef struct {
  int64_t begin, end;
} Range;

static int64_t elementBytesOf(const Json *dtype) {
  static const struct { const char *name; int64_t bytes; } known[] = {
      {"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8}, {"I32", 4}, {"I16", 2}, {"I8", 1},
      {"U64", 8}, {"U32", 4}, {"U16", 2}, {"U8", 1}, {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};
  for (size_t i = 0; dtype && dtype->kind == JSON_STRING && i < sizeof known / sizeof *known; ++i)
    if (!strcmp(dtype->text, known[i].name))
      return known[i].bytes;
  return 0;
}

static Range rangeOf(const char *path, const Json *tensor) {
  const Json *pair = jsonMember(tensor, "data_offsets");
  Range r;
  if (!pair || pair->kind != JSON_ARRAY || pair->count != 2 || !jsonInteger(pair->first, &r.begin) ||
      !jsonInteger(pair->last, &r.end) || r.begin > r.end)
    fail(EXIT_USER, "%s: tensor %s has no sound data_offsets", path, tensor->key);
  return r;
}

// Elements of a tensor, after its shape, type and range are seen to agree.
static int64_t checkTensor(const char *path, const Json *tensor) {
  if (tensor->kind != JSON_OBJECT)
    fail(EXIT_USER, "%s: tensor %s is not described by an object", path, tensor->key);
  int64_t each = elementBytesOf(jsonMember(tensor, "dtype")), elements = 1, bytes;
  if (!each)
    fail(EXIT_USER, "%s: tensor %s has no known dtype", path, tensor->key);
  const Json *shape = jsonMember(tensor, "shape");
  bool sound = shape && shape->kind == JSON_ARRAY;
  for (const Json *d = sound ? shape->first : NULL; d && sound; d = d->next) {
    int64_t size;
    sound = jsonInteger(d, &size) && !__builtin_mul_overflow(elements, size, &elements);
  }
  Range r = rangeOf(path, tensor);
  if (!sound || __builtin_mul_overflow(elements, each, &bytes) || bytes != r.end - r.begin)
    fail(EXIT_USER, "%s: the shape of tensor %s does not fit its %lld bytes", path, tensor->key,
         (long long)(r.end - r.begin));
  return elements;
}

static int byBegin(const void *a, const void *b) {
  const Range *x = a, *y = b;
  if (x->begin != y->begin)
    return x->begin < y->begin ? -1 : 1;
  return (x->end > y->end) - (x->end < y->end);
}

static void checkCover(const char *path, const Json *head, int64_t dataBytes) {
  Range *ranges = allocate(product(head->count, sizeof(Range), path), path);
  int64_t count = 0, end = 0;
  for (const Json *t = head->first; t; t = t->next) {
    if (!strcmp(t->key, "__metadata__"))
      continue;
    checkTensor(path, t);
    ranges[count++] = rangeOf(path, t);
  }
  qsort(ranges, (size_t)count, sizeof *ranges, byBegin);
  for (int64_t i = 0; i < count; end = ranges[i++].end)
    if (ranges[i].begin != end)
      fail(EXIT_USER, "%s: its tensors overlap or leave a hole at byte %lld of the data", path, (long long)end);
  if (end != dataBytes)
    fail(EXIT_USER, "%s: its tensors take %lld bytes and the file has %lld for them", path, (long long)end,
         (long long)dataBytes);
  free(ranges);
}

static Json *readHead(const char *path, const char *bytes, int64_t size, int64_t *dataAt) {
  uint64_t length = 0;
  char why[256];
  if (size < LENGTH_BYTES)
    fail(EXIT_USER, "%s: it has %lld bytes, which is too short for a safetensors file", path, (long long)size);
  for (int i = LENGTH_BYTES; i-- > 0;)
    length = length << 8 | (unsigned char)bytes[i];
  if (length > MOST_HEAD_BYTES || (int64_t)length > size - LENGTH_BYTES)
    fail(EXIT_USER, "%s: its head would have %llu bytes; the limit is %lld", path, (unsigned long long)length,
         (long long)(size - LENGTH_BYTES < MOST_HEAD_BYTES ? size - LENGTH_BYTES : MOST_HEAD_BYTES));
  Json *head = parseJson(bytes + LENGTH_BYTES, (int64_t)length, why, sizeof why);
  if (!head)
    fail(EXIT_USER, "%s: %s", path, why);
  if (head->kind != JSON_OBJECT)
    fail(EXIT_USER, "%s: its head is not a JSON object", path);
  *dataAt = LENGTH_BYTES + (int64_t)length;
  return head;
}

void readIntegerTensor(const char *path, const char *name, IntegerTensor *t) {
  int64_t dataAt;
  memset(t, 0, sizeof *t);
  t->bytes = readFile(path, &t->size);
  Json *head = readHead(path, t->bytes, t->size, &dataAt);
  checkCover(path, head, t->size - dataAt);
  const Json *tensor = jsonMember(head, name);
  if (!tensor)
    fail(EXIT_USER, "%s: it has no tensor %s", path, name);
  const Json *dtype = jsonMember(tensor, "dtype"), *shape = jsonMember(tensor, "shape");
  if (strcmp(dtype->text, "I32") && strcmp(dtype->text, "I64"))
    fail(EXIT_USER, "%s: %s has dtype %s; I32 or I64 is needed", path, name, dtype->text);
  if (shape->count > STRAND_MAX_RANK)
    fail(EXIT_USER, "%s: %s has rank %lld; the limit is %d", path, name, (long long)shape->count, STRAND_MAX_RANK);
  for (const Json *d = shape->first; d; d = d->next)
    jsonInteger(d, &t->shape[t->rank++]);
  t->elements = checkTensor(path, tensor);
  t->elementBytes = elementBytesOf(dtype);
  t->data = t->bytes + dataAt + rangeOf(path, tensor).begin;
  freeJson(head);
}

int64_t integerAt(const IntegerTensor *t, int64_t i) {
  int32_t narrow;
  int64_t wide;
  if (t->elementBytes == sizeof wide)
    return memcpy(&wide, t->data + i * t->elementBytes, sizeof wide), wide;
  return memcpy(&narrow, t->data + i * t->elementBytes, sizeof narrow), narrow;
}

int64_t writeTensorHead(Output *o, const char *name, int64_t rank, const int64_t *shape) {
  enum { ROOM = 512, UNIT = 8 };
  char text[LENGTH_BYTES + ROOM], dims[ROOM / 2] = "";
  int64_t bytes = sizeof(float);
  int used = 0;
  for (int64_t d = 0; d < rank; ++d) {
    used += snprintf(dims + used, sizeof dims - (size_t)used, "%s%lld", d ? "," : "", (long long)shape[d]);
    bytes = product(bytes, shape[d], name);
  }
  int length = snprintf(text + LENGTH_BYTES, ROOM,
                        "{\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[0,%lld]}}", name, dims,
                        (long long)bytes);
  while (length % UNIT)
    text[LENGTH_BYTES + length++] = ' '; // so that the data is aligned
  for (int i = 0; i < LENGTH_BYTES; ++i)
    text[i] = (char)((uint64_t)length >> 8 * i);
  writeOutputAt(o, text, LENGTH_BYTES + length, 0);
  return LENGTH_BYTES + length;
}
