// info: what is in the program, and whether this machine can run it. Runs no compiled code.
#include "Program.h"
#include <string.h>

enum { MOST_NAMES = 64, MISSING_BYTES = 1024 };

static int64_t itemBytes(bool caches) { // of one sequence, over all entries that are caches or all others
  int64_t total = 0;
  for (int64_t e = 0; e < m_schema.states; ++e)
    if ((m_schema.state[e].growth == STRAND_CACHE) == caches)
      total += m_schema.state[e].bytes;
  return total;
}

static void printShape(const strand_entry *e, const char *separator) {
  for (int64_t d = 0; d < e->rank; ++d)
    printf("%s%lld", d ? separator : "", (long long)e->shape[d]);
}

static void printTextEntry(const strand_entry *e) {
  printf("  %-40s %-5s [", e->name, strand_rt_type_name(e->type));
  printShape(e, ", ");
  printf("]  %lld bytes a %s\n", (long long)e->bytes, e->growth == STRAND_CACHE ? "sequence and row" : "sequence");
}

static void printReport(void) {
  char why[256];
  Json *report = parseJson(m_schema.report, (int64_t)strlen(m_schema.report), why, sizeof why);
  if (!report)
    fail(EXIT_INTERNAL, "the model's report is wrong: %s", why);
  for (const Json *j = report->first; j; j = j->next)
    printf("  %s: %.*s\n", j->key ? j->key : "", (int)j->length, j->text);
  freeJson(report);
}

static void printText(const char *missing, bool runs) {
  printf("family       %s\nhash         %s\nvocabulary   %lld\nweights      %lld in %lld bytes\n", m_schema.family,
         m_schema.hash, (long long)m_schema.vocabulary, (long long)m_schema.weights, (long long)m_schema.weight_bytes);
  printf("CPU needs    %s\n", *m_schema.cpu_features ? m_schema.cpu_features : "nothing beyond the baseline");
  printf("this CPU     %s%s\n", runs ? "has all of it" : "lacks ", missing);
  printf("state        %lld entries, %lld bytes a sequence and %lld a sequence and row of caches\n",
         (long long)m_schema.states, (long long)itemBytes(false), (long long)itemBytes(true));
  for (int64_t e = 0; e < m_schema.states; ++e)
    printTextEntry(&m_schema.state[e]);
  printf("report\n");
  printReport();
}

static void printJsonString(const char *key, const char *text) {
  printf("\"%s\": ", key);
  printJsonText(stdout, text, (int64_t)strlen(text));
}

// "a,b" as ["a", "b"]
static void printJsonNames(const char *key, const char *names) {
  printf("\"%s\": [", key);
  for (const char *at = names; *at;) {
    size_t length = strcspn(at, ",");
    if (at != names)
      printf(", ");
    printJsonText(stdout, at, (int64_t)length);
    at += length + (at[length] == ',');
  }
  printf("]");
}

static void printPresent(void) {
  const char *names[MOST_NAMES];
  int32_t count = strand_rt_cpu_names(names, MOST_NAMES);
  printf("\"cpu_features_present\": [");
  for (int32_t i = 0; i < count; ++i)
    printf("%s\"%s\"", i ? ", " : "", names[i]);
  printf("]");
}

static const char *growthName(int32_t growth) {
  return growth == STRAND_CACHE ? "cache" : growth == STRAND_COUNT ? "count" : "fixed";
}

static void printJsonEntry(const strand_entry *e, bool first) {
  printf("%s\n  {", first ? "" : ",");
  printJsonString("name", e->name);
  printf(", \"type\": \"%s\", \"shape\": [", strand_rt_type_name(e->type));
  printShape(e, ", ");
  printf("], \"growth\": \"%s\", \"bytes\": %lld}", growthName(e->growth), (long long)e->bytes);
}

static void printObject(const char *missing, bool runs) {
  printf("{");
  printJsonString("program", programName);
  printf(", \"version\": \"%s\", \"abi_version\": %lld, ", STRAND_VERSION, (long long)m_schema.version);
  printJsonString("family", m_schema.family);
  printf(", ");
  printJsonString("hash", m_schema.hash);
  printf(", \"vocabulary\": %lld, \"weights\": %lld, \"weight_bytes\": %lld,\n ", (long long)m_schema.vocabulary,
         (long long)m_schema.weights, (long long)m_schema.weight_bytes);
  printJsonNames("cpu_features_needed", m_schema.cpu_features);
  printf(", ");
  printJsonNames("cpu_features_missing", missing);
  printf(", ");
  printPresent();
  printf(", \"runs_here\": %s,\n \"state_bytes_per_sequence\": %lld, \"cache_bytes_per_row\": %lld, \"state\": [",
         runs ? "true" : "false", (long long)itemBytes(false), (long long)itemBytes(true));
  for (int64_t e = 0; e < m_schema.states; ++e)
    printJsonEntry(&m_schema.state[e], e == 0);
  printf("],\n \"report\": %s}\n", m_schema.report);
}

static int runInfo(int argc, char **argv);
const Command infoCommand = {"info", "", "Say what this program is: model, sizes, forms chosen, CPU features, state.",
                             "Bytes of a cache entry are for one sequence and one row.", runInfo};

static int runInfo(int argc, char **argv) {
  Common common = {0, false};
  parseOptions(&infoCommand, NULL, 0, &common, argc, argv, NULL, 0);
  char missing[MISSING_BYTES];
  bool runs = strand_rt_cpu_check(m_schema.cpu_features, missing, sizeof missing);
  if (common.json)
    printObject(missing, runs);
  else
    printText(missing, runs);
  finishStandardOutput();
  return 0;
}
