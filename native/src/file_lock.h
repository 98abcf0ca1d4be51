// Open-file-description locks: the kernel lets them go with the last descriptor, however its process went.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringway {

// The most bytes of one ProbeRange.
constexpr std::int64_t kMostProbed = 4096;

// Takes the lock of one byte, or lets it go. 0, or -EAGAIN when another description holds it, or -errno.
int SetLock(int fd, std::int64_t byte, bool held);

// 1 when another description than fd's holds the byte, 0 when not, or -errno.
int ProbeLock(int fd, std::int64_t byte);

// Bit i of `held` (`count` bits, 32 a word) = byte `start + i` is held by another description than fd's. 0 or -errno.
int ProbeRange(int fd, std::int64_t start, std::int64_t count, std::uint32_t* held);

inline std::size_t WordsOf(std::int64_t bits) { return static_cast<std::size_t>((bits + 31) / 32); }

// A range of locks whose release somebody waits for.
class LockWatch {
 public:
  enum class Change { kNone, kReleased, kFailed };

  LockWatch(int fd, std::int64_t start, std::int64_t count, const std::uint32_t* held);

  // Probes. kReleased when a lock is free that was held when somebody last looked.
  Change Look();

 private:
  const int fd_;
  const std::int64_t start_;
  const std::int64_t count_;
  std::vector<std::uint32_t> held_;
  std::vector<std::uint32_t> found_;
};

}  // namespace ringway
