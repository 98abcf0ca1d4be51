#include "posix_mapping.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "shared_range.h"

// Newer than the C libraries that this is built with.
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif
#ifndef MADV_COLD
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

namespace ringway {
namespace {

constexpr int kProtections = PROT_READ | PROT_WRITE | PROT_EXEC;
// Both in mmap and in memfd_create.
constexpr unsigned kHugeSizes = 0x3fU << 26;
constexpr unsigned kFlags = MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_POPULATE | MAP_NONBLOCK |
                            MAP_NORESERVE | MAP_LOCKED | MAP_STACK | MAP_HUGETLB | kHugeSizes;

// Not in the list: MADV_HWPOISON and the guard pages make pages unreachable, MADV_DOFORK would let a child keep locks.
constexpr int kAdvices[] = {
    MADV_NORMAL,        MADV_RANDOM,   MADV_SEQUENTIAL,     MADV_WILLNEED,        MADV_DONTNEED, MADV_FREE,
    MADV_REMOVE,        MADV_DONTFORK, MADV_MERGEABLE,      MADV_UNMERGEABLE,     MADV_HUGEPAGE, MADV_NOHUGEPAGE,
    MADV_DONTDUMP,      MADV_DODUMP,   MADV_WIPEONFORK,     MADV_KEEPONFORK,      MADV_COLD,     MADV_PAGEOUT,
    MADV_POPULATE_READ, MADV_COLLAPSE, MADV_POPULATE_WRITE, MADV_DONTNEED_LOCKED,
};

// Where a file ends for who counts in doubles, as JavaScript does.
constexpr std::int64_t kMostOffset = (std::int64_t{1} << 53) - 1;

std::size_t PageBytes() { return static_cast<std::size_t>(PageSize()); }

std::size_t RoundUp(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

bool HasFlag(const MapRequest& request, int flag) { return (request.flags & flag) != 0; }

bool IsShared(int flags) { return (flags & MAP_SHARED) != 0; }

bool IsValid(const MapRequest& request) {
  const bool huge = HasFlag(request, MAP_HUGETLB);
  // Both are one of them to the kernel, MAP_SHARED_VALIDATE, which asks for no more than is done here.
  if (HasFlag(request, MAP_SHARED) == HasFlag(request, MAP_PRIVATE)) return false;
  if (request.length == 0 || (request.prot & ~kProtections) != 0) return false;
  if ((static_cast<unsigned>(request.flags) & ~kFlags) != 0 || request.offset % PageSize() != 0) return false;
  // Without a reservation a write may find no huge page, which is a fault.
  if (huge) return HasFlag(request, MAP_ANONYMOUS) && !HasFlag(request, MAP_NORESERVE);
  return (static_cast<unsigned>(request.flags) & kHugeSizes) == 0;
}

// How it must be mapped so that who can read can write.
int VisibleProt(int prot) { return (prot & PROT_READ) != 0 ? prot | PROT_WRITE : prot; }

// Shared, to be read alone, and so in truth private.
bool IsDisguised(const Piece& piece) {
  return piece.shared && (piece.prot & PROT_READ) != 0 && (piece.prot & PROT_WRITE) == 0;
}

int Unmap(char* begin, std::size_t bytes, int error) {
  // The first error is the one to tell; where unmapping fails too, a range stays reserved that nobody sees.
  UnmapRange(begin, bytes);
  return error;
}

// What FillHole lays, but for where it is.
Piece ZeroPiece() { return Piece{0, 0, PROT_READ | PROT_WRITE, false, false, MAP_NORESERVE, nullptr, 0}; }

// Where memory comes from.
struct Source {
  // Of the file; -1 if it is anonymous and private.
  int fd = -1;
  std::int64_t offset = 0;
  std::size_t page = PageBytes();
  int type_flags = 0;
  std::shared_ptr<KeptDescriptor> file;
};

// Maps at a new address what the piece shall show.
int MapPiece(const Piece& piece, int fd, int type_flags, std::int64_t offset, char** result) {
  const std::size_t bytes = piece.end - piece.begin;
  const bool disguised = IsDisguised(piece);
  int flags = type_flags | piece.reserve | (piece.shared && !disguised ? MAP_SHARED : MAP_PRIVATE);
  // What nobody is expected to write into needs no memory set aside for its writes.
  if ((piece.prot & PROT_READ) != 0 && (piece.prot & PROT_WRITE) == 0 && (type_flags & MAP_HUGETLB) == 0) {
    flags |= MAP_NORESERVE;
  }
  void* const range = mmap(nullptr, bytes, VisibleProt(piece.prot), flags, fd, offset);
  if (range == MAP_FAILED) return -errno;
  char* const begin = static_cast<char*>(range);
  if (madvise(begin, bytes, MADV_DONTFORK) != 0) return Unmap(begin, bytes, -errno);
  *result = begin;
  return 0;
}

int AdviseRange(char* begin, std::size_t bytes, int advice) {
  int result = 0;
  do {
    result = madvise(begin, bytes, advice);
  } while (result != 0 && errno == EINTR);
  return result != 0 ? -errno : 0;
}

// As AdviseRange, where a kernel that does not know the advice (before 5.14) brings the pages in at first touch.
int Populate(char* begin, std::size_t bytes, int advice) {
  const int result = AdviseRange(begin, bytes, advice);
  return result == -EINVAL ? 0 : result;
}

int LockRange(const Piece& piece, char* begin, std::size_t bytes) {
  if (!IsDisguised(piece)) return mlock(begin, bytes) != 0 ? -errno : 0;
  // mlock writes to what is private and writable, and what was written no longer shows what others write.
  if (mlock2(begin, bytes, MLOCK_ONFAULT) != 0) return -errno;
  return Populate(begin, bytes, MADV_POPULATE_READ);
}

// Moves pages, with what they hold, over what is at `to`. Refused, the kernel may have unmapped what was there: the
// addresses are anybody's.
int MovePages(char* from, char* to, std::size_t bytes) {
  if (mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED) return 0;
  return -errno;
}

// Lays zeros where nothing is mapped any more, and JavaScript may still look. False if something is. What another
// thread has mapped there meanwhile cannot be told from what was there before, and is left alone.
bool FillHole(char* begin, std::size_t bytes) {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  void* const laid = mmap(begin, bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0);
  if (laid == begin) {
    // Where it fails, a child inherits zeros.
    static_cast<void>(madvise(begin, bytes, MADV_DONTFORK));
    return true;
  }
  // Kernels before 4.17 take the address for a wish.
  if (laid != MAP_FAILED) UnmapRange(static_cast<char*>(laid), bytes);
  return false;
}

// Moves pages, with what they hold, to an address that the kernel chooses: refused, nothing has changed. The addresses
// at `from` stay mapped.
int DetachPages(char* from, std::size_t bytes, char** result) {
  // The kernel looks at the new address without MREMAP_FIXED, too: left out, it would be whatever is in a register.
  void* const moved = mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, nullptr);
  if (moved == MAP_FAILED) return -errno;
  *result = static_cast<char*>(moved);
  return 0;
}

// More than one part to the kernel, by the word of some or others.
bool IsInParts(int error) { return error == -EFAULT || error == -EINVAL; }

// Moves a range that the kernel keeps in several parts: it moves one at a time, and tells no bounds. The addresses at
// `from` stay mapped. `*moved` is how far it came; of the `*unsure` bytes behind that at `to` nobody knows what is
// there.
int MoveParts(char* from, char* to, std::size_t bytes, std::size_t* moved, std::size_t* unsure) {
  const std::size_t page = PageBytes();
  *moved = 0;
  *unsure = 0;
  std::size_t step = bytes;
  while (*moved < bytes) {
    char* const begin = from + *moved;
    char* apart = nullptr;
    const int detached = DetachPages(begin, step, &apart);
    if (detached < 0) {
      if (!IsInParts(detached) || step <= page) return detached;
      step = RoundUp(step / 2, page);
      continue;
    }
    const int placed = MovePages(apart, to + *moved, step);
    if (placed < 0) {
      *unsure = step;
      // What cannot be put back is lost.
      if (MovePages(apart, begin, step) == 0) return placed;
      FillHole(begin, step);
      return Unmap(apart, step, placed);
    }
    *moved += step;
    step = bytes - *moved;
  }
  return 0;
}

bool IsZeroDevice(const struct stat& status) { return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 5); }

// Page size of hugetlbfs, of another file system's files the usual one. 0 or -errno.
int FindPage(int fd, std::size_t* page) {
  constexpr long kHugetlbfs = 0x958458f6;
  struct statfs status;
  if (fstatfs(fd, &status) != 0) return -errno;
  *page = static_cast<long>(status.f_type) == kHugetlbfs ? static_cast<std::size_t>(status.f_bsize) : PageBytes();
  return 0;
}

// mmap with the very rights that are asked for, to hear what the kernel says to them.
int CheckRights(const MapRequest& request) {
  std::size_t page = PageBytes();
  const int found = FindPage(request.fd, &page);
  if (found < 0) return found;
  // mmap rounds up to the pages of the file, munmap refuses parts of a huge one.
  const std::size_t bytes = RoundUp(request.length, page);
  const int flags = (IsShared(request.flags) ? MAP_SHARED : MAP_PRIVATE) | (request.flags & MAP_NORESERVE);
  void* const range = mmap(nullptr, bytes, request.prot, flags, request.fd, request.offset);
  if (range == MAP_FAILED) return -errno;
  return UnmapRange(static_cast<char*>(range), bytes);
}

// A file of shared memory without a name. A descriptor or -errno.
int CreateAnonymousFile(int flags) {
  const unsigned huge = static_cast<unsigned>(flags) & kHugeSizes;
  const int fd = memfd_create("ringway", MFD_CLOEXEC | ((flags & MAP_HUGETLB) != 0 ? MFD_HUGETLB | huge : 0U));
  return fd < 0 ? -errno : fd;
}

int OpenAnonymous(const MapRequest& request, ForkGuard* guard, Source* source) {
  if (!IsShared(request.flags) && !HasFlag(request, MAP_HUGETLB)) {
    source->type_flags = MAP_ANONYMOUS;
    return 0;
  }
  // Huge pages tell their size by their file.
  const int fd = CreateAnonymousFile(request.flags);
  if (fd < 0) return fd;
  const int adopted = KeptDescriptor::Adopt(fd, guard, &source->file);
  if (adopted < 0) return adopted;
  const int found = FindPage(fd, &source->page);
  if (found < 0) return found;
  if (!IsShared(request.flags)) {
    source->file.reset();
    source->type_flags =
        MAP_ANONYMOUS | MAP_HUGETLB | static_cast<int>(static_cast<unsigned>(request.flags) & kHugeSizes);
    return 0;
  }
  source->fd = fd;
  const int sized = Truncate(fd, static_cast<std::int64_t>(RoundUp(request.length, source->page)));
  return sized == -EFBIG || sized == -EINVAL ? -ENOMEM : sized;
}

int OpenFile(const MapRequest& request, ForkGuard* guard, Source* source) {
  if (request.offset > kMostOffset - static_cast<std::int64_t>(request.length)) return -EOVERFLOW;
  struct stat status;
  if (fstat(request.fd, &status) != 0) return -errno;
  // Devices may show what faults when it is read.
  if (!S_ISREG(status.st_mode) && !IsZeroDevice(status)) return -ENODEV;
  const int allowed = CheckRights(request);
  if (allowed < 0) return allowed;
  if (IsZeroDevice(status)) return OpenAnonymous(request, guard, source);

  const int found = FindPage(request.fd, &source->page);
  if (found < 0) return found;
  // Behind the last page of a file every access is a fault.
  if (fstat(request.fd, &status) != 0) return -errno;
  const std::size_t end = static_cast<std::size_t>(request.offset) + request.length;
  if (RoundUp(end, source->page) > RoundUp(static_cast<std::size_t>(status.st_size), source->page)) return -EINVAL;
  source->fd = request.fd;
  source->offset = request.offset;
  return IsShared(request.flags) ? KeptDescriptor::Duplicate(request.fd, guard, &source->file) : 0;
}

// Memory as requested at a new address, which is the caller's.
struct Fresh {
  char* begin;
  std::size_t page;
  Piece piece;
};

int MapFresh(const MapRequest& request, ForkGuard* guard, Fresh* fresh) {
  if (!IsValid(request)) return -EINVAL;
  Source source;
  const int opened =
      HasFlag(request, MAP_ANONYMOUS) ? OpenAnonymous(request, guard, &source) : OpenFile(request, guard, &source);
  if (opened < 0) return opened;
  const std::size_t bytes = RoundUp(request.length, source.page);
  if (source.page != PageBytes() && bytes != request.length) return -EINVAL;

  fresh->page = source.page;
  fresh->piece =
      Piece{0,           bytes,        request.prot, IsShared(request.flags), false, request.flags & MAP_NORESERVE,
            source.file, source.offset};
  Piece* const piece = &fresh->piece;
  const int mapped = MapPiece(*piece, source.fd, source.type_flags, source.offset, &fresh->begin);
  if (mapped < 0) return mapped;
  if (HasFlag(request, MAP_LOCKED)) {
    const int locked = LockRange(*piece, fresh->begin, bytes);
    // What mlock says of the limit, mmap says in another way.
    if (locked < 0) return Unmap(fresh->begin, bytes, locked == -ENOMEM ? -EAGAIN : locked);
    piece->locked = true;
  }
  // Not by MAP_POPULATE, which says nothing when it fails.
  if (HasFlag(request, MAP_POPULATE) && !HasFlag(request, MAP_NONBLOCK) && (request.prot & PROT_READ) != 0) {
    const bool write = !piece->shared && (request.prot & PROT_WRITE) != 0;
    const int populated = Populate(fresh->begin, bytes, write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
    if (populated < 0) return Unmap(fresh->begin, bytes, populated);
  }
  return 0;
}

}  // namespace

int PosixMapping::Map(const MapRequest& request, ForkGuard* guard, std::unique_ptr<PosixMapping>* result) {
  if (HasFlag(request, MAP_FIXED)) return -EINVAL;
  Fresh fresh;
  const int mapped = MapFresh(request, guard, &fresh);
  if (mapped < 0) return mapped;
  *result = std::make_unique<PosixMapping>(fresh.begin, request.length, fresh.page, std::move(fresh.piece));
  return 0;
}

PosixMapping::PosixMapping(char* address, std::size_t length, std::size_t page, Piece piece)
    : address_(address), length_(length), page_(page) {
  pieces_.push_back(std::move(piece));
}

PosixMapping::~PosixMapping() {
  // Where it fails, the range stays reserved, which hurts nobody.
  if (!released_) UnmapRange(address_, bytes());
}

bool PosixMapping::IsReadable() const {
  return std::all_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) { return (piece.prot & PROT_READ) != 0; });
}

