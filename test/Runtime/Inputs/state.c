/* State as bytes by the C interface, around the stub model: what is read lies in blocks of exactly its size, so that a
 * sanitizer sees a step beyond. */
#include "strand/abi.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const strand_schema m_schema;
extern strand_advance_fn m_advance;
extern const char m_weights[] __attribute__((visibility("hidden")));

enum { SLOTS = 5, SEQUENCES = 3, ROWS = 12, CACHE_ROWS = 8, VOCABULARY = 256, SUM_BYTES = 8 };
static const int32_t from[SEQUENCES] = {4, 0, 2}, to[SEQUENCES] = {1, 3, 0};
static const int64_t lengths[SEQUENCES] = {5, 0, 7}, pending[SEQUENCES] = {-1, 255, 0};

static void check(int right, const char *what) {
  if (right)
    return;
  printf("%s: wrong\n", what);
  exit(1);
}

static void *blockOf(const strand_schema *schema, int64_t slots, int64_t cacheRows) {
  void *state = aligned_alloc(64, (size_t)strand_rt_state_bytes(schema, slots, cacheRows));
  strand_rt_state_init(schema, state, slots, cacheRows);
  return state;
}

static void *block(int64_t slots, int64_t cacheRows) { return blockOf(&m_schema, slots, cacheRows); }

static int32_t advance(void *state, const int32_t *slots, const int32_t *tokens, const int32_t *offsets, int64_t sequences,
                       int64_t rows, float *logits) {
  uint64_t scratch[SLOTS];
  return m_advance(NULL, m_weights, state, slots, tokens, offsets, sequences, rows, 0, scratch, logits);
}

static void *exactly(const void *bytes, int64_t size) {
  void *copy = malloc(size ? (size_t)size : 1);
  memcpy(copy, bytes, (size_t)size);
  return copy;
}

static int32_t inspect(const void *bytes, int64_t size, int64_t *sequences, int64_t *longest) {
  char why[64]; /* shorter than some messages */
  void *copy = exactly(bytes, size);
  int32_t status = strand_rt_state_inspect(&m_schema, copy, size, sequences, longest, why, sizeof why);
  check(status == STRAND_OK || strlen(why) > 0, "a refusal without a reason");
  free(copy);
  return status;
}

static void seal(unsigned char *bytes, int64_t size) {
  uint64_t h = 0xcbf29ce484222325u;
  for (int64_t i = 0; i < size - SUM_BYTES; ++i)
    h = (h ^ bytes[i]) * 0x100000001b3u;
  memcpy(bytes + size - SUM_BYTES, &h, sizeof h);
}

/* Loads what was accepted and runs the model on it. */
static void use(const unsigned char *bytes, int64_t size, int64_t sequences, int64_t longest) {
  char why[256];
  int64_t found[SEQUENCES], next[SEQUENCES];
  float *logits = malloc(SEQUENCES * VOCABULARY * sizeof *logits);
  check(sequences <= SEQUENCES && longest < CACHE_ROWS, "more than was saved");
  void *state = block(SLOTS, CACHE_ROWS), *copy = exactly(bytes, size);
  check(strand_rt_state_load(&m_schema, copy, size, state, to, found, next, why, sizeof why) == STRAND_OK, why);
  const int32_t tokens[SEQUENCES] = {1, 2, 3}, offsets[SEQUENCES + 1] = {0, 1, 2, 3};
  check(advance(state, to, tokens, offsets, sequences, sequences, logits) == STRAND_OK, "a call after loading");
  free(state);
  free(copy);
  free(logits);
}

