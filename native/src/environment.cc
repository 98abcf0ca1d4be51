#include "environment.h"

#include <cstdint>
#include <forward_list>
#include <mutex>
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

// Kept for ever: JavaScript may detach the buffer over it while the fault guard counts in it, and pass the memory on to
// whoever outlives this environment.
std::int32_t* NewFaultWord() {
  static std::mutex mutex;
  static std::forward_list<std::int32_t>* const words = new std::forward_list<std::int32_t>();
  const std::lock_guard<std::mutex> lock(mutex);
  words->push_front(0);
  return &words->front();
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
  std::int32_t* const faults = NewFaultWord();
  environment->mappings_.CountFaultsIn(faults);
  if (!environment->ShowFaults(env, faults)) return false;
  // Cleanup hooks run in reverse order: the threads are joined before Node closes the function that they report
  // through.
  if (!environment->waiter_.Open(env) || !environment->record_locks_.Open(env)) return false;
  if (napi_add_env_cleanup_hook(env, Close, environment) != napi_ok) {
    ThrowLastError(env);
    return false;
  }
  return true;
}

bool Environment::ShowFaults(Napi::Env env, std::int32_t* word) {
  napi_value buffer = nullptr;
  napi_status status = napi_create_external_arraybuffer(
      env, word, sizeof(*word), [](napi_env, void*, void*) {}, nullptr, &buffer);
  if (status == napi_no_external_buffers_allowed) {
    // Then there are no mappings either: nothing is ever counted.
    void* zeros = nullptr;
    status = napi_create_arraybuffer(env, sizeof(*word), &zeros, &buffer);
  }
  napi_value words = nullptr;
  if (status == napi_ok) status = napi_create_typedarray(env, napi_int32_array, 1, buffer, 0, &words);
  if (status != napi_ok) {
    ThrowLastError(env);
    return false;
  }
  faults_ = Napi::Reference<Napi::Int32Array>::New(Napi::Int32Array(env, words), 1);
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
  environment->faults_.Reset();
}

}  // namespace ringway
