// Calls on a descriptor of an object: its name and its memory.
#pragma once

#include <napi.h>

namespace ringway {

napi_value CallLinkDescriptor(napi_env env, napi_callback_info info);
napi_value CallReserve(napi_env env, napi_callback_info info);
napi_value CallPunch(napi_env env, napi_callback_info info);

}  // namespace ringway