static void damage(const unsigned char *saved, int64_t size) {
  int64_t sequences, longest, refused = 0, others = 0;
  for (int64_t n = 0; n < size; ++n)
    check(inspect(saved, n, &sequences, &longest) == STRAND_ERROR_SAVED, "a part of it");
  printf("every length but its own is refused\n");
  unsigned char *changed = exactly(saved, size);
  for (int64_t i = 0; i < size; ++i) {
    changed[i] ^= 0x81;
    check(inspect(changed, size, &sequences, &longest) == STRAND_ERROR_SAVED, "a changed byte");
    changed[i] = saved[i];
  }
  printf("every changed byte is refused\n");
  const unsigned char masks[] = {0x01, 0x80, 0xff};
  for (int64_t i = 0; i < size - SUM_BYTES; ++i)
    for (int m = 0; m < 3; ++m) {
      changed[i] ^= masks[m];
      seal(changed, size);
      if (inspect(changed, size, &sequences, &longest) == STRAND_OK)
        use(changed, size, sequences, longest), ++others;
      else
        ++refused;
      changed[i] = saved[i];
    }
  printf("changed bytes under a sound checksum: %d refused, %d are other states\n", (int)refused, (int)others);
  free(changed);
}

static void wrongPlaces(const unsigned char *saved, int64_t size) {
  char why[256];
  int64_t found[SEQUENCES];
  const int32_t outside[SEQUENCES] = {0, 9, 1};
  void *low = block(SLOTS, 6), *state = block(SLOTS, CACHE_ROWS);
  int32_t status = strand_rt_state_load(&m_schema, saved, size, low, to, found, NULL, why, sizeof why);
  printf("caches too short: status %d, %s\n", status, why);
  status = strand_rt_state_load(&m_schema, saved, size, state, outside, found, NULL, why, sizeof why);
  printf("slot outside: status %d, %s\n", status, why);
  free(low);
  free(state);
}

/* The state of `slots`, saved and loaded into a block of another schema of the same model, there in slots 0, 1, ... */
static void *moved(const strand_schema *schema, const void *state, const int32_t *slots, const strand_schema *other) {
  static const int32_t inOrder[SEQUENCES] = {0, 1, 2};
  char why[256] = "";
  int64_t found[SEQUENCES], size = strand_rt_state_save(schema, state, slots, lengths, pending, SEQUENCES, NULL, 0);
  void *bytes = malloc((size_t)size), *into = blockOf(other, SEQUENCES, CACHE_ROWS);
  check(strand_rt_state_save(schema, state, slots, lengths, pending, SEQUENCES, bytes, size) == size, "its size");
  check(strand_rt_state_load(other, bytes, size, into, inOrder, found, NULL, why, sizeof why) == STRAND_OK, why);
  free(bytes);
  return into;
}

/* What the rows of a cache hold in f32, by sequence and row. */
static float *keysOf(const void *state, int32_t slot) {
  const strand_entry *keys = &m_schema.state[m_schema.states - 1];
  const int64_t *head = state;
  return (float *)((char *)(uintptr_t)state + head[2 + m_schema.states - 1] + slot * keys->bytes * CACHE_ROWS);
}

/* A program that keeps the cache in bf16, and one in f32. */
static void otherType(const void *state) {
  strand_entry entries[8];
  strand_schema narrow = m_schema;
  memcpy(entries, m_schema.state, (size_t)m_schema.states * sizeof *entries);
  strand_entry *keys = &entries[m_schema.states - 1];
  keys->type = STRAND_BF16, keys->bytes /= 2;
  narrow.state = entries;
  static const int32_t inOrder[SEQUENCES] = {0, 1, 2};
  void *rounded = moved(&m_schema, state, from, &narrow), *back = moved(&narrow, rounded, inOrder, &m_schema),
       *again = moved(&m_schema, back, inOrder, &narrow);
  int64_t numbers = 0, exact = 0;
  for (int s = 0; s < SEQUENCES; ++s)
    for (int64_t i = 0; i < lengths[s] * (keys->bytes / 2); ++i, ++numbers) {
      float x = keysOf(state, from[s])[i], y = keysOf(back, s)[i], off = x > y ? x - y : y - x;
      uint32_t bits;
      memcpy(&bits, &y, sizeof bits);
      check(!(bits & 0xffff) && off <= (x < 0 ? -x : x) / 256, "a number that was rounded");
      exact += x == y;
    }
  check(!memcmp(rounded, again, (size_t)strand_rt_state_bytes(&narrow, SEQUENCES, CACHE_ROWS)), "what was rounded already");
  printf("caches in bf16 and f32: %d numbers, %s\n", (int)numbers, exact < numbers ? "some rounded" : "none rounded");
  free(rounded);
  free(back);
  free(again);
}

