#include "environment.h"

#include "arguments.h"

namespace ringway {
namespace {

// Set to 1, the process does without futex_waitv.
constexpr char kWithoutFutexWaitv[] = "RINGWAY_NO_FUTEX_WAITV";

// Asks Node, which guards the variables by a lock of its own: getenv may meet a change from another thread. False when
// an exception is pending.
bool ReadSwitch(Napi::Env env, const char* name, bool* on) {
  napi_value value = env.Global();
  for (const char* const key : {"process", "env", name}) {
    if (napi_get_named_property(env, value, key, &value) != napi_ok) {
      ThrowLastError(env);
      return false;
    }
  }
  const Napi::Value text(env, value);
  *on = text.IsString() && text.As<Napi::String>().Utf8Value() == "1";
  return true;
}

}  // namespace

bool Environment::Open(Napi::Env env) {
  bool without = false;
  if (!ReadSwitch(env, kWithoutFutexWaitv, &without)) return false;
  Environment* const environment = new Environment(!without);
  // Deletes it last: after the cleanup hooks, and after the finalizers of its buffers.
  env.SetInstanceData(environment);
  // Cleanup hooks run in reverse order: the threads are joined before Node closes the function that they report
  // through.
  if (!environment->waiter_.Open(env)) return false;
  if (napi_add_env_cleanup_hook(env, Close, environment) != napi_ok) {
    ThrowLastError(env);
    return false;
  }
  return true;
}

Environment& Environment::Of(napi_env env) { return *Napi::Env(env).GetInstanceData<Environment>(); }

void Environment::Close(void* data) {
  Environment* const environment = static_cast<Environment*>(data);
  environment->waiter_.Close();
  environment->guard_.Close();
  environment->mappings_.Close();
}

}  // namespace ringway
