#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "arguments.h"
#include "calls.h"
#include "environment.h"
#include "file_lock.h"

namespace ringway {
namespace {

// Null stays null. False when an exception is pending.
bool ReadLocks(napi_env env, napi_value value, std::shared_ptr<LockWatch>* result) {
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, value, &type) != napi_ok) {
    ThrowLastError(env);
    return false;
  }
  if (type == napi_null) return true;
  if (type != napi_object) {
    ThrowType(env, "\"locks\" must be null or an object");
    return false;
  }
  napi_value fields[4] = {};
  const char* const names[4] = {"fd", "start", "count", "held"};
  for (std::size_t i = 0; i < 4; ++i) {
    if (napi_get_named_property(env, value, names[i], &fields[i]) != napi_ok) {
      ThrowLastError(env);
      return false;
    }
  }
  int fd = -1;
  std::int64_t start = 0;
  std::int64_t count = 0;
  std::uint32_t* held = nullptr;
  std::size_t length = 0;
  if (!ReadDescriptor(env, fields[0], "locks.fd", &fd) ||
      !ReadInteger(env, fields[1], "locks.start", 0, kMaxSafeInteger - kMostProbed, &start) ||
      !ReadInteger(env, fields[2], "locks.count", 1, kMostProbed, &count) ||
      !ReadInt32Array(env, fields[3], "locks.held", &held, &length)) {
    return false;
  }
  if (length < WordsOf(count)) {
    ThrowRange(env, "\"locks.held\" must have a bit for each byte: at least " + std::to_string(WordsOf(count)) +
                        " words, not " + std::to_string(length));
    return false;
  }
  *result = std::make_shared<LockWatch>(fd, start, count, held);
  return true;
}

}  // namespace

napi_value CallOnWatch(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  if (!Environment::Of(env).waiter().reports().SetDispatch(env, arguments.at(0))) return nullptr;
  return AnswerUndefined(env);
}

napi_value CallWatch(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  Environment& environment = Environment::Of(env);
  std::uint32_t* word = nullptr;
  std::int64_t expected = 0;
  std::shared_ptr<LockWatch> locks;
  if (!arguments.Word(0, &word) || !arguments.Integer(2, "expected", INT32_MIN, INT32_MAX, &expected) ||
      !ReadLocks(env, arguments.at(3), &locks)) {
    return nullptr;
  }
  // A thread waits on the address while JavaScript runs: only unmap may give it away, since it tells the thread first.
  if (!environment.mappings().Contains(word, sizeof(*word))) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_VALUE", "\"words\" must be a view of a mapping that was not unmapped");
    return nullptr;
  }
  if (!environment.waiter().reports().has_dispatch()) {
    napi_throw_error(env, "ERR_INVALID_STATE", "onWatch must be called before the first watch");
    return nullptr;
  }
  std::int64_t id = 0;
  if (!environment.waiter().Add(env, arguments.at(0), word, static_cast<std::uint32_t>(expected), std::move(locks),
                                &id)) {
    return nullptr;
  }
  napi_value result = nullptr;
  if (napi_create_int64(env, id, &result) != napi_ok) ThrowLastError(env);
  return result;
}

napi_value CallUnwatch(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  std::int64_t id = 0;
  if (!arguments.Integer(0, "id", -kMaxSafeInteger, kMaxSafeInteger, &id)) return nullptr;
  return Answer(env, Environment::Of(env).waiter().Remove(id));
}

napi_value CallRefWatches(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  bool on = false;
  if (!arguments.Boolean(0, "on", &on) || !Environment::Of(env).waiter().reports().Ref(env, on)) return nullptr;
  return AnswerUndefined(env);
}

napi_value CallWatchStats(napi_env env, napi_callback_info) {
  const Waiter& waiter = Environment::Of(env).waiter();
  Napi::Object stats = Napi::Object::New(env);
  stats.Set("threads", static_cast<double>(waiter.CountThreads()));
  stats.Set("watches", static_cast<double>(waiter.CountWatches()));
  return stats;
}

}  // namespace ringway
