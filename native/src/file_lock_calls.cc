#include <cstdint>
#include <string>

#include "arguments.h"
#include "calls.h"
#include "file_lock.h"

namespace ringway {
namespace {

bool ReadByte(const Arguments& arguments, int* fd, std::int64_t* byte) {
  return arguments.Descriptor(0, fd) && arguments.Integer(1, "byte", 0, kMaxSafeInteger, byte);
}

napi_value Set(napi_env env, napi_callback_info info, bool held) {
  const Arguments arguments(env, info);
  int fd = -1;
  std::int64_t byte = 0;
  if (!ReadByte(arguments, &fd, &byte)) return nullptr;
  return Answer(env, SetLock(fd, byte, held));
}

}  // namespace

napi_value CallLock(napi_env env, napi_callback_info info) { return Set(env, info, true); }

napi_value CallUnlock(napi_env env, napi_callback_info info) { return Set(env, info, false); }

napi_value CallProbe(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  std::int64_t byte = 0;
  if (!ReadByte(arguments, &fd, &byte)) return nullptr;
  return Answer(env, ProbeLock(fd, byte));
}

napi_value CallProbeRange(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  std::int64_t start = 0;
  std::int64_t count = 0;
  std::uint32_t* held = nullptr;
  std::size_t length = 0;
  if (!arguments.Descriptor(0, &fd) || !arguments.Integer(1, "start", 0, kMaxSafeInteger - kMostProbed, &start) ||
      !arguments.Integer(2, "count", 1, kMostProbed, &count) ||
      !ReadInt32Array(env, arguments.at(3), "held", &held, &length)) {
    return nullptr;
  }
  if (length < WordsOf(count)) {
    ThrowRange(env, "\"held\" must have a bit for each byte: at least " + std::to_string(WordsOf(count)) +
                        " words, not " + std::to_string(length));
    return nullptr;
  }
  return Answer(env, ProbeRange(fd, start, count, held));
}

}  // namespace ringway
