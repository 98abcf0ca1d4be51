// The futex system calls.
#pragma once

#include <time.h>

#include <cstddef>
#include <cstdint>

namespace ringway {

// Shared futexes are keyed by object and offset, private ones by address: those never leave this process.
enum class FutexScope { kShared, kPrivate };

// One word of FutexWaitAny. The layout of `struct futex_waitv`, which older kernel headers lack.
struct FutexWaiter {
  std::uint64_t expected;
  std::uint64_t address;
  std::uint32_t flags;
  std::uint32_t reserved;
};
static_assert(sizeof(FutexWaiter) == 24, "the kernel reads an array of 24-byte entries");

// The kernel's FUTEX_WAITV_MAX.
constexpr std::size_t kMostWaiters = 128;

FutexWaiter MakeWaiter(std::uint32_t* word, std::uint32_t expected, FutexScope scope);

// All return -errno on failure.
// Waits while *word == expected; `timeout` is relative, null is for ever. 0 when woken.
int FutexWait(std::uint32_t* word, std::uint32_t expected, const timespec* timeout, FutexScope scope);
// The number of waiters woken.
int FutexWake(std::uint32_t* word, int count, FutexScope scope);
// 0 when *word == expected, -EAGAIN when not. Where the word cannot be reached this is -EFAULT, and reading it a
// SIGBUS.
int FutexCompare(std::uint32_t* word, std::uint32_t expected);
// Waits on up to kMostWaiters words; `deadline` is a time of CLOCK_MONOTONIC, null is for ever. The index of a woken
// word: the highest, when several were woken.
int FutexWaitAny(const FutexWaiter* waiters, unsigned count, const timespec* deadline);
// Whether FutexWaitAny works here: kernel 5.16, and no sandbox that forbids it.
bool HasFutexWaitAny();

}  // namespace ringway
