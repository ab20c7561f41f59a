// generate: continue a text.
//
// The last token is never given to the model before its successor is wanted. So a saved state always has one token that
// the model has not seen (StateFile.c), and a run that goes on from it makes the very calls of a run without the cut.
#define _GNU_SOURCE
#include "Program.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_ROWS = 2048, LOGITS_BYTES = 64 << 20 };

typedef struct {
  const char *prompt, *promptFile, *tokens, *stateIn, *stateOut;
  int64_t maxTokens, seed;
  strand_sampling how;
  Common common;
} Arguments;

typedef struct {
  int32_t *ids;
  int64_t count, room;
} Ids;

typedef struct {
  int64_t prompt, generated;
  double prefillSeconds, decodeSeconds;
} Measured;

static void appendId(Ids *t, int64_t id) {
  if (t->count == t->room) {
    t->room = t->room ? product(t->room, 2, "the tokens") : 256;
    int32_t *larger = allocate(product(t->room, sizeof(int32_t), "the tokens"), "the tokens");
    if (t->count)
      memcpy(larger, t->ids, (size_t)t->count * sizeof(int32_t));
    free(t->ids);
    t->ids = larger;
  }
  t->ids[t->count++] = (int32_t)id;
}

static void appendBytes(Ids *t, const char *bytes, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    appendId(t, (unsigned char)bytes[i]);
}

static void appendFile(Ids *t, const char *path) {
  int64_t size;
  char *bytes = readFile(path, &size);
  appendBytes(t, bytes, size);
  free(bytes);
}

static void appendPrompt(Ids *t, const Arguments *a) {
  static const char *const instead = "give ids: --tokens \"1,2,3\" (ids are printed then)";
  int64_t *values, count;
  if (a->tokens) {
    count = parseList("--tokens", a->tokens, 0, m_schema.vocabulary - 1, &values);
    for (int64_t i = 0; i < count; ++i)
      appendId(t, values[i]);
    free(values);
  } else if (a->prompt) {
    needByteModel("--prompt", instead);
    appendBytes(t, a->prompt, (int64_t)strlen(a->prompt));
  } else if (a->promptFile) {
    needByteModel("--prompt-file", instead);
    appendFile(t, a->promptFile);
  } else if (!a->stateIn || !isatty(STDIN_FILENO)) {
    needByteModel("a prompt from standard input", instead);
    appendFile(t, "-");
  }
}

// Text for byte models, else ids with spaces between; nothing under --json.
static void show(const Arguments *a, int64_t id, bool first) {
  if (a->common.json)
    return;
  if (a->tokens || !isByteModel())
    printf(first ? "%lld" : " %lld", (long long)id);
  else
    putchar((int)id);
  finishStandardOutput();
}

// Feeds all but the last of the tokens, in pieces.
static void prefill(Session *s, const Ids *t) {
  int64_t piece = rowsPerCallLast(MOST_ROWS, LOGITS_BYTES);
  for (int64_t at = 0; at < t->count - 1; at += piece)
    advanceOneLast(s, t->ids + at, t->count - 1 - at < piece ? t->count - 1 - at : piece);
}

static int32_t next(Session *s, const Arguments *a, int32_t last) {
  int32_t id = nextOne(s, last, &a->how);
  if (id < 0)
    fail(EXIT_INTERNAL, "the logits after %lld tokens hold a NaN or an infinity", (long long)s->lengths[0]);
  return id;
}

static double perSecond(int64_t count, double seconds) { return seconds > 0 ? (double)count / seconds : 0; }

static Measured run(Session *s, const Arguments *a, Ids *t) {
  Measured m = {t->count, 0, 0, 0};
  double start = secondsNow();
  prefill(s, t);
  double prefilled = secondsNow();
  for (; m.generated < a->maxTokens; ++m.generated) {
    appendId(t, next(s, a, t->ids[t->count - 1]));
    show(a, t->ids[t->count - 1], m.generated == 0);
  }
  m.prefillSeconds = prefilled - start;
  m.decodeSeconds = secondsNow() - prefilled;
  return m;
}

