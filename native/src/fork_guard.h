// Descriptors that no forked child may keep: a copy of one keeps its locks held when this process is long dead.
#pragma once

#include <sys/types.h>

#include <vector>

namespace ringway {

struct GuardSlot;

// What one environment has guarded. The table behind it is the process's: a fork may happen on any thread.
class ForkGuard {
 public:
  // Registers the fork handler, once a process. 0 or -errno.
  static int Install();

  // 0 or -errno.
  int Add(int fd);
  void Remove(int fd);
  // The end of the environment: lets go of the locks of what is still guarded, since Node need not close it.
  void Close();

 private:
  std::vector<GuardSlot*> slots_;
};

}  // namespace ringway
