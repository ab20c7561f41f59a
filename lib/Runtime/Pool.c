// The thread pool of compiled programs: one region at a time, started in well under a microsecond when its threads are
// awake.
//
// A region is (fn, args, n). Its items are divided into spans of neighbours, one a thread, each with a count of items
// that are `left`. The caller writes the region, then these counts, and bumps `epoch`. Whoever lowers `left` of a span
// owns an item of it; as a region cannot end while an item is owned, the owner may then read fn, args and n. So a
// thread that comes late finds nothing left and touches nothing, and the caller never waits for a thread that took no
// item. `unfinished` counts items whose work is not done; the caller returns when it is zero.
//
// A thread begins with its own span and then helps with the others, so a loop that runs a region again and again (a
// step of a recurrence) finds what it read in the cache of the same core. Where that is larger than the cache, going
// through it in the same order would find nothing: what comes next has always just been displaced. So a region that
// runs again goes the other way round.
//
// Threads spin for a short while and then sleep on a futex: workers on `epoch`, the caller on `asleep`.
#define _GNU_SOURCE
#include "Runtime.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CACHE_LINE = 64, SPINS = 4000, SPINS_CROWDED = 16, MOST_THREADS = 1024, STACK_BYTES = 8 << 20 };

typedef struct {
  _Alignas(CACHE_LINE) _Atomic int64_t left;
} Span;

struct strand_rt_ctx {
  // Read by waiting workers, written once a region.
  _Alignas(CACHE_LINE) _Atomic uint32_t epoch;
  _Atomic uint32_t stop;
  // Written by everyone in a region.
  _Alignas(CACHE_LINE) _Atomic int64_t unfinished;
  _Atomic uint32_t asleep;   // the caller sleeps until the last item is done
  _Alignas(CACHE_LINE) _Atomic uint32_t sleepers; // workers that sleep or are about to
  _Atomic uint32_t busy;     // a region runs: further calls, nested or from other threads, run where they are made
  // The region.
  void (*fn)(void *, int64_t);
  void *args;
  int64_t n;
  uint32_t backwards;
  uint64_t turns; // whether the last region of a function went backwards: a bit for those of one hash
  // Fixed after creation.
  strand_rt_run *run; // of somebody else's pool, which then has the workers; NULL: ours
  void *pool;
  int32_t spins, workers;
  Span *span;      // of the caller, then of each worker
  _Atomic int32_t named;
  pthread_t worker[];
};

