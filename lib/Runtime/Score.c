// score: how well the model predicts a file of bytes.
//
// Whole: one sequence, in pieces of rows with the state carried, so any length fits. Windows: separate sequences, each
// from an empty state, several in one ragged call where they fit. The first byte of a sequence is not predicted, and is
// not counted. Losses are log-softmax in double, summed in the order of the bytes.
#define _GNU_SOURCE
#include "Program.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_ROWS = 2048, LOGITS_BYTES = 64 << 20, LOSSES_A_TASK = 64 };

typedef struct {
  FILE *file;
  const char *path;
  int64_t bytes; // of the file, 0 if unknown
  double shown;  // when the progress was last printed
  double nats;
  int64_t predicted, rows, windows;
} Scorer;

typedef struct {
  const float *logits;
  const int32_t *target; // -1: nothing to predict
  double *loss;
  int64_t rows;
} Losses;

static double lossOf(const float *logits, int64_t target) {
  double most = -INFINITY, sum = 0;
  for (int64_t i = 0; i < m_schema.vocabulary; ++i)
    most = logits[i] > most ? logits[i] : most;
  for (int64_t i = 0; i < m_schema.vocabulary; ++i)
    sum += exp(logits[i] - most);
  return most + log(sum) - logits[target];
}

static void computeLosses(void *opaque, int64_t task) {
  Losses *l = opaque;
  int64_t end = (task + 1) * LOSSES_A_TASK < l->rows ? (task + 1) * LOSSES_A_TASK : l->rows;
  for (int64_t i = task * LOSSES_A_TASK; i < end; ++i)
    l->loss[i] = l->target[i] < 0 ? 0 : lossOf(l->logits + i * m_schema.vocabulary, l->target[i]);
}

static void addLosses(Scorer *r, Session *s, Losses *l) {
  strand_rt_parallel_for(s->ctx, (l->rows + LOSSES_A_TASK - 1) / LOSSES_A_TASK, computeLosses, l);
  for (int64_t i = 0; i < l->rows; ++i) {
    r->nats += l->loss[i];
    r->predicted += l->target[i] >= 0;
  }
  r->rows += l->rows;
}

static void showProgress(Scorer *r, int64_t total) {
  double now = secondsNow();
  if (!isatty(STDERR_FILENO) || now - r->shown < 0.1)
    return;
  r->shown = now;
  enum { WIDTH = 30 };
  char bar[WIDTH + 1];
  for (int i = 0; i < WIDTH; ++i)
    bar[i] = total > 0 && r->rows * WIDTH > i * total ? '#' : '.';
  bar[WIDTH] = 0;
  fprintf(stderr, "\r[%s] %lld bytes, %.4f nats a byte", bar, (long long)r->rows,
          r->predicted ? r->nats / (double)r->predicted : 0);
}

static void clearProgress(void) {
  if (isatty(STDERR_FILENO))
    fprintf(stderr, "\r%79s\r", "");
}

static int64_t readBytes(Scorer *r, unsigned char *into, int64_t count) {
  size_t got = fread(into, 1, (size_t)count, r->file);
  if (ferror(r->file))
    failErrno("read", r->path);
  return (int64_t)got;
}

// Buffers for calls of `rows` rows.
typedef struct {
  unsigned char *bytes; // one more than rows: the byte after the last row is its target
  int32_t *token, *target;
  double *loss;
} Buffers;

static Buffers makeBuffers(int64_t rows) {
  Buffers b;
  b.bytes = allocate(rows + 1, "the bytes of a call");
  b.token = allocate(product(rows, sizeof(int32_t), "the tokens of a call"), "the tokens of a call");
  b.target = allocate(product(rows, sizeof(int32_t), "the tokens of a call"), "the tokens of a call");
  b.loss = allocate(product(rows, sizeof(double), "the losses of a call"), "the losses of a call");
  return b;
}

static void freeBuffers(Buffers *b) {
  free(b->bytes);
  free(b->token);
  free(b->target);
  free(b->loss);
}

static void scoreWhole(Scorer *r, Session *s, int64_t piece) {
  Buffers b = makeBuffers(piece);
  int64_t have = readBytes(r, b.bytes, 1);
  for (;;) {
    have += readBytes(r, b.bytes + have, piece + 1 - have);
    int64_t rows = have - 1; // the last byte is only predicted; if more follow, it is the next piece's first
    if (rows < 1)
      break;
    for (int64_t i = 0; i < rows; ++i) {
      b.token[i] = b.bytes[i];
      b.target[i] = b.bytes[i + 1];
    }
    Losses l = {advanceOne(s, b.token, rows), b.target, b.loss, rows};
    addLosses(r, s, &l);
    b.bytes[0] = b.bytes[rows];
    have = 1;
    showProgress(r, r->bytes);
  }
  freeBuffers(&b);
}

