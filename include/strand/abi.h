/* The calling convention of compiled models: what generated code, the run-time library and an embedder agree on.
 *
 * Rows: the tokens of all sequences of a call lie one after another; `offsets` (B+1 entries, `cu_seqlens` in papers)
 * says where each begins and ends. A sequence of length 0 is legal and leaves its state untouched. Sequence b reads
 * and writes state slot `slots[b]`.
 *
 * State block, 64-byte aligned, made by strand_rt_state_init:
 *     int64 slots; int64 cache_rows; int64 offset[schema->states];
 * and at `offset[e]` the entry e: `slots` items of strand_entry_bytes(e) bytes each, one after another.
 */
#ifndef STRAND_ABI_H
#define STRAND_ABI_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define STRAND_ABI_VERSION 1
#define STRAND_MAX_RANK 6

enum strand_type { STRAND_F32 = 0, STRAND_BF16 = 1, STRAND_F16 = 2, STRAND_I32 = 3, STRAND_I64 = 4, STRAND_F64 = 5,
                   STRAND_I8 = 6 };
enum strand_growth { STRAND_FIXED = 0, /* one item a slot */
                     STRAND_CACHE = 1, /* `cache_rows` items a slot; the run-time library grows it between calls */
                     STRAND_COUNT = 2  /* one i32 a slot: the rows that the slot's sequence has seen */ };

/* One carried value (an item of state) or one weight. */
typedef struct {
  const char *name;              /* path, e.g. "layers.0.linear_recurrence.h" */
  int64_t offset;                /* weight: from the start of the weights, 64-byte aligned; state: 0 */
  int64_t bytes;                 /* weight: all of it; state: one slot (STRAND_CACHE: one slot's one row) */
  int32_t type;                  /* enum strand_type */
  int32_t growth;                /* enum strand_growth */
  double initial;                /* state: the value every element has before the first row */
  int64_t rank, shape[STRAND_MAX_RANK]; /* without the slot dimension (and without the cache-row dimension) */
} strand_entry;

typedef struct {
  int64_t version;               /* STRAND_ABI_VERSION */
  int64_t vocabulary;            /* logits are [rows, vocabulary] f32; token ids are 0 .. vocabulary-1 */
  int64_t weight_bytes;
  int64_t states, weights;       /* how many entries follow */
  int64_t last_rows;             /* 1 if STRAND_LAST_ROWS is followed, 0 if calls give all rows all the same */
  const strand_entry *state, *weight;
  const char *hash;              /* 64 hex digits: of the model (weights, program), not of the machine or the form */
  const char *family;            /* e.g. "hgrn" */
  const char *cpu_features;      /* what the code needs, e.g. "avx2,fma" (names of __builtin_cpu_supports) */
  const char *report;            /* JSON object: sizes and the form chosen for every op; "{}" if none */
} strand_schema;

typedef struct { int64_t state_bytes, scratch_bytes, logits_bytes, weight_bytes; } strand_sizes;

/* What a call can answer. */
enum strand_status {
  STRAND_OK = 0,
  STRAND_ERROR_TOKEN = 1,    /* a token id is not in 0 .. vocabulary-1 */
  STRAND_ERROR_OFFSETS = 2,  /* offsets do not begin at 0, do not end at rows, or decrease */
  STRAND_ERROR_SLOT = 3,     /* a slot is outside the state block, or given twice */
  STRAND_ERROR_CAPACITY = 4, /* a sequence would not fit in its cache (grow the state first), or be too long to count */
  STRAND_ERROR_SAVED = 5,    /* bytes are not a saved state of this model; a message says why */
  STRAND_ERROR_DEVICE = 6    /* the GPU refused something; strand_rt_gpu_problem says what */
};

typedef struct strand_rt_ctx strand_rt_ctx; /* threads of a caller; NULL: run on the calling thread */

/* Flags of a call. */
enum strand_flags {
  STRAND_LAST_ROWS = 1 /* logits: [sequences, vocabulary], for the last row of each sequence that has one; what
                          stands there for a sequence without rows has no meaning */
};

/* A compiled model with prefix m. Thread-safe on distinct state blocks and scratch.
 * weights: 64-byte aligned, schema.weight_bytes. scratch: 64-byte aligned, strand_sizes.scratch_bytes.
 * logits: [rows, vocabulary] f32 (see STRAND_LAST_ROWS). Nothing is written when the answer is not STRAND_OK. */
