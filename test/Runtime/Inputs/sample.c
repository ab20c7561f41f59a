/* Draws many tokens and compares their shares with the probabilities, which are computed here from their definition. */
#include "Runtime.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 8, DRAWS = 200000 };

static strand_candidate room[N];

static int rankOf(const double *p, int i) { /* how many come before i: likelier, or equal with a smaller id */
  int rank = 0;
  for (int j = 0; j < N; ++j)
    rank += p[j] > p[i] || (p[j] == p[i] && j < i);
  return rank;
}

/* Probabilities after both cuts: a token stays if it is among the first `topK`, and those before it hold less than `topP`. */
static void probabilities(const strand_sampling *how, const float *logits, double *p) {
  double raw[N], all = 0, kept = 0;
  int most = how->topK ? (int)how->topK : N;
  for (int i = 0; i < N; ++i)
    raw[i] = exp((double)logits[i] / how->temperature);
  for (int i = 0; i < N; ++i)
    all += rankOf(raw, i) < most ? raw[i] : 0;
  for (int i = 0; i < N; ++i) {
    double before = 0;
    for (int j = 0; j < N; ++j)
      before += rankOf(raw, j) < rankOf(raw, i) ? raw[j] : 0;
    p[i] = rankOf(raw, i) < most && before < how->topP * all ? raw[i] : 0;
    kept += p[i];
  }
  for (int i = 0; i < N; ++i)
    p[i] /= kept;
}

/* Five standard deviations of each share, and none at all of what was cut. */
static void compare(const char *name, strand_sampling how, const float *logits) {
  double p[N];
  int64_t drawn[N] = {0};
  probabilities(&how, logits, p);
  for (int64_t i = 0; i < DRAWS; ++i)
    ++drawn[strand_rt_sample(&how, logits, N, i, room)];
  for (int i = 0; i < N; ++i) {
    double share = (double)drawn[i] / DRAWS, spread = sqrt(p[i] * (1 - p[i]) / DRAWS);
    if (fabs(share - p[i]) > 5 * spread) {
      printf("%s: token %d has share %g and probability %g\n", name, i, share, p[i]);
      exit(1);
    }
  }
  printf("%s: right\n", name);
}

int main(void) {
  const float mixed[N] = {0.5f, -1, 2, 1.5f, -3, 2.5f, 0, 1}, equal[N] = {1, 1, 1, 1, 1, 1, 1, 1};
  const float cut[N] = {-INFINITY, 1, -INFINITY, 2, 3, -INFINITY, -1, 0}, twice[N] = {1, -2, 5, 3, 5, 5, 0, 0};
  const float wrong[N] = {0, 0, 0, NAN, 0, 0, 0, 0}, endless[N] = {0, INFINITY, 0, 0, 0, 0, 0, 0};
  const float nothing[N] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY};
  compare("temperature 1", (strand_sampling){1, 0, 1, 7}, mixed);
  compare("temperature 0.5", (strand_sampling){0.5, 0, 1, 7}, mixed);
  compare("top 3", (strand_sampling){1, 3, 1, 8}, mixed);
  compare("mass 0.8", (strand_sampling){1, 0, 0.8, 9}, mixed);
  compare("top 5, of which 0.6", (strand_sampling){1, 5, 0.6, 10}, mixed);
  compare("equal logits, mass 0.5", (strand_sampling){1, 0, 0.5, 11}, equal);
  compare("minus infinity is never drawn", (strand_sampling){1, 0, 1, 12}, cut);
  strand_sampling greedy = {0, 0, 1, 0};
  printf("likeliest of equals: %d\n", (int)strand_rt_sample(&greedy, twice, N, 0, room));
  printf("no number among logits: %d\n", (int)strand_rt_sample(&greedy, wrong, N, 0, room));
  printf("infinity among logits: %d\n", (int)strand_rt_sample(&greedy, endless, N, 0, room));
  printf("nothing but minus infinity: %d\n", (int)strand_rt_sample(&greedy, nothing, N, 0, room));
}
