// State blocks: how large they are, what is in them at first, moving sequences between slots and blocks; and the check
// of a call's arguments. strand/abi.h has the layout.
#include "Runtime.h"
#include <string.h>

enum { ALIGNMENT = 64, HEAD_BYTES = 2 * sizeof(int64_t), SEEN_SLOTS = 1 << 15 };

typedef struct {
  int64_t slots, cacheRows, offset[];
} Block;

static const struct {
  const char *name;
  int64_t bytes;
} types[] = {[STRAND_F32] = {"f32", 4}, [STRAND_BF16] = {"bf16", 2}, [STRAND_F16] = {"f16", 2},
             [STRAND_I32] = {"i32", 4}, [STRAND_I64] = {"i64", 8},   [STRAND_F64] = {"f64", 8},
             [STRAND_I8] = {"i8", 1}};

static bool isType(int32_t t) { return t >= 0 && t < (int32_t)(sizeof types / sizeof *types); }
int64_t strand_rt_type_bytes(int32_t t) { return isType(t) ? types[t].bytes : 0; }
const char *strand_rt_type_name(int32_t t) { return isType(t) ? types[t].name : "?"; }

int64_t strand_rt_state_slots(const void *state) { return ((const Block *)state)->slots; }
int64_t strand_rt_state_cache_rows(const void *state) { return ((const Block *)state)->cacheRows; }

bool strand_rt_has_caches(const strand_schema *schema) {
  for (int64_t e = 0; e < schema->states; ++e)
    if (schema->state[e].growth == STRAND_CACHE)
      return true;
  return false;
}

// ---- sizes ----

// *total = the next multiple of the alignment after *total + a * b; false if it does not fit.
static bool addAligned(int64_t *total, int64_t a, int64_t b) {
  int64_t bytes;
  if (__builtin_mul_overflow(a, b, &bytes) || __builtin_add_overflow(*total, bytes, total) ||
      __builtin_add_overflow(*total, ALIGNMENT - 1, total))
    return false;
  *total = *total / ALIGNMENT * ALIGNMENT;
  return true;
}

// Where entry e begins if e < states, else the bytes of the block; -1 if that does not fit.
static int64_t endOfEntriesBefore(const strand_schema *schema, int64_t e, int64_t slots, int64_t cacheRows) {
  int64_t total = HEAD_BYTES;
  if (slots < 0 || cacheRows < 0 || !addAligned(&total, schema->states, sizeof(int64_t)))
    return -1;
  for (int64_t i = 0; i < e; ++i) {
    const strand_entry *entry = &schema->state[i];
    int64_t one = entry->bytes;
    if (entry->growth == STRAND_CACHE && __builtin_mul_overflow(one, cacheRows, &one))
      return -1;
    if (!addAligned(&total, one, slots))
      return -1;
  }
  return total;
}

STRAND_VISIBLE int64_t strand_rt_state_bytes(const strand_schema *schema, int64_t slots, int64_t cacheRows) {
  return endOfEntriesBefore(schema, schema->states, slots, cacheRows);
}

char *strand_rt_state_item(const strand_schema *schema, const void *state, int64_t entry, int64_t slot) {
  const Block *block = state;
  return (char *)state + block->offset[entry] + slot * strand_entry_bytes(&schema->state[entry], block->cacheRows);
}

int64_t strand_rt_grown_cache_rows(int64_t have, int64_t need) {
  enum { LEAST = 256 };
  int64_t most = need > LEAST ? need : LEAST;
  return have > most / 2 && have <= INT64_MAX / 2 ? 2 * have : most;
}

// ---- initial values ----

static uint16_t bf16Of(float v) {
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  if (v != v)
    return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16); // to nearest, ties to even
}

static uint16_t f16Of(float v) {
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)
    return (uint16_t)(sign | 0x7e00);
  if (magnitude >= 0x477ff000) // rounds to more than 65504
    return (uint16_t)(sign | 0x7c00);
  if (magnitude < 0x38800000) { // below 2^-14: a multiple of 2^-24, which adding 0.5 in f32 rounds to
    float positive;
    memcpy(&positive, &magnitude, sizeof positive);
    positive += 0.5f;
    memcpy(&magnitude, &positive, sizeof magnitude);
    return (uint16_t)(sign | (magnitude - 0x3f000000));
  }
  return (uint16_t)(sign | ((magnitude + 0xfff + (magnitude >> 13 & 1) - 0x38000000) >> 13));
}

