#include "descriptor.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "arguments.h"

namespace ringway {
namespace {

constexpr std::int64_t kReserveStep = 1 << 20;

bool ReadRange(const Arguments& arguments, int* fd, std::int64_t* offset, std::int64_t* length) {
  return arguments.Descriptor(0, fd) && arguments.Integer(1, "offset", 0, kMaxSafeInteger, offset) &&
         arguments.Integer(2, "length", 1, kMaxSafeInteger - *offset, length);
}

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

napi_value CallLinkDescriptor(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  std::string path;
  if (!arguments.Descriptor(0, &fd) || !arguments.Path(1, "path", &path)) return nullptr;
  const std::string unnamed = "/proc/self/fd/" + std::to_string(fd);
  const int result = linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW);
  return Answer(env, result < 0 ? -errno : 0);
}

napi_value CallReserve(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  std::int64_t offset = 0;
  std::int64_t length = 0;
  if (!ReadRange(arguments, &fd, &offset, &length)) return nullptr;
  int result = 0;
  for (std::int64_t done = 0; done < length && result == 0; done += kReserveStep) {
    result = AllocateUndisturbed(fd, offset + done, std::min(kReserveStep, length - done));
  }
  return Answer(env, result);
}

napi_value CallPunch(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  std::int64_t offset = 0;
  std::int64_t length = 0;
  if (!ReadRange(arguments, &fd, &offset, &length)) return nullptr;
  return Answer(env, Allocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length));
}

}  // namespace ringway
