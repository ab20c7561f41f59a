// The command line around one compiled model: what its files share. A problem ends the program by `fail`, which prints
// one line and removes a half-written file, so no function here returns an error.
#ifndef STRAND_PROGRAM_H
#define STRAND_PROGRAM_H
#include "Runtime.h"
#include <stdio.h>

// The model that this program was linked with.
extern const strand_schema m_schema;
extern strand_advance_fn m_advance;
extern strand_sizes_fn m_sizes;
const void *modelWeights(void); // Weights.c: the only file that needs a larger code model

enum { EXIT_USER = 1, EXIT_USAGE = 2, EXIT_INTERNAL = 70 };
enum { BYTES = 256 }; // a vocabulary of this size is bytes

// ---- Program.c ----
extern const char *programName;
_Noreturn void fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void failErrno(const char *doing, const char *path); // "cannot DOING PATH: reason"
void *allocate(int64_t bytes, const char *what);               // 64-byte aligned; never NULL
int64_t product(int64_t a, int64_t b, const char *what);       // fails on overflow
double secondsNow(void);
bool isByteModel(void);
void needByteModel(const char *option, const char *instead);
void finishStandardOutput(void); // what was printed has arrived, or the program fails

// ---- Files.c ----
char *readFile(const char *path, int64_t *size); // "-" is standard input; ends with a zero byte that is not counted
FILE *openInput(const char *path);
// Appears under its name only when all of it is there.
typedef struct {
  int file;
  bool direct; // a device or pipe: written as it is
  const char *path;
  char *beside;
} Output;
void openOutput(Output *o, const char *path);
void writeOutputAt(Output *o, const void *bytes, int64_t count, int64_t at); // a device takes it in order
void finishOutput(Output *o);
void dropUnfinishedOutput(void);
void dropOutputOnSignals(void);

// ---- Options.c ----
typedef enum { OPTION_FLAG, OPTION_INTEGER, OPTION_REAL, OPTION_TEXT } OptionKind;
typedef struct {
  const char *name;     // without dashes
  const char *argument; // as --help shows it; NULL for a flag
  OptionKind kind;
  void *value; // bool, int64_t, double or const char *
  double least, most;
  const char *help;
} Option;
typedef struct {
  const char *name, *operands, *summary, *notes;
  int (*run)(int argc, char **argv);
} Command;
typedef struct {
  int64_t threads;
  bool json;
} Common;
// Reads `argv` after the command's name; fills option values and up to `most` operands; returns how many operands.
int parseOptions(const Command *command, const Option *options, int count, Common *common, int argc, char **argv,
                 const char **operands, int most);
int64_t parseList(const char *option, const char *text, int64_t least, int64_t most, int64_t **values);

// ---- Host.c, or GpuPlace.c of libstrand_gpu.a, which is linked before it ----
// Where the model runs and what it uses lies. A place that fails ends the program.
strand_rt_ctx *openPlace(strand_rt_ctx *threads); // what m_advance takes
void closePlace(strand_rt_ctx *place);
const char *placeProblem(strand_rt_ctx *place); // what STRAND_ERROR_DEVICE was
const char *placeProducts(void); // what computed the products that a library may do; empty: there is none to say
extern const char placeEnvironment[]; // variables that the place reads, for --help; empty: none
const void *placedWeights(strand_rt_ctx *place);
void *allocateInPlace(strand_rt_ctx *place, int64_t bytes, const char *what);
void freeInPlace(strand_rt_ctx *place, void *memory);
void *createState(strand_rt_ctx *place, int64_t slots, int64_t cacheRows, const char *what); // at the initial values
void destroyState(strand_rt_ctx *place, void *state);
// A slot of the place's block, and one of a block on the host with as many cache rows.
void writeSlot(strand_rt_ctx *place, void *to, int64_t toSlot, const void *from, int64_t fromSlot);
void readSlot(strand_rt_ctx *place, void *to, int64_t toSlot, const void *from, int64_t fromSlot);
void copySlot(strand_rt_ctx *place, void *to, int64_t toSlot, const void *from, int64_t fromSlot);
// What m_advance wrote, where the host can read it: `logits` itself, or `host`, which has room for `bytes`.
float *logitsOnHost(strand_rt_ctx *place, float *logits, float **host, int64_t bytes);
// strand_rt_sample of one row that m_advance wrote; `scratch` as for the call that did.
int32_t chooseInPlace(strand_rt_ctx *place, const float *logits, const strand_sampling *how, int64_t position,
                      void *scratch);

