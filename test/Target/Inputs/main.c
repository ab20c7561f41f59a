/* Stands for the main program and the run-time library: shows the schema, makes one call, prints a logit. */
#include "strand/abi.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
extern const strand_schema m_schema;
extern strand_advance_fn m_advance;
extern strand_sizes_fn m_sizes;
extern const char m_weights[] __attribute__((visibility("hidden")));

int main(void) {
  enum { ROWS = 2, LOGITS = 4 };
  printf("hash of %d digits, family '%s', needs '%s', report %s\n", (int)strlen(m_schema.hash), m_schema.family,
         m_schema.cpu_features, m_schema.report);
  printf("%ld bytes of weights, at a huge page: %d\n", (long)m_schema.weight_bytes, (uintptr_t)m_weights % (2 << 20) == 0);
  int32_t tokens[ROWS] = {1, 2}, offsets[2] = {0, ROWS}, slot = 0;
  float logits[ROWS * LOGITS];
  strand_sizes sizes;
  m_sizes(1, ROWS, 1, 0, &sizes);
  void *state = calloc(1, sizes.state_bytes), *scratch = malloc(sizes.scratch_bytes + 1);
  int status = m_advance(NULL, m_weights, state, &slot, tokens, offsets, 1, ROWS, 0, scratch, logits);
  printf("status %d, logits %g %g\n", status, logits[0], logits[LOGITS + 3]);
  free(state);
  free(scratch);
}
