// What JavaScript calls: the binding of the mechanism in the other files, which knows nothing of Node-API.
#pragma once

#include <node_api.h>

namespace ringway {

napi_value CallLinkDescriptor(napi_env env, napi_callback_info info);
napi_value CallReserve(napi_env env, napi_callback_info info);
napi_value CallPunch(napi_env env, napi_callback_info info);

napi_value CallMap(napi_env env, napi_callback_info info);
napi_value CallMapTwice(napi_env env, napi_callback_info info);
napi_value CallPopulate(napi_env env, napi_callback_info info);
napi_value CallUnmap(napi_env env, napi_callback_info info);

napi_value CallGuardDescriptor(napi_env env, napi_callback_info info);
napi_value CallUnguardDescriptor(napi_env env, napi_callback_info info);

napi_value CallLock(napi_env env, napi_callback_info info);
napi_value CallUnlock(napi_env env, napi_callback_info info);
napi_value CallProbe(napi_env env, napi_callback_info info);
napi_value CallProbeRange(napi_env env, napi_callback_info info);

napi_value CallRegisterFence(napi_env env, napi_callback_info info);
napi_value CallFence(napi_env env, napi_callback_info info);

napi_value CallFutexWake(napi_env env, napi_callback_info info);
napi_value CallFutexWait(napi_env env, napi_callback_info info);

napi_value CallOnWatch(napi_env env, napi_callback_info info);
napi_value CallWatch(napi_env env, napi_callback_info info);
napi_value CallUnwatch(napi_env env, napi_callback_info info);
napi_value CallRefWatches(napi_env env, napi_callback_info info);
napi_value CallWatchStats(napi_env env, napi_callback_info info);

}  // namespace ringway
