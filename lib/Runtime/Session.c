// State and buffers around calls of the compiled model, for all commands.
#include "Program.h"
#include <stdlib.h>
#include <string.h>

static void *stateBlock(int64_t slots, int64_t cacheRows) {
  int64_t bytes = strand_rt_state_bytes(&m_schema, slots, cacheRows);
  if (bytes < 0)
    fail(EXIT_USER, "the state of %lld sequences with %lld cache rows does not fit in 64 bits", (long long)slots,
         (long long)cacheRows);
  void *state = allocate(bytes, "the state");
  strand_rt_state_init(&m_schema, state, slots, cacheRows);
  return state;
}

void openSession(Session *s, int64_t slots, int64_t threads) {
  memset(s, 0, sizeof *s);
  s->ctx = strand_rt_create((int32_t)threads);
  if (!s->ctx)
    fail(EXIT_USER, "no memory for %lld threads", (long long)threads);
  s->slots = slots;
  s->cacheRows = strand_rt_has_caches(&m_schema) ? strand_rt_grown_cache_rows(0, 0) : 0;
  s->state = stateBlock(slots, s->cacheRows);
  s->lengths = allocate(product(slots, sizeof(int64_t), "the lengths"), "the lengths");
  memset(s->lengths, 0, (size_t)slots * sizeof(int64_t));
}

void closeSession(Session *s) {
  strand_rt_destroy(s->ctx);
  free(s->state);
  free(s->lengths);
  free(s->scratch);
  free(s->logits);
}

void resetSession(Session *s) {
  for (int64_t i = 0; i < s->slots; ++i) {
    strand_rt_state_reset(&m_schema, s->state, i);
    s->lengths[i] = 0;
  }
}

void reserveCacheRows(Session *s, int64_t rows) {
  if (!strand_rt_has_caches(&m_schema) || rows <= s->cacheRows)
    return;
  int64_t wanted = strand_rt_grown_cache_rows(s->cacheRows, rows);
  void *larger = stateBlock(s->slots, wanted);
  for (int64_t i = 0; i < s->slots; ++i)
    strand_rt_state_copy(&m_schema, larger, i, s->state, i);
  free(s->state);
  s->state = larger;
  s->cacheRows = wanted;
}

static void reserve(void **buffer, int64_t *have, int64_t need, const char *what) {
  if (*buffer && need <= *have)
    return;
  free(*buffer);
  *buffer = NULL;
  *buffer = allocate(need, what);
  *have = need;
}

static void reserveBuffers(Session *s, int64_t sequences, int64_t rows, int64_t logitRows) {
  strand_sizes sizes;
  int32_t status = m_sizes(sequences, rows, s->slots, s->cacheRows, &sizes);
  if (status != STRAND_OK || sizes.scratch_bytes < 0)
    fail(EXIT_USER, "a call of %lld rows in %lld sequences is too large for this model (status %d)", (long long)rows,
         (long long)sequences, status);
  int64_t logits = product(logitRows, product(m_schema.vocabulary, sizeof(float), "the logits"), "the logits");
  reserve((void **)&s->scratch, &s->scratchBytes, sizes.scratch_bytes, "temporary values");
  reserve((void **)&s->logits, &s->logitsBytes, logits, "the logits");
}

static void run(Session *s, const int32_t *slots, const int32_t *tokens, const int32_t *offsets, int64_t sequences,
                int64_t rows, uint32_t flags) {
  int64_t longest = 0;
  for (int64_t b = 0; b < sequences; ++b) {
    int64_t after = s->lengths[slots[b]] + offsets[b + 1] - offsets[b];
    longest = after > longest ? after : longest;
  }
  reserveCacheRows(s, longest);
  reserveBuffers(s, sequences, rows, flags & STRAND_LAST_ROWS ? sequences : rows);
  int32_t status = m_advance(s->ctx, modelWeights(), s->state, slots, tokens, offsets, sequences, rows, flags,
                             s->scratch, s->logits);
  if (status != STRAND_OK)
    fail(EXIT_INTERNAL, "the model refused a call of %lld rows in %lld sequences: %s (status %d)", (long long)rows,
         (long long)sequences, strand_rt_status_text(status), status);
  for (int64_t b = 0; b < sequences; ++b)
    s->lengths[slots[b]] += offsets[b + 1] - offsets[b];
}

const float *advance(Session *s, const int32_t *slots, const int32_t *tokens, const int32_t *offsets,
                     int64_t sequences, int64_t rows) {
  run(s, slots, tokens, offsets, sequences, rows, 0);
  return s->logits;
}

const float *advanceLast(Session *s, const int32_t *slots, const int32_t *tokens, const int32_t *offsets,
                         int64_t sequences, int64_t rows) {
  run(s, slots, tokens, offsets, sequences, rows, m_schema.last_rows ? STRAND_LAST_ROWS : 0);
  size_t row = (size_t)m_schema.vocabulary;
  for (int64_t b = 0; b < sequences && !m_schema.last_rows; ++b)
    memmove(s->logits + (size_t)b * row, s->logits + (size_t)(offsets[b + 1] - 1) * row, row * sizeof(float));
  return s->logits;
}

const float *advanceOne(Session *s, const int32_t *tokens, int64_t rows) {
  int32_t slot = 0, offsets[2] = {0, (int32_t)rows};
  return advance(s, &slot, tokens, offsets, 1, rows);
}

const float *advanceOneLast(Session *s, const int32_t *tokens, int64_t rows) {
  int32_t slot = 0, offsets[2] = {0, (int32_t)rows};
  return advanceLast(s, &slot, tokens, offsets, 1, rows);
}

int64_t rowsPerCall(int64_t most, int64_t logitsBytes) {
  int64_t rows = logitsBytes / (int64_t)sizeof(float) / m_schema.vocabulary;
  return rows < 1 ? 1 : rows < most ? rows : most;
}

int64_t rowsPerCallLast(int64_t most, int64_t logitsBytes) {
  return m_schema.last_rows ? most : rowsPerCall(most, logitsBytes);
}

void saveState(const Session *s, Output *to, int64_t pending) {
  int32_t slot = 0;
  int64_t bytes = strand_rt_state_save(&m_schema, s->state, &slot, s->lengths, &pending, 1, NULL, 0);
  if (bytes < 0)
    fail(EXIT_INTERNAL, "the bytes of the state do not fit in 64 bits");
  char *saved = allocate(bytes, "the saved state");
  strand_rt_state_save(&m_schema, s->state, &slot, s->lengths, &pending, 1, saved, bytes);
  writeOutputAt(to, saved, bytes, 0);
  free(saved);
}

void loadState(Session *s, const char *path, int64_t *pending) {
  char why[256];
  int32_t slot = 0;
  int64_t size, sequences, longest;
  char *saved = readFile(path, &size);
  if (strand_rt_state_inspect(&m_schema, saved, size, &sequences, &longest, why, sizeof why))
    fail(EXIT_USER, "%s: %s", path, why);
  if (sequences != 1)
    fail(EXIT_USER, "%s: it holds %lld sequences; one is needed", path, (long long)sequences);
  reserveCacheRows(s, longest);
  if (strand_rt_state_load(&m_schema, saved, size, s->state, &slot, s->lengths, pending, why, sizeof why))
    fail(EXIT_USER, "%s: %s", path, why);
  free(saved);
}
