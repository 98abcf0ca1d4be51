#include <time.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <string>

#include "arguments.h"
#include "calls.h"
#include "futex.h"

namespace ringway {
namespace {

// What futexWait answers: WAIT_RESULT in index.ts.
constexpr std::int32_t kWoken = 0;
constexpr std::int32_t kChanged = 1;
constexpr std::int32_t kTimeout = 2;

constexpr double kMostMilliseconds = 1000;

}  // namespace

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
