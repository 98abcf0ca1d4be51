#include "environment.h"

#include <string>
#include <system_error>

#include "arguments.h"
#include "fault_guard.h"

namespace ringway {
namespace {

// Set to 1, the process does without futex_waitv.
constexpr char kWithoutFutexWaitv[] = "RINGWAY_NO_FUTEX_WAITV";
// Set to 0, a SIGBUS is nobody's business here; the first environment of the process decides.
constexpr char kFaultGuard[] = "RINGWAY_FAULT_GUARD";

// Whether a variable of the environment has this value. Asks Node, which guards the variables by a lock of its own:
// getenv may meet a change from another thread. False when an exception is pending.
bool ReadSwitch(Napi::Env env, const char* name, const char* wanted, bool* on) {
  napi_value value = env.Global();
  for (const char* const key : {"process", "env", name}) {
    if (napi_get_named_property(env, value, key, &value) != napi_ok) {
      ThrowLastError(env);
      return false;
    }
  }
  const Napi::Value text(env, value);
  *on = text.IsString() && text.As<Napi::String>().Utf8Value() == wanted;
  return true;
}

}  // namespace

bool Environment::Open(Napi::Env env) {
  bool without = false;
  bool unguarded = false;
  if (!ReadSwitch(env, kWithoutFutexWaitv, "1", &without) || !ReadSwitch(env, kFaultGuard, "0", &unguarded))
    return false;
  const int guarded = InstallFaultGuard(!unguarded);
  if (guarded < 0) {
    Napi::Error::New(env, "sigaction: " + std::generic_category().message(-guarded)).ThrowAsJavaScriptException();
    return false;
  }
  Environment* const environment = new Environment(!without);
  // Deletes it last: after the cleanup hooks, and after the finalizers of its buffers.
  env.SetInstanceData(environment);
  // Memory of V8's own, which stays where it is as long as the reference lives: the fault guard writes into it.
  Napi::Int32Array faults = Napi::Int32Array::New(env, 1);
  if (env.IsExceptionPending()) return false;
  environment->faults_ = Napi::Reference<Napi::Int32Array>::New(faults, 1);
  environment->mappings_.CountFaultsIn(faults.Data());
  // Cleanup hooks run in reverse order: the threads are joined before Node closes the function that they report
  // through.
  if (!environment->waiter_.Open(env) || !environment->record_locks_.Open(env)) return false;
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
  // Before the guard lets the locks go: a thread may get one until it has ended.
  environment->record_locks_.Close();
  environment->posix_.Close();
  environment->guard_.Close();
  environment->mappings_.Close();
  // No handler writes into it any more.
  environment->faults_.Reset();
}

}  // namespace ringway
