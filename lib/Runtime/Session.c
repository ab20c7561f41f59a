// State and buffers around calls of the compiled model, for all commands.
#include "Program.h"
#include <stdlib.h>
#include <string.h>

static void checkSize(int64_t slots, int64_t cacheRows) {
  if (strand_rt_state_bytes(&m_schema, slots, cacheRows) < 0)
    fail(EXIT_USER, "the state of %lld sequences with %lld cache rows does not fit in 64 bits", (long long)slots,
         (long long)cacheRows);
}

static void *stateBlock(const Session *s, int64_t cacheRows) {
  checkSize(s->slots, cacheRows);
  return createState(s->place, s->slots, cacheRows, "the state");
}

// A block of one slot in the host's memory, at the initial values.
static void *hostItem(const Session *s) {
  checkSize(1, s->cacheRows);
  void *item = allocate(strand_rt_state_bytes(&m_schema, 1, s->cacheRows), "a sequence's state");
  strand_rt_state_init(&m_schema, item, 1, s->cacheRows);
  return item;
}

void openSession(Session *s, int64_t slots, int64_t threads) {
  memset(s, 0, sizeof *s);
  s->ctx = strand_rt_create((int32_t)threads);
  if (!s->ctx)
    fail(EXIT_USER, "no memory for %lld threads", (long long)threads);
  s->place = openPlace(s->ctx);
  s->slots = slots;
  s->cacheRows = strand_rt_has_caches(&m_schema) ? strand_rt_grown_cache_rows(0, 0) : 0;
  s->state = stateBlock(s, s->cacheRows);
  s->lengths = allocate(product(slots, sizeof(int64_t), "the lengths"), "the lengths");
  memset(s->lengths, 0, (size_t)slots * sizeof(int64_t));
}

void closeSession(Session *s) {
  destroyState(s->place, s->state);
  freeInPlace(s->place, s->scratch);
  freeInPlace(s->place, s->logits);
  closePlace(s->place);
  strand_rt_destroy(s->ctx);
  free(s->lengths);
  free(s->hostLogits);
}

void resetSession(Session *s) {
  void *initial = hostItem(s);
  for (int64_t i = 0; i < s->slots; ++i) {
    writeSlot(s->place, s->state, i, initial, 0);
    s->lengths[i] = 0;
  }
  free(initial);
}

void *copyOfState(Session *s) {
  void *copy = stateBlock(s, s->cacheRows);
  for (int64_t i = 0; i < s->slots; ++i)
    copySlot(s->place, copy, i, s->state, i);
  return copy;
}

void putBackState(Session *s, const void *copy) {
  for (int64_t i = 0; i < s->slots; ++i)
    copySlot(s->place, s->state, i, copy, i);
}

void reserveCacheRows(Session *s, int64_t rows) {
  if (!strand_rt_has_caches(&m_schema) || rows <= s->cacheRows)
    return;
  int64_t wanted = strand_rt_grown_cache_rows(s->cacheRows, rows);
  void *larger = stateBlock(s, wanted);
  for (int64_t i = 0; i < s->slots; ++i)
    copySlot(s->place, larger, i, s->state, i);
  destroyState(s->place, s->state);
  s->state = larger;
  s->cacheRows = wanted;
}

// Whether a new buffer had to be made.
static bool reserve(strand_rt_ctx *place, void **buffer, int64_t *have, int64_t need, const char *what) {
  if (*buffer && need <= *have)
    return false;
  freeInPlace(place, *buffer);
  *buffer = NULL;
  *buffer = allocateInPlace(place, need, what);
  *have = need;
  return true;
}

static void reserveBuffers(Session *s, int64_t sequences, int64_t rows, int64_t logitRows) {
  strand_sizes sizes;
  int32_t status = m_sizes(sequences, rows, s->slots, s->cacheRows, &sizes);
  if (status != STRAND_OK || sizes.scratch_bytes < 0)
    fail(EXIT_USER, "a call of %lld rows in %lld sequences is too large for this model (status %d)", (long long)rows,
         (long long)sequences, status);
  int64_t logits = product(logitRows, product(m_schema.vocabulary, sizeof(float), "the logits"), "the logits");
  reserve(s->place, (void **)&s->scratch, &s->scratchBytes, sizes.scratch_bytes, "temporary values");
  if (reserve(s->place, (void **)&s->logits, &s->logitsBytes, logits, "the logits")) {
    free(s->hostLogits);
    s->hostLogits = NULL;
  }
}

