// How the launches of a call reach the device. They are collected until the call is done, because what a call launches
// is often just what an earlier one did: in decoding, each step has the same kernels with the same arguments, as
// tokens, offsets and state lie where they lay. A sequence of launches that comes for the second time becomes a graph
// of the driver, and starts as one from then on: the host then starts one thing, and the device goes from kernel to
// kernel by itself.
#include "GpuDriver.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_ARGUMENTS = 512, LEAST_REPLAYED = 4 }; // 4 KB of arguments is what a kernel can take

// More than the default of shared memory has to be asked for, once a kernel.
static bool allowShared(Gpu *g, Kernel *k, int64_t bytes, const char *name) {
  enum { DEFAULT_SHARED = 47 << 10 }; // the default is 48 KB, of which the device may take some bytes for itself
  if (bytes <= DEFAULT_SHARED || bytes <= k->shared)
    return true;
  if (bytes > g->sharedLimit) {
    gpuNote(g, "%s needs %lld bytes of shared memory; %s has %lld", name, (long long)bytes, g->name,
            (long long)g->sharedLimit);
    return false;
  }
  if (!gpuGood(g, g->driver.cuFuncSetAttribute(k->function, FUNCTION_DYNAMIC_SHARED, (int)bytes), name))
    return false;
  k->shared = bytes;
  return true;
}

static bool reserve(Gpu *g, Launches *l, int64_t words) {
  if (l->words + words <= l->room)
    return true;
  int64_t room = 2 * (l->words + words);
  int64_t *grown = realloc(l->word, (size_t)room * sizeof *grown);
  if (!grown) {
    gpuNote(g, "no memory for the launches of a call: %lld bytes", (long long)room * 8);
    return false;
  }
  l->word = grown;
  l->room = room;
  return true;
}

void gpuQueue(Gpu *g, const int64_t head[HEAD], const int64_t *arguments) {
  Launches *l = &g->waiting;
  int64_t count = head[HEAD - 1];
  if (!reserve(g, l, HEAD + count))
    return;
  memcpy(l->word + l->words, head, HEAD * sizeof *head);
  memcpy(l->word + l->words + HEAD, arguments, (size_t)count * sizeof *arguments);
  l->words += HEAD + count;
  ++l->launches;
}

STRAND_VISIBLE void strand_rt_launch(strand_rt_ctx *ctx, int64_t kernel, int64_t blocks, int64_t threads,
                                     int64_t shared, void *cells, int64_t count) {
  Gpu *g = (Gpu *)ctx;
  const char *name = g->code->kernel[kernel];
  if (gpuFailed(g) || blocks <= 0)
    return;
  if (blocks > INT32_MAX || count > MOST_ARGUMENTS) {
    gpuNote(g, "%s: %lld blocks with %lld arguments are too many; the limits are %d and %d", name, (long long)blocks,
            (long long)count, INT32_MAX, MOST_ARGUMENTS);
    return;
  }
  const int64_t head[HEAD] = {kernel, blocks, threads, shared, count};
  if (allowShared(g, &g->kernel[kernel], shared, name))
    gpuQueue(g, head, cells);
}

// One after the other on the stream.
static void launchAll(Gpu *g, const Launches *l) {
  for (int64_t *at = l->word; at < l->word + l->words && !gpuFailed(g); at += HEAD + at[4]) {
    if (at[0] == LIBRARY_PRODUCT) {
      gpuLibraryProduct(g, at + HEAD);
      continue;
    }
    void *arguments[MOST_ARGUMENTS];
    for (int64_t i = 0; i < at[4]; ++i)
      arguments[i] = at + HEAD + i;
    gpuGood(g,
            g->driver.cuLaunchKernel(g->kernel[at[0]].function, (unsigned)at[1], 1, 1, (unsigned)at[2], 1, 1,
                                     (unsigned)at[3], g->stream, arguments, NULL),
            g->code->kernel[at[0]]);
  }
}

static bool same(const Launches *a, const Launches *b) {
  return a->words == b->words && !memcmp(a->word, b->word, (size_t)a->words * sizeof *a->word);
}

// `l` when it came before; NULL if it did not, or is forgotten.
static Replay *find(Gpu *g, const Launches *l) {
  for (Replay *r = g->replay; r < g->replay + REPLAYS; ++r)
    if (r->launches.words && same(&r->launches, l))
      return r;
  return NULL;
}

static void forget(Gpu *g, Replay *r) {
  if (r->graph)
    g->driver.cuGraphExecDestroy(r->graph);
  free(r->launches.word);
  memset(r, 0, sizeof *r);
}

static bool makeGraph(Gpu *g, Replay *r) {
  CUgraph graph = NULL;
  if (!gpuGood(g, g->driver.cuStreamBeginCapture_v2(g->stream, CAPTURE_RELAXED), "cannot record launches"))
    return false;
  launchAll(g, &r->launches);
  CUresult ended = g->driver.cuStreamEndCapture(g->stream, &graph);
  bool made = gpuGood(g, ended, "cannot record launches") &&
              gpuGood(g, g->driver.cuGraphInstantiateWithFlags(&r->graph, graph, 0), "cannot make a graph of launches");
  if (graph)
    g->driver.cuGraphDestroy(graph);
  return made && !gpuFailed(g);
}

// Keeps `l`, to be known when it comes again, in the place of what came least lately; without memory it is not kept.
static Replay *keep(Gpu *g, const Launches *l) {
  Replay *oldest = &g->replay[0];
  for (Replay *r = g->replay; r < g->replay + REPLAYS; ++r)
    if (r->lastUse < oldest->lastUse)
      oldest = r;
  forget(g, oldest);
  int64_t *word = malloc((size_t)l->words * sizeof *word);
  if (word) {
    memcpy(word, l->word, (size_t)l->words * sizeof *word);
    oldest->launches = (Launches){word, l->words, l->words, l->launches};
  }
  return oldest;
}

static void replay(Gpu *g, Replay *r) {
  if (r->graph || makeGraph(g, r))
    gpuGood(g, g->driver.cuGraphLaunch(r->graph, g->stream), "cannot start a graph of launches");
}

void gpuFlush(Gpu *g) {
  Launches *l = &g->waiting;
  if (gpuFailed(g))
    l->words = l->launches = 0;
  if (!l->launches)
    return;
  bool mayReplay = l->launches >= LEAST_REPLAYED;
  Replay *r = mayReplay ? find(g, l) : NULL;
  if (r) {
    replay(g, r);
  } else {
    launchAll(g, l);
    r = mayReplay ? keep(g, l) : NULL;
  }
  if (r)
    r->lastUse = ++g->replayUses;
  l->words = l->launches = 0;
}

void gpuForget(Gpu *g) {
  for (Replay *r = g->replay; r < g->replay + REPLAYS; ++r)
    forget(g, r);
  free(g->waiting.word);
  memset(&g->waiting, 0, sizeof g->waiting);
}