// Writes `v` as one element of `type`; returns its bytes.
static int64_t element(int32_t type, double v, char *out) {
  union {
    float f32;
    double f64;
    uint16_t half;
    int32_t i32;
    int64_t i64;
    int8_t i8;
  } u;
  switch (type) {
  case STRAND_F32: u.f32 = (float)v; break;
  case STRAND_BF16: u.half = bf16Of((float)v); break;
  case STRAND_F16: u.half = f16Of((float)v); break;
  case STRAND_I32: u.i32 = (int32_t)v; break;
  case STRAND_I64: u.i64 = (int64_t)v; break;
  case STRAND_F64: u.f64 = v; break;
  default: u.i8 = (int8_t)v; break;
  }
  memcpy(out, &u, (size_t)types[type].bytes);
  return types[type].bytes;
}

void strand_rt_convert(int32_t from, const char *in, int32_t to, char *out, int64_t count) {
  if (from == to) {
    memcpy(out, in, (size_t)(count * strand_rt_type_bytes(to)));
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    if (to == STRAND_BF16) {
      float v;
      memcpy(&v, in + i * (int64_t)sizeof v, sizeof v);
      element(to, v, out + 2 * i);
    } else {
      uint16_t half;
      memcpy(&half, in + 2 * i, sizeof half);
      uint32_t bits = (uint32_t)half << 16;
      memcpy(out + i * (int64_t)sizeof bits, &bits, sizeof bits);
    }
}

static void fill(const strand_entry *entry, char *at, int64_t bytes) {
  char one[8];
  int64_t size = element(entry->type, entry->initial, one);
  for (int64_t i = 0; i + size <= bytes; i += size)
    memcpy(at + i, one, (size_t)size);
}

STRAND_VISIBLE void strand_rt_state_reset(const strand_schema *schema, void *state, int64_t slot) {
  for (int64_t e = 0; e < schema->states; ++e)
    fill(&schema->state[e], strand_rt_state_item(schema, state, e, slot),
         strand_entry_bytes(&schema->state[e], strand_rt_state_cache_rows(state)));
}

STRAND_VISIBLE void strand_rt_state_init(const strand_schema *schema, void *state, int64_t slots, int64_t cacheRows) {
  Block *block = state;
  block->slots = slots;
  block->cacheRows = cacheRows;
  for (int64_t e = 0; e < schema->states; ++e)
    block->offset[e] = endOfEntriesBefore(schema, e, slots, cacheRows);
  for (int64_t s = 0; s < slots; ++s)
    strand_rt_state_reset(schema, state, s);
}

// Blocks may differ in cache rows: of a cache, what both hold is copied.
STRAND_VISIBLE void strand_rt_state_copy(const strand_schema *schema, void *to, int64_t toSlot, const void *from,
                                         int64_t fromSlot) {
  int64_t a = strand_rt_state_cache_rows(to), b = strand_rt_state_cache_rows(from), rows = a < b ? a : b;
  for (int64_t e = 0; e < schema->states; ++e)
    memmove(strand_rt_state_item(schema, to, e, toSlot), strand_rt_state_item(schema, from, e, fromSlot),
            (size_t)strand_entry_bytes(&schema->state[e], rows));
}

// ---- the check of a call ----

static int32_t checkOffsets(const int32_t *offsets, int64_t sequences, int64_t rows, int64_t mostRows) {
  if (sequences < 0 || rows < 0 || offsets[0] != 0 || offsets[sequences] != rows)
    return STRAND_ERROR_OFFSETS;
  int64_t longest = 0;
  for (int64_t b = 0; b < sequences; ++b) {
    int64_t length = (int64_t)offsets[b + 1] - offsets[b];
    if (length < 0)
      return STRAND_ERROR_OFFSETS;
    longest = length > longest ? length : longest;
  }
  return longest > mostRows ? STRAND_ERROR_CAPACITY : STRAND_OK;
}

// Slots in windows of SEEN_SLOTS, a bit each on the stack: no memory is asked for, and few slots cost little.
static int32_t checkSlots(const int32_t *slots, int64_t sequences, int64_t count) {
  if (sequences > count)
    return STRAND_ERROR_SLOT;
  for (int64_t b = 0; b < sequences; ++b)
    if (slots[b] < 0 || slots[b] >= count)
      return STRAND_ERROR_SLOT;
  uint64_t seen[SEEN_SLOTS / 64];
  for (int64_t first = 0; sequences > 1 && first < count; first += SEEN_SLOTS) {
    int64_t bits = count - first < SEEN_SLOTS ? count - first : SEEN_SLOTS;
    memset(seen, 0, (size_t)((bits + 63) / 64 * 8));
    for (int64_t b = 0; b < sequences; ++b) {
      int64_t i = slots[b] - first;
      if (i < 0 || i >= bits)
        continue;
      if (seen[i / 64] >> i % 64 & 1)
        return STRAND_ERROR_SLOT;
      seen[i / 64] |= (uint64_t)1 << i % 64;
    }
  }
  return STRAND_OK;
}

// With the rows of this call a sequence must stay within `most` in each state that counts the rows it has seen.
static int32_t checkCounts(const strand_schema *schema, const void *state, strand_seen_fn *seenRows,
                           const int32_t *slots, const int32_t *offsets, int64_t sequences, int64_t most) {
  for (int64_t e = 0; e < schema->states; ++e)
    for (int64_t b = 0; schema->state[e].growth == STRAND_COUNT && b < sequences; ++b) {
      int32_t seen = seenRows(schema, state, e, slots[b]);
      if (seen < 0 || (int64_t)seen + offsets[b + 1] - offsets[b] > most)
        return STRAND_ERROR_CAPACITY;
    }
  return STRAND_OK;
}

static int32_t seenInBlock(const strand_schema *schema, const void *state, int64_t entry, int64_t slot) {
  int32_t seen;
  memcpy(&seen, strand_rt_state_item(schema, state, entry, slot), sizeof seen);
  return seen;
}

static int32_t checkRows(const strand_schema *schema, const void *state, strand_seen_fn *seenRows, const int32_t *slots,
                         const int32_t *offsets, int64_t sequences, int64_t rows) {
  int64_t mostRows = strand_rt_has_caches(schema) ? strand_rt_state_cache_rows(state) : INT32_MAX;
  int32_t status = checkOffsets(offsets, sequences, rows, mostRows);
  if (status == STRAND_OK)
    status = checkSlots(slots, sequences, strand_rt_state_slots(state));
  if (status == STRAND_OK)
    status = checkCounts(schema, state, seenRows, slots, offsets, sequences, mostRows);
  return status;
}

int32_t strand_rt_check_rows(const strand_schema *schema, const void *state, const int32_t *slots,
                             const int32_t *offsets, int64_t sequences, int64_t rows) {
  return checkRows(schema, state, seenInBlock, slots, offsets, sequences, rows);
}

STRAND_VISIBLE int32_t strand_rt_check(const strand_schema *schema, const void *state, const int32_t *slots,
                                       const int32_t *tokens, const int32_t *offsets, int64_t sequences, int64_t rows) {
  return strand_rt_check_call(schema, state, seenInBlock, slots, tokens, offsets, sequences, rows);
}

int32_t strand_rt_check_call(const strand_schema *schema, const void *state, strand_seen_fn *seenRows,
                             const int32_t *slots, const int32_t *tokens, const int32_t *offsets, int64_t sequences,
                             int64_t rows) {
  int32_t status = checkRows(schema, state, seenRows, slots, offsets, sequences, rows);
  for (int64_t i = 0; status == STRAND_OK && i < rows; ++i)
    if (tokens[i] < 0 || tokens[i] >= schema->vocabulary)
      status = STRAND_ERROR_TOKEN;
  return status;
}

const char *strand_rt_status_text(int32_t status) {
  switch (status) {
  case STRAND_ERROR_TOKEN: return "a token id is outside the vocabulary";
  case STRAND_ERROR_OFFSETS: return "the offsets are wrong";
  case STRAND_ERROR_SLOT: return "a slot is outside the state or given twice";
  case STRAND_ERROR_CAPACITY: return "a sequence does not fit in its cache";
  case STRAND_ERROR_DEVICE: return "the GPU failed";
  default: return "the status is unknown";
  }
}