// Leaves logits where the model runs; returns of how many rows.
static int64_t runInPlace(Session *s, const int32_t *slots, const int32_t *tokens, const int32_t *offsets,
                          int64_t sequences, int64_t rows, uint32_t flags) {
  int64_t longest = 0;
  for (int64_t b = 0; b < sequences; ++b) {
    int64_t after = s->lengths[slots[b]] + offsets[b + 1] - offsets[b];
    longest = after > longest ? after : longest;
  }
  reserveCacheRows(s, longest);
  int64_t logitRows = flags & STRAND_LAST_ROWS ? sequences : rows;
  reserveBuffers(s, sequences, rows, logitRows);
  int32_t status = m_advance(s->place, placedWeights(s->place), s->state, slots, tokens, offsets, sequences, rows,
                             flags, s->scratch, s->logits);
  if (status == STRAND_ERROR_DEVICE)
    fail(EXIT_USER, "%s", placeProblem(s->place));
  if (status != STRAND_OK)
    fail(EXIT_INTERNAL, "the model refused a call of %lld rows in %lld sequences: %s (status %d)", (long long)rows,
         (long long)sequences, strand_rt_status_text(status), status);
  for (int64_t b = 0; b < sequences; ++b)
    s->lengths[slots[b]] += offsets[b + 1] - offsets[b];
  return logitRows;
}

static float *run(Session *s, const int32_t *slots, const int32_t *tokens, const int32_t *offsets, int64_t sequences,
                  int64_t rows, uint32_t flags) {
  int64_t logitRows = runInPlace(s, slots, tokens, offsets, sequences, rows, flags);
  return logitsOnHost(s->place, s->logits, &s->hostLogits, logitRows * m_schema.vocabulary * (int64_t)sizeof(float));
}

const float *advance(Session *s, const int32_t *slots, const int32_t *tokens, const int32_t *offsets,
                     int64_t sequences, int64_t rows) {
  return run(s, slots, tokens, offsets, sequences, rows, 0);
}

const float *advanceLast(Session *s, const int32_t *slots, const int32_t *tokens, const int32_t *offsets,
                         int64_t sequences, int64_t rows) {
  float *logits = run(s, slots, tokens, offsets, sequences, rows, m_schema.last_rows ? STRAND_LAST_ROWS : 0);
  size_t row = (size_t)m_schema.vocabulary;
  for (int64_t b = 0; b < sequences && !m_schema.last_rows; ++b)
    memmove(logits + (size_t)b * row, logits + (size_t)(offsets[b + 1] - 1) * row, row * sizeof(float));
  return logits;
}

const float *advanceOne(Session *s, const int32_t *tokens, int64_t rows) {
  int32_t slot = 0, offsets[2] = {0, (int32_t)rows};
  return advance(s, &slot, tokens, offsets, 1, rows);
}

const float *advanceOneLast(Session *s, const int32_t *tokens, int64_t rows) {
  int32_t slot = 0, offsets[2] = {0, (int32_t)rows};
  return advanceLast(s, &slot, tokens, offsets, 1, rows);
}

int32_t nextOne(Session *s, int32_t token, const strand_sampling *how) {
  int32_t slot = 0, offsets[2] = {0, 1};
  runInPlace(s, &slot, &token, offsets, 1, 1, 0);
  return chooseInPlace(s->place, s->logits, how, s->lengths[slot], s->scratch);
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
  void *item = hostItem(s);
  readSlot(s->place, item, 0, s->state, slot);
  int64_t bytes = strand_rt_state_save(&m_schema, item, &slot, s->lengths, &pending, 1, NULL, 0);
  if (bytes < 0)
    fail(EXIT_INTERNAL, "the bytes of the state do not fit in 64 bits");
  char *saved = allocate(bytes, "the saved state");
  strand_rt_state_save(&m_schema, item, &slot, s->lengths, &pending, 1, saved, bytes);
  writeOutputAt(to, saved, bytes, 0);
  free(saved);
  free(item);
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
  void *item = hostItem(s);
  if (strand_rt_state_load(&m_schema, saved, size, item, &slot, s->lengths, pending, why, sizeof why))
    fail(EXIT_USER, "%s: %s", path, why);
  writeSlot(s->place, s->state, slot, item, 0);
  free(item);
  free(saved);
}
