// What the files of the run-time library share with each other and with the program around it; strand/abi.h is what
// they share with the world.
#ifndef STRAND_RUNTIME_H
#define STRAND_RUNTIME_H
#include "strand/abi.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STRAND_VISIBLE __attribute__((visibility("default")))

// Pool.c: processors that this process may use, at least 1.
int32_t strand_rt_processors(void);
// Runs fn(args, i) for i in 0 .. n-1 on any threads; returns when all are done.
typedef void strand_rt_run(void *pool, int64_t n, void (*fn)(void *args, int64_t i), void *args);
// A context over the threads of somebody else; regions come one at a time. NULL only when memory is short.
strand_rt_ctx *strand_rt_create_over(int32_t threads, strand_rt_run *run, void *pool);

// State.c
int64_t strand_rt_type_bytes(int32_t type); // of an element; 0 if there is no such type
const char *strand_rt_type_name(int32_t type);
// `count` numbers in f32 or bf16, or of one type: as they are, exactly, or rounded to the nearest.
void strand_rt_convert(int32_t from, const char *in, int32_t to, char *out, int64_t count);
char *strand_rt_state_item(const strand_schema *schema, const void *state, int64_t entry, int64_t slot);
int64_t strand_rt_state_slots(const void *state);
int64_t strand_rt_state_cache_rows(const void *state);
bool strand_rt_has_caches(const strand_schema *schema);
// strand_rt_check without tokens, for calls whose rows are something else.
int32_t strand_rt_check_rows(const strand_schema *schema, const void *state, const int32_t *slots,
                             const int32_t *offsets, int64_t sequences, int64_t rows);
// Cache rows of a block that had `have` and needs `need`: at least doubled, so that a long text costs few copies.
int64_t strand_rt_grown_cache_rows(int64_t have, int64_t need);
const char *strand_rt_status_text(int32_t status); // what is wrong, as the end of a sentence
// What the slot holds of an entry that counts rows; where it lies depends on the block.
typedef int32_t strand_seen_fn(const strand_schema *schema, const void *state, int64_t entry, int64_t slot);
int32_t strand_rt_check_call(const strand_schema *schema, const void *state, strand_seen_fn *seen, const int32_t *slots,
                             const int32_t *tokens, const int32_t *offsets, int64_t sequences, int64_t rows);

// Cpu.c
int32_t strand_rt_cpu_names(const char **names, int32_t most); // features this machine has; returns how many

// Sample.c
typedef struct {
  double temperature; // 0: the first largest logit, and the rest is not looked at
  int64_t topK;       // keep so many of the likeliest; 0: all
  double topP;        // keep the fewest likeliest whose probabilities reach this; 1: all
  uint64_t seed;
} strand_sampling;

typedef struct {
  int64_t weight; // Choice.h
  float logit;
  int32_t id;
} strand_candidate;

// The next id after `position` rows, or -1 if a logit is NaN or +inf or all are -inf. `room` holds `vocabulary` items.
// The draw depends on (seed, position) alone, so a text that is cut and continued draws as if it had not been cut.
int64_t strand_rt_sample(const strand_sampling *how, const float *logits, int64_t vocabulary, int64_t position,
                         strand_candidate *room);
uint64_t strand_rt_random(uint64_t seed, uint64_t counter);

#ifdef __cplusplus
}
#endif
#endif