typedef int32_t strand_advance_fn(strand_rt_ctx *ctx, const void *weights, void *state, const int32_t *slots,
                                  const int32_t *tokens, const int32_t *offsets, int64_t sequences, int64_t rows,
                                  uint32_t flags, void *scratch, float *logits);
/* Bytes needed for a state block of `slots` slots with `cache_rows` rows a cache, and for a call of that size. */
typedef int32_t strand_sizes_fn(int64_t sequences, int64_t rows, int64_t slots, int64_t cache_rows, strand_sizes *out);

/* ---- what compiled code calls in the run-time library ---- */

/* Runs fn(args, i) for i in 0 .. n-1, on the threads of ctx and the calling one; returns when all are done. */
void strand_rt_parallel_for(strand_rt_ctx *ctx, int64_t n, void (*fn)(void *args, int64_t i), void *args);
/* How many threads strand_rt_parallel_for has, at least 1. */
int64_t strand_rt_threads(const strand_rt_ctx *ctx);
/* Checks a call's arguments before compiled code sees them. */
int32_t strand_rt_check(const strand_schema *schema, const void *state, const int32_t *slots, const int32_t *tokens,
                        const int32_t *offsets, int64_t sequences, int64_t rows);

/* ---- what callers use ---- */

/* threads < 1: as many as there are processors. NULL only when memory is short. */
strand_rt_ctx *strand_rt_create(int32_t threads);
void strand_rt_destroy(strand_rt_ctx *ctx);
/* Bytes of one slot of a state entry. */
static inline int64_t strand_entry_bytes(const strand_entry *e, int64_t cache_rows) {
  return e->growth == STRAND_CACHE ? e->bytes * cache_rows : e->bytes;
}
/* Bytes of a whole state block; the same figure as strand_sizes.state_bytes. */
int64_t strand_rt_state_bytes(const strand_schema *schema, int64_t slots, int64_t cache_rows);
/* Writes the header and the initial values of all slots. */
void strand_rt_state_init(const strand_schema *schema, void *state, int64_t slots, int64_t cache_rows);
/* Puts one slot back to its initial values; copies one slot onto another (fork). */
void strand_rt_state_reset(const strand_schema *schema, void *state, int64_t slot);
void strand_rt_state_copy(const strand_schema *schema, void *to, int64_t to_slot, const void *from, int64_t from_slot);
/* Growth of caches: make a block of more cache rows, init it, and copy each slot; of a cache the rows that both blocks
 * hold are copied. A cache needs as many rows as its longest sequence will have seen after the next call. */

/* A state as bytes, tied to the model by its hash; independent of slots, capacity, form, threads and device. `lengths`:
 * the rows that each of the sequences has seen. `pending`: for each the token given but not seen yet, -1 if none; may
 * be NULL. Returns the bytes needed (nothing is written if `size` is less), -1 if they cannot be counted. */
int64_t strand_rt_state_save(const strand_schema *schema, const void *state, const int32_t *slots,
                             const int64_t *lengths, const int64_t *pending, int64_t sequences, void *out,
                             int64_t size);
/* Checks saved bytes in full and says how many sequences they hold and the rows of the longest. On
 * STRAND_ERROR_SAVED `why` says what is wrong, as the end of a sentence. */
int32_t strand_rt_state_inspect(const strand_schema *schema, const void *bytes, int64_t size, int64_t *sequences,
                                int64_t *longest, char *why, int64_t why_size);
/* Puts saved sequences into `slots` of a block that holds `longest` cache rows. */
int32_t strand_rt_state_load(const strand_schema *schema, const void *bytes, int64_t size, void *state,
                             const int32_t *slots, int64_t *lengths, int64_t *pending, char *why, int64_t why_size);

/* 1 if this machine has all of `needed` (see cpu_features), else 0 and the names that it lacks or that are unknown. To
 * be asked before compiled code runs; it also asks the operating system for tile registers. */
int32_t strand_rt_cpu_check(const char *needed, char *missing, int64_t size);