bool PosixMapping::IsWhole(std::size_t offset, std::size_t length) const {
  return offset == 0 && IsTail(offset, length);
}

bool PosixMapping::IsTail(std::size_t offset, std::size_t length) const {
  std::size_t begin = 0;
  std::size_t end = 0;
  return length > 0 && PagesOf(offset, length, &begin, &end) == 0 && end == bytes();
}

int PosixMapping::Replace(std::size_t offset, const MapRequest& request, ForkGuard* guard) {
  if (!HasFlag(request, MAP_FIXED) || request.length == 0) return -EINVAL;
  std::size_t begin = 0;
  std::size_t end = 0;
  const int inside = PagesOf(offset, request.length, &begin, &end);
  if (inside < 0) return -EINVAL;
  if ((request.prot & PROT_READ) == 0 && !IsWhole(offset, request.length)) return -EINVAL;
  Fresh fresh;
  const int mapped = MapFresh(request, guard, &fresh);
  if (mapped < 0) return mapped;
  const std::size_t bytes = end - begin;
  if (page_ != PageBytes() || fresh.page != page_) return Unmap(fresh.begin, fresh.piece.end, -EINVAL);
  const int moved = MovePages(fresh.begin, address_ + begin, bytes);
  if (moved < 0) {
    Unmap(fresh.begin, bytes, moved);
    if (!FillHole(address_ + begin, bytes)) return moved;
    // What was there is lost.
    fresh.piece = ZeroPiece();
  }
  SplitAt(begin);
  SplitAt(end);
  const auto first =
      std::find_if(pieces_.begin(), pieces_.end(), [=](const Piece& piece) { return piece.begin == begin; });
  const auto last = std::find_if(first, pieces_.end(), [=](const Piece& piece) { return piece.begin >= end; });
  fresh.piece.begin = begin;
  fresh.piece.end = end;
  pieces_.insert(pieces_.erase(first, last), std::move(fresh.piece));
  Merge();
  return moved;
}

