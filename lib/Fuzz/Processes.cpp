// One process for every n-th piece of work. It says through a pipe what came of each; through shared memory, what it is
// at. One that ends before its time is followed by another that goes on behind the piece that ended it.
#include "lib/Fuzz/Processes.h"
#include "lib/Check/Check.h"
#include "llvm/Support/ErrorHandling.h"
#include <chrono>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>
using namespace strand;
namespace {
using Clock = std::chrono::steady_clock;

/// What a process shows of itself.
struct Shown {
  int64_t at;
  char running[sizeof currentRun]; // when it ended
};

Shown *shown; // of this process

void tellOfCrash(int signal) {
  memcpy(shown->running, currentRun, sizeof currentRun);
  ::signal(signal, SIG_DFL);
  raise(signal);
}

struct Process {
  pid_t pid = -1;
  int pipe = -1;
  int64_t first; // piece that it begins with
  Shown *shown;
  int64_t seenAt = -1;
  Clock::time_point since; // when it was seen to begin with `seenAt`
  double worked = 0;       // seconds of a processor that it had used then
  bool tookTooLong = false;
  std::string received;
};

void writeAll(int file, const void *data, size_t size) {
  for (auto *at = static_cast<const char *>(data); size;) {
    ssize_t n = write(file, at, size);
    if (n <= 0)
      _exit(1);
    at += n;
    size -= n;
  }
}

class Pool {
public:
  Pool(int64_t n, const ProcessOptions &options, llvm::function_ref<std::string(int64_t)> work,
       llvm::function_ref<bool(int64_t, llvm::StringRef)> done)
      : n(n), options(options), work(work), done(done) {}
  void run();

private:
  void start(Process &p);
  [[noreturn]] void workThrough(Process &p, int pipe);
  bool receive(Process &p);
  bool finish(Process &p);
  void watch(Process &p);

  int64_t n;
  const ProcessOptions &options;
  llvm::function_ref<std::string(int64_t)> work;
  llvm::function_ref<bool(int64_t, llvm::StringRef)> done;
};

void Pool::workThrough(Process &p, int pipe) {
  shown = p.shown;
  for (int s : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT})
    signal(s, tellOfCrash);
  for (int64_t i = p.first; i < n; i += options.processes) {
    p.shown->at = i;
    std::string text = work(i);
    int64_t head[2] = {i, int64_t(text.size())};
    writeAll(pipe, head, sizeof head);
    writeAll(pipe, text.data(), text.size());
  }
  _exit(0);
}

void Pool::start(Process &p) {
  int ends[2];
  if (pipe(ends))
    llvm::report_fatal_error("no pipe can be made");
  p.shown->at = -1;
  p.shown->running[0] = 0;
  p.seenAt = -1;
  p.since = Clock::now(); // it may take a while before it is seen to begin
  p.worked = 0;
  p.received.clear();
  p.pid = fork();
  if (p.pid < 0)
    llvm::report_fatal_error("no process can be made");
  if (p.pid == 0) {
    close(ends[0]);
    workThrough(p, ends[1]);
  }
  close(ends[1]);
  p.pipe = ends[0];
}

/// False: `done` has had enough.
bool Pool::receive(Process &p) {
  char buffer[4096];
  ssize_t count = read(p.pipe, buffer, sizeof buffer);
  if (count <= 0)
    return finish(p);
  p.received.append(buffer, count);
  int64_t head[2];
  while (p.received.size() >= sizeof head) {
    memcpy(head, p.received.data(), sizeof head);
    if (p.received.size() < sizeof head + head[1])
      break;
    std::string text = p.received.substr(sizeof head, head[1]);
    p.received.erase(0, sizeof head + head[1]);
    p.first = head[0] + options.processes;
    if (!done(head[0], text))
      return false;
  }
  return true;
}

/// The process has ended: because it was through, or before its time.
bool Pool::finish(Process &p) {
  close(p.pipe);
  int status = 0;
  waitpid(p.pid, &status, 0);
  p.pid = -1;
  if (p.first >= n)
    return true;
  std::string text = p.tookTooLong            ? "took more than " + std::to_string(options.seconds) + " seconds"
                     : WIFSIGNALED(status) ? std::string("crash, ") + strsignal(WTERMSIG(status))
                                              : "ended with status " + std::to_string(WEXITSTATUS(status));
  if (*p.shown->running)
    text += std::string(" while running ") + p.shown->running;
  p.tookTooLong = false;
  int64_t at = p.first;
  p.first += options.processes;
  if (!done(at, text))
    return false;
  if (p.first < n)
    start(p);
  return true;
}

/// Of a processor, that the process has used.
double secondsOf(pid_t pid) {
  clockid_t clock;
  timespec time;
  if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time))
    return 0;
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

void Pool::watch(Process &p) {
  constexpr int waits = 30; // times `seconds`: it stands still, unless others have the processors
  if (p.pid < 0)
    return;
  if (p.seenAt != p.shown->at) {
    p.seenAt = p.shown->at;
    p.since = Clock::now();
    p.worked = secondsOf(p.pid);
  } else if (!p.tookTooLong && (secondsOf(p.pid) - p.worked > options.seconds ||
                                Clock::now() - p.since > std::chrono::seconds(waits * options.seconds))) {
    p.tookTooLong = true;
    kill(p.pid, SIGKILL);
  }
}

void Pool::run() {
  auto *memory = static_cast<Shown *>(mmap(nullptr, options.processes * sizeof(Shown), PROT_READ | PROT_WRITE,
                                           MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (memory == MAP_FAILED)
    llvm::report_fatal_error("no memory for processes");
  std::vector<Process> all(options.processes);
  for (int i = 0; i < options.processes; ++i) {
    all[i].first = i;
    all[i].shown = memory + i;
    if (i < n)
      start(all[i]);
  }
  bool goesOn = true;
  while (goesOn) {
    std::vector<pollfd> polled;
    std::vector<Process *> of;
    for (Process &p : all)
      if (p.pid >= 0) {
        polled.push_back({p.pipe, POLLIN, 0});
        of.push_back(&p);
      }
    if (of.empty())
      break;
    poll(polled.data(), polled.size(), /*milliseconds=*/500);
    for (size_t i = 0; i < of.size() && goesOn; ++i) {
      if (polled[i].revents)
        goesOn = receive(*of[i]);
      watch(*of[i]);
    }
  }
  for (Process &p : all)
    if (p.pid >= 0) {
      kill(p.pid, SIGKILL);
      close(p.pipe);
      waitpid(p.pid, nullptr, 0);
    }
  munmap(memory, options.processes * sizeof(Shown));
}
} // namespace

void strand::runInProcesses(int64_t n, const ProcessOptions &options, llvm::function_ref<std::string(int64_t)> work,
                            llvm::function_ref<bool(int64_t, llvm::StringRef)> done) {
  Pool(n, options, work, done).run();
}
