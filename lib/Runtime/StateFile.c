// A state as bytes: what sequences carry, in a form that does not depend on slots, capacity, threads or device.
//
//   8 bytes   magic "STRANDST"            u32 version       u32 byte order mark
//   i64       bytes of all this           i64 sequences     i64 entries
//   text      the model's hash            (text: i64 length and its bytes)
//   a sequence:  i64 rows it has seen     i64 token that it has been given but not seen yet, or -1
//   an entry:    text name    i64 type    i64 growth    i64 bytes    i64 rank    i64 shape[rank]
//   an entry, a sequence:  its item; of a cache, as many rows as the sequence has seen
//   u64       checksum: 64-bit FNV-1a of all bytes before
//
// Numbers are in the byte order of the machine, and the mark tells a reader of the other order.
#include "Runtime.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { VERSION = 1, BYTE_ORDER_MARK = 0x01020304, MAGIC_BYTES = 8, SIZE_AT = 16 };
static const int64_t mostRows = (int64_t)1 << 62; // so that the rows of a call can be added
static const char magic[MAGIC_BYTES + 1] = "STRANDST";

static uint64_t checksum(const unsigned char *bytes, int64_t size) {
  uint64_t h = 0xcbf29ce484222325u;
  for (int64_t i = 0; i < size; ++i)
    h = (h ^ bytes[i]) * 0x100000001b3u;
  return h;
}

static int64_t rowsHeld(const strand_entry *e, int64_t length) { return e->growth == STRAND_CACHE ? length : 1; }

// ---- writing ----

// Counts always, writes while there is room.
typedef struct {
  char *out;
  int64_t size, used;
  bool overflow;
} Writer;

static void put(Writer *w, const void *bytes, int64_t count) {
  int64_t end;
  if (__builtin_add_overflow(w->used, count, &end)) {
    w->overflow = true;
    return;
  }
  if (end <= w->size)
    memcpy(w->out + w->used, bytes, (size_t)count);
  w->used = end;
}

static void putNumber(Writer *w, int64_t v) { put(w, &v, sizeof v); }

static void putText(Writer *w, const char *text) {
  putNumber(w, (int64_t)strlen(text));
  put(w, text, (int64_t)strlen(text));
}

static void putHead(Writer *w, const strand_schema *schema, int64_t total, int64_t sequences) {
  uint32_t words[2] = {VERSION, BYTE_ORDER_MARK};
  put(w, magic, MAGIC_BYTES);
  put(w, words, sizeof words);
  putNumber(w, total);
  putNumber(w, sequences);
  putNumber(w, schema->states);
  putText(w, schema->hash);
}

static void putEntry(Writer *w, const strand_entry *e) {
  putText(w, e->name);
  putNumber(w, e->type);
  putNumber(w, e->growth);
  putNumber(w, e->bytes);
  putNumber(w, e->rank);
  put(w, e->shape, e->rank * (int64_t)sizeof *e->shape);
}

static void putAll(Writer *w, const strand_schema *schema, const void *state, const int32_t *slots,
                   const int64_t *lengths, const int64_t *pending, int64_t sequences, int64_t total) {
  putHead(w, schema, total, sequences);
  for (int64_t s = 0; s < sequences; ++s) {
    putNumber(w, lengths[s]);
    putNumber(w, pending ? pending[s] : -1);
  }
  for (int64_t e = 0; e < schema->states; ++e)
    putEntry(w, &schema->state[e]);
  for (int64_t e = 0; e < schema->states; ++e)
    for (int64_t s = 0; s < sequences; ++s) {
      int64_t bytes;
      if (__builtin_mul_overflow(schema->state[e].bytes, rowsHeld(&schema->state[e], lengths[s]), &bytes))
        w->overflow = true;
      else
        put(w, strand_rt_state_item(schema, state, e, slots[s]), bytes);
    }
}

STRAND_VISIBLE int64_t strand_rt_state_save(const strand_schema *schema, const void *state, const int32_t *slots,
                                            const int64_t *lengths, const int64_t *pending, int64_t sequences,
                                            void *out, int64_t size) {
  Writer count = {NULL, 0, 0, false};
  putAll(&count, schema, state, slots, lengths, pending, sequences, 0);
  int64_t total;
  if (count.overflow || __builtin_add_overflow(count.used, (int64_t)sizeof(uint64_t), &total))
    return -1;
  if (total > size)
    return total;
  Writer w = {out, size, 0, false};
  putAll(&w, schema, state, slots, lengths, pending, sequences, total);
  uint64_t sum = checksum(out, w.used);
  put(&w, &sum, sizeof sum);
  return total;
}

// ---- reading ----

typedef struct {
  const char *bytes;
  int64_t size, at;
  char *why;
  int64_t whySize;
} Reader;

__attribute__((format(printf, 2, 3))) static bool refuse(Reader *r, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (r->whySize > 0)
    vsnprintf(r->why, (size_t)r->whySize, format, arguments);
  va_end(arguments);
  return false;
}

// How much is there, and where.
typedef struct {
  int64_t sequences, longest, firstSequence, firstEntry;
} Places;