int PosixMapping::Protect(std::size_t offset, std::size_t length, int prot) {
  if ((prot & ~kProtections) != 0) return -EINVAL;
  std::size_t begin = 0;
  std::size_t end = 0;
  const int inside = PagesOf(offset, length, &begin, &end);
  if (inside < 0 || begin == end) return inside;
  if ((prot & PROT_READ) == 0 && !IsWhole(offset, length)) return -EINVAL;
  SplitAt(begin);
  SplitAt(end);
  int result = 0;
  for (Piece& piece : pieces_) {
    if (piece.begin < begin || piece.end > end) continue;
    result = ProtectPiece(&piece, prot);
    if (result < 0) break;
  }
  Merge();
  return result;
}

int PosixMapping::MayProtect(int prot) const {
  if ((prot & ~kProtections) != 0) return -EINVAL;
  for (const Piece& piece : pieces_) {
    if (!piece.shared) continue;
    const int fd = piece.file->fd();
    if (fd < 0) return fd;
    const std::size_t bytes = piece.end - piece.begin;
    const int allowed = CheckRights(MapRequest{bytes, prot, MAP_SHARED, fd, piece.offset});
    if (allowed < 0) return allowed == -EPERM ? -EACCES : allowed;
  }
  return 0;
}

int PosixMapping::ProtectPiece(Piece* piece, int prot) {
  Piece after = *piece;
  after.prot = prot;
  char* const begin = address_ + piece->begin;
  const std::size_t bytes = piece->end - piece->begin;
  if (IsDisguised(*piece) == IsDisguised(after)) {
    if (mprotect(begin, bytes, VisibleProt(prot)) != 0) return -errno;
    *piece = std::move(after);
    return 0;
  }
  // Some kernels move no huge pages, and say so after they have unmapped the target.
  if (page_ != PageBytes()) return -EINVAL;
  const int fd = piece->file->fd();
  if (fd < 0) return fd;
  char* fresh = nullptr;
  const int mapped = MapPiece(after, fd, 0, piece->offset, &fresh);
  // mprotect has one word for what mmap tells apart: no right, a seal, a file system without execution.
  if (mapped < 0) return mapped == -EPERM ? -EACCES : mapped;
  if (piece->locked) {
    const int locked = LockRange(after, fresh, bytes);
    if (locked < 0) return Unmap(fresh, bytes, locked);
  }
  const int moved = MovePages(fresh, begin, bytes);
  if (moved < 0) {
    Unmap(fresh, bytes, moved);
    if (!FillHole(begin, bytes)) return moved;
    // What was there is lost.
    after = ZeroPiece();
    after.begin = piece->begin;
    after.end = piece->end;
  }
  *piece = std::move(after);
  return moved;
}

