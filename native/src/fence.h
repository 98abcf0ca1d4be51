// Memory barriers that one process executes on the processors of others (membarrier(2)), so that the others need none
// of their own.
#pragma once

#include <napi.h>

namespace ringway {

napi_value CallRegisterFence(napi_env env, napi_callback_info info);
napi_value CallFence(napi_env env, napi_callback_info info);

}  // namespace ringway
