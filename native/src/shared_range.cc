#include "shared_range.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace ringway {

std::int64_t PageSize() { return sysconf(_SC_PAGESIZE); }

int MapShared(int fd, std::int64_t offset, std::size_t length, int times, char** result) {
  const std::size_t bytes = length * static_cast<std::size_t>(times);
  // One range is reserved first, so that no other thread's mapping comes between the copies.
  void* range = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) return -errno;
  char* const base = static_cast<char*>(range);
  int error = 0;
  for (int i = 0; i < times && error == 0; ++i) {
    void* const at = base + static_cast<std::size_t>(i) * length;
    if (mmap(at, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, offset) == MAP_FAILED) error = -errno;
  }
  // A mapping inherited by a forked child would keep the locks of its description held.
  if (error == 0 && madvise(base, bytes, MADV_DONTFORK) != 0) error = -errno;
  if (error != 0) {
    UnmapRange(base, bytes);
    return error;
  }
  *result = base;
  return 0;
}

int CoverRange(char* begin, std::size_t bytes) {
  void* const laid =
      mmap(begin, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  return laid == MAP_FAILED ? -errno : 0;
}

int UnmapRange(char* begin, std::size_t bytes) { return munmap(begin, bytes) < 0 ? -errno : 0; }

int PopulateRange(char* begin, std::size_t bytes) {
  int result = 0;
  do {
    result = madvise(begin, bytes, MADV_POPULATE_WRITE);
  } while (result != 0 && errno == EINTR);
  // A kernel before 5.14 does not know the advice; the pages then come at first touch, from what was reserved.
  return result == 0 || errno == EINVAL ? 0 : -errno;
}

}  // namespace ringway
