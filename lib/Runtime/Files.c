// Files in and out. An output is written beside its name and renamed when it is complete; it is removed if the program
// fails or is interrupted before that.
#define _GNU_SOURCE
#include "Program.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

FILE *openInput(const char *path) {
  if (!strcmp(path, "-"))
    return stdin;
  FILE *f = fopen(path, "rb");
  struct stat status;
  if (!f)
    failErrno("read", path);
  if (!fstat(fileno(f), &status) && S_ISDIR(status.st_mode))
    fail(EXIT_USER, "cannot read %s: it is a folder", path);
  return f;
}

char *readFile(const char *path, int64_t *size) {
  FILE *f = openInput(path);
  int64_t room = 1 << 16, used = 0;
  char *bytes = allocate(room, path);
  for (size_t got; (got = fread(bytes + used, 1, (size_t)(room - used - 1), f)) > 0;) {
    used += (int64_t)got;
    if (used < room - 1)
      continue;
    room = product(room, 2, path);
    char *larger = allocate(room, path);
    memcpy(larger, bytes, (size_t)used);
    free(bytes);
    bytes = larger;
  }
  if (ferror(f))
    failErrno("read", path);
  if (f != stdin)
    fclose(f);
  bytes[used] = 0;
  *size = used;
  return bytes;
}

// ---- outputs ----

static char *volatile unfinished; // the file to remove if the program ends now

void dropUnfinishedOutput(void) {
  if (unfinished)
    unlink(unfinished);
}

static void dropAndEnd(int signal) {
  dropUnfinishedOutput();
  raise(signal); // the handler is reset on entry, so this ends the program as the signal would have
}

void dropOutputOnSignals(void) {
  struct sigaction action = {.sa_handler = dropAndEnd, .sa_flags = SA_RESETHAND | SA_NODEFER};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
  signal(SIGXFSZ, SIG_IGN); // a file over the limit is then an error of write
}

static bool isDevice(const char *path) {
  struct stat status;
  return !stat(path, &status) && !S_ISREG(status.st_mode);
}

void openOutput(Output *o, const char *path) {
  *o = (Output){-1, isDevice(path), path, NULL};
  if (o->direct) {
    o->file = open(path, O_WRONLY | O_CLOEXEC);
    if (o->file < 0)
      failErrno("write", path);
    return;
  }
  int64_t room = (int64_t)strlen(path) + 32;
  o->beside = allocate(room, path);
  snprintf(o->beside, (size_t)room, "%s.%ld.part", path, (long)getpid());
  o->file = open(o->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (o->file < 0)
    failErrno("write", path);
  unfinished = o->beside;
}

void writeOutputAt(Output *o, const void *bytes, int64_t count, int64_t at) {
  for (int64_t done = 0; done < count;) {
    const char *from = (const char *)bytes + done;
    size_t rest = (size_t)(count - done);
    ssize_t wrote = o->direct ? write(o->file, from, rest) : pwrite(o->file, from, rest, at + done);
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote < 0)
      failErrno("write", o->path);
    done += wrote;
  }
}

void finishOutput(Output *o) {
  if (close(o->file))
    failErrno("write", o->path);
  if (!o->direct && rename(o->beside, o->path))
    failErrno("write", o->path);
  unfinished = NULL;
  free(o->beside);
}
