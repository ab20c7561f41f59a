/* libstrand: the compiler inside another program. A checkpoint folder or a module of the strand dialect becomes machine
 * code in this process, which is called on the caller's own tensors.
 *
 *     strand_context   how code is made, and the threads that run it
 *     strand_model     what was compiled: a model (tokens -> logits), or any function over rows
 *     strand_state     what sequences carry from call to call
 *
 * Errors. A function that can fail returns NULL, or an error that the caller reads and frees; what it should have given
 * is then untouched. No error ends the process. A handle that is NULL is an error there; other functions take no NULL,
 * except those that free. While something compiles, the signals of a crash (SIGSEGV, SIGBUS, ...) are caught, so that a
 * crash of the compiler is an error as well; those of other threads go where they went before.
 *
 * Ownership. What a function gives through a pointer to a handle is the caller's, to be freed by the function of that
 * kind. Handles may be freed in any order: a model keeps what it needs of its context, a state what it needs of its
 * model. Arguments are read during the call and not kept. What is said to belong to a handle lives as long as it.
 *
 * Threads. Contexts and models do not change and may be used from any number of threads at once. A state is for one
 * thread at a time; a call on one that is in use elsewhere is an error. An error object is for one thread. After fork()
 * the child may not use handles of its parent.
 *
 * Rows, offsets, and the schema of a model are explained in strand/abi.h, tensors in strand/tensor.h.
 */