static void wrongCalls(void) {
  void *state = block(2, CACHE_ROWS);
  float *logits = malloc(CACHE_ROWS * VOCABULARY * sizeof *logits);
  const int32_t slots[] = {0, 1}, same[] = {1, 1}, high[] = {0, 2}, low[] = {-1, 0}, tokens[9] = {0}, large[] = {0, 256};
  const int32_t negative[] = {-1, 0}, two[] = {0, 1, 2}, late[] = {1, 1, 2}, back[] = {0, 2, 1}, shorter[] = {0, 1, 1};
  const int32_t nine[] = {0, 9}, eight[] = {0, 8}, one[] = {0, 1};
  printf("calls: good %d, ", advance(state, slots, tokens, two, 2, 2, logits));
  printf("token %d and %d, ", advance(state, slots, large, two, 2, 2, logits), advance(state, slots, negative, two, 2, 2, logits));
  printf("offsets %d %d %d, ", advance(state, slots, tokens, late, 2, 2, logits), advance(state, slots, tokens, back, 2, 1, logits),
         advance(state, slots, tokens, shorter, 2, 2, logits));
  printf("slot %d %d %d, ", advance(state, same, tokens, two, 2, 2, logits), advance(state, high, tokens, two, 2, 2, logits),
         advance(state, low, tokens, two, 2, 2, logits));
  printf("capacity %d, ", advance(state, slots, tokens, nine, 1, 9, logits));
  strand_rt_state_reset(&m_schema, state, 0);
  check(advance(state, slots, tokens, eight, 1, 8, logits) == STRAND_OK, "a call that fits");
  printf("counts %d\n", advance(state, slots, tokens, one, 1, 1, logits));
  free(logits);
  free(state);
}

int main(void) {
  void *state = block(SLOTS, CACHE_ROWS), *other = block(SLOTS, CACHE_ROWS + 3);
  float *logits = malloc(ROWS * VOCABULARY * sizeof *logits);
  int32_t tokens[ROWS], offsets[SEQUENCES + 1] = {0, 5, 5, 12};
  for (int i = 0; i < ROWS; ++i)
    tokens[i] = i * 37 % VOCABULARY;
  check(advance(state, from, tokens, offsets, SEQUENCES, ROWS, logits) == STRAND_OK, "a call");

  int64_t size = strand_rt_state_save(&m_schema, state, from, lengths, pending, SEQUENCES, NULL, 0);
  unsigned char *saved = malloc((size_t)size), *again = malloc((size_t)size);
  memset(again, 0xee, (size_t)size);
  check(strand_rt_state_save(&m_schema, state, from, lengths, pending, SEQUENCES, saved, size) == size, "its size");
  check(strand_rt_state_save(&m_schema, state, from, lengths, pending, SEQUENCES, again, size - 1) == size, "its size again");
  for (int64_t i = 0; i < size; ++i)
    check(again[i] == 0xee, "room that is too small");

  char why[256];
  int64_t sequences, longest, foundLengths[SEQUENCES], foundPending[SEQUENCES];
  check(inspect(saved, size, &sequences, &longest) == STRAND_OK && sequences == SEQUENCES && longest == 7, "what it holds");
  check(strand_rt_state_load(&m_schema, saved, size, other, to, foundLengths, foundPending, why, sizeof why) == STRAND_OK, why);
  check(!memcmp(foundLengths, lengths, sizeof lengths) && !memcmp(foundPending, pending, sizeof pending), "lengths");
  check(strand_rt_state_save(&m_schema, other, to, lengths, pending, SEQUENCES, again, size) == size, "its size in other slots");
  check(!memcmp(saved, again, (size_t)size), "what was loaded");
  printf("3 sequences saved and loaded into other slots: the same\n");
  printf("room: what is needed is told, nothing is written\n");
  damage(saved, size);
  wrongPlaces(saved, size);
  otherType(state);
  wrongCalls();
  free(saved);
  free(again);
  free(logits);
  free(state);
  free(other);
}
