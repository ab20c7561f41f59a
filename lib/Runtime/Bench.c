// bench: tokens a second by length and batch.
//
// Prefill: sequences of that length from an empty state to the logits of their last rows, in one call if that many rows
// may go in one. Decode: steps of one
// token a sequence after that length; every repetition begins from the same state. Token ids are random.
#include "Program.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 1 << 14, LOGITS_BYTES = 256 << 20, LEAST_REPETITIONS = 3, MOST_REPETITIONS = 1000, STEPS = 16 };

typedef struct {
  int64_t length, batch, tokens; // tokens a repetition
  bool decode;
  int repetitions;
  double seconds[MOST_REPETITIONS];
} Case;

typedef struct {
  Session session;
  int32_t *slots, *offsets, *tokens;
  int64_t batch, columns; // sequences, and most rows of each in a call
} Runner;

static Runner makeRunner(int64_t batch, int64_t length, int64_t threads) {
  Runner r = {.batch = batch};
  r.columns = rowsPerCallLast(MOST_ROWS, LOGITS_BYTES) / batch;
  r.columns = r.columns < 1 ? 1 : r.columns < length ? r.columns : length;
  int64_t rows = product(batch, r.columns, "a call");
  if (rows > INT32_MAX)
    fail(EXIT_USER, "a call of %lld rows is too large; the limit is %d", (long long)rows, INT32_MAX);
  openSession(&r.session, batch, threads);
  r.slots = allocate(batch * 4, "slots");
  r.offsets = allocate(batch * 4 + 4, "offsets");
  r.tokens = allocate(rows * 4, "tokens");
  for (int64_t b = 0; b < batch; ++b)
    r.slots[b] = (int32_t)b;
  for (int64_t i = 0; i < rows; ++i)
    r.tokens[i] = (int32_t)(strand_rt_random(0, (uint64_t)i) % (uint64_t)m_schema.vocabulary);
  return r;
}

static void freeRunner(Runner *r) {
  closeSession(&r->session);
  free(r->slots);
  free(r->offsets);
  free(r->tokens);
}

static void feed(Runner *r, int64_t columns) {
  for (int64_t b = 0; b <= r->batch; ++b)
    r->offsets[b] = (int32_t)(b * columns);
  advanceLast(&r->session, r->slots, r->tokens, r->offsets, r->batch, r->batch * columns);
}

static void prefill(Runner *r, int64_t length) {
  for (int64_t at = 0; at < length; at += r->columns)
    feed(r, length - at < r->columns ? length - at : r->columns);
}

static void record(Case *c, double seconds) { c->seconds[c->repetitions++] = seconds; }

static bool isEnough(const Case *c, double begin, double wanted) {
  return c->repetitions == MOST_REPETITIONS ||
         (c->repetitions >= LEAST_REPETITIONS && secondsNow() - begin >= wanted);
}

static void measurePrefill(Runner *r, Case *c, double wanted) {
  resetSession(&r->session);
  prefill(r, c->length); // buffers are made and threads are awake after this
  for (double begin = secondsNow(); !isEnough(c, begin, wanted);) {
    resetSession(&r->session);
    double start = secondsNow();
    prefill(r, c->length);
    record(c, secondsNow() - start);
  }
}

// The session stands after `length` rows.
static void measureDecode(Runner *r, Case *c, double wanted) {
  Session *s = &r->session;
  reserveCacheRows(s, c->length + STEPS);
  void *kept = copyOfState(s);
  feed(r, 1);
  for (double begin = secondsNow(); !isEnough(c, begin, wanted);) {
    putBackState(s, kept);
    for (int64_t b = 0; b < r->batch; ++b)
      s->lengths[b] = c->length;
    double start = secondsNow();
    for (int i = 0; i < STEPS; ++i)
      feed(r, 1);
    record(c, secondsNow() - start);
  }
  destroyState(s->place, kept);
}

