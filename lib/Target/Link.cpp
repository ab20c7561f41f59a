#include "lib/Target/Link.h"
#include "lib/Target/BuildConfig.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
using namespace llvm;
using namespace strand;
namespace {

constexpr StringRef mainLibrary = "libstrand_main.a", runtimeLibrary = "libstrand_rt.a",
                    externalLibrary = "libstrand_external.a", gpuLibrary = "libstrand_gpu.a";

std::string pathIn(StringRef folder, StringRef name) {
  SmallString<128> path(folder);
  sys::path::append(path, name);
  return std::string(path);
}

/// Runs `command`; what it prints becomes the error if it fails.
Error run(ArrayRef<std::string> command) {
  SmallString<128> log;
  if (auto code = sys::fs::createTemporaryFile("strand-link", "txt", log))
    return createStringError("cannot make a temporary file: " + code.message());
  auto remove = llvm::scope_exit([&] { sys::fs::remove(log); });
  SmallVector<StringRef> args(command.begin(), command.end());
  std::optional<StringRef> streams[] = {StringRef(""), StringRef(log), StringRef(log)};
  std::string why;
  int status = sys::ExecuteAndWait(command[0], args, std::nullopt, streams, 0, 0, &why);
  if (status == 0)
    return Error::success();
  auto said = MemoryBuffer::getFile(log);
  return createStringError("linking failed: " + (why.empty() ? "" : why + "\n") + llvm::join(command, " ") + "\n" +
                           (said ? (*said)->getBuffer().rtrim() : ""));
}
} // namespace

std::string Linker::describe() const {
  return compiler + " with " + (lld.empty() ? "its own linker" : lld);
}

Expected<Linker> strand::findLinker(StringRef compiler) {
  Linker linker;
  SmallVector<StringRef> names{"cc", "clang", "gcc", STRAND_LLVM_BIN "/clang"};
  constexpr StringRef sanitize = STRAND_SANITIZE;
  if (!sanitize.empty()) { // the run-time libraries need the sanitizer that they were compiled with
    names = {STRAND_LLVM_BIN "/clang"};
    linker.flags.push_back(("-fsanitize=" + sanitize).str());
  }
  if (!compiler.empty())
    names = {compiler};
  for (StringRef name : names)
    if (auto path = sys::findProgramByName(name); path && linker.compiler.empty() && sys::fs::can_execute(*path))
      linker.compiler = *path;
  if (linker.compiler.empty())
    return createStringError("no C compiler to link with: looked for " + llvm::join(names, ", ") +
                             "; install one or name it with --linker=");
  if (std::string lld = pathIn(STRAND_LLVM_BIN, "ld.lld"); sys::fs::can_execute(lld)) {
    linker.lld = lld;
    llvm::append_values(linker.flags, "-B" STRAND_LLVM_BIN, "-fuse-ld=lld");
  }
  return linker;
}

std::vector<std::string> strand::linkCommand(const Linker &linker, const LinkJob &job, StringRef out) {
  std::vector<std::string> command{linker.compiler};
  auto add = [&](ArrayRef<std::string> words) { command.insert(command.end(), words.begin(), words.end()); };
  if (job.kind == LinkKind::Object && !linker.lld.empty()) {
    command = {linker.lld, "-r"};
    add(job.objects);
    add({"-o", out.str()});
    return command;
  }
  add(linker.flags);
  add(job.objects);
  std::string runtime = pathIn(job.runtime, runtimeLibrary);
  switch (job.kind) {
  case LinkKind::Executable: // always PIE: elsewhere weights beyond 2 GiB push the code out of reach
    add({"-pie"});
    if (job.external)
      add({pathIn(job.runtime, externalLibrary)});
    if (job.gpu)
      add({pathIn(job.runtime, gpuLibrary)});
    add({pathIn(job.runtime, mainLibrary), runtime, "-lm", "-lpthread"});
    // the main program is compiled once, for the prefix m
    for (StringRef s : {"advance", "sizes", "schema", "weights", "device", "choose"})
      if (job.prefix != "m" && !(job.external && s == "weights") && !(!job.gpu && (s == "device" || s == "choose")))
        add({"-Wl,--defsym=m_" + s.str() + "=" + job.prefix + "_" + s.str()});
    break;
  case LinkKind::Shared:
    add({"-shared", "-Wl,-Bsymbolic", "-Wl,--whole-archive", runtime, "-Wl,--no-whole-archive", "-lm", "-lpthread"});
    if (!job.soname.empty())
      add({"-Wl,-soname," + job.soname});
    break;
  case LinkKind::Object:
    add({"-r", "-nostdlib"});
    break;
  }
  add({"-o", out.str()});
  return command;
}

Error strand::link(const Linker &linker, const LinkJob &job, StringRef out) {
  return run(linkCommand(linker, job, out));
}

Error strand::writeStaticLibrary(ArrayRef<std::string> objects, ArrayRef<std::string> names, StringRef out) {
  std::vector<NewArchiveMember> members;
  for (auto [path, name] : zip_equal(objects, names)) {
    auto member = NewArchiveMember::getFile(path, /*Deterministic=*/true);
    if (!member)
      return member.takeError();
    member->MemberName = name;
    members.push_back(std::move(*member));
  }
  return writeArchive(out, members, SymtabWritingMode::NormalSymtab, object::Archive::K_GNU, /*Deterministic=*/true,
                      /*Thin=*/false);
}

Expected<std::string> strand::findRuntime(StringRef program) {
  StringRef prefix = sys::path::parent_path(sys::path::parent_path(program));
  SmallVector<std::string> tried;
  for (StringRef folder : {"lib", STRAND_LIBRARY_FOLDER, "lib64"}) {
    std::string path = pathIn(prefix, folder);
    if (sys::fs::exists(pathIn(path, runtimeLibrary)))
      return path;
    if (!is_contained(tried, path))
      tried.push_back(path);
  }
  return createStringError(runtimeLibrary + " was not found in " + llvm::join(tried, ", ") +
                           "; name its folder with --runtime-dir=");
}