// ---- Session.c ----
// State for some sequences of the model, and the buffers of a call.
typedef struct {
  strand_rt_ctx *ctx, *place; // the host's threads; where the model runs
  void *state;                // of the place
  int64_t slots, cacheRows, *lengths; // rows that the sequence in each slot has seen
  char *scratch;
  float *logits, *hostLogits;
  int64_t scratchBytes, logitsBytes;
} Session;
void openSession(Session *s, int64_t slots, int64_t threads);
void closeSession(Session *s);
void resetSession(Session *s);
// Logits of all rows, valid until the next call. Caches grow as needed.
const float *advance(Session *s, const int32_t *slots, const int32_t *tokens, const int32_t *offsets,
                     int64_t sequences, int64_t rows);
const float *advanceOne(Session *s, const int32_t *tokens, int64_t rows); // the sequence in slot 0
// Logits of the last row of each sequence, each of which has a row in the call.
const float *advanceLast(Session *s, const int32_t *slots, const int32_t *tokens, const int32_t *offsets,
                         int64_t sequences, int64_t rows);
const float *advanceOneLast(Session *s, const int32_t *tokens, int64_t rows);
// The id that follows `token` in slot 0, or -1 as strand_rt_sample has it.
int32_t nextOne(Session *s, int32_t token, const strand_sampling *how);
void reserveCacheRows(Session *s, int64_t rows);
void *copyOfState(Session *s); // of all slots; destroyState
void putBackState(Session *s, const void *copy);
int64_t rowsPerCall(int64_t most, int64_t logitsBytes);     // with logits of all rows; at least 1
int64_t rowsPerCallLast(int64_t most, int64_t logitsBytes); // for advanceLast
void saveState(const Session *s, Output *to, int64_t pending); // slot 0
void loadState(Session *s, const char *path, int64_t *pending);

// ---- Json.c ----
typedef enum { JSON_NULL, JSON_BOOLEAN, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } JsonKind;
typedef struct Json Json;
struct Json {
  JsonKind kind;
  char *key;                // in an object
  const char *text;         // of a string, decoded; of anything else, as written
  int64_t length;           // of text
  int64_t count;            // children
  Json *first, *last, *next;
};
// NULL and a message where the text is not strict JSON or an object has a key twice.
Json *parseJson(const char *text, int64_t length, char *why, int64_t whySize);
void freeJson(Json *j);
const Json *jsonMember(const Json *object, const char *key);
bool jsonInteger(const Json *j, int64_t *value);
void printJsonText(FILE *to, const char *bytes, int64_t length); // quoted; what is not UTF-8 becomes U+FFFD

// ---- Safetensors.c ----
typedef struct {
  char *bytes; // the whole file
  int64_t size, rank, shape[STRAND_MAX_RANK], elements;
  const char *data;
  int64_t elementBytes;
} IntegerTensor;
void readIntegerTensor(const char *path, const char *name, IntegerTensor *t); // I32 or I64
int64_t integerAt(const IntegerTensor *t, int64_t i);
// Writes the head of a file that holds one f32 tensor; returns where its data begins.
int64_t writeTensorHead(Output *o, const char *name, int64_t rank, const int64_t *shape);

// ---- the commands, one file each ----
extern const Command generateCommand, scoreCommand, logitsCommand, benchCommand, infoCommand;

#endif
