/* A model as a library, through its header and strand/abi.h alone: a batch with logits of all rows and of last rows,
 * and the greedy continuation of a prompt. */
#include "tiny.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEQUENCES = 4, SLOTS = 6, ROWS = 15 };
static const int32_t slots[SEQUENCES] = {3, 0, 5, 1};

static void check(int right, const char *what) {
  if (right)
    return;
  printf("%s: wrong\n", what);
  exit(1);
}

static void *room(int64_t bytes) {
  void *p = aligned_alloc(64, (size_t)(bytes + 64) / 64 * 64);
  memset(p, 0xff, (size_t)bytes);
  return p;
}

static void *newState(void) {
  strand_sizes sizes;
  check(tiny_sizes(1, 1, SLOTS, 0, &sizes) == STRAND_OK, "sizes");
  check(sizes.state_bytes == strand_rt_state_bytes(&tiny_schema, SLOTS, 0), "the bytes of a state");
  void *state = room(sizes.state_bytes);
  strand_rt_state_init(&tiny_schema, state, SLOTS, 0);
  return state;
}

/* Scratch and logits of exactly what m_sizes says, filled with NaN. */
static float *call(strand_rt_ctx *ctx, void *state, const int32_t *tokens, const int32_t *offsets, int64_t sequences,
                   uint32_t flags, int32_t wanted) {
  strand_sizes sizes;
  int64_t rows = offsets[sequences], answered = flags & STRAND_LAST_ROWS ? sequences : rows;
  check(tiny_sizes(sequences, rows, SLOTS, 0, &sizes) == STRAND_OK, "sizes");
  check(sizes.logits_bytes == rows * tiny_schema.vocabulary * 4, "the bytes of logits");
  void *scratch = room(sizes.scratch_bytes);
  float *logits = room(answered * tiny_schema.vocabulary * 4);
  int32_t status = tiny_advance(ctx, tiny_weights, state, slots, tokens, offsets, sequences, rows, flags, scratch, logits);
  check(status == wanted, "the status of a call");
  free(scratch);
  return logits;
}

/* Feeds the same rows to both states; compares logits of last rows, of sequences that have any. */
static void compare(strand_rt_ctx *ctx, void *one, void *other, const int32_t *tokens, const int32_t *offsets) {
  int64_t v = tiny_schema.vocabulary;
  float *all = call(ctx, one, tokens, offsets, SEQUENCES, 0, STRAND_OK);
  float *last = call(ctx, other, tokens, offsets, SEQUENCES, STRAND_LAST_ROWS, STRAND_OK);
  for (int b = 0; b < SEQUENCES; ++b)
    for (int64_t i = 0; offsets[b + 1] > offsets[b] && i < v; ++i) {
      float x = all[(offsets[b + 1] - 1) * v + i], y = last[b * v + i];
      check(fabsf(x - y) <= 1e-4f * (1 + fabsf(x)), "logits of a last row"); /* false for NaN */
    }
  free(all);
  free(last);
}

static void compareStates(const void *one, const void *other) {
  int64_t lengths[SEQUENCES] = {0}, bytes = strand_rt_state_save(&tiny_schema, one, slots, lengths, NULL, SEQUENCES, NULL, 0);
  char *x = malloc((size_t)bytes), *y = malloc((size_t)bytes);
  strand_rt_state_save(&tiny_schema, one, slots, lengths, NULL, SEQUENCES, x, bytes);
  strand_rt_state_save(&tiny_schema, other, slots, lengths, NULL, SEQUENCES, y, bytes);
  check(!memcmp(x, y, (size_t)bytes), "states");
  free(x);
  free(y);
}

static void wrongToken(void *state) {
  int64_t bytes = strand_rt_state_bytes(&tiny_schema, SLOTS, 0);
  void *before = room(bytes);
  memcpy(before, state, (size_t)bytes);
  const int32_t tokens[] = {1, 256}, offsets[] = {0, 2};
  float *logits = call(NULL, state, tokens, offsets, 1, STRAND_LAST_ROWS, STRAND_ERROR_TOKEN);
  check(!memcmp(before, state, (size_t)bytes) && isnan(logits[0]) && isnan(logits[255]), "what a refused call wrote");
  free(before);
  free(logits);
}

static int32_t likeliest(const float *logits) {
  int32_t best = 0;
  for (int32_t i = 0; i < tiny_schema.vocabulary; ++i)
    best = logits[i] > logits[best] ? i : best;
  return best;
}

static void continueText(strand_rt_ctx *ctx, const char *prompt, int count) {
  int32_t tokens[64], offsets[2] = {0, (int32_t)strlen(prompt)};
  void *state = newState();
  for (int i = 0; prompt[i]; ++i)
    tokens[i] = (unsigned char)prompt[i];
  for (int i = 0; i < count; ++i) {
    float *logits = call(ctx, state, tokens, offsets, 1, STRAND_LAST_ROWS, STRAND_OK);
    putchar(tokens[0] = likeliest(logits));
    offsets[1] = 1;
    free(logits);
  }
  free(state);
}

int main(void) {
  int32_t tokens[ROWS];
  const int32_t offsets[SEQUENCES + 1] = {0, 9, 9, 10, 15}, one[SEQUENCES + 1] = {0, 1, 2, 3, 4};
  for (int i = 0; i < ROWS; ++i)
    tokens[i] = 32 + i * 29 % 95;
  strand_rt_ctx *ctx = strand_rt_create(2);
  void *first = newState(), *second = newState();
  printf("%d logits a row, last rows: %d\n", (int)tiny_schema.vocabulary, (int)tiny_schema.last_rows);
  compare(ctx, first, second, tokens, offsets);
  printf("4 sequences of 9, 0, 1 and 5 rows: last rows are those of all rows\n");
  compare(ctx, first, second, tokens, one);
  printf("one more row each: last rows are those of all rows\n");
  compareStates(first, second);
  printf("states after both: the same\n");
  wrongToken(first);
  printf("a wrong token: status 1, nothing written\n");
  continueText(ctx, "// This pass ", 80);
  strand_rt_destroy(ctx);
  free(first);
  free(second);
}
