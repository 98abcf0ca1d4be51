#include "file_lock.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace ringway {
namespace {

struct Range {
  std::int64_t begin;
  std::int64_t end;
};

struct flock MakeLock(short type, std::int64_t start, std::int64_t length) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  return lock;
}

int Control(int fd, int command, struct flock* lock) {
  int result = 0;
  do {
    result = fcntl(fd, command, lock);
  } while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : 0;
}

// 0 or -errno; after 0, `lock->l_type` is F_UNLCK when nobody else holds any of it, else `lock` is one that is held.
int Ask(int fd, const Range& range, struct flock* lock) {
  *lock = MakeLock(F_WRLCK, range.begin, range.end - range.begin);
  return Control(fd, F_OFD_GETLK, lock);
}

}  // namespace

int SetLock(int fd, std::int64_t byte, bool held) {
  struct flock lock = MakeLock(held ? F_WRLCK : F_UNLCK, byte, 1);
  const int result = Control(fd, F_OFD_SETLK, &lock);
  return result == -EACCES ? -EAGAIN : result;
}

int ProbeLock(int fd, std::int64_t byte) {
  struct flock lock = {};
  const int result = Ask(fd, {byte, byte + 1}, &lock);
  if (result < 0) return result;
  return lock.l_type == F_UNLCK ? 0 : 1;
}

int ProbeRange(int fd, std::int64_t start, std::int64_t count, std::uint32_t* held) {
  std::fill(held, held + WordsOf(count), 0U);
  // The kernel names any one lock of the range, not the first: what lies to both sides of it remains to be asked.
  std::vector<Range> remaining = {{start, start + count}};
  while (!remaining.empty()) {
    const Range range = remaining.back();
    remaining.pop_back();
    struct flock lock = {};
    const int result = Ask(fd, range, &lock);
    if (result < 0) return result;
    if (lock.l_type == F_UNLCK) continue;
    const std::int64_t begin = std::max<std::int64_t>(range.begin, lock.l_start);
    // A length of 0 reaches to the end of every file.
    const std::int64_t end = lock.l_len == 0 ? range.end : std::min<std::int64_t>(range.end, lock.l_start + lock.l_len);
    for (std::int64_t byte = begin; byte < end; ++byte) {
      const std::int64_t bit = byte - start;
      held[bit / 32] |= 1U << (bit % 32);
    }
    if (end < range.end) remaining.push_back({end, range.end});
    if (range.begin < begin) remaining.push_back({range.begin, begin});
  }
  return 0;
}

LockWatch::LockWatch(int fd, std::int64_t start, std::int64_t count, const std::uint32_t* held)
    : fd_(fd), start_(start), count_(count), held_(held, held + WordsOf(count)), found_(WordsOf(count)) {
  // A bit beyond the range would count as released.
  if (count % 32 != 0) held_.back() &= (1U << (count % 32)) - 1;
}

LockWatch::Change LockWatch::Look() {
  if (ProbeRange(fd_, start_, count_, found_.data()) < 0) return Change::kFailed;
  bool released = false;
  for (std::size_t i = 0; i < held_.size(); ++i) released = released || (held_[i] & ~found_[i]) != 0;
  held_ = found_;
  return released ? Change::kReleased : Change::kNone;
}

}  // namespace ringway
