// State blocks whose entries lie on a GPU. The head is that of any block; its offsets lead from the head to the memory
// of the device, so that code which knows blocks finds the entries without knowing where they are. Behind it stands
// what checks of a call ask for: the rows that each slot has seen, as the entries that count them say.
#include "Runtime.h"
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

typedef struct {
  int64_t slots, cacheRows, offset[];
} Head;
// What callers hold the head of.
typedef struct {
  void *memory; // of the device: all entries
  Head head;
} Owner;

static int32_t *seenOf(const strand_schema *schema, const void *state) {
  return (int32_t *)((const Head *)state)->offset + 2 * schema->states;
}

static int32_t seenInHead(const strand_schema *schema, const void *state, int64_t entry, int64_t slot) {
  (void)entry;
  return seenOf(schema, state)[slot];
}

STRAND_VISIBLE int32_t strand_rt_gpu_check(const strand_schema *schema, void *state, const int32_t *slots,
                                           const int32_t *tokens, const int32_t *offsets, int64_t sequences,
                                           int64_t rows) {
  int32_t status = strand_rt_check_call(schema, state, seenInHead, slots, tokens, offsets, sequences, rows);
  for (int64_t b = 0; status == STRAND_OK && b < sequences; ++b)
    seenOf(schema, state)[slots[b]] += offsets[b + 1] - offsets[b];
  return status;
}

// Of a block on the host; 0 if nothing counts.
static int32_t seenInBlock(const strand_schema *schema, const void *block, int64_t slot) {
  int32_t seen = 0;
  for (int64_t e = 0; e < schema->states; ++e)
    if (schema->state[e].growth == STRAND_COUNT)
      memcpy(&seen, strand_rt_state_item(schema, block, e, slot), sizeof seen);
  return seen;
}

static int64_t itemBytes(const strand_schema *schema, const void *state, int64_t entry) {
  return strand_entry_bytes(&schema->state[entry], strand_rt_state_cache_rows(state));
}

static void *hostBlock(const strand_schema *schema, int64_t slots, int64_t cacheRows) {
  int64_t bytes = strand_rt_state_bytes(schema, slots, cacheRows);
  if (bytes < 0 || bytes > PTRDIFF_MAX - ALIGNMENT)
    return NULL;
  void *block = aligned_alloc(ALIGNMENT, ((size_t)bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
  if (block)
    strand_rt_state_init(schema, block, slots, cacheRows);
  return block;
}

STRAND_VISIBLE void *strand_rt_gpu_state_create(strand_rt_ctx *ctx, const strand_schema *schema, int64_t slots,
                                                int64_t cacheRows) {
  void *one = hostBlock(schema, 1, cacheRows);
  Owner *owner = calloc(1, sizeof *owner + (size_t)schema->states * sizeof(int64_t) + (size_t)slots * sizeof(int32_t));
  int64_t bytes = strand_rt_state_bytes(schema, slots, cacheRows);
  char *memory = one && owner && bytes >= 0 ? strand_rt_gpu_allocate(ctx, bytes) : NULL;
  if (!memory) {
    free(one);
    free(owner);
    return NULL;
  }
  owner->memory = memory;
  Head *head = &owner->head;
  head->slots = slots;
  head->cacheRows = cacheRows;
  for (int64_t e = 0; e < schema->states; ++e) { // where the entries would be in one block with the head
    head->offset[e] = (int64_t)((uintptr_t)memory - (uintptr_t)head);
    memory += (slots * itemBytes(schema, one, e) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }
  for (int64_t s = 0; s < slots; ++s)
    strand_rt_gpu_state_write(ctx, schema, head, s, one, 0);
  free(one);
  return head;
}

STRAND_VISIBLE void strand_rt_gpu_state_destroy(strand_rt_ctx *ctx, void *state) {
  if (!state)
    return;
  Owner *owner = (Owner *)((char *)state - offsetof(Owner, head));
  strand_rt_gpu_free(ctx, owner->memory);
  free(owner);
}

// One slot of a block to one of another; caches may have unlike numbers of rows. A context that failed stays failed, so
// the last status tells of all.
static int32_t transfer(strand_rt_ctx *ctx, const strand_schema *schema, void *to, int64_t toSlot, const void *from,
                        int64_t fromSlot, int32_t (*copy)(strand_rt_ctx *, void *, const void *, int64_t)) {
  int32_t status = STRAND_OK;
  for (int64_t e = 0; e < schema->states; ++e) {
    int64_t a = itemBytes(schema, to, e), b = itemBytes(schema, from, e);
    status = copy(ctx, strand_rt_state_item(schema, to, e, toSlot), strand_rt_state_item(schema, from, e, fromSlot),
                  a < b ? a : b);
  }
  return status;
}

STRAND_VISIBLE int32_t strand_rt_gpu_state_write(strand_rt_ctx *ctx, const strand_schema *schema, void *to,
                                                 int64_t toSlot, const void *from, int64_t fromSlot) {
  seenOf(schema, to)[toSlot] = seenInBlock(schema, from, fromSlot);
  return transfer(ctx, schema, to, toSlot, from, fromSlot, strand_rt_gpu_write);
}

STRAND_VISIBLE int32_t strand_rt_gpu_state_read(strand_rt_ctx *ctx, const strand_schema *schema, void *to,
                                                int64_t toSlot, const void *from, int64_t fromSlot) {
  return transfer(ctx, schema, to, toSlot, from, fromSlot, strand_rt_gpu_read);
}

STRAND_VISIBLE int32_t strand_rt_gpu_state_copy(strand_rt_ctx *ctx, const strand_schema *schema, void *to,
                                                int64_t toSlot, const void *from, int64_t fromSlot) {
  seenOf(schema, to)[toSlot] = seenOf(schema, from)[fromSlot];
  return transfer(ctx, schema, to, toSlot, from, fromSlot, strand_rt_gpu_move);
}
