// LLVM ends the process on what it calls fatal, and so does C++ without exceptions when memory is short. Both ask a
// handler first; ours leaves by longjmp to the API function that is on this thread's stack. LLVM and the C++ library
// are linked into libstrand and hidden, so these handlers are nobody else's.
//
// The compiler may also crash: some parsers of upstream do on text that is no MLIR. While one compiles, signals of this
// kind on its thread end the compilation; on other threads they go where they would have gone.
#include "lib/Api/Error.h"
#include "lib/Target/Errors.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/ErrorHandling.h"
#include <csetjmp>
#include <cstring>
#include <mutex>
#include <new>
using namespace strand;
namespace {

struct Rescue {
  jmp_buf place;
  char reason[512];
  strand_failure code;
};
/// What is given where there is no memory for an error; nobody frees it.
strand_error noMemoryLeft{STRAND_FAILED_MEMORY, "no memory is left"};

thread_local Rescue *rescue; // of the innermost API function; null: none is running

void leave(strand_failure code, const char *reason) {
  Rescue *r = rescue;
  if (!r)
    return;
  strncpy(r->reason, reason ? reason : "no reason given", sizeof r->reason - 1);
  r->reason[sizeof r->reason - 1] = 0;
  r->code = code;
  longjmp(r->place, 1);
}
void onFatal(void *, const char *reason, bool) { leave(STRAND_FAILED_INTERNAL, reason); }
void onBadAlloc(void *, const char *, bool) { leave(STRAND_FAILED_MEMORY, ""); }
void onBadNew() {
  leave(STRAND_FAILED_MEMORY, "");
  std::set_new_handler(nullptr); // not in a function of ours: as without us
}

/// Signal handlers are there while it lives, for all that live at once.
class CrashHandlers {
public:
  CrashHandlers() {
    std::lock_guard lock(mutex);
    if (!count++)
      llvm::CrashRecoveryContext::Enable();
  }
  ~CrashHandlers() {
    std::lock_guard lock(mutex);
    if (!--count)
      llvm::CrashRecoveryContext::Disable();
  }

private:
  static inline std::mutex mutex;
  static inline int count;
};

void installHandlers() {
  static const bool once = (llvm::install_fatal_error_handler(onFatal),
                            llvm::install_bad_alloc_error_handler(onBadAlloc), std::set_new_handler(onBadNew), true);
  (void)once;
}
} // namespace

strand_error *strand::failure(strand_failure code, const llvm::Twine &message) {
  return new strand_error{code, message.str()};
}

strand_error *strand::noMemory(const llvm::Twine &what, int64_t bytes) {
  return failure(STRAND_FAILED_MEMORY, "no memory for " + what +
                                           (bytes < 0 ? llvm::Twine(": their bytes do not fit in 64 bits")
                                                      : ": " + llvm::Twine(bytes) + " bytes are needed"));
}

strand_error *strand::compileFailure(llvm::Error error, const std::string &diagnostics) {
  std::string text = llvm::StringRef(diagnostics).rtrim().str();
  strand_failure code = STRAND_FAILED_COMPILE;
  auto add = [&](const llvm::Twine &line) { text += (text.empty() ? "" : "\n") + line.str(); };
  llvm::handleAllErrors(
      std::move(error), [](const AlreadyReported &) {},
      [&](const InternalError &e) {
        add("internal error: " + e.text);
        code = STRAND_FAILED_INTERNAL;
      },
      [&](const llvm::ErrorInfoBase &e) { add(e.message()); });
  return failure(code, text);
}

strand_error *strand::guarded(llvm::function_ref<strand_error *()> body) {
  installHandlers();
  Rescue here, *const outer = rescue;
  rescue = &here;
  if (setjmp(here.place)) {
    rescue = outer;
    return here.code == STRAND_FAILED_MEMORY ? &noMemoryLeft : failure(here.code, here.reason);
  }
  strand_error *error = body();
  rescue = outer;
  return error;
}

strand_error *strand::survived(llvm::function_ref<strand_error *()> body) {
  Rescue *const outer = rescue;
  strand_error *error = nullptr;
  CrashHandlers handlers;
  llvm::CrashRecoveryContext context;
  if (context.RunSafely([&] { error = guarded(body); }))
    return error;
  rescue = outer;
  return failure(STRAND_FAILED_INTERNAL,
                 "internal error: the compiler crashed on this input, please report it; exit code " +
                     llvm::Twine(context.RetCode));
}

extern "C" {
const char *strand_version(void) { return STRAND_VERSION; }
int32_t strand_error_code(const strand_error *error) { return error ? error->code : 0; }
const char *strand_error_message(const strand_error *error) { return error ? error->message.c_str() : ""; }
void strand_error_free(strand_error *error) {
  if (error != &noMemoryLeft)
    delete error;
}
}