static void futexWait(_Atomic uint32_t *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futexWake(_Atomic uint32_t *word, int count) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// The number of items that were left before one was taken; 0 if none was.
static int64_t claim(Span *span) {
  int64_t left = atomic_load_explicit(&span->left, memory_order_relaxed);
  while (left > 0 && !atomic_compare_exchange_weak_explicit(&span->left, &left, left - 1, memory_order_acquire,
                                                            memory_order_relaxed)) {
  }
  return left;
}

// Where span s of a region of n items begins, if `threads` share it.
static int64_t spanBegin(int64_t n, int64_t threads, int64_t s) {
  int64_t spans = n < threads ? n : threads, longer = n % spans;
  return n / spans * s + (s < longer ? s : longer);
}

// Runs what is left of a span; the number of items.
static int64_t runSpan(strand_rt_ctx *ctx, int32_t s) {
  int64_t done = 0, threads = ctx->workers + 1;
  for (int64_t left; (left = claim(&ctx->span[s])) > 0; ++done) {
    int64_t item = ctx->backwards ? spanBegin(ctx->n, threads, s) + left - 1 : spanBegin(ctx->n, threads, s + 1) - left;
    ctx->fn(ctx->args, item);
  }
  return done;
}

// What a thread does in a region; `self`: its span.
static void work(strand_rt_ctx *ctx, int32_t self) {
  int64_t done = 0;
  for (int32_t s = self; s <= ctx->workers; ++s)
    done += runSpan(ctx, s);
  for (int32_t s = 0; s < self; ++s)
    done += runSpan(ctx, s);
  if (done && atomic_fetch_sub(&ctx->unfinished, done) == done && atomic_exchange(&ctx->asleep, 0))
    futexWake(&ctx->asleep, 1);
}

// Waits for a region after `seen`; returns its epoch.
static uint32_t awaitRegion(strand_rt_ctx *ctx, uint32_t seen) {
  for (int32_t i = 0; i < ctx->spins; ++i) {
    uint32_t now = atomic_load_explicit(&ctx->epoch, memory_order_acquire);
    if (now != seen)
      return now;
    relax();
  }
  // Either the caller sees the sleeper after its bump of the epoch, or the kernel sees the bump and does not sleep.
  atomic_fetch_add(&ctx->sleepers, 1);
  uint32_t now;
  while ((now = atomic_load(&ctx->epoch)) == seen)
    futexWait(&ctx->epoch, seen);
  atomic_fetch_sub(&ctx->sleepers, 1);
  return now;
}

static void *runWorker(void *opaque) {
  strand_rt_ctx *ctx = opaque;
  uint32_t seen = 0;
  int32_t self = atomic_fetch_add(&ctx->named, 1) + 1;
  for (;;) {
    seen = awaitRegion(ctx, seen);
    if (atomic_load_explicit(&ctx->stop, memory_order_acquire))
      return NULL;
    work(ctx, self);
  }
}

static void bumpEpoch(strand_rt_ctx *ctx, int64_t threads) {
  atomic_fetch_add(&ctx->epoch, 1);
  uint32_t sleepers = atomic_load(&ctx->sleepers);
  if (sleepers)
    futexWake(&ctx->epoch, threads < (int64_t)sleepers ? (int)threads : (int)sleepers);
}

static void awaitItems(strand_rt_ctx *ctx) {
  for (int32_t i = 0; i < ctx->spins; ++i) {
    if (!atomic_load_explicit(&ctx->unfinished, memory_order_acquire))
      return;
    relax();
  }
  // A worker of the region before may clear `asleep` late; it is set again on each turn.
  while (atomic_load(&ctx->unfinished)) {
    atomic_store(&ctx->asleep, 1);
    if (atomic_load(&ctx->unfinished))
      futexWait(&ctx->asleep, 1);
  }
  atomic_store(&ctx->asleep, 0);
}

static bool goesBackwards(strand_rt_ctx *ctx, void (*fn)(void *, int64_t)) {
  uint64_t bit = 1ull << (((uintptr_t)fn * 0x9e3779b97f4a7c15ull) >> 58);
  ctx->turns ^= bit;
  return ctx->turns & bit;
}

static void beginRegion(strand_rt_ctx *ctx, int64_t n, void (*fn)(void *, int64_t), void *args) {
  ctx->fn = fn;
  ctx->args = args;
  ctx->n = n;
  ctx->backwards = goesBackwards(ctx, fn);
  atomic_store_explicit(&ctx->unfinished, n, memory_order_relaxed);
  int64_t threads = ctx->workers + 1;
  for (int64_t s = 0; s < threads && s < n; ++s)
    atomic_store_explicit(&ctx->span[s].left, spanBegin(n, threads, s + 1) - spanBegin(n, threads, s),
                          memory_order_release);
  bumpEpoch(ctx, n - 1);
}

STRAND_VISIBLE void strand_rt_parallel_for(strand_rt_ctx *ctx, int64_t n, void (*fn)(void *args, int64_t i),
                                           void *args) {
  if (!ctx || n <= 1 || !ctx->workers || atomic_load_explicit(&ctx->busy, memory_order_relaxed) ||
      atomic_exchange_explicit(&ctx->busy, 1, memory_order_acquire)) {
    for (int64_t i = 0; i < n; ++i)
      fn(args, i);
    return;
  }
  if (ctx->run) {
    ctx->run(ctx->pool, n, fn, args);
    atomic_store_explicit(&ctx->busy, 0, memory_order_release);
    return;
  }
  beginRegion(ctx, n, fn, args);
  work(ctx, 0);
  awaitItems(ctx);
  atomic_store_explicit(&ctx->busy, 0, memory_order_release);
}

STRAND_VISIBLE int64_t strand_rt_threads(const strand_rt_ctx *ctx) { return ctx ? ctx->workers + 1 : 1; }

// Processors that this process may use, which may be fewer than the machine has.
int32_t strand_rt_processors(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
    return CPU_COUNT(&set);
  long online = sysconf(_SC_NPROCESSORS_ONLN); // more processors than cpu_set_t holds
  return online > 0 ? (int32_t)online : 1;
}

// Starts workers until one fails; a pool of fewer threads is as right, only slower. Workers leave signals to the
// program's own threads.
static void startWorkers(strand_rt_ctx *ctx, int32_t wanted) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes))
    return;
  pthread_attr_setstacksize(&attributes, STACK_BYTES); // compiled tasks keep their tiles on the stack
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int32_t started = 0;
  while (started < wanted && !pthread_create(&ctx->worker[started], &attributes, runWorker, ctx))
    ++started;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  ctx->workers = started;
}

static void *zeroed(size_t bytes) {
  bytes = (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
  void *memory = aligned_alloc(CACHE_LINE, bytes);
  if (memory)
    memset(memory, 0, bytes);
  return memory;
}

static strand_rt_ctx *emptyContext(int32_t workers) {
  strand_rt_ctx *ctx = zeroed(sizeof(strand_rt_ctx) + (size_t)workers * sizeof(pthread_t));
  Span *span = zeroed(((size_t)workers + 1) * sizeof(Span));
  if (!ctx || !span) {
    free(ctx);
    free(span);
    return NULL;
  }
  ctx->span = span;
  return ctx;
}

strand_rt_ctx *strand_rt_create_over(int32_t threads, strand_rt_run *run, void *pool) {
  strand_rt_ctx *ctx = emptyContext(0);
  if (!ctx)
    return NULL;
  ctx->run = run;
  ctx->pool = pool;
  ctx->workers = threads - 1;
  return ctx;
}

STRAND_VISIBLE strand_rt_ctx *strand_rt_create(int32_t threads) {
  int32_t processors = strand_rt_processors();
  if (threads < 1)
    threads = processors;
  if (threads > MOST_THREADS)
    threads = MOST_THREADS;
  strand_rt_ctx *ctx = emptyContext(threads);
  if (!ctx)
    return NULL;
  ctx->spins = threads <= processors ? SPINS : SPINS_CROWDED; // a spinning thread would keep another from its work
  startWorkers(ctx, threads - 1);
  return ctx;
}

STRAND_VISIBLE void strand_rt_destroy(strand_rt_ctx *ctx) {
  if (!ctx)
    return;
  if (ctx->run)
    ctx->workers = 0; // not ours to stop
  atomic_store_explicit(&ctx->stop, 1, memory_order_release);
  bumpEpoch(ctx, ctx->workers);
  for (int32_t i = 0; i < ctx->workers; ++i)
    pthread_join(ctx->worker[i], NULL);
  free(ctx->span);
  free(ctx);
}
