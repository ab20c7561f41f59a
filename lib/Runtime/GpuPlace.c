// libstrand_gpu.a, linked before libstrand_main.a where the model runs on a GPU: takes the place of Host.c. Weights are
// copied to the device once; state and temporary values stay there.
#include "Program.h"
#include <stdlib.h>

extern const strand_device_code m_device;
extern strand_choose_fn m_choose;

static void check(strand_rt_ctx *place, int32_t status) {
  if (status != STRAND_OK)
    fail(EXIT_USER, "%s", strand_rt_gpu_problem(place));
}

static strand_rt_ctx *gpu; // one for all sessions: its code and weights are loaded once
static void *weights;
static struct {
  strand_choice *how;
  int32_t *id;
} choice; // places on the device

strand_rt_ctx *openPlace(strand_rt_ctx *threads) {
  (void)threads;
  char why[512];
  if (!gpu && !(gpu = strand_rt_gpu_create(&m_device, why, sizeof why)))
    fail(EXIT_USER, "this model needs an NVIDIA GPU: %s", why);
  return gpu;
}

void closePlace(strand_rt_ctx *place) {
  static bool said;
  int32_t problem;
  check(place, strand_rt_gpu_wait(place));
  const char *products = strand_rt_gpu_products(place, &problem);
  if (problem && !said)
    fprintf(stderr, "%s: note: products: %s\n", programName, products);
  said |= problem != 0;
}

const char *placeProblem(strand_rt_ctx *place) { return strand_rt_gpu_problem(place); }

const char placeEnvironment[] =
    "environment:\n"
    "  STRAND_CUBLASLT  file of the cuBLASLt that computes large products; off: own kernels do. Without it,\n"
    "                   libcublasLt.so.13 or .12 is taken if it is found. bench says which was used.\n";

const char *placeProducts(void) { return gpu ? strand_rt_gpu_products(gpu, NULL) : ""; }

const void *placedWeights(strand_rt_ctx *place) {
  if (!weights) {
    weights = allocateInPlace(place, m_schema.weight_bytes, "the weights");
    check(place, strand_rt_gpu_write(place, weights, modelWeights(), m_schema.weight_bytes));
  }
  return weights;
}

void *allocateInPlace(strand_rt_ctx *place, int64_t bytes, const char *what) {
  void *memory = strand_rt_gpu_allocate(place, bytes);
  if (!memory)
    fail(EXIT_USER, "no memory on %s for %s: %lld bytes are needed; use fewer or shorter sequences",
         strand_rt_gpu_name(place), what, (long long)bytes);
  return memory;
}

void freeInPlace(strand_rt_ctx *place, void *memory) { strand_rt_gpu_free(place, memory); }

void *createState(strand_rt_ctx *place, int64_t slots, int64_t cacheRows, const char *what) {
  void *state = strand_rt_gpu_state_create(place, &m_schema, slots, cacheRows);
  if (!state)
    fail(EXIT_USER, "no memory on %s for %s: %lld bytes are needed; use fewer or shorter sequences",
         strand_rt_gpu_name(place), what, (long long)strand_rt_state_bytes(&m_schema, slots, cacheRows));
  return state;
}

void destroyState(strand_rt_ctx *place, void *state) { strand_rt_gpu_state_destroy(place, state); }

void writeSlot(strand_rt_ctx *place, void *to, int64_t toSlot, const void *from, int64_t fromSlot) {
  check(place, strand_rt_gpu_state_write(place, &m_schema, to, toSlot, from, fromSlot));
}

void readSlot(strand_rt_ctx *place, void *to, int64_t toSlot, const void *from, int64_t fromSlot) {
  check(place, strand_rt_gpu_state_read(place, &m_schema, to, toSlot, from, fromSlot));
}

void copySlot(strand_rt_ctx *place, void *to, int64_t toSlot, const void *from, int64_t fromSlot) {
  check(place, strand_rt_gpu_state_copy(place, &m_schema, to, toSlot, from, fromSlot));
}

float *logitsOnHost(strand_rt_ctx *place, float *logits, float **host, int64_t bytes) {
  if (!*host) // as large as `logits` are, which are made anew when they have to grow
    *host = allocate(bytes, "the logits");
  check(place, strand_rt_gpu_read(place, *host, logits, bytes));
  return *host;
}

// Only the id comes back.
int32_t chooseInPlace(strand_rt_ctx *place, const float *logits, const strand_sampling *how, int64_t position,
                      void *scratch) {
  if (!choice.how) {
    choice.how = allocateInPlace(place, sizeof *choice.how, "a choice");
    choice.id = allocateInPlace(place, sizeof *choice.id, "a choice");
  }
  int64_t vocabulary = m_schema.vocabulary;
  strand_choice one = strand_rt_choice(how->temperature, how->topK, how->topP, how->seed, position, vocabulary);
  bool draws = how->temperature > 0, byRank = one.top_k < vocabulary, byMass = how->topP < 1;
  int32_t which = !draws ? STRAND_CHOOSE_LARGEST
                  : byRank ? (byMass ? STRAND_CHOOSE_BOTH : STRAND_CHOOSE_RANK)
                           : (byMass ? STRAND_CHOOSE_MASS : STRAND_CHOOSE_ALL);
  if (draws)
    check(place, strand_rt_gpu_write(place, choice.how, &one, sizeof one));
  int32_t id;
  check(place, m_choose(place, logits, choice.how, 1, which, scratch, choice.id));
  check(place, strand_rt_gpu_read(place, &id, choice.id, sizeof id));
  return id;
}
