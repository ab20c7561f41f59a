// What the processor can do, read from it directly: a compiled program must refuse by a message, not by a fault, and
// must not need a compiler's support library for that. Names are those of __builtin_cpu_supports.
#define _GNU_SOURCE
#include "Runtime.h"
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __x86_64__
#include <cpuid.h>

enum { EAX, EBX, ECX, EDX };
// State that the operating system must save for a feature to be usable: bits of XCR0.
enum { NONE = 0, YMM = 0x6, ZMM = 0xe6, TILE = 0x60000 };

static const struct {
  const char *name;
  uint32_t leaf;
  uint8_t subleaf, word, bit;
  uint32_t saved;
} features[] = {
    {"cmov", 1, 0, EDX, 15, NONE},         {"mmx", 1, 0, EDX, 23, NONE},
    {"sse", 1, 0, EDX, 25, NONE},          {"sse2", 1, 0, EDX, 26, NONE},
    {"sse3", 1, 0, ECX, 0, NONE},          {"pclmul", 1, 0, ECX, 1, NONE},
    {"ssse3", 1, 0, ECX, 9, NONE},         {"fma", 1, 0, ECX, 12, YMM},
    {"sse4.1", 1, 0, ECX, 19, NONE},       {"sse4.2", 1, 0, ECX, 20, NONE},
    {"movbe", 1, 0, ECX, 22, NONE},        {"popcnt", 1, 0, ECX, 23, NONE},
    {"aes", 1, 0, ECX, 25, NONE},          {"avx", 1, 0, ECX, 28, YMM},
    {"f16c", 1, 0, ECX, 29, YMM},          {"bmi", 7, 0, EBX, 3, NONE},
    {"avx2", 7, 0, EBX, 5, YMM},           {"bmi2", 7, 0, EBX, 8, NONE},
    {"avx512f", 7, 0, EBX, 16, ZMM},       {"avx512dq", 7, 0, EBX, 17, ZMM},
    {"adx", 7, 0, EBX, 19, NONE},          {"avx512ifma", 7, 0, EBX, 21, ZMM},
    {"avx512cd", 7, 0, EBX, 28, ZMM},      {"sha", 7, 0, EBX, 29, NONE},
    {"avx512bw", 7, 0, EBX, 30, ZMM},      {"avx512vl", 7, 0, EBX, 31, ZMM},
    {"avx512vbmi", 7, 0, ECX, 1, ZMM},     {"avx512vbmi2", 7, 0, ECX, 6, ZMM},
    {"gfni", 7, 0, ECX, 8, NONE},          {"vaes", 7, 0, ECX, 9, YMM},
    {"vpclmulqdq", 7, 0, ECX, 10, YMM},    {"avx512vnni", 7, 0, ECX, 11, ZMM},
    {"avx512bitalg", 7, 0, ECX, 12, ZMM},  {"avx512vpopcntdq", 7, 0, ECX, 14, ZMM},
    {"amx-bf16", 7, 0, EDX, 22, TILE},     {"avx512fp16", 7, 0, EDX, 23, ZMM},
    {"amx-tile", 7, 0, EDX, 24, TILE},     {"amx-int8", 7, 0, EDX, 25, TILE},
    {"avxvnni", 7, 1, EAX, 4, YMM},        {"avx512bf16", 7, 1, EAX, 5, ZMM},
    {"amx-fp16", 7, 1, EAX, 21, TILE},     {"avxifma", 7, 1, EAX, 23, YMM},
    {"avxvnniint8", 7, 1, EDX, 4, YMM},    {"avxneconvert", 7, 1, EDX, 5, YMM},
    {"lzcnt", 0x80000001, 0, ECX, 5, NONE}, {"sse4a", 0x80000001, 0, ECX, 6, NONE},
    {"fma4", 0x80000001, 0, ECX, 16, YMM},
};
enum { FEATURES = sizeof features / sizeof *features };

// Which states the operating system saves; 0 where it does not say.
static uint32_t savedStates(void) {
  uint32_t r[4], low, high;
  if (!__get_cpuid(1, &r[EAX], &r[EBX], &r[ECX], &r[EDX]) || !(r[ECX] >> 27 & 1))
    return 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

// Linux gives tile registers only to processes that ask for them.
static bool mayUseTiles(void) {
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
  return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

static bool isPresent(int i) {
  uint32_t r[4], saved = features[i].saved;
  if (!__get_cpuid_count(features[i].leaf, features[i].subleaf, &r[EAX], &r[EBX], &r[ECX], &r[EDX]) ||
      !(r[features[i].word] >> features[i].bit & 1))
    return false;
  return saved == NONE || ((savedStates() & saved) == saved && (saved != TILE || mayUseTiles()));
}

static bool hasFeature(const char *name, size_t length) {
  for (int i = 0; i < FEATURES; ++i)
    if (strlen(features[i].name) == length && !memcmp(features[i].name, name, length))
      return isPresent(i);
  return false;
}

int32_t strand_rt_cpu_names(const char **names, int32_t most) {
  int32_t count = 0;
  for (int i = 0; i < FEATURES && count < most; ++i)
    if (isPresent(i))
      names[count++] = features[i].name;
  return count;
}
#else
static bool hasFeature(const char *name, size_t length) { return (void)name, (void)length, false; }
int32_t strand_rt_cpu_names(const char **names, int32_t most) { return (void)names, (void)most, 0; }
#endif

STRAND_VISIBLE int32_t strand_rt_cpu_check(const char *needed, char *missing, int64_t size) {
  int64_t used = 0;
  bool all = true;
  for (const char *at = needed; *at;) {
    size_t length = strcspn(at, ",");
    if (length && !hasFeature(at, length)) {
      int64_t comma = !all;
      all = false;
      if (used + comma + (int64_t)length < size) {
        memcpy(missing + used, ",", (size_t)comma);
        memcpy(missing + used + comma, at, length);
        used += comma + (int64_t)length;
      }
    }
    at += length + (at[length] == ',');
  }
  if (size > 0)
    missing[used] = 0;
  return all;
}
