// The next token from logits.
//
// Temperature 0: the first of the largest logits. Otherwise p_i is proportional to exp((l_i - max) / temperature), in
// double; of these the topK likeliest are kept, then the fewest likeliest of them that hold topP of their sum; ties go
// to the smaller id. The draw walks the kept ones, likeliest first, or all of them by id where nothing is cut.
#include "Runtime.h"
#include <math.h>
#include <stdlib.h>

static uint64_t mix(uint64_t x) { // the finaliser of SplitMix64
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

// Random bits that depend on a seed and a counter: no state, so any draw can be made again by itself.
uint64_t strand_rt_random(uint64_t seed, uint64_t counter) {
  return mix(mix(seed + 0x9e3779b97f4a7c15u) + (counter + 1) * 0x9e3779b97f4a7c15u);
}

static int likelierFirst(const void *a, const void *b) {
  const strand_candidate *x = a, *y = b;
  if (x->probability != y->probability)
    return x->probability > y->probability ? -1 : 1;
  return (x->id > y->id) - (x->id < y->id);
}

static int64_t firstLargest(const float *logits, int64_t vocabulary) {
  int64_t best = 0;
  for (int64_t i = 0; i < vocabulary; ++i) {
    if (isnan(logits[i]))
      return -1;
    if (logits[i] > logits[best])
      best = i;
  }
  return isfinite(logits[best]) ? best : -1;
}

static double sum(const strand_candidate *c, int64_t n) {
  double total = 0;
  for (int64_t i = 0; i < n; ++i)
    total += c[i].probability;
  return total;
}

// Drops candidates that topP cannot keep, so that few are left to sort: all below (1 - topP) / n of the sum hold less
// than 1 - topP of it together.
static int64_t dropTail(strand_candidate *c, int64_t n, double topP) {
  double least = (1 - topP) / (double)n * sum(c, n);
  int64_t kept = 0;
  for (int64_t i = 0; i < n; ++i)
    if (c[i].probability >= least)
      c[kept++] = c[i];
  return kept;
}

static int64_t nucleus(const strand_candidate *c, int64_t n, double wanted) {
  double held = 0;
  for (int64_t i = 0; i < n; ++i)
    if ((held += c[i].probability) >= wanted)
      return i + 1;
  return n;
}

// Leaves the candidates that may be drawn in front; returns how many.
static int64_t cut(strand_candidate *c, int64_t n, const strand_sampling *how) {
  bool byRank = how->topK > 0 && how->topK < n, byMass = how->topP < 1;
  double wanted = how->topP * sum(c, n);
  if (byMass && !byRank)
    n = dropTail(c, n, how->topP);
  if (byRank || byMass)
    qsort(c, (size_t)n, sizeof *c, likelierFirst);
  if (byRank)
    wanted = how->topP * sum(c, n = how->topK);
  return byMass ? nucleus(c, n, wanted) : n;
}

int64_t strand_rt_sample(const strand_sampling *how, const float *logits, int64_t vocabulary, int64_t position,
                         strand_candidate *room) {
  int64_t best = firstLargest(logits, vocabulary);
  if (best < 0 || how->temperature == 0)
    return best;
  for (int64_t i = 0; i < vocabulary; ++i)
    room[i] = (strand_candidate){exp(((double)logits[i] - logits[best]) / how->temperature), (int32_t)i};
  int64_t n = cut(room, vocabulary, how);
  double uniform = (double)(strand_rt_random(how->seed, (uint64_t)position) >> 11) * 0x1p-53;
  double at = uniform * sum(room, n);
  for (int64_t i = 0; i < n; ++i)
    if ((at -= room[i].probability) < 0)
      return room[i].id;
  return best; // rounding left nothing: the likeliest
}