int PosixMapping::SetLocked(std::size_t offset, std::size_t length, bool locked) {
  const std::size_t lead = offset % page_;
  std::size_t begin = 0;
  std::size_t end = 0;
  // The kernel takes the pages that the range touches, wherever it begins.
  const int inside = PagesOf(offset - lead, length == 0 ? 0 : length + lead, &begin, &end);
  if (inside < 0 || begin == end) return inside;
  SplitAt(begin);
  SplitAt(end);
  int result = 0;
  for (Piece& piece : pieces_) {
    if (piece.begin < begin || piece.end > end) continue;
    char* const at = address_ + piece.begin;
    const std::size_t bytes = piece.end - piece.begin;
    result = locked ? LockRange(piece, at, bytes) : (munlock(at, bytes) != 0 ? -errno : 0);
    if (result < 0) break;
    piece.locked = locked;
  }
  Merge();
  return result;
}

int PosixMapping::Advise(std::size_t offset, std::size_t length, int advice) {
  if (std::find(std::begin(kAdvices), std::end(kAdvices), advice) == std::end(kAdvices)) return -EINVAL;
  std::size_t begin = 0;
  std::size_t end = 0;
  const int inside = PagesOf(offset, length, &begin, &end);
  if (inside < 0 || begin == end) return inside;
  if (advice == MADV_POPULATE_WRITE) {
    const bool writable = std::all_of(pieces_.begin(), pieces_.end(), [=](const Piece& piece) {
      return piece.end <= begin || piece.begin >= end || (piece.prot & PROT_WRITE) != 0;
    });
    if (!writable) return -EINVAL;
  }
  return AdviseRange(address_ + begin, end - begin, advice);
}

