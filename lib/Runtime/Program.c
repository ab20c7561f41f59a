// Errors, memory, time.
#define _GNU_SOURCE
#include "Program.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *programName = "model";

void fail(int code, const char *format, ...) {
  fflush(stdout); // what was said before the error stands before it
  fprintf(stderr, "%s: error: ", programName);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  dropUnfinishedOutput();
  exit(code);
}

void failErrno(const char *doing, const char *path) {
  fail(EXIT_USER, "cannot %s %s: %s", doing, path, strerror(errno));
}

void *allocate(int64_t bytes, const char *what) {
  enum { ALIGNMENT = 64 };
  int64_t rounded;
  void *p = NULL;
  if (bytes >= 0 && !__builtin_add_overflow(bytes, ALIGNMENT, &rounded) && rounded < PTRDIFF_MAX)
    p = aligned_alloc(ALIGNMENT, (size_t)(rounded / ALIGNMENT * ALIGNMENT));
  if (!p)
    fail(EXIT_USER, "no memory for %s: %lld bytes are needed; use fewer or shorter sequences", what,
         (long long)bytes);
  return p;
}

int64_t product(int64_t a, int64_t b, const char *what) {
  int64_t v;
  if (__builtin_mul_overflow(a, b, &v))
    fail(EXIT_USER, "%s: %lld times %lld does not fit in 64 bits", what, (long long)a, (long long)b);
  return v;
}

double secondsNow(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

bool isByteModel(void) { return m_schema.vocabulary == BYTES; }

void needByteModel(const char *option, const char *instead) {
  if (!isByteModel())
    fail(EXIT_USER, "%s needs a model of bytes, and this one has a vocabulary of %lld and no tokenizer in it; %s",
         option, (long long)m_schema.vocabulary, instead);
}

void finishStandardOutput(void) {
  if (fflush(stdout) || ferror(stdout))
    failErrno("write", "standard output");
}
