#include "arguments.h"
#include "calls.h"
#include "fence.h"

namespace ringway {

napi_value CallRegisterFence(napi_env env, napi_callback_info) { return Answer(env, RegisterFence()); }

napi_value CallFence(napi_env env, napi_callback_info) { return Answer(env, Fence()); }

}  // namespace ringway
