#include "futex.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace ringway {
namespace {

// From the kernel's interface: <linux/futex.h> is a package of its own on some distributions.
constexpr int kOpWait = 0;
constexpr int kOpWake = 1;
constexpr int kOpCompareRequeue = 4;
constexpr int kPrivateFlag = 128;
constexpr std::uint32_t kSize32 = 2;
constexpr long kSysFutexWaitv = 449;

int Flag(FutexScope scope) { return scope == FutexScope::kPrivate ? kPrivateFlag : 0; }

int Outcome(long result) { return result < 0 ? -errno : static_cast<int>(result); }

}  // namespace

FutexWaiter MakeWaiter(std::uint32_t* word, std::uint32_t expected, FutexScope scope) {
  return {expected, reinterpret_cast<std::uintptr_t>(word), kSize32 | static_cast<std::uint32_t>(Flag(scope)), 0};
}

int FutexWait(std::uint32_t* word, std::uint32_t expected, const timespec* timeout, FutexScope scope) {
  return Outcome(syscall(SYS_futex, word, kOpWait | Flag(scope), expected, timeout, nullptr, 0));
}

int FutexWake(std::uint32_t* word, int count, FutexScope scope) {
  return Outcome(syscall(SYS_futex, word, kOpWake | Flag(scope), count, nullptr, nullptr, 0));
}

int FutexCompare(std::uint32_t* word, std::uint32_t expected) {
  // Moves no waiter and wakes none; what remains of the call is the comparison.
  return Outcome(syscall(SYS_futex, word, kOpCompareRequeue, 0, 0, word, expected));
}

int FutexWaitAny(const FutexWaiter* waiters, unsigned count, const timespec* deadline) {
  return Outcome(syscall(kSysFutexWaitv, waiters, count, 0, deadline, CLOCK_MONOTONIC));
}

bool HasFutexWaitAny() {
  // An empty set is EINVAL where the call exists.
  return FutexWaitAny(nullptr, 0, nullptr) == -EINVAL;
}

}  // namespace ringway
