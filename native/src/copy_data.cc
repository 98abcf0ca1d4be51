#include "copy_data.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "shared_range.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

namespace ringway {
namespace {

// A part of the source, mapped for reading as long as this lives. No instruction of ours ever looks at it: the kernel
// does in `pwrite`, which answers EFAULT where an instruction would be killed by SIGBUS.
class Window {
 public:
  Window(int fd, std::int64_t begin, std::int64_t end)
      : begin_(begin - begin % PageSize()), bytes_(static_cast<std::size_t>(end - begin_)) {
    address_ = mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE, fd, begin_);
    error_ = address_ == MAP_FAILED ? -errno : 0;
  }
  ~Window() {
    if (error_ == 0) munmap(address_, bytes_);
  }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  int error() const { return error_; }
  const char* at(std::int64_t offset) const { return static_cast<const char*>(address_) + (offset - begin_); }

  // Brings pages in all at once, which is cheaper than one by one. Only that: where it fails, `pwrite` will tell why.
  void Populate(std::int64_t from, std::int64_t to) const {
    const std::int64_t first = from - from % PageSize();
    const int kept = errno;
    madvise(const_cast<char*>(at(first)), static_cast<std::size_t>(to - first), MADV_POPULATE_READ);
    errno = kept;
  }

 private:
  const std::int64_t begin_;
  const std::size_t bytes_;
  void* address_;
  int error_;
};

// Where the next data, or the next hole, begins. `limit` if there is none before it; -errno.
std::int64_t Seek(int fd, int what, std::int64_t offset, std::int64_t limit) {
  const off_t found = lseek(fd, offset, what);
  if (found >= 0) return std::min<std::int64_t>(found, limit);
  if (errno == ENXIO) return limit;
  // A file system that knows no holes: all is data.
  if (errno == EINVAL || errno == EOPNOTSUPP) return what == SEEK_DATA ? offset : limit;
  return -errno;
}

// 0 or -errno.
int WriteAll(int fd, const char* bytes, std::int64_t length, std::int64_t offset) {
  for (std::int64_t done = 0; done < length;) {
    const ssize_t count = pwrite(fd, bytes + done, static_cast<std::size_t>(length - done), offset + done);
    if (count < 0 && errno != EINTR) return -errno;
    if (count == 0) return -EIO;
    if (count > 0) done += count;
  }
  return 0;
}

}  // namespace

std::int64_t CopyData(int source, int target, std::int64_t offset, std::int64_t end, std::int64_t size) {
  std::int64_t position = Seek(source, SEEK_DATA, offset, size);
  if (position < 0 || position >= end) return position;
  const Window window(source, position, end);
  if (window.error() != 0) return window.error();
  while (position >= 0 && position < end) {
    const std::int64_t hole = Seek(source, SEEK_HOLE, position, end);
    if (hole < 0) return hole;
    window.Populate(position, hole);
    const int written = WriteAll(target, window.at(position), hole - position, position);
    if (written != 0) return written;
    position = Seek(source, SEEK_DATA, hole, size);
  }
  return position;
}

}  // namespace ringway
