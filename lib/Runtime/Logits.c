// logits: what the model says after every token of a batch, to a file, by one of the ways in which sequences can be
// fed. All ways must agree; comparing their files is how a compiled model is tested.
#include "Program.h"
#include <stdlib.h>
#include <string.h>

enum { LOGITS_BYTES = 256 << 20 };

typedef struct {
  const char *input, *output, *mode;
  int64_t seed, cut, sequences, length, calls;
  IntegerTensor ids;
  Output out;
  int64_t dataAt;
  int32_t *slots, *tokens, *offsets;
  int64_t *from, *to; // of each sequence, what the next call is to see
  Session session;
} Run;

static void checkIds(const Run *r) {
  for (int64_t i = 0; i < r->ids.elements; ++i) {
    int64_t id = integerAt(&r->ids, i);
    if (id < 0 || id >= m_schema.vocabulary)
      fail(EXIT_USER, "%s: input_ids[%lld,%lld] is %lld; the vocabulary has ids 0 to %lld", r->input,
           (long long)(i / r->length), (long long)(i % r->length), (long long)id, (long long)m_schema.vocabulary - 1);
  }
}

static void readInput(Run *r) {
  readIntegerTensor(r->input, "input_ids", &r->ids);
  if (r->ids.rank != 2 || !r->ids.elements)
    fail(EXIT_USER, "%s: input_ids must have shape [B,T] with at least one token; it has rank %lld and %lld elements",
         r->input, (long long)r->ids.rank, (long long)r->ids.elements);
  r->sequences = r->ids.shape[0];
  r->length = r->ids.shape[1];
  if (r->ids.elements > INT32_MAX)
    fail(EXIT_USER, "%s: input_ids has %lld elements; the limit is %d", r->input, (long long)r->ids.elements,
         INT32_MAX);
  checkIds(r);
}

static void makeBuffers(Run *r) {
  int64_t n = r->sequences;
  r->slots = allocate(n * 4, "slots");
  r->offsets = allocate(n * 4 + 4, "offsets");
  r->tokens = allocate(r->ids.elements * 4, "tokens");
  r->from = allocate(n * 8, "lengths");
  r->to = allocate(n * 8, "lengths");
  for (int64_t b = 0; b < n; ++b) {
    r->slots[b] = (int32_t)b;
    r->from[b] = r->to[b] = 0;
  }
}

// One call: of each sequence at most `most` of the rows from `from` to `to`. Writes their logits; moves `from`.
static void call(Run *r, int64_t most) {
  int64_t rows = 0, rowBytes = m_schema.vocabulary * (int64_t)sizeof(float);
  for (int64_t b = 0; b < r->sequences; ++b) {
    int64_t end = r->to[b] - r->from[b] < most ? r->to[b] : r->from[b] + most;
    r->offsets[b] = (int32_t)rows;
    for (int64_t t = r->from[b]; t < end; ++t)
      r->tokens[rows++] = (int32_t)integerAt(&r->ids, b * r->length + t);
  }
  r->offsets[r->sequences] = (int32_t)rows;
  const float *logits = advance(&r->session, r->slots, r->tokens, r->offsets, r->sequences, rows);
  ++r->calls;
  for (int64_t b = 0; b < r->sequences; ++b) {
    int64_t count = r->offsets[b + 1] - r->offsets[b];
    writeOutputAt(&r->out, (const char *)logits + r->offsets[b] * rowBytes, count * rowBytes,
                  r->dataAt + (b * r->length + r->from[b]) * rowBytes);
    r->from[b] += count;
  }
}

// Feeds all up to `to`: in one call, or in as few as the room for logits allows.
static void feed(Run *r) {
  int64_t most = rowsPerCall(INT32_MAX, LOGITS_BYTES) / r->sequences, left = 0;
  most = most < 1 ? 1 : most;
  for (int64_t b = 0; b < r->sequences; ++b)
    left = r->to[b] - r->from[b] > left ? r->to[b] - r->from[b] : left;
  do
    call(r, most);
  while ((left -= most) > 0);
}

static void feedTo(Run *r, int64_t t) {
  for (int64_t b = 0; b < r->sequences; ++b)
    r->to[b] = t;
  feed(r);
}

static void feedSteps(Run *r, int64_t t) {
  while (t < r->length)
    feedTo(r, ++t);
}

static int64_t randomBelow(const Run *r, int64_t counter, int64_t n) {
  return (int64_t)(strand_rt_random((uint64_t)r->seed, (uint64_t)counter) % (uint64_t)n);
}

static void permuteSlots(Run *r) {
  for (int64_t b = r->sequences - 1; b > 0; --b) {
    int64_t other = randomBelow(r, b, b + 1);
    int32_t slot = r->slots[b];
    r->slots[b] = r->slots[other];
    r->slots[other] = slot;
  }
}