static const char *take(Reader *r, int64_t count) {
  if (count < 0 || count > r->size - r->at)
    return NULL;
  r->at += count;
  return r->bytes + r->at - count;
}

static bool takeNumber(Reader *r, int64_t *v) {
  const char *from = take(r, sizeof *v);
  if (!from)
    return refuse(r, "its contents end early");
  memcpy(v, from, sizeof *v);
  return true;
}

// What can be told before anything in it is believed: kind, version, order of bytes, size, checksum.
static bool checkEnvelope(Reader *r) {
  uint32_t words[2];
  int64_t said;
  uint64_t sum;
  if (r->size < MAGIC_BYTES || memcmp(r->bytes, magic, MAGIC_BYTES))
    return refuse(r, "it is not a saved state: it does not begin with %s", magic);
  if (r->size < SIZE_AT + (int64_t)(sizeof said + sizeof sum))
    return refuse(r, "it is cut short: it has %lld bytes", (long long)r->size);
  memcpy(words, r->bytes + MAGIC_BYTES, sizeof words);
  if (words[1] == __builtin_bswap32(BYTE_ORDER_MARK))
    return refuse(r, "it was saved on a machine of the other byte order");
  if (words[1] != BYTE_ORDER_MARK)
    return refuse(r, "it is damaged: its byte order mark is %08x", words[1]);
  if (words[0] != VERSION)
    return refuse(r, "its format has version %u; this program reads version %d", words[0], VERSION);
  memcpy(&said, r->bytes + SIZE_AT, sizeof said);
  if (said != r->size)
    return refuse(r, "it is %s: it has %lld bytes and says that it has %lld", r->size < said ? "cut short" : "too long",
                  (long long)r->size, (long long)said);
  r->size -= sizeof sum;
  memcpy(&sum, r->bytes + r->size, sizeof sum);
  uint64_t found = checksum((const unsigned char *)r->bytes, r->size);
  if (sum != found)
    return refuse(r, "it is damaged: its checksum is %016llx and its bytes give %016llx", (unsigned long long)sum,
                  (unsigned long long)found);
  return true;
}

static bool takeExpectedText(Reader *r, const char *expected, const char *what) {
  int64_t length;
  if (!takeNumber(r, &length))
    return false;
  const char *text = take(r, length);
  if (!text)
    return refuse(r, "its contents end early");
  if (length == (int64_t)strlen(expected) && !memcmp(text, expected, (size_t)length))
    return true;
  int shown = length < 64 ? (int)length : 64;
  return refuse(r, "%s %.*s, and this program's is %s", what, shown, text, expected);
}

static bool takeExpectedNumber(Reader *r, int64_t expected, const char *entry, const char *what) {
  int64_t found;
  if (!takeNumber(r, &found))
    return false;
  if (found == expected)
    return true;
  return refuse(r, "its entry %s has %s %lld; this program's has %lld", entry, what, (long long)found,
                (long long)expected);
}

static bool takeHead(Reader *r, const strand_schema *schema, int64_t *sequences) {
  int64_t said, entries;
  r->at = SIZE_AT;
  if (!takeNumber(r, &said) || !takeNumber(r, sequences) || !takeNumber(r, &entries) ||
      !takeExpectedText(r, schema->hash, "it was saved by another model: its hash is"))
    return false;
  if (entries != schema->states)
    return refuse(r, "it has %lld entries; this program's state has %lld", (long long)entries,
                  (long long)schema->states);
  if (*sequences < 0 || *sequences > (r->size - r->at) / (2 * (int64_t)sizeof(int64_t)))
    return refuse(r, "it says that it holds %lld sequences, and has no room for them", (long long)*sequences);
  return true;
}

static bool takeSequences(Reader *r, const strand_schema *schema, int64_t sequences, int64_t *longest) {
  *longest = 0;
  for (int64_t s = 0; s < sequences; ++s) {
    int64_t length, pending;
    if (!takeNumber(r, &length) || !takeNumber(r, &pending))
      return false;
    if (length < 0 || length > mostRows || pending < -1 || pending >= schema->vocabulary)
      return refuse(r, "its sequence %lld has length %lld and next token %lld; the limits are %lld and %lld",
                    (long long)s, (long long)length, (long long)pending, (long long)mostRows,
                    (long long)schema->vocabulary - 1);
    *longest = length > *longest ? length : *longest;
  }
  return true;
}

// A program that rounds rows to bf16 remembers them in bf16, another of the same model in f32: each reads the other's.
static bool isConverted(int64_t type, int64_t other) {
  return (type == STRAND_F32 && other == STRAND_BF16) || (type == STRAND_BF16 && other == STRAND_F32);
}

static int64_t numbersOf(const strand_entry *e) { return e->bytes / strand_rt_type_bytes(e->type); }

