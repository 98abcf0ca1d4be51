#include <napi.h>

#include <cstdint>

#include "arguments.h"
#include "calls.h"
#include "environment.h"
#include "record_lock.h"

namespace ringway {
namespace {

constexpr std::int64_t kLongestSliceMilliseconds = 1000;
constexpr std::int64_t kNanosecondsOfMillisecond = 1000000;

bool ReadRecord(const Arguments& arguments, RecordMode least, int* fd, RecordRange* range, RecordMode* mode) {
  std::int64_t number = 0;
  if (!arguments.Descriptor(0, fd) || !arguments.Integer(1, "start", 0, kMaxSafeInteger, &range->start) ||
      !arguments.Integer(2, "length", 0, kMaxSafeInteger - range->start, &range->length) ||
      !arguments.Integer(3, "mode", static_cast<std::int64_t>(least), static_cast<std::int64_t>(RecordMode::kExclusive),
                         &number)) {
    return false;
  }
  *mode = static_cast<RecordMode>(number);
  return true;
}

bool ReadId(const Arguments& arguments, std::int64_t* id) {
  return arguments.Integer(0, "id", -kMaxSafeInteger, kMaxSafeInteger, id);
}

}  // namespace

napi_value CallLockRecord(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  RecordRange range = {};
  RecordMode mode = RecordMode::kNone;
  if (!ReadRecord(arguments, RecordMode::kNone, &fd, &range, &mode)) return nullptr;
  return Answer(env, SetRecordLock(fd, range, mode));
}

napi_value CallQueryRecord(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  RecordRange range = {};
  RecordMode mode = RecordMode::kNone;
  if (!ReadRecord(arguments, RecordMode::kShared, &fd, &range, &mode)) return nullptr;
  RecordHolder holder = {};
  const int result = QueryRecordLock(fd, range, mode, &holder);
  if (result <= 0) return Answer(env, result);
  Napi::Object answer = Napi::Object::New(env);
  answer.Set("mode", static_cast<double>(holder.mode));
  answer.Set("start", static_cast<double>(holder.range.start));
  answer.Set("length", static_cast<double>(holder.range.length));
  answer.Set("pid", static_cast<double>(holder.pid));
  return answer;
}

napi_value CallOnRecordWait(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  if (!Environment::Of(env).record_locks().reports().SetDispatch(env, arguments.at(0))) return nullptr;
  return AnswerUndefined(env);
}

napi_value CallWaitForRecord(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  RecordRange range = {};
  RecordMode mode = RecordMode::kNone;
  if (!ReadRecord(arguments, RecordMode::kShared, &fd, &range, &mode)) return nullptr;
  RecordLocks& locks = Environment::Of(env).record_locks();
  if (!locks.reports().has_dispatch()) {
    napi_throw_error(env, "ERR_INVALID_STATE", "onRecordWait must be called before the first wait");
    return nullptr;
  }
  napi_value result = nullptr;
  if (napi_create_int64(env, locks.waits().Start(fd, range, mode), &result) != napi_ok) ThrowLastError(env);
  return result;
}

napi_value CallIsRecordWaitOver(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  std::int64_t id = 0;
  std::int64_t milliseconds = 0;
  if (!ReadId(arguments, &id) || !arguments.Integer(1, "timeoutMs", 0, kLongestSliceMilliseconds, &milliseconds)) {
    return nullptr;
  }
  return Answer(env,
                Environment::Of(env).record_locks().waits().IsOverWithin(id, milliseconds * kNanosecondsOfMillisecond));
}

napi_value CallEndRecordWait(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  std::int64_t id = 0;
  if (!ReadId(arguments, &id)) return nullptr;
  return Answer(env, Environment::Of(env).record_locks().waits().End(id));
}

napi_value CallRefRecordWaits(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  bool on = false;
  if (!arguments.Boolean(0, "on", &on) || !Environment::Of(env).record_locks().reports().Ref(env, on)) return nullptr;
  return AnswerUndefined(env);
}

napi_value CallCountRecordWaits(napi_env env, napi_callback_info) {
  return Answer(env, static_cast<std::int32_t>(Environment::Of(env).record_locks().waits().Count()));
}

}  // namespace ringway
