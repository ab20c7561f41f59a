// lld lays an empty .lrodata into the first segment, which begins with the file: at address 2 MiB, behind which it puts
// nothing in the file. So the bytes go to file offset 2 MiB, and the segment and the section are told that they exist.
#include "lib/Target/WeightFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
using namespace llvm;
using namespace llvm::ELF;
using namespace strand;
namespace {

/// `n` records at `offset` of `file`; none if they do not lie in it.
template <typename T> std::vector<T> records(StringRef file, uint64_t offset, unsigned n) {
  if (offset > file.size() || (file.size() - offset) / sizeof(T) < n)
    return {};
  std::vector<T> all(n);
  std::copy_n(file.data() + offset, n * sizeof(T), reinterpret_cast<char *>(all.data()));
  return all;
}

struct Layout {
  Elf64_Ehdr header;
  std::vector<Elf64_Phdr> segments;
  std::vector<Elf64_Shdr> sections;
  Elf64_Phdr *segment = nullptr; // that holds the weights
  Elf64_Shdr *section = nullptr;
};

/// Finds the place of `bytes` of weights; `section` is null where there is none.
Layout layoutOf(StringRef file, uint64_t bytes) {
  Layout l;
  auto header = records<Elf64_Ehdr>(file, 0, 1);
  if (header.empty())
    return l;
  l.header = header[0];
  l.segments = records<Elf64_Phdr>(file, l.header.e_phoff, l.header.e_phnum);
  l.sections = records<Elf64_Shdr>(file, l.header.e_shoff, l.header.e_shnum);
  auto isPlace = [&](const Elf64_Shdr &s) {
    return s.sh_type == SHT_NOBITS && (s.sh_flags & SHF_X86_64_LARGE) && s.sh_size == bytes;
  };
  auto section = find_if(l.sections, isPlace);
  if (section == l.sections.end() || file.size() > section->sh_addr)
    return l;
  auto segment = find_if(l.segments, [&](const Elf64_Phdr &p) {
    return p.p_type == PT_LOAD && p.p_offset == 0 && p.p_vaddr == 0 && section->sh_addr + bytes <= p.p_memsz;
  });
  if (segment == l.segments.end())
    return l;
  l.section = &*section;
  l.segment = &*segment;
  return l;
}

template <typename T> void putAll(raw_fd_ostream &out, uint64_t at, const std::vector<T> &all) {
  out.seek(at);
  out.write(reinterpret_cast<const char *>(all.data()), all.size() * sizeof(T));
}
} // namespace

Expected<bool> strand::fillWeights(const PlacedWeights &weights, StringRef path) {
  auto file = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return createStringError("cannot read '" + path + "': " + file.getError().message());
  Layout l = layoutOf((*file)->getBuffer(), blockBytes(weights));
  if (!l.section)
    return false;
  l.section->sh_type = SHT_PROGBITS;
  l.section->sh_offset = l.section->sh_addr;
  l.segment->p_filesz = l.segment->p_memsz;
  int descriptor;
  if (auto code = sys::fs::openFileForWrite(path, descriptor, sys::fs::CD_OpenExisting))
    return createStringError("cannot write '" + path + "': " + code.message());
  raw_fd_ostream out(descriptor, /*shouldClose=*/true);
  putAll(out, l.header.e_phoff, l.segments);
  putAll(out, l.header.e_shoff, l.sections);
  out.seek(l.section->sh_offset);
  writeBlock(weights, out);
  out.close();
  std::error_code code = out.error();
  out.clear_error();
  if (code)
    return createStringError("cannot write '" + path + "': " + code.message());
  return true;
}