#ifndef STRAND_STRAND_H
#define STRAND_STRAND_H
#include <stdint.h>
#include <strand/abi.h>
#include <strand/tensor.h>
#ifdef __cplusplus
extern "C" {
#endif

#ifndef STRAND_API
#define STRAND_API __attribute__((visibility("default")))
#endif

typedef struct strand_error strand_error;
typedef struct strand_context strand_context;
typedef struct strand_model strand_model;
typedef struct strand_state strand_state;

/* ---- the library ---- */

/* The version of the library, as in "0.1.0". Since 0.1. Any thread. */
STRAND_API const char *strand_version(void);

/* ---- errors ---- */

enum strand_failure {
  STRAND_FAILED_ARGUMENT = 1,  /* what was passed is wrong; the message has the value and the limit */
  STRAND_FAILED_COMPILE = 2,   /* the input cannot be compiled; messages have file:line:col */
  STRAND_FAILED_STATE = 3,     /* bytes are damaged, or the state of another model */
  STRAND_FAILED_MEMORY = 4,    /* memory is short */
  STRAND_FAILED_INTERNAL = 5   /* a fault of the compiler */
};

/* enum strand_failure; 0 for NULL. Since 0.1. One thread at a time. */
STRAND_API int32_t strand_error_code(const strand_error *error);
/* For people, without a line break at its end. Belongs to the error. Since 0.1. One thread at a time. */
STRAND_API const char *strand_error_message(const strand_error *error);
/* Since 0.1. One thread at a time. */
STRAND_API void strand_error_free(strand_error *error);

/* ---- contexts ---- */

/* `options`: `count` words as on the command line of strandc, of those that say how code is made: "--cpu=x86-64-v3",
 * "--opt-level=0", "--form=step", "--strict"; and "--threads=N", threads of a call, 0 for as many as there are
 * processors (default). Gives *context to the caller. Since 0.1. Any thread. */
STRAND_API strand_error *strand_context_create(const char *const *options, int64_t count, strand_context **context);
/* Lets the caller's threads run what calls do, instead of threads of the context: `run` runs task(args, i) for i in
 * 0 .. n-1 on any threads and returns when all are done. It is called by the threads that call models, by one at a
 * time. `threads`: how many there are, at least 1. `pool` is handed to `run` and must last as long as the models.
 * Since 0.1. One thread, before the context is used. */
typedef void strand_run_tasks(void *pool, int64_t n, void (*task)(void *args, int64_t i), void *args);
STRAND_API strand_error *strand_context_use_pool(strand_context *context, int32_t threads, strand_run_tasks *run,
                                                 void *pool);
/* Since 0.1. Any thread, once. */
STRAND_API void strand_context_free(strand_context *context);

/* ---- compiling ---- */

/* Compiles what is at `path`: a checkpoint folder, or a module as text or bytecode.
 * `weights`: the safetensors file of a module's weights; NULL: none, or the folder's own.
 * `function`: what to compile of a module; NULL: @forward if there is one, else its only public function. @forward is a
 * model; every other name a function over rows: arguments and results of type tensor<?x...> are rows, other arguments
 * static tensors that each call passes, and one tensor<?xi32> the offsets if an op reads them as such.
 * `context`: NULL: defaults. Gives *model to the caller. Since 0.1. Any thread; compilations run side by side. */
STRAND_API strand_error *strand_compile_file(const strand_context *context, const char *path, const char *weights,
                                             const char *function, strand_model **model);
/* The same for a module in memory, `length` bytes; `name` stands in messages for the file. Since 0.1. Any thread. */
STRAND_API strand_error *strand_compile_text(const strand_context *context, const char *text, int64_t length,
                                             const char *name, const char *weights, const char *function,
                                             strand_model **model);
/* Since 0.1. Any thread, once, when no call runs. */
STRAND_API void strand_model_free(strand_model *model);

/* ---- what a model is ---- */

enum strand_value_kind { STRAND_VALUE_ROWS = 0,      /* rows of all sequences, one after another */
                         STRAND_VALUE_PARAMETER = 1  /* one tensor of a fixed shape */ };

/* An input or output of a model, offsets aside. */
typedef struct {
  const char *name;                     /* "tokens", "logits"; of a function: its strand.name or "input0", "output0" */
  int32_t kind;                         /* enum strand_value_kind */
  strand_element element;
  int64_t rank, shape[STRAND_MAX_RANK]; /* of one row, or of the parameter */
} strand_value;

/* State entries, model hash, vocabulary (0 for a function), CPU features and report (JSON). Belongs to the model.
 * Since 0.1. Any thread. */
STRAND_API const strand_schema *strand_model_schema(const strand_model *model);
/* How many inputs and outputs a call has. Since 0.1. Any thread. */
STRAND_API int64_t strand_model_inputs(const strand_model *model);
STRAND_API int64_t strand_model_outputs(const strand_model *model);
/* NULL where there is no such number. Belongs to the model. Since 0.1. Any thread. */
STRAND_API const strand_value *strand_model_input(const strand_model *model, int64_t number);
STRAND_API const strand_value *strand_model_output(const strand_model *model, int64_t number);

/* ---- calls ---- */

/* Tensors are used where they are: on the CPU, rows first, contiguous, at any alignment. The rows of an input may have
 * two leading dimensions, [sequences, rows of each, ...], which without offsets says where sequences begin; with one
 * leading dimension and no offsets there is one sequence. All inputs of rows have the same number of rows; outputs have
 * the leading dimensions of an input, or with STRAND_LAST_ROWS one row a sequence. Outputs may overlap nothing. */
typedef struct {
  int64_t size;                        /* sizeof(strand_call): later versions add fields at the end */
  strand_state *state;                 /* sequences go on from here and it is changed; NULL: they begin anew */
  const int32_t *ids;                  /* which sequences of `state`, in the order of the offsets; NULL: all of them */
  const int32_t *offsets;              /* sequences + 1 numbers, from 0 to all rows; NULL: as the inputs' shape says */
  int64_t sequences;                   /* in this call; not read where there are no offsets */
  const strand_tensor *const *inputs;
  int64_t input_count;
  strand_tensor *const *outputs;
  int64_t output_count;
  uint32_t flags;                      /* STRAND_LAST_ROWS: outputs for the last row of each sequence alone; what
                                          stands there for a sequence without rows has no meaning */
} strand_call;

/* Runs the model on some rows. On an error nothing was computed and the state is as it was.
 * Since 0.1. Any thread; calls with different states, or none, run side by side. */
STRAND_API strand_error *strand_model_call(const strand_model *model, const strand_call *call);

/* The next token after `position` rows, drawn from `vocabulary` logits as the compiled programs draw it: from (seed,
 * position) alone. temperature 0: the first of the largest; top_k 0, top_p 1: all. Error: a logit is NaN or +inf, or
 * all are -inf. Since 0.1. Any thread. */
STRAND_API strand_error *strand_sample(const float *logits, int64_t vocabulary, int64_t position, double temperature,
                                       int64_t top_k, double top_p, uint64_t seed, int32_t *token);

/* ---- states ---- */

/* Sequences of a state have ids, small numbers that stay the same until the sequence is removed; later additions may
 * take the number again. Where ids are asked for, `count` of them, NULL means all, in ascending order. A state's caches
 * grow as calls need it. */

/* A state of `sequences` sequences at their beginning, with the ids 0, 1, ... The first state of a function over rows
 * compiles the forms with state. Gives *state to the caller. Since 0.1. Any thread. */
STRAND_API strand_error *strand_state_create(const strand_model *model, int64_t sequences, strand_state **state);
/* Since 0.1. One thread at a time. */
STRAND_API void strand_state_free(strand_state *state);
/* How many sequences there are. Since 0.1. One thread at a time. */
STRAND_API int64_t strand_state_count(const strand_state *state);
/* Writes the ids, as many as there are sequences. Since 0.1. One thread at a time. */
STRAND_API void strand_state_ids(const strand_state *state, int32_t *ids);
/* Rows that a sequence has seen; -1 where there is no such id. Since 0.1. One thread at a time. */
STRAND_API int64_t strand_state_rows(const strand_state *state, int32_t id);
/* A token that belongs to a sequence and that the model has not seen yet: what `generate --state-out` leaves behind. It
 * is saved, loaded and forked; a call with rows for its sequence, which should begin with it, forgets it. -1: none.
 * Since 0.1. One thread at a time. */
STRAND_API int32_t strand_state_pending(const strand_state *state, int32_t id);
STRAND_API strand_error *strand_state_set_pending(strand_state *state, int32_t id, int32_t token);

/* Adds sequences at their beginning; writes their ids. Since 0.1. One thread at a time. */
STRAND_API strand_error *strand_state_add(strand_state *state, int64_t count, int32_t *ids);
/* Takes sequences out; those that stay keep their ids. Since 0.1. One thread at a time. */
STRAND_API strand_error *strand_state_remove(strand_state *state, const int32_t *ids, int64_t count);
/* Puts sequences back to their beginning. Since 0.1. One thread at a time. */
STRAND_API strand_error *strand_state_reset(strand_state *state, const int32_t *ids, int64_t count);
/* Copies sequences of `from`, which may be `state` itself, into new ones of `state`; writes their ids if `new_ids` is
 * not NULL. Both states are of models with the same hash. Since 0.1. One thread at a time. */
STRAND_API strand_error *strand_state_append(strand_state *state, const strand_state *from, const int32_t *ids,
                                             int64_t count, int32_t *new_ids);
/* A new state with copies of sequences, whose ids are 0, 1, ... Gives *copy to the caller. Since 0.1. One thread at a
 * time. */
STRAND_API strand_error *strand_state_fork(const strand_state *state, const int32_t *ids, int64_t count,
                                           strand_state **copy);

/* Sequences as bytes, the same as in the files of --state-out: versioned, tied to the model by its hash, independent of
 * batch, form and threads. *needed: how many bytes they are; they are written if `size` is at least that. Since 0.1.
 * One thread at a time. */
STRAND_API strand_error *strand_state_save(const strand_state *state, const int32_t *ids, int64_t count, void *bytes,
                                           int64_t size, int64_t *needed);
/* A new state from such bytes, with the ids 0, 1, ... Gives *state to the caller. Error: STRAND_FAILED_STATE says what
 * is damaged, or that the model is another. Since 0.1. Any thread. */
STRAND_API strand_error *strand_state_load(const strand_model *model, const void *bytes, int64_t size,
                                           strand_state **state);

#ifdef __cplusplus
}
#endif
#endif