// Unequal prefixes in one call, one of them empty where there are several; then all the rest in another.
static void feedRagged(Run *r) {
  permuteSlots(r);
  for (int64_t b = 0; b < r->sequences; ++b)
    r->to[b] = randomBelow(r, r->sequences + b, r->length + 1);
  if (r->sequences > 1)
    r->to[randomBelow(r, 0, r->sequences)] = 0;
  feed(r);
  feedTo(r, r->length);
}

static void feedCut(Run *r) {
  if (r->cut < 0)
    r->cut = randomBelow(r, 0, r->length + 1);
  feedTo(r, r->cut);
  feedSteps(r, r->cut);
}

static void feedByMode(Run *r) {
  if (!strcmp(r->mode, "prefill"))
    feedTo(r, r->length);
  else if (!strcmp(r->mode, "step"))
    feedSteps(r, 0);
  else if (!strcmp(r->mode, "ragged"))
    feedRagged(r);
  else
    feedCut(r);
}

// prefill, step, ragged, cut, cut:N
static void checkMode(Run *r) {
  static const char *const modes[] = {"prefill", "step", "ragged", "cut"};
  r->cut = -1;
  for (int i = 0; i < 4; ++i)
    if (!strcmp(r->mode, modes[i]))
      return;
  char *end = "";
  if (!strncmp(r->mode, "cut:", 4) && r->mode[4] >= '0' && r->mode[4] <= '9')
    r->cut = strtoll(r->mode + 4, &end, 10);
  if (r->cut < 0 || *end)
    fail(EXIT_USAGE, "--mode: '%s' is not prefill, step, cut, cut:N or ragged", r->mode);
}

static void report(const Run *r, bool json, double seconds) {
  FILE *to = json ? stdout : stderr;
  double speed = seconds > 0 ? (double)r->ids.elements / seconds : 0;
  if (json)
    printf("{\"mode\": \"%s\", \"sequences\": %lld, \"length\": %lld, \"calls\": %lld, \"cut\": %lld, \"seed\": %lld, "
           "\"seconds\": %.6g, \"tokens_per_second\": %.6g}\n",
           r->mode, (long long)r->sequences, (long long)r->length, (long long)r->calls, (long long)r->cut,
           (long long)r->seed, seconds, speed);
  else
    fprintf(to, "%s: %lld sequences of %lld tokens in %lld calls, %.1f tokens/s\n", r->mode, (long long)r->sequences,
            (long long)r->length, (long long)r->calls, speed);
  finishStandardOutput();
}

static void freeRun(Run *r) {
  closeSession(&r->session);
  free(r->ids.bytes);
  free(r->slots);
  free(r->offsets);
  free(r->tokens);
  free(r->from);
  free(r->to);
}

static int runLogits(int argc, char **argv);
const Command logitsCommand = {
    "logits", "", "Write the logits of a batch of token sequences to a safetensors file.",
    "The input holds input_ids [B,T] as I32 or I64; the output gets logits [B,T,V] as F32.\n"
    "modes: prefill   all sequences in one call (in several where the logits would take over 256 MiB)\n"
    "       step      one token of each sequence a call\n"
    "       cut:N     N tokens of each at once, then steps; cut: N drawn from --seed\n"
    "       ragged    prefixes of unequal length drawn from --seed, one of them empty, in one call, the rest in "
    "another;\n"
    "                 state slots permuted",
    runLogits};

static int runLogits(int argc, char **argv) {
  Common common = {0, false};
  Run r = {.mode = "prefill"};
  const Option options[] = {
      {"input", "FILE", OPTION_TEXT, &r.input, 0, 0, "safetensors with input_ids"},
      {"output", "FILE", OPTION_TEXT, &r.output, 0, 0, "safetensors for logits"},
      {"mode", "MODE", OPTION_TEXT, &r.mode, 0, 0, "how to feed them, see below (default prefill)"},
      {"seed", "N", OPTION_INTEGER, &r.seed, 0, 9e18, "of random cuts and slots (default 0)"}};
  parseOptions(&logitsCommand, options, sizeof options / sizeof *options, &common, argc, argv, NULL, 0);
  if (!r.input || !r.output)
    fail(EXIT_USAGE, "logits needs --input and --output; see %s logits --help", programName);
  checkMode(&r);
  readInput(&r);
  if (r.cut > r.length)
    fail(EXIT_USER, "--mode: cut:%lld is beyond the %lld tokens of %s", (long long)r.cut, (long long)r.length, r.input);
  openOutput(&r.out, r.output);
  if (r.out.direct && strcmp(r.mode, "prefill"))
    fail(EXIT_USER, "%s: it is no plain file; only --mode prefill of one sequence can be written to it", r.output);
  int64_t shape[] = {r.sequences, r.length, m_schema.vocabulary};
  r.dataAt = writeTensorHead(&r.out, "logits", 3, shape);
  openSession(&r.session, r.sequences, common.threads);
  makeBuffers(&r);
  double start = secondsNow();
  feedByMode(&r);
  double seconds = secondsNow() - start;
  finishOutput(&r.out);
  report(&r, common.json, seconds);
  freeRun(&r);
  return 0;
}