// *type: of the numbers that are there.
static bool takeEntry(Reader *r, const strand_entry *e, int32_t *type) {
  int64_t found;
  if (!takeExpectedText(r, e->name, "its state has another entry,") || !takeNumber(r, &found))
    return false;
  *type = isConverted(found, e->type) ? (int32_t)found : e->type;
  if (found != *type)
    return refuse(r, "its entry %s has type %lld; this program's has %d", e->name, (long long)found, e->type);
  if (!takeExpectedNumber(r, e->growth, e->name, "growth") ||
      !takeExpectedNumber(r, numbersOf(e) * strand_rt_type_bytes(*type), e->name, "bytes") ||
      !takeExpectedNumber(r, e->rank, e->name, "rank"))
    return false;
  for (int64_t d = 0; d < e->rank; ++d)
    if (!takeExpectedNumber(r, e->shape[d], e->name, "a dimension of"))
      return false;
  return true;
}

// Reads all but the items and leaves the reader before them.
static bool takeUpToItems(Reader *r, const strand_schema *schema, Places *places) {
  int32_t type;
  if (!checkEnvelope(r) || !takeHead(r, schema, &places->sequences))
    return false;
  places->firstSequence = r->at;
  if (!takeSequences(r, schema, places->sequences, &places->longest))
    return false;
  places->firstEntry = r->at;
  for (int64_t e = 0; e < schema->states; ++e)
    if (!takeEntry(r, &schema->state[e], &type))
      return false;
  return true;
}

static int64_t numberAt(const Reader *r, int64_t at) {
  int64_t v;
  memcpy(&v, r->bytes + at, sizeof v);
  return v;
}

// A count beyond the rows that its sequence has seen would lead compiled code past what its caches hold.
static bool checkCount(Reader *r, const strand_entry *e, const char *item, int64_t sequence, int64_t length) {
  int32_t seen;
  memcpy(&seen, item, sizeof seen);
  if (seen >= 0 && seen <= length)
    return true;
  return refuse(r, "its entry %s counts %d rows of sequence %lld, which has length %lld", e->name, seen,
                (long long)sequence, (long long)length);
}

// Walks the items; copies them to `slots` of `state` if there is one.
static bool takeItems(Reader *r, const strand_schema *schema, const Places *places, void *state, const int32_t *slots) {
  Reader heads = *r;
  heads.at = places->firstEntry;
  for (int64_t i = 0; i < schema->states; ++i) {
    const strand_entry *e = &schema->state[i];
    int32_t type;
    if (!takeEntry(&heads, e, &type))
      return false;
    for (int64_t s = 0; s < places->sequences; ++s) {
      int64_t length = numberAt(r, places->firstSequence + 16 * s), numbers, bytes;
      const char *from = NULL;
      if (!__builtin_mul_overflow(numbersOf(e), rowsHeld(e, length), &numbers) &&
          !__builtin_mul_overflow(numbers, strand_rt_type_bytes(type), &bytes))
        from = take(r, bytes);
      if (!from)
        return refuse(r, "its contents end early, in entry %s", e->name);
      if (e->growth == STRAND_COUNT && !checkCount(r, e, from, s, length))
        return false;
      if (state)
        strand_rt_convert(type, from, e->type, strand_rt_state_item(schema, state, i, slots[s]), numbers);
    }
  }
  return r->at == r->size ? true : refuse(r, "it has %lld bytes too many", (long long)(r->size - r->at));
}

STRAND_VISIBLE int32_t strand_rt_state_inspect(const strand_schema *schema, const void *bytes, int64_t size,
                                               int64_t *sequences, int64_t *longest, char *why, int64_t whySize) {
  Reader r = {bytes, size, 0, why, whySize};
  Places places;
  bool good = takeUpToItems(&r, schema, &places) && takeItems(&r, schema, &places, NULL, NULL);
  if (good)
    *sequences = places.sequences, *longest = places.longest;
  return good ? STRAND_OK : STRAND_ERROR_SAVED;
}

STRAND_VISIBLE int32_t strand_rt_state_load(const strand_schema *schema, const void *bytes, int64_t size, void *state,
                                            const int32_t *slots, int64_t *lengths, int64_t *pending, char *why,
                                            int64_t whySize) {
  Reader r = {bytes, size, 0, why, whySize};
  Places places;
  int64_t sequences, longest;
  int32_t status = strand_rt_state_inspect(schema, bytes, size, &sequences, &longest, why, whySize);
  if (status != STRAND_OK || !takeUpToItems(&r, schema, &places))
    return status;
  if (strand_rt_has_caches(schema) && longest > strand_rt_state_cache_rows(state))
    return refuse(&r, "its longest sequence has %lld rows; the caches hold %lld", (long long)longest,
                  (long long)strand_rt_state_cache_rows(state)), STRAND_ERROR_CAPACITY;
  for (int64_t s = 0; s < sequences; ++s) {
    if (slots[s] < 0 || slots[s] >= strand_rt_state_slots(state))
      return refuse(&r, "slot %d is outside the state block", slots[s]), STRAND_ERROR_SLOT;
    strand_rt_state_reset(schema, state, slots[s]);
    lengths[s] = numberAt(&r, places.firstSequence + 16 * s);
    if (pending)
      pending[s] = numberAt(&r, places.firstSequence + 16 * s + 8);
  }
  takeItems(&r, schema, &places, state, slots);
  return STRAND_OK;
}
