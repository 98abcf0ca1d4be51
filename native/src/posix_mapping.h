// Ranges of addresses that are mapped, protected and unmapped by the rules of POSIX, and where any byte that JavaScript
// can reach may be read and written at any time without a fault of protection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "posix_descriptor.h"

namespace ringway {

// The arguments of mmap(2), but for the address.
struct MapRequest {
  std::size_t length;
  int prot;
  int flags;
  // Ignored when the memory is anonymous.
  int fd;
  std::int64_t offset;
};

// Part of a file that a mapping shows.
struct FileRange {
  std::shared_ptr<KeptDescriptor> file;
  std::int64_t offset;
  std::size_t length;
};

// Pages of a mapping that are alike.
struct Piece {
  // Bytes from the mapping's begin, whole pages.
  std::size_t begin;
  std::size_t end;
  // As asked, which the memory need not have.
  int prot;
  bool shared;
  bool locked;
  // MAP_NORESERVE, if it was asked for.
  int reserve;
  // What `begin` shows, of shared pieces.
  std::shared_ptr<KeptDescriptor> file;
  std::int64_t offset;
};

// JavaScript writes wherever it can read, so whatever can be read is in truth mapped writable: a shared piece without
// PROT_WRITE is a private mapping of the same file, where a write stays private, and pages that were never written show
// what others write. The rights are those that the kernel grants to the protection that was asked for.
//
// All that return int return 0 or -errno. A length counts from its first page to the end of its last.
class PosixMapping {
 public:
  static int Map(const MapRequest& request, ForkGuard* guard, std::unique_ptr<PosixMapping>* result);

  PosixMapping(char* address, std::size_t length, std::size_t page, Piece piece);
  // Unmaps it.
  ~PosixMapping();
  PosixMapping(const PosixMapping&) = delete;
  PosixMapping& operator=(const PosixMapping&) = delete;

  char* address() const { return address_; }
  // As asked; the last page may reach further.
  std::size_t length() const { return length_; }
  // Whether PROT_READ was asked for everywhere.
  bool IsReadable() const;
  bool IsWhole(std::size_t offset, std::size_t length) const;
  // Whether nothing of the mapping follows the range, which begins at a page.
  bool IsTail(std::size_t offset, std::size_t length) const;

  // mmap with MAP_FIXED over a part of it. What could not be read before may become readable, not the reverse, unless
  // it is the whole.
  int Replace(std::size_t offset, const MapRequest& request, ForkGuard* guard);
  // mprotect. A part cannot be made unreadable.
  int Protect(std::size_t offset, std::size_t length, int prot);
  // Whether the kernel would grant this protection to all shared pieces: 0, or what Protect would say.
  int MayProtect(int prot) const;
  // mlock and munlock.
  int SetLocked(std::size_t offset, std::size_t length, bool locked);
  // madvise, of the advices that cannot make a page unreachable.
  int Advise(std::size_t offset, std::size_t length, int advice);
  // What SyncFileRange must be called with to do what msync does.
  int ListToSync(std::size_t offset, std::size_t length, int flags, std::vector<FileRange>* ranges) const;
  // Unmaps what lies behind the first `length` bytes.
  int Cut(std::size_t length);
  // Moves the first `keep` bytes to another address and forgets the rest. What was there stays mapped, with other
  // contents, and is the caller's.
  int MoveAway(std::size_t keep);
  // Leaves the memory to whoever holds its ArrayBuffer.
  void Release() { released_ = true; }

 private:
  // The pages that the range touches. -EINVAL if it does not begin at a page, -ENOMEM if it is not all of this mapping.
  int PagesOf(std::size_t offset, std::size_t length, std::size_t* begin, std::size_t* end) const;
  std::size_t bytes() const { return pieces_.back().end; }
  int ProtectPiece(Piece* piece, int prot);
  // As MoveAway, of what the kernel keeps in several parts.
  int MovePartsAway(std::size_t bytes);
  // Lets a piece begin at this page.
  void SplitAt(std::size_t at);
  // Makes one of neighbours that are alike.
  void Merge();
  void Truncate(std::size_t bytes);

  char* address_;
  std::size_t length_;
  std::size_t page_;
  bool released_ = false;
  std::vector<Piece> pieces_;
};

// msync of a part of a file, by a mapping of its own: it may run on any thread, whatever happens to other mappings.
int SyncFileRange(const FileRange& range, int flags);

}  // namespace ringway
