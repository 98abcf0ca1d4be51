#include "record_lock.h"

#include <fcntl.h>

#include <cerrno>

namespace ringway {
namespace {

short TypeOf(RecordMode mode) {
  switch (mode) {
    case RecordMode::kShared:
      return F_RDLCK;
    case RecordMode::kExclusive:
      return F_WRLCK;
    case RecordMode::kNone:
      break;
  }
  return F_UNLCK;
}

// The process id stays 0, as the kernel wants it.
struct flock MakeLock(const RecordRange& range, RecordMode mode) {
  struct flock lock = {};
  lock.l_type = TypeOf(mode);
  lock.l_whence = SEEK_SET;
  lock.l_start = range.start;
  lock.l_len = range.length;
  return lock;
}

// 0 or -errno, and -EAGAIN where POSIX leaves the choice of EACCES.
int AskForLock(int fd, int command, struct flock* lock) {
  if (fcntl(fd, command, lock) == 0) return 0;
  return errno == EACCES ? -EAGAIN : -errno;
}

// The same, begun again when a signal interrupts it.
int ControlUndisturbed(int fd, int command, struct flock* lock) {
  int result = 0;
  do {
    result = AskForLock(fd, command, lock);
  } while (result == -EINTR);
  return result;
}

}  // namespace

int SetRecordLock(int fd, const RecordRange& range, RecordMode mode) {
  struct flock lock = MakeLock(range, mode);
  return ControlUndisturbed(fd, F_OFD_SETLK, &lock);
}

int WaitForRecordLock(int fd, const RecordRange& range, RecordMode mode) {
  struct flock lock = MakeLock(range, mode);
  return AskForLock(fd, F_OFD_SETLKW, &lock);
}

int QueryRecordLock(int fd, const RecordRange& range, RecordMode mode, RecordHolder* holder) {
  struct flock lock = MakeLock(range, mode);
  const int result = ControlUndisturbed(fd, F_OFD_GETLK, &lock);
  if (result < 0) return result;
  if (lock.l_type == F_UNLCK) return 0;
  holder->mode = lock.l_type == F_WRLCK ? RecordMode::kExclusive : RecordMode::kShared;
  holder->range = {lock.l_start, lock.l_len};
  holder->pid = lock.l_pid;
  return 1;
}

}  // namespace ringway