// One call for `count` windows: columns `from` to `to` of each. `bytes` holds the windows one after another.
static void scoreColumns(Scorer *r, Session *s, Buffers *b, int64_t window, int64_t count, int64_t from, int64_t to) {
  int32_t *slots = allocate(count * 4, "slots"), *offsets = allocate(count * 4 + 4, "offsets");
  int64_t rows = 0;
  for (int64_t w = 0; w < count; ++w) {
    slots[w] = (int32_t)w;
    offsets[w] = (int32_t)rows;
    for (int64_t i = from; i < to; ++i, ++rows) {
      b->token[rows] = b->bytes[w * window + i];
      b->target[rows] = i + 1 < window ? b->bytes[w * window + i + 1] : -1;
    }
  }
  offsets[count] = (int32_t)rows;
  Losses l = {advance(s, slots, b->token, offsets, count, rows), b->target, b->loss, rows};
  addLosses(r, s, &l);
  free(slots);
  free(offsets);
}

// Windows one after another from the start of the file; a rest shorter than a window is left out.
static void scoreWindows(Scorer *r, Session *s, int64_t window, int64_t most, int64_t piece) {
  int64_t together = s->slots, room = product(together, window, "--window");
  Buffers b = makeBuffers(room);
  while (r->windows < most) {
    int64_t wanted = most - r->windows < together ? most - r->windows : together;
    int64_t count = readBytes(r, b.bytes, wanted * window) / window;
    if (!count)
      break;
    resetSession(s);
    int64_t columns = piece / count > 0 ? piece / count : 1;
    for (int64_t from = 0; from < window; from += columns)
      scoreColumns(r, s, &b, window, count, from, from + columns < window ? from + columns : window);
    r->windows += count;
    showProgress(r, most < INT64_MAX / window ? most * window : r->bytes);
  }
  freeBuffers(&b);
}

static void report(const Scorer *r, bool json, double seconds) {
  double nats = r->nats / (double)r->predicted, bits = nats / 0.69314718055994530942;
  double speed = seconds > 0 ? (double)r->rows / seconds : 0;
  if (json)
    printf("{\"nats_per_byte\": %.9g, \"bits_per_byte\": %.9g, \"nats\": %.12g, \"predicted_bytes\": %lld, "
           "\"rows\": %lld, \"windows\": %lld, \"seconds\": %.6g, \"tokens_per_second\": %.6g}\n",
           nats, bits, r->nats, (long long)r->predicted, (long long)r->rows, (long long)r->windows, seconds, speed);
  else
    printf("%.6f nats a byte, %.6f bits a byte, %lld bytes predicted, %.1f tokens/s\n", nats, bits,
           (long long)r->predicted, speed);
  finishStandardOutput();
}

static int runScore(int argc, char **argv);
const Command scoreCommand = {
    "score", "FILE", "Say how well the model predicts a file of bytes (- is standard input).",
    "Without --window the file is one sequence, fed in pieces of --rows with the state carried; its first byte is not\n"
    "predicted. With --window N it is cut into windows of N bytes from its start, each from an empty state and with "
    "its\n"
    "first byte not predicted; what is left after the last whole window is not used.",
    runScore};

static int runScore(int argc, char **argv) {
  int64_t window = 0, windows = INT64_MAX, rows = MOST_ROWS;
  Common common = {0, false};
  const char *path = NULL;
  const Option options[] = {
      {"window", "N", OPTION_INTEGER, &window, 2, 1 << 30, "score separate windows of N bytes"},
      {"windows", "K", OPTION_INTEGER, &windows, 1, 1e15, "the first K windows (default: all)"},
      {"rows", "N", OPTION_INTEGER, &rows, 1, 1 << 24, "rows a call at most (default 2048)"}};
  if (parseOptions(&scoreCommand, options, sizeof options / sizeof *options, &common, argc, argv, &path, 1) != 1)
    fail(EXIT_USAGE, "score needs a FILE; see %s score --help", programName);
  if (!window && windows != INT64_MAX)
    fail(EXIT_USAGE, "--windows needs --window");
  needByteModel("score", "score the logits that `logits` writes instead");
  struct stat status;
  Scorer r = {.path = path, .file = openInput(path)};
  r.bytes = !fstat(fileno(r.file), &status) && S_ISREG(status.st_mode) ? status.st_size : 0;
  int64_t piece = rowsPerCall(rows, LOGITS_BYTES), together = window && piece / window > 1 ? piece / window : 1;
  Session s;
  openSession(&s, together < windows ? together : windows, common.threads);
  double start = secondsNow();
  if (window)
    scoreWindows(&r, &s, window, windows, piece);
  else
    scoreWhole(&r, &s, piece);
  double seconds = secondsNow() - start;
  clearProgress();
  if (!r.predicted)
    fail(EXIT_USER, "%s: it is too short: at least %lld bytes are needed", path, (long long)(window ? window : 2));
  report(&r, common.json, seconds);
  closeSession(&s);
  return 0;
}
