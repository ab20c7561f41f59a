// libstrand_external.a, linked before libstrand_main.a where weights are not in the program: they are in the file
// PROGRAM.weights beside it, or in the one that the environment names.
#define _GNU_SOURCE
#include "Program.h"
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char variable[] = "STRAND_WEIGHTS";

// Whole, read-only, at a page; the bytes are read when they are used.
static const void *map(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (file < 0 || fstat(file, &status))
    failErrno("open the weights", path);
  if (status.st_size != m_schema.weight_bytes)
    fail(EXIT_USER, "%s has %lld bytes; the weights of this model have %lld, so it is the file of another", path,
         (long long)status.st_size, (long long)m_schema.weight_bytes);
  if (status.st_size == 0)
    return variable; // never read
  void *weights = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  if (weights == MAP_FAILED)
    failErrno("map the weights", path);
  close(file);
  return weights;
}

const void *modelWeights(void) {
  static const void *weights; // a program has one thread when it first asks
  if (weights)
    return weights;
  const char *named = getenv(variable);
  char path[PATH_MAX + sizeof ".weights"];
  ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
  if (!named && length < 0)
    failErrno("find", "/proc/self/exe");
  if (!named)
    strcpy(path + length, ".weights");
  return weights = map(named ? named : path);
}
