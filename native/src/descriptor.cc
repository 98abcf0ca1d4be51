#include "descriptor.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace ringway {
namespace {

constexpr std::int64_t kReserveStep = 1 << 20;

// fallocate, begun again when a signal interrupts it. 0 or -errno.
int Allocate(int fd, int mode, std::int64_t offset, std::int64_t length) {
  int result = 0;
  do {
    result = fallocate(fd, mode, offset, length);
  } while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : 0;
}

// On tmpfs an interrupted fallocate gives back what it had and begins anew: a timer that fires faster than a step would
// keep it from ever ending.
int AllocateUndisturbed(int fd, std::int64_t offset, std::int64_t length) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  const int blocked = pthread_sigmask(SIG_SETMASK, &all, &before);
  if (blocked != 0) return -blocked;
  const int result = Allocate(fd, 0, offset, length);
  const int restored = pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return result < 0 ? result : -restored;
}

}  // namespace

int LinkDescriptor(int fd, const std::string& path) {
  const std::string unnamed = "/proc/self/fd/" + std::to_string(fd);
  return linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

int Reserve(int fd, std::int64_t offset, std::int64_t length) {
  int result = 0;
  for (std::int64_t done = 0; done < length && result == 0; done += kReserveStep) {
    result = AllocateUndisturbed(fd, offset + done, std::min(kReserveStep, length - done));
  }
  return result;
}

int Punch(int fd, std::int64_t offset, std::int64_t length) {
  return Allocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

}  // namespace ringway
