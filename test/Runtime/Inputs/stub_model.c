// A hand-written model in place of a compiled one: two layers that are simple to check and have each kind of state.
//
//   h <- decay * h + embedding[token]                an average over the past (f32 state)
//   n <- n + 1                                       a position (i32 state)
//   keys[n] <- embedding[token][0 .. 4)              a cache; every row reads the first, middle and last of it
//   logits[v] = <h, embedding[7 v + 3]> + mix of the cache rows
//
// STUB_VOCABULARY, STUB_FEATURES, STUB_HASH, STUB_NAN change it for tests of messages.
#include "strand/abi.h"
#include <string.h>

#ifndef STUB_VOCABULARY
#define STUB_VOCABULARY 256
#endif
#ifndef STUB_FEATURES
#define STUB_FEATURES ""
#endif
#ifndef STUB_HASH
#define STUB_HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#endif

enum { V = STUB_VOCABULARY, D = 16, K = 4, WEIGHT_BYTES = V * D };

// Every value that a byte can take, without a table: weights are signed bytes of a fixed pattern.
#define W1(i) (char)((i) * 197 + 91)
#define W4(i) W1(i), W1((i) + 1), W1((i) + 2), W1((i) + 3)
#define W16(i) W4(i), W4((i) + 4), W4((i) + 8), W4((i) + 12)
#define W64(i) W16(i), W16((i) * 3 + 16), W16((i) * 5 + 32), W16((i) * 7 + 48)
#define W256(i) W64(i), W64((i) + 67), W64((i) + 131), W64((i) + 199)
__attribute__((visibility("hidden"), aligned(64))) const char m_weights[WEIGHT_BYTES] = {
    W256(1),  W256(2),  W256(3),  W256(5),  W256(7),  W256(11), W256(13), W256(17),
    W256(19), W256(23), W256(29), W256(31), W256(37), W256(41), W256(43), W256(47)};

enum { MEMORY, POSITION, KEYS };
static const strand_entry states[] = {
    {"layers.0.memory", 0, D * 4, STRAND_F32, STRAND_FIXED, 0.25, 1, {D}},
    {"layers.0.position", 0, 4, STRAND_I32, STRAND_COUNT, 0, 0, {0}},
    {"layers.1.keys", 0, K * 4, STRAND_F32, STRAND_CACHE, -1, 1, {K}}};
static const strand_entry weights[] = {{"embedding", 0, WEIGHT_BYTES, STRAND_I8, STRAND_FIXED, 0, 2, {V, D}}};
const strand_schema m_schema = {STRAND_ABI_VERSION, V, WEIGHT_BYTES, 3, 1, 0, states, weights, STUB_HASH, "stub",
                                STUB_FEATURES, "{\"layers\": 2, \"memory\": {\"form\": \"step\"}}"};

int32_t m_sizes(int64_t sequences, int64_t rows, int64_t slots, int64_t cacheRows, strand_sizes *out) {
  *out = (strand_sizes){strand_rt_state_bytes(&m_schema, slots, cacheRows), sequences * 8, rows * V * 4, WEIGHT_BYTES};
  return STRAND_OK;
}

typedef struct {
  const char *weights;
  char *state;
  const int32_t *slots, *tokens, *offsets;
  float *logits;
} Call;

static void *item(const Call *c, int e, int64_t slot) {
  int64_t head[2], offset;
  memcpy(head, c->state, sizeof head);
  memcpy(&offset, c->state + 16 + 8 * e, sizeof offset);
  return c->state + offset + slot * strand_entry_bytes(&states[e], head[1]);
}

static void advanceSequence(void *opaque, int64_t b) {
  const Call *c = opaque;
  float *memory = item(c, MEMORY, c->slots[b]), (*keys)[K] = item(c, KEYS, c->slots[b]);
  int32_t *position = item(c, POSITION, c->slots[b]);
  for (int64_t r = c->offsets[b]; r < c->offsets[b + 1]; ++r, ++*position) {
    const signed char *row = (const signed char *)c->weights + (int64_t)c->tokens[r] * D;
    for (int d = 0; d < D; ++d)
      memory[d] = 0.75f * memory[d] + (float)row[d] / 128;
    for (int k = 0; k < K; ++k)
      keys[*position][k] = memory[k] * (float)row[k];
    for (int v = 0; v < V; ++v) {
      const signed char *column = (const signed char *)c->weights + (v * 7 + 3) % V * D;
      float sum = keys[0][v % K] + keys[*position / 2][v % K] - keys[*position][(v + 1) % K];
      for (int d = 0; d < D; ++d)
        sum += memory[d] * (float)column[d] / 16;
      c->logits[r * V + v] = sum;
    }
#ifdef STUB_NAN
    c->logits[r * V] = __builtin_nanf("");
#endif
  }
}

int32_t m_advance(strand_rt_ctx *ctx, const void *weightBytes, void *state, const int32_t *slots, const int32_t *tokens,
                  const int32_t *offsets, int64_t sequences, int64_t rows, uint32_t flags, void *scratch,
                  float *logits) {
  int32_t status = strand_rt_check(&m_schema, state, slots, tokens, offsets, sequences, rows);
  if (status != STRAND_OK)
    return status;
  (void)flags;
  memset(scratch, 0xff, (size_t)sequences * 8);
  Call c = {weightBytes, state, slots, tokens, offsets, logits};
  strand_rt_parallel_for(ctx, sequences, advanceSequence, &c);
  return STRAND_OK;
}
