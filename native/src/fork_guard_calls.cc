#include "arguments.h"
#include "calls.h"
#include "environment.h"
#include "fork_guard.h"

namespace ringway {

napi_value CallGuardDescriptor(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  if (!arguments.Descriptor(0, &fd)) return nullptr;
  return Answer(env, Environment::Of(env).guard().Add(fd));
}

napi_value CallUnguardDescriptor(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  if (!arguments.Descriptor(0, &fd)) return nullptr;
  Environment::Of(env).guard().Remove(fd);
  return AnswerUndefined(env);
}

}  // namespace ringway
