// What the native programs have in common: how they fail, what they say, and the memory that two of them share.
#pragma once

#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace bench {

// Two cache lines: the second one is fetched along with the first.
constexpr std::size_t kApart = 128;

[[noreturn]] inline void Fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

[[noreturn]] inline void FailWithErrno(const char* call) { Fail(std::string(call) + ": " + std::strerror(errno)); }

// Who spins must not outlive the process that would end it.
inline void EndWithParent() {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) FailWithErrno("prctl");
}

inline double NowMicroseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// The value below which `part` of the values lie, by nearest rank.
inline double Quantile(const std::vector<double>& sorted, double part) {
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

// A line on the standard output, at once.
[[gnu::format(printf, 1, 2)]] inline void Say(const char* format, ...) {
  va_list values;
  va_start(values, format);
  std::vprintf(format, values);
  va_end(values);
  std::printf("\n");
  if (std::fflush(stdout) != 0) FailWithErrno("fflush");
}

inline void SayReady() { Say("{\"ready\":true}"); }

// The next order; false at the end.
inline bool NextOrder(std::uint32_t* count) { return std::scanf("%u", count) == 1; }

// The object behind a descriptor, grown to hold a T, and mapped: zeros at first.
template <typename T>
T* MapShared(int fd) {
  if (ftruncate(fd, static_cast<off_t>(sizeof(T))) != 0) FailWithErrno("ftruncate");
  void* const at = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) FailWithErrno("mmap");
  return static_cast<T*>(at);
}

}  // namespace bench