static void printObject(const Arguments *a, const Ids *t, const Measured *m) {
  const int32_t *ids = t->ids + m->prompt;
  printf("{\"prompt_tokens\": %lld, \"generated_tokens\": %lld, \"tokens\": [", (long long)m->prompt,
         (long long)m->generated);
  for (int64_t i = 0; i < m->generated; ++i)
    printf(i ? ", %d" : "%d", ids[i]);
  printf("]");
  if (isByteModel()) {
    char *text = allocate(m->generated + 1, "the text");
    for (int64_t i = 0; i < m->generated; ++i)
      text[i] = (char)ids[i];
    printf(", \"text\": ");
    printJsonText(stdout, text, m->generated);
    free(text);
  }
  printf(", \"temperature\": %.9g, \"seed\": %lld, \"prefill_seconds\": %.9g, \"decode_seconds\": %.9g, "
         "\"prefill_tokens_per_second\": %.6g, \"decode_tokens_per_second\": %.6g}\n",
         a->how.temperature, (long long)a->seed, m->prefillSeconds, m->decodeSeconds,
         perSecond(m->prompt - 1, m->prefillSeconds), perSecond(m->generated, m->decodeSeconds));
  finishStandardOutput();
}

static void report(const Arguments *a, const Ids *t, const Measured *m) {
  if (a->common.json)
    return printObject(a, t, m);
  if (m->generated && (a->tokens || !isByteModel() || isatty(STDOUT_FILENO)))
    putchar('\n');
  finishStandardOutput();
  fprintf(stderr, "prefill: %lld tokens, %.1f tokens/s; decode: %lld tokens, %.1f tokens/s\n", (long long)m->prompt - 1,
          perSecond(m->prompt - 1, m->prefillSeconds), (long long)m->generated,
          perSecond(m->generated, m->decodeSeconds));
}

static int runGenerate(int argc, char **argv);
const Command generateCommand = {
    "generate", "", "Continue a prompt and print the continuation as it is made.",
    "The prompt is the first of --tokens, --prompt, --prompt-file that is given, else standard input. Each token is\n"
    "drawn from (seed, position) alone: a text that is cut by --state-out and continued by --state-in with the same\n"
    "seed is the text without the cut. --temperature 0 takes the first of the largest logits.", runGenerate};

static Arguments parse(int argc, char **argv) {
  static Arguments a;
  a = (Arguments){.maxTokens = 256, .how = {0, 0, 1, 0}};
  const Option options[] = {
      {"prompt", "TEXT", OPTION_TEXT, &a.prompt, 0, 0, "what to continue"},
      {"prompt-file", "FILE", OPTION_TEXT, &a.promptFile, 0, 0, "a file that holds it; - is standard input"},
      {"tokens", "IDS", OPTION_TEXT, &a.tokens, 0, 0, "the prompt as ids, \"1,2,3\"; ids are printed then"},
      {"max-tokens", "N", OPTION_INTEGER, &a.maxTokens, 0, 1e15, "tokens to make (default 256)"},
      {"temperature", "T", OPTION_REAL, &a.how.temperature, 0, 1e6, "divides the logits; 0: the largest (default 0)"},
      {"top-k", "K", OPTION_INTEGER, &a.how.topK, 0, 1e9, "draw from the K likeliest; 0: all (default 0)"},
      {"top-p", "P", OPTION_REAL, &a.how.topP, 0, 1, "draw from the likeliest that hold P of the mass (default 1)"},
      {"seed", "N", OPTION_INTEGER, &a.seed, 0, 9e18, "of the draws (default 0)"},
      {"state-in", "FILE", OPTION_TEXT, &a.stateIn, 0, 0, "go on from a saved state; the prompt may be empty then"},
      {"state-out", "FILE", OPTION_TEXT, &a.stateOut, 0, 0, "save the state after the last token"}};
  parseOptions(&generateCommand, options, sizeof options / sizeof *options, &a.common, argc, argv, NULL, 0);
  a.how.seed = (uint64_t)a.seed;
  return a;
}

static int runGenerate(int argc, char **argv) {
  Arguments a = parse(argc, argv);
  Session s;
  Output out;
  Ids tokens = {NULL, 0, 0};
  openSession(&s, 1, a.common.threads);
  if (a.stateIn) {
    int64_t pending;
    loadState(&s, a.stateIn, &pending);
    if (pending >= 0)
      appendId(&tokens, pending);
  }
  appendPrompt(&tokens, &a);
  if (!tokens.count)
    fail(EXIT_USER, "the prompt is empty; give at least one byte to continue from");
  if (a.stateOut)
    openOutput(&out, a.stateOut);
  Measured m = run(&s, &a, &tokens);
  if (a.stateOut) {
    saveState(&s, &out, tokens.ids[tokens.count - 1]);
    finishOutput(&out);
  }
  report(&a, &tokens, &m);
  free(tokens.ids);
  closeSession(&s);
  return 0;
}
