// The next token from logits.
//
// Temperature 0: the first of the largest logits. Otherwise p_i is proportional to exp((l_i - max) / temperature), as a
// whole number (Choice.h); of these the topK likeliest are kept, then the fewest likeliest of them that hold topP of
// their sum; ties go to the smaller id. The draw walks the kept ones, likeliest first, or all of them by id where
// nothing is cut. Which is likelier is asked of the logits, which differ where weights do not any more.
#include "Choice.h"
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
  if (x->logit != y->logit)
    return x->logit > y->logit ? -1 : 1;
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

static int64_t weight(double distance, int bits) {
  static const uint64_t c[] = STRAND_POWER_TERMS;
  int last = sizeof c / sizeof *c - 1;
  const double most = (double)((int64_t)STRAND_MOST_DISTANCE << STRAND_DISTANCE_BITS);
  uint64_t x = (uint64_t)(distance < most ? distance : most), fraction = x & UINT32_MAX, power = c[last];
  for (int i = last - 1; i >= 0; --i)
    power = c[i] - (fraction * power >> STRAND_DISTANCE_BITS);
  return (int64_t)(power << (bits - STRAND_DISTANCE_BITS) >> (x >> STRAND_DISTANCE_BITS));
}

static int64_t sum(const strand_candidate *c, int64_t n) {
  int64_t total = 0;
  for (int64_t i = 0; i < n; ++i)
    total += c[i].weight;
  return total;
}

// total * share / 2^32, rounded down.
static int64_t shareOf(int64_t total, int64_t share) {
  uint64_t t = (uint64_t)total, s = (uint64_t)share;
  return (int64_t)((t >> STRAND_SHARE_BITS) * s + ((t & UINT32_MAX) * s >> STRAND_SHARE_BITS));
}

// Drops candidates that topP cannot keep, so that few are left to sort: all below 1 / n of what may be left out hold
// less than that together. Half of it, since weights may be off by one, so that a less likely one weighs as much.
static int64_t dropTail(strand_candidate *c, int64_t n, int64_t topP) {
  const int64_t leastToHalve = 16;
  int64_t total = sum(c, n), least = (total - shareOf(total, topP)) / n, kept = 0;
  if (least < leastToHalve)
    return n;
  for (int64_t i = 0; i < n; ++i)
    if (c[i].weight >= least / 2)
      c[kept++] = c[i];
  return kept;
}

static int64_t nucleus(const strand_candidate *c, int64_t n, int64_t wanted) {
  int64_t held = 0;
  for (int64_t i = 0; i < n; ++i)
    if ((held += c[i].weight) >= wanted)
      return i + 1;
  return n;
}

// Leaves the candidates that may be drawn in front; returns how many.
static int64_t cut(strand_candidate *c, int64_t n, const strand_choice *how) {
  bool byRank = how->top_k < n, byMass = how->top_p < STRAND_WHOLE;
  int64_t wanted = shareOf(sum(c, n), how->top_p);
  if (byMass && !byRank)
    n = dropTail(c, n, how->top_p);
  if (byRank || byMass)
    qsort(c, (size_t)n, sizeof *c, likelierFirst);
  if (byRank)
    wanted = shareOf(sum(c, n = how->top_k), how->top_p);
  return byMass ? nucleus(c, n, wanted) : n;
}

// A number below `total`.
static int64_t drawn(const strand_choice *how, int64_t total) {
  uint64_t x = strand_rt_random(how->seed, (uint64_t)how->position), t = (uint64_t)total, low = UINT32_MAX;
  uint64_t middle = (x >> 32) * (t & low) + ((x & low) * (t & low) >> 32);
  uint64_t other = (x & low) * (t >> 32) + (middle & low);
  return (int64_t)((x >> 32) * (t >> 32) + (middle >> 32) + (other >> 32));
}

STRAND_VISIBLE strand_choice strand_rt_choice(double temperature, int64_t topK, double topP, uint64_t seed,
                                              int64_t position, int64_t vocabulary) {
  const double log2e = 1.4426950408889634, mostScale = 1e300; // which a distance of 0 can be multiplied by
  if (temperature == 0)
    return (strand_choice){mostScale, 1, STRAND_WHOLE, seed, position};
  double scale = 0x1p32 * log2e / temperature;
  return (strand_choice){scale < mostScale ? scale : mostScale, topK > 0 && topK < vocabulary ? topK : vocabulary,
                         (int64_t)(topP * (double)STRAND_WHOLE + 0.5), seed, position};
}

STRAND_VISIBLE int64_t strand_rt_sample(const strand_sampling *sampling, const float *logits, int64_t vocabulary,
                                        int64_t position, strand_candidate *room) {
  int64_t best = firstLargest(logits, vocabulary);
  if (best < 0 || sampling->temperature == 0)
    return best;
  strand_choice how = strand_rt_choice(sampling->temperature, sampling->topK, sampling->topP, sampling->seed, position,
                                       vocabulary);
  int bits = strand_weight_bits(vocabulary);
  for (int64_t i = 0; i < vocabulary; ++i) {
    double distance = ((double)logits[best] - logits[i]) * how.scale;
    room[i] = (strand_candidate){weight(distance, bits), logits[i], (int32_t)i};
  }
  int64_t n = cut(room, vocabulary, &how), at = drawn(&how, sum(room, n));
  for (int64_t i = 0; i < n; ++i)
    if ((at -= room[i].weight) < 0)
      return room[i].id;
  return best; // not reached: `at` was below the sum
}