int PosixMapping::ListToSync(std::size_t offset, std::size_t length, int flags, std::vector<FileRange>* ranges) const {
  const int kind = flags & (MS_SYNC | MS_ASYNC);
  if ((flags & ~(MS_SYNC | MS_ASYNC | MS_INVALIDATE)) != 0 || (kind != MS_SYNC && kind != MS_ASYNC)) return -EINVAL;
  std::size_t begin = 0;
  std::size_t end = 0;
  const int inside = PagesOf(offset, length, &begin, &end);
  if (inside < 0) return inside;
  for (const Piece& piece : pieces_) {
    const std::size_t from = std::max(begin, piece.begin);
    const std::size_t to = std::min(end, piece.end);
    if (from >= to) continue;
    if (piece.locked && (flags & MS_INVALIDATE) != 0) return -EBUSY;
    if (piece.shared) {
      ranges->push_back(FileRange{piece.file, piece.offset + static_cast<std::int64_t>(from - piece.begin), to - from});
    }
  }
  return 0;
}

int PosixMapping::Cut(std::size_t length) {
  if (munmap(address_ + length, bytes() - length) != 0) return -errno;
  Truncate(length);
  return 0;
}

int PosixMapping::MoveAway(std::size_t keep) {
  // The kernel moves no part of a huge page, and need not move any.
  if (page_ != PageBytes()) return -EINVAL;
  const std::size_t bytes = RoundUp(keep, page_);
  const int detached = DetachPages(address_, bytes, &address_);
  if (detached < 0) {
    const int moved = IsInParts(detached) ? MovePartsAway(bytes) : detached;
    if (moved < 0) return moved;
  }
  if (bytes < this->bytes()) Truncate(keep);
  return 0;
}

