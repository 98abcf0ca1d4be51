#include "environment.h"

#include "arguments.h"

namespace ringway {

bool Environment::Open(Napi::Env env) {
  Environment* const environment = new Environment();
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