static int byValue(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void printCase(Case *c, bool json, bool first) {
  qsort(c->seconds, (size_t)c->repetitions, sizeof *c->seconds, byValue);
  int n = c->repetitions;
  double median = (c->seconds[(n - 1) / 2] + c->seconds[n / 2]) / 2, least = c->seconds[0];
  double tokens = (double)c->tokens;
  const char *kind = c->decode ? "decode" : "prefill";
  if (json)
    printf("%s\n  {\"kind\": \"%s\", \"length\": %lld, \"batch\": %lld, \"tokens\": %lld, \"repetitions\": %d, "
           "\"seconds_median\": %.6g, \"seconds_min\": %.6g, \"tokens_per_second_median\": %.6g, "
           "\"tokens_per_second_best\": %.6g}",
           first ? "" : ",", kind, (long long)c->length, (long long)c->batch, (long long)c->tokens, n, median, least,
           tokens / median, tokens / least);
  else
    printf("%-8s length %6lld  batch %4lld  %12.1f tokens/s median  %12.1f best  (%d repetitions)\n", kind,
           (long long)c->length, (long long)c->batch, tokens / median, tokens / least, n);
  finishStandardOutput();
}

static void benchOne(int64_t length, int64_t batch, const Common *common, double seconds, bool first) {
  Runner r = makeRunner(batch, length, common->threads);
  Case prefillCase = {.length = length, .batch = batch, .tokens = product(length, batch, "a case")};
  Case decodeCase = {.length = length, .batch = batch, .tokens = product(STEPS, batch, "a case"), .decode = true};
  measurePrefill(&r, &prefillCase, seconds);
  printCase(&prefillCase, common->json, first);
  measureDecode(&r, &decodeCase, seconds);
  printCase(&decodeCase, common->json, false);
  freeRunner(&r);
}

// Known when all cases ran; ends the JSON object.
static void printProducts(bool json) {
  const char *products = placeProducts();
  if (json)
    printf("\n]");
  if (*products && json) {
    printf(", \"products\": ");
    printJsonText(stdout, products, (int64_t)strlen(products));
  } else if (*products) {
    printf("products: %s\n", products);
  }
  if (json)
    printf("}\n");
}

static int runBench(int argc, char **argv);
const Command benchCommand = {
    "bench", "", "Measure tokens a second of prefill and decode.",
    "Every length is measured with every batch. A repetition of prefill feeds all sequences from an empty state; one "
    "of\n"
    "decode is 16 steps of one token a sequence after that length. Median and best of the repetitions are shown.",
    runBench};

static int runBench(int argc, char **argv) {
  Common common = {0, false};
  const char *lengthList = "128,2048", *batchList = "1,8";
  double seconds = 0.5;
  const Option options[] = {
      {"lengths", "LIST", OPTION_TEXT, &lengthList, 0, 0, "tokens of a sequence (default 128,2048)"},
      {"batches", "LIST", OPTION_TEXT, &batchList, 0, 0, "sequences at once (default 1,8)"},
      {"seconds", "S", OPTION_REAL, &seconds, 0, 1e6, "time for a case, at least 3 repetitions (default 0.5)"}};
  parseOptions(&benchCommand, options, sizeof options / sizeof *options, &common, argc, argv, NULL, 0);
  int64_t *lengths, *batches, lengthCount = parseList("--lengths", lengthList, 1, 1 << 30, &lengths);
  int64_t batchCount = parseList("--batches", batchList, 1, 1 << 20, &batches);
  if (!lengthCount || !batchCount)
    fail(EXIT_USAGE, "--lengths and --batches need at least one number each");
  int64_t threads = common.threads ? common.threads : strand_rt_processors();
  if (common.json)
    printf("{\"threads\": %lld, \"cases\": [", (long long)threads);
  for (int64_t b = 0; b < batchCount; ++b)
    for (int64_t l = 0; l < lengthCount; ++l)
      benchOne(lengths[l], batches[b], &common, seconds, !b && !l);
  printProducts(common.json);
  finishStandardOutput();
  free(lengths);
  free(batches);
  return 0;
}