int PosixMapping::MovePartsAway(std::size_t bytes) {
  void* const range = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) return -errno;
  char* const fresh = static_cast<char*>(range);
  std::size_t moved = 0;
  std::size_t unsure = 0;
  const int result = MoveParts(address_, fresh, bytes, &moved, &unsure);
  if (result == 0) {
    address_ = fresh;
    return 0;
  }
  // What cannot be moved back either is lost, but its addresses stay mapped.
  std::size_t back = 0;
  std::size_t hole = 0;
  MoveParts(fresh, address_, moved, &back, &hole);
  if (hole > 0) FillHole(address_ + back, hole);
  // What may be another thread's by now stays: reserved, if it is not.
  if (moved > 0) UnmapRange(fresh, moved);
  if (moved + unsure < bytes) UnmapRange(fresh + moved + unsure, bytes - moved - unsure);
  return result;
}

int PosixMapping::PagesOf(std::size_t offset, std::size_t length, std::size_t* begin, std::size_t* end) const {
  if (offset % page_ != 0) return -EINVAL;
  if (offset > bytes() || length > bytes() - offset) return -ENOMEM;
  *begin = offset;
  *end = offset + RoundUp(length, page_);
  return 0;
}

void PosixMapping::SplitAt(std::size_t at) {
  const auto inside = [at](const Piece& piece) { return piece.begin < at && at < piece.end; };
  const auto found = std::find_if(pieces_.begin(), pieces_.end(), inside);
  if (found == pieces_.end()) return;
  Piece second = *found;
  second.begin = at;
  second.offset += static_cast<std::int64_t>(at - found->begin);
  found->end = at;
  pieces_.insert(std::next(found), std::move(second));
}

void PosixMapping::Merge() {
  for (std::size_t i = 1; i < pieces_.size();) {
    Piece& left = pieces_[i - 1];
    const Piece& right = pieces_[i];
    const bool same = left.prot == right.prot && left.shared == right.shared && left.locked == right.locked &&
                      left.reserve == right.reserve && left.file == right.file;
    const bool follows = !left.shared || left.offset + static_cast<std::int64_t>(left.end - left.begin) == right.offset;
    if (!same || !follows) {
      ++i;
      continue;
    }
    left.end = right.end;
    pieces_.erase(pieces_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void PosixMapping::Truncate(std::size_t bytes) {
  SplitAt(bytes);
  while (pieces_.back().begin >= bytes) pieces_.pop_back();
  length_ = bytes;
}

int SyncFileRange(const FileRange& range, int flags) {
  const int fd = range.file->fd();
  if (fd < 0) return fd;
  void* const begin = mmap(nullptr, range.length, PROT_READ, MAP_SHARED, fd, range.offset);
  if (begin == MAP_FAILED) return -errno;
  const int result = msync(begin, range.length, flags) != 0 ? -errno : 0;
  return Unmap(static_cast<char*>(begin), range.length, result);
}

}  // namespace ringway
