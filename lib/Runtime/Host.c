// Models that run on this machine's processors: everything is in the host's memory, and the place is its threads.
#include "Program.h"
#include <stdlib.h>

strand_rt_ctx *openPlace(strand_rt_ctx *threads) { return threads; }
void closePlace(strand_rt_ctx *place) { (void)place; }

const char *placeProblem(strand_rt_ctx *place) {
  (void)place;
  return "there is no device";
}

const char placeEnvironment[] = "";

const char *placeProducts(void) { return ""; }

const void *placedWeights(strand_rt_ctx *place) {
  (void)place;
  return modelWeights();
}

void *allocateInPlace(strand_rt_ctx *place, int64_t bytes, const char *what) {
  (void)place;
  return allocate(bytes, what);
}

void freeInPlace(strand_rt_ctx *place, void *memory) {
  (void)place;
  free(memory);
}

void *createState(strand_rt_ctx *place, int64_t slots, int64_t cacheRows, const char *what) {
  (void)place;
  void *state = allocate(strand_rt_state_bytes(&m_schema, slots, cacheRows), what);
  strand_rt_state_init(&m_schema, state, slots, cacheRows);
  return state;
}

void destroyState(strand_rt_ctx *place, void *state) { freeInPlace(place, state); }

void copySlot(strand_rt_ctx *place, void *to, int64_t toSlot, const void *from, int64_t fromSlot) {
  (void)place;
  strand_rt_state_copy(&m_schema, to, toSlot, from, fromSlot);
}

void writeSlot(strand_rt_ctx *place, void *to, int64_t toSlot, const void *from, int64_t fromSlot) {
  copySlot(place, to, toSlot, from, fromSlot);
}

void readSlot(strand_rt_ctx *place, void *to, int64_t toSlot, const void *from, int64_t fromSlot) {
  copySlot(place, to, toSlot, from, fromSlot);
}

float *logitsOnHost(strand_rt_ctx *place, float *logits, float **host, int64_t bytes) {
  (void)place;
  (void)host;
  (void)bytes;
  return logits;
}

int32_t chooseInPlace(strand_rt_ctx *place, const float *logits, const strand_sampling *how, int64_t position,
                      void *scratch) {
  (void)place;
  (void)scratch;
  static strand_candidate *room; // as large for all sessions
  if (!room)
    room = allocate(product(m_schema.vocabulary, sizeof *room, "sampling"), "sampling");
  return (int32_t)strand_rt_sample(how, logits, m_schema.vocabulary, position, room);
}
