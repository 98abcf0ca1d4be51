// Locks of byte ranges, shared or exclusive: they conflict with those of every other description of the file, and with
// the classic fcntl locks of every process.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace ringway {

// RECORD_MODE in index.ts.
enum class RecordMode : std::int32_t { kNone = 0, kShared = 1, kExclusive = 2 };

// A length of 0 reaches to the end of every file.
struct RecordRange {
  std::int64_t start;
  std::int64_t length;
};

// A lock that stands in the way.
struct RecordHolder {
  RecordMode mode;
  RecordRange range;
  // -1 when a description holds it, which may belong to many processes; 0 when the process is in another PID namespace.
  pid_t pid;
};

// Gives the whole range this mode, or leaves all of it as it was: what the description holds there is converted, and
// with kNone let go. 0, -EAGAIN when somebody else's lock is in the way, or -errno.
int SetRecordLock(int fd, const RecordRange& range, RecordMode mode);

// The same, but waits in the kernel's queue. 0, -EINTR when a signal was served, or -errno.
int WaitForRecordLock(int fd, const RecordRange& range, RecordMode mode);

// 1 when somebody else's lock would be in the way (one of them is in `*holder`), 0 when none, or -errno.
int QueryRecordLock(int fd, const RecordRange& range, RecordMode mode, RecordHolder* holder);

}  // namespace ringway