/* ---- models compiled with --target=nvptx ----
 *
 * Their code for the host has the same three symbols, and m_device and m_choose beside them. What m_advance is called
 * with lies where it is used: weights, scratch, logits and the entries of a state in memory of the device, tokens,
 * offsets, slots and the head of a state (made by strand_rt_gpu_state_create) in that of the host; ctx is what
 * strand_rt_gpu_create answered. m_advance returns when the work is on its way: strand_rt_gpu_read and _wait wait for
 * it. One thread at a time uses a ctx.
 *
 * Functions that return int32_t answer STRAND_OK or STRAND_ERROR_DEVICE; after an error all of them do, and
 * strand_rt_gpu_problem says what the first one was. */

enum strand_image_format { STRAND_CUBIN = 0, STRAND_PTX = 1 };
/* The kernels as code for one kind of GPU. */
typedef struct {
  const char *chip;              /* e.g. "sm_90a" */
  int64_t format;                /* enum strand_image_format */
  int64_t bytes;
  const void *data;
} strand_image;
typedef struct {
  int64_t version;               /* STRAND_ABI_VERSION */
  int64_t kernels;
  const char *const *kernel;     /* names, in the order of their numbers */
  int64_t images;
  const strand_image *image;
} strand_device_code;

/* How the next token of one sequence is chosen on a device. Since 0.1. */
typedef struct {
  double scale;                  /* 2^32 log2(e) / temperature, at most 1e300 */
  int64_t top_k;                 /* keep so many of the likeliest: 1 to the vocabulary, which is all */
  int64_t top_p;                 /* of them the fewest likeliest that hold this share, in 2^-32; 2^32: all */
  uint64_t seed;                 /* the draw depends on it and the position alone */
  int64_t position;              /* the rows that the sequence has seen; negative: it has stopped, and its id is -1 */
} strand_choice;
/* The settings of strand_sample (strand.h) for the sequence's next token. Since 0.1. */
strand_choice strand_rt_choice(double temperature, int64_t top_k, double top_p, uint64_t seed, int64_t position,
                               int64_t vocabulary);
/* What the rows of a call need; a row may need less. */
enum strand_choices {
  STRAND_CHOOSE_LARGEST = 0,     /* the first of the largest logits; `how` is not read */
  STRAND_CHOOSE_ALL = 1,         /* a draw from all tokens; top_k and top_p are not read */
  STRAND_CHOOSE_RANK = 2,        /* from what top_k leaves; top_p is not read */
  STRAND_CHOOSE_MASS = 3,        /* from what top_p leaves; top_k is not read */
  STRAND_CHOOSE_BOTH = 4
};
/* m_choose: the next id of each of `sequences` rows of logits, -1 where one is NaN or +inf or all are -inf. All
 * pointers but ctx are to memory of the device; scratch is as m_sizes says for so many sequences. As m_advance, it
 * returns when the work is on its way: STRAND_OK or STRAND_ERROR_DEVICE. The host's choice from the same logits is the
 * same. Since 0.1. */
typedef int32_t strand_choose_fn(strand_rt_ctx *ctx, const float *logits, const strand_choice *how, int64_t sequences,
                                 int32_t which, void *scratch, int32_t *ids);

/* Opens the first GPU and loads the image that fits it. NULL if there is no GPU, or its driver cannot run the code:
 * `why` is then one sentence. Needs no CUDA when a program is linked; the driver's libcuda.so.1 is looked for here. */
strand_rt_ctx *strand_rt_gpu_create(const strand_device_code *code, char *why, int64_t why_size);
void strand_rt_gpu_destroy(strand_rt_ctx *ctx);
/* E.g. "NVIDIA H100 80GB HBM3 (sm_90)". */
const char *strand_rt_gpu_name(const strand_rt_ctx *ctx);
const char *strand_rt_gpu_problem(const strand_rt_ctx *ctx);
/* What computed the products that a library may do, as in "cuBLASLt 13.0.2" or "own kernels: STRAND_CUBLASLT is off";
 * empty before the first of them. `problem`, if not NULL, becomes 1 if own kernels did what the library was to do: it
 * failed, or the file that STRAND_CUBLASLT names is none. Since 0.1. */
