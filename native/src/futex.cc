#include "futex.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <limits>

#include "arguments.h"

namespace ringway {
namespace {

// From the kernel's interface: <linux/futex.h> is a package of its own on some distributions.
constexpr int kOpWait = 0;
constexpr int kOpWake = 1;
constexpr int kOpCompareRequeue = 4;
constexpr int kPrivateFlag = 128;
constexpr std::uint32_t kSize32 = 2;
constexpr long kSysFutexWaitv = 449;

// What futexWait answers: WAIT_RESULT in index.ts.
constexpr std::int32_t kWoken = 0;
constexpr std::int32_t kChanged = 1;
constexpr std::int32_t kTimeout = 2;

constexpr double kMostMilliseconds = 1000;

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

napi_value CallFutexWake(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  std::uint32_t* word = nullptr;
  std::int64_t count = 0;
  if (!arguments.Word(0, &word) || !arguments.Integer(2, "count", 0, INT_MAX, &count)) return nullptr;
  // FUTEX_WAKE wakes one waiter even when it is asked for none.
  if (count == 0) return Answer(env, 0);
  return Answer(env, FutexWake(word, static_cast<int>(count), FutexScope::kShared));
}

napi_value CallFutexWait(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  std::uint32_t* word = nullptr;
  std::int64_t expected = 0;
  if (!arguments.Word(0, &word) || !arguments.Integer(2, "expected", INT32_MIN, INT32_MAX, &expected)) return nullptr;
  double milliseconds = 0;
  if (napi_get_value_double(env, arguments.at(3), &milliseconds) != napi_ok) {
    ThrowType(env, "\"timeoutMs\" must be a number");
    return nullptr;
  }
  if (!(milliseconds >= 0 && milliseconds <= kMostMilliseconds)) {
    ThrowRange(env, "\"timeoutMs\" must be from 0 to 1000, not " + std::to_string(milliseconds));
    return nullptr;
  }
  const std::int64_t nanoseconds = static_cast<std::int64_t>(milliseconds * 1e6);
  const timespec timeout = {static_cast<time_t>(nanoseconds / 1000000000), static_cast<long>(nanoseconds % 1000000000)};
  const int outcome = FutexWait(word, static_cast<std::uint32_t>(expected), &timeout, FutexScope::kShared);
  switch (outcome) {
    case -EINTR:
      return Answer(env, kWoken);
    case -EAGAIN:
      return Answer(env, kChanged);
    case -ETIMEDOUT:
      return Answer(env, kTimeout);
    default:
      return Answer(env, outcome < 0 ? outcome : kWoken);
  }
}

}  // namespace ringway
