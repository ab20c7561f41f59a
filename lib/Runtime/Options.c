// Command lines: --name VALUE, --name=VALUE, flags, operands; --help made of the same table.
#include "Program.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void wrongUse(const Command *c, const char *problem, const char *what, int length) {
  fail(EXIT_USAGE, "%s '%.*s'; see %s %s --help", problem, length, what, programName, c->name);
}

static void printOption(const Option *o) {
  char head[64];
  snprintf(head, sizeof head, "--%s%s%s", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
  printf("  %-22s %s\n", head, o->help);
}

static void printHelp(const Command *c, const Option *options, int count) {
  printf("usage: %s %s [options]%s%s\n\n%s\n\noptions:\n", programName, c->name, *c->operands ? " " : "", c->operands,
         c->summary);
  for (int i = 0; i < count; ++i)
    printOption(&options[i]);
  if (*c->notes)
    printf("\n%s\n", c->notes);
}

static bool parseInteger(const char *text, const char **end, int64_t *v) {
  char *stop;
  errno = 0;
  *v = strtoll(text, &stop, 10);
  *end = stop;
  return stop != text && !errno;
}

static _Noreturn void badValue(const Option *o, const char *text) {
  if (o->kind == OPTION_INTEGER)
    fail(EXIT_USAGE, "--%s: '%s' is not a whole number of %.0f to %.0f", o->name, text, o->least, o->most);
  fail(EXIT_USAGE, "--%s: '%s' is not a number of %g to %g", o->name, text, o->least, o->most);
}

static void setOption(const Option *o, const char *text) {
  const char *end = text;
  char *stop;
  switch (o->kind) {
  case OPTION_FLAG:
    *(bool *)o->value = true;
    return;
  case OPTION_TEXT:
    *(const char **)o->value = text;
    return;
  case OPTION_INTEGER: {
    int64_t v;
    if (!parseInteger(text, &end, &v) || *end || (double)v < o->least || (double)v > o->most)
      badValue(o, text);
    *(int64_t *)o->value = v;
    return;
  }
  case OPTION_REAL: {
    double v = strtod(text, &stop);
    if (stop == text || *stop || !isfinite(v) || v < o->least || v > o->most)
      badValue(o, text);
    *(double *)o->value = v;
    return;
  }
  }
}

static const Option *findOption(const Option *options, int count, const char *name, size_t length) {
  for (int i = 0; i < count; ++i)
    if (strlen(options[i].name) == length && !memcmp(options[i].name, name, length))
      return &options[i];
  return NULL;
}

// Reads the option at argv[i]; returns the index of the last word that it used.
static int parseOption(const Command *c, const Option *options, int count, int argc, char **argv, int i) {
  const char *name = argv[i] + 2, *equals = strchr(name, '=');
  size_t length = equals ? (size_t)(equals - name) : strlen(name);
  const Option *o = findOption(options, count, name, length);
  if (!o)
    wrongUse(c, "there is no option", argv[i], (int)length + 2);
  if (o->kind == OPTION_FLAG && equals)
    fail(EXIT_USAGE, "--%s takes no value", o->name);
  if (o->kind != OPTION_FLAG && !equals && i + 1 == argc)
    fail(EXIT_USAGE, "--%s needs a value: %s", o->name, o->argument);
  const char *value = equals ? equals + 1 : o->kind == OPTION_FLAG ? "" : argv[++i];
  setOption(o, value);
  return i;
}

int parseOptions(const Command *c, const Option *own, int ownCount, Common *common, int argc, char **argv,
                 const char **operands, int most) {
  enum { ROOM = 32 };
  bool help = false;
  Option options[ROOM];
  const Option shared[] = {
      {"threads", "N", OPTION_INTEGER, &common->threads, 1, 1024, "threads to compute with (default: all processors)"},
      {"json", NULL, OPTION_FLAG, &common->json, 0, 0, "print one JSON object and nothing else on standard output"},
      {"help", NULL, OPTION_FLAG, &help, 0, 0, "print this and end"}};
  enum { SHARED = sizeof shared / sizeof *shared };
  int found = 0, count = 0;
  while (count < ownCount) // `own` may be NULL
    options[count] = own[count], ++count;
  memcpy(options + ownCount, shared, sizeof shared);
  count += SHARED;
  bool onlyOperands = false;
  for (int i = 0; i < argc; ++i) {
    if (!onlyOperands && !strcmp(argv[i], "--"))
      onlyOperands = true;
    else if (!onlyOperands && !strncmp(argv[i], "--", 2))
      i = parseOption(c, options, count, argc, argv, i);
    else if (!onlyOperands && argv[i][0] == '-' && argv[i][1])
      wrongUse(c, "there is no option", argv[i], (int)strlen(argv[i]));
    else if (found == most)
      wrongUse(c, "there is no use for", argv[i], (int)strlen(argv[i]));
    else
      operands[found++] = argv[i];
  }
  if (help) {
    printHelp(c, options, count);
    finishStandardOutput();
    exit(0);
  }
  return found;
}

int64_t parseList(const char *option, const char *text, int64_t least, int64_t most, int64_t **values) {
  int64_t count = 1, found = 0;
  for (const char *at = text; *at; ++at)
    count += *at == ',';
  *values = allocate(product(count, sizeof(int64_t), option), option);
  for (const char *at = text; *at;) {
    int64_t v;
    if (!parseInteger(at, &at, &v) || (*at && *at != ',') || (*at == ',' && !at[1]))
      fail(EXIT_USAGE, "%s: '%s' is not a list of whole numbers with commas between", option, text);
    if (v < least || v > most)
      fail(EXIT_USER, "%s: %lld is outside %lld to %lld", option, (long long)v, (long long)least, (long long)most);
    (*values)[found++] = v;
    at += *at == ',';
  }
  return found;
}
