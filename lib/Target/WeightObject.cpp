// The ELF object around the weights: header, the block at 2 MiB, one symbol, the tables.
#include "lib/Target/WeightFile.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/MathExtras.h"
using namespace llvm;
using namespace llvm::ELF;
using namespace strand;
namespace {
constexpr uint64_t alignment = 2 << 20; // of a huge page, so that a mapping of the file can be one

template <typename T> void put(raw_ostream &out, const T &v) {
  out.write(reinterpret_cast<const char *>(&v), sizeof v);
}

/// Strings one after another, each ended by 0; `add` answers where it begins.
struct Strings {
  std::string text = std::string(1, '\0');
  uint32_t add(StringRef s) {
    uint32_t at = text.size();
    text += s.str() + '\0';
    return at;
  }
};

Elf64_Ehdr headerWith(bool x86, uint64_t sections, unsigned count) {
  Elf64_Ehdr h{};
  memcpy(h.e_ident, ElfMagic, 4);
  h.e_ident[EI_CLASS] = ELFCLASS64;
  h.e_ident[EI_DATA] = ELFDATA2LSB;
  h.e_ident[EI_VERSION] = EV_CURRENT;
  h.e_type = ET_REL;
  h.e_machine = x86 ? EM_X86_64 : EM_AARCH64;
  h.e_version = EV_CURRENT;
  h.e_shoff = sections;
  h.e_ehsize = sizeof(Elf64_Ehdr);
  h.e_shentsize = sizeof(Elf64_Shdr);
  h.e_shnum = count;
  h.e_shstrndx = 3;
  return h;
}
} // namespace

void strand::writeWeightObject(const PlacedWeights &weights, const WeightObjectOptions &options, raw_fd_ostream &out) {
  uint64_t size = blockBytes(weights), data = options.empty ? sizeof(Elf64_Ehdr) : alignment;
  Strings strings;
  Elf64_Sym symbols[2]{};
  symbols[1].st_name = strings.add(options.prefix + "_weights");
  symbols[1].setBindingAndType(STB_GLOBAL, STT_OBJECT);
  symbols[1].st_other = options.exported ? STV_DEFAULT : STV_HIDDEN;
  symbols[1].st_shndx = 1;
  symbols[1].st_size = size;
  uint64_t symtab = alignTo(data + (options.empty ? 0 : size), 64), strtab = symtab + sizeof symbols;
  // outside the reach of 32-bit offsets: weights push neither code nor other data away. AArch64 reaches 4 GiB
  uint64_t flags = SHF_ALLOC | (options.x86 ? uint64_t(SHF_X86_64_LARGE) : 0);
  Elf64_Shdr sections[] = {
      {},
      {strings.add(options.x86 ? ".lrodata" : ".rodata.weights"), options.empty ? SHT_NOBITS : SHT_PROGBITS, flags, 0,
       data, size, 0, 0, alignment, 0},
      {strings.add(".symtab"), SHT_SYMTAB, 0, 0, symtab, sizeof symbols, 3, 1, 8, sizeof(Elf64_Sym)},
      {strings.add(".strtab"), SHT_STRTAB, 0, 0, strtab, 0, 0, 0, 1, 0},
      {strings.add(".note.GNU-stack"), SHT_PROGBITS, 0, 0, strtab, 0, 0, 0, 1, 0}}; // no executable stack
  sections[3].sh_size = strings.text.size();
  uint64_t table = alignTo(strtab + strings.text.size(), 64);
  put(out, headerWith(options.x86, table, std::size(sections)));
  if (!options.empty) {
    out.seek(data);
    writeBlock(weights, out);
  }
  out.seek(symtab);
  put(out, symbols);
  out << strings.text;
  out.seek(table);
  put(out, sections);
}
