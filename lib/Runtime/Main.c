// The program around one compiled model: picks the command, and refuses a machine that cannot run the model before any
// of its code is run.
#include "Program.h"
#include <string.h>

static const Command *const commands[] = {&generateCommand, &scoreCommand, &logitsCommand, &benchCommand, &infoCommand};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void printUsage(FILE *to) {
  fprintf(to, "usage: %s COMMAND [options]\n\nA compiled model (%s).\n\ncommands:\n", programName, m_schema.family);
  for (int i = 0; i < COMMANDS; ++i)
    fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
  if (*placeEnvironment)
    fprintf(to, "\n%s", placeEnvironment);
  fprintf(to, "\n%s COMMAND --help says what a command takes; --version says what this is.\n", programName);
}

static const Command *findCommand(const char *name) {
  for (int i = 0; i < COMMANDS; ++i)
    if (!strcmp(commands[i]->name, name))
      return commands[i];
  fail(EXIT_USAGE, "there is no command '%s'; see %s --help", name, programName);
}

static bool wantsHelp(int argc, char **argv) {
  for (int i = 0; i < argc; ++i)
    if (!strcmp(argv[i], "--help"))
      return true;
  return false;
}

static void checkMachine(void) {
  char missing[1024];
  if (m_schema.version != STRAND_ABI_VERSION)
    fail(EXIT_INTERNAL, "the model has calling convention %lld and this program %d", (long long)m_schema.version,
         STRAND_ABI_VERSION);
  if (!strand_rt_cpu_check(m_schema.cpu_features, missing, sizeof missing))
    fail(EXIT_USER,
         "this program was compiled for a CPU with %s; this one lacks %s; compile it with --cpu for this one",
         m_schema.cpu_features, missing);
}

int main(int argc, char **argv) {
  const char *slash = argc ? strrchr(argv[0], '/') : NULL;
  programName = slash ? slash + 1 : argc ? argv[0] : "model";
  dropOutputOnSignals();
  if (argc < 2) {
    printUsage(stderr);
    return EXIT_USAGE;
  }
  if (!strcmp(argv[1], "--help")) {
    printUsage(stdout);
    finishStandardOutput();
    return 0;
  }
  if (!strcmp(argv[1], "--version")) {
    printf("%s: %s model %s, strand %s\n", programName, m_schema.family, m_schema.hash, STRAND_VERSION);
    finishStandardOutput();
    return 0;
  }
  const Command *command = findCommand(argv[1]);
  if (command != &infoCommand && !wantsHelp(argc, argv))
    checkMachine();
  return command->run(argc - 2, argv + 2);
}