const char *strand_rt_gpu_products(const strand_rt_ctx *ctx, int32_t *problem);
/* Memory of the device, aligned to 256 bytes; NULL if there is not enough. */
void *strand_rt_gpu_allocate(strand_rt_ctx *ctx, int64_t bytes);
void strand_rt_gpu_free(strand_rt_ctx *ctx, void *memory);
/* Host to device, device to host, within the device; in the order of calls. */
int32_t strand_rt_gpu_write(strand_rt_ctx *ctx, void *to, const void *from, int64_t bytes);
int32_t strand_rt_gpu_read(strand_rt_ctx *ctx, void *to, const void *from, int64_t bytes);
int32_t strand_rt_gpu_move(strand_rt_ctx *ctx, void *to, const void *from, int64_t bytes);
int32_t strand_rt_gpu_wait(strand_rt_ctx *ctx);
/* Seconds of the device between the two calls, waiting for the second. */
int32_t strand_rt_gpu_clock_start(strand_rt_ctx *ctx);
double strand_rt_gpu_clock_stop(strand_rt_ctx *ctx);
/* A state block: its head on the host, its entries on the device; strand_rt_state_item and strand_rt_check know it, and
 * nothing else that takes a state does. All slots hold the initial values. NULL if memory is short. */
void *strand_rt_gpu_state_create(strand_rt_ctx *ctx, const strand_schema *schema, int64_t slots, int64_t cache_rows);
void strand_rt_gpu_state_destroy(strand_rt_ctx *ctx, void *state);
/* Copies a slot of a block on the host (strand_rt_state_init) to one on the device, and the other way round. Both hold
 * the same number of cache rows. */
int32_t strand_rt_gpu_state_write(strand_rt_ctx *ctx, const strand_schema *schema, void *to, int64_t to_slot,
                                  const void *from, int64_t from_slot);
int32_t strand_rt_gpu_state_read(strand_rt_ctx *ctx, const strand_schema *schema, void *to, int64_t to_slot,
                                 const void *from, int64_t from_slot);
/* As strand_rt_state_copy, within the device. */
int32_t strand_rt_gpu_state_copy(strand_rt_ctx *ctx, const strand_schema *schema, void *to, int64_t to_slot,
                                 const void *from, int64_t from_slot);

/* What compiled code calls. Asks for kernel number `kernel`; `cells` holds its arguments, 8 bytes each. */
void strand_rt_launch(strand_rt_ctx *ctx, int64_t kernel, int64_t blocks, int64_t threads, int64_t shared_bytes,
                      void *cells, int64_t count);
/* Makes a tensor map of 128 bytes, the kernel's last argument, of a row-major matrix of bf16 on the device: the copy engine
 * takes boxes of it to shared memory, with the swizzle of their rows' bytes. `columns` are a multiple of 8. */
void strand_rt_boxes(strand_rt_ctx *ctx, void *map, const void *matrix, int64_t rows, int64_t columns, int64_t box_rows,
                     int64_t box_columns);
/* result[m, n] = sum_k rows[m, k] matrix[n, k] of bf16, summed up in f32, by NVIDIA's cuBLASLt, which is looked for when
 * this is first called for `from` rows or more. Strides are elements from row to row; `type` is that of the result,
 * STRAND_F32 or STRAND_BF16. With `adds`, what is in the result, of f32, is added. 0: the product is on its way, as what
 * strand_rt_launch is asked for; 1: it is left to the caller, and nothing was written. */
int64_t strand_rt_library_product(strand_rt_ctx *ctx, const void *rows, const void *matrix, void *result, int64_t m,
                                  int64_t n, int64_t k, int64_t row_stride, int64_t matrix_stride,
                                  int64_t result_stride, int64_t type, int64_t adds, int64_t from);
/* Copies what a call was given to the device: `placed` becomes the addresses of slots, tokens and offsets there. */
void strand_rt_gpu_inputs(strand_rt_ctx *ctx, const int32_t *slots, const int32_t *tokens, const int32_t *offsets,
                          int64_t sequences, int64_t rows, void **placed);
/* Sends the launches of a call to the device, which wait until all are there; whether all went well. */
int32_t strand_rt_gpu_status(strand_rt_ctx *ctx);
/* As strand_rt_check, of a state made by strand_rt_gpu_state_create; counts the rows of the call as seen. */
int32_t strand_rt_gpu_check(const strand_schema *schema, void *state, const int32_t *slots, const int32_t *tokens,
                            const int32_t *offsets, int64_t sequences, int64_t rows);

#ifdef __cplusplus
}
#endif
#endif
