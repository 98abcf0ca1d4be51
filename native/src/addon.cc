// What the addon exports: the members of `Native` in index.ts.
#include <napi.h>

#include <iterator>
#include <string>
#include <system_error>

#include "arguments.h"
#include "calls.h"
#include "environment.h"
#include "fork_guard.h"

namespace ringway {
namespace {

napi_property_descriptor Function(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_enumerable, nullptr};
}

Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  const int result = ForkGuard::Install();
  if (result < 0) {
    Napi::Error::New(env, std::string("pthread_atfork: ") + std::generic_category().message(-result))
        .ThrowAsJavaScriptException();
    return exports;
  }
  if (!Environment::Open(env)) return exports;
  const napi_property_descriptor functions[] = {
      Function("linkDescriptor", CallLinkDescriptor),
      Function("reserve", CallReserve),
      Function("punch", CallPunch),
      Function("copyData", CallCopyData),
      Function("map", CallMap),
      Function("mapTwice", CallMapTwice),
      Function("populate", CallPopulate),
      Function("unmap", CallUnmap),
      Function("isBroken", CallIsBroken),
      Function("faults", CallFaults),
      Function("renewFaultGuard", CallRenewFaultGuard),
      Function("guardDescriptor", CallGuardDescriptor),
      Function("unguardDescriptor", CallUnguardDescriptor),
      Function("lock", CallLock),
      Function("unlock", CallUnlock),
      Function("probe", CallProbe),
      Function("probeRange", CallProbeRange),
      Function("lockRecord", CallLockRecord),
      Function("queryRecord", CallQueryRecord),
      Function("onRecordWait", CallOnRecordWait),
      Function("waitForRecord", CallWaitForRecord),
      Function("isRecordWaitOver", CallIsRecordWaitOver),
      Function("endRecordWait", CallEndRecordWait),
      Function("refRecordWaits", CallRefRecordWaits),
      Function("countRecordWaits", CallCountRecordWaits),
      Function("posixPageSize", CallPosixPageSize),
      Function("posixMap", CallPosixMap),
      Function("posixMapOver", CallPosixMapOver),
      Function("posixBuffer", CallPosixBuffer),
      Function("posixUnmap", CallPosixUnmap),
      Function("posixForget", CallPosixForget),
      Function("posixProtect", CallPosixProtect),
      Function("posixLock", CallPosixLock),
      Function("posixAdvise", CallPosixAdvise),
      Function("posixSync", CallPosixSync),
      Function("posixSyncLater", CallPosixSyncLater),
      Function("posixOpenShared", CallPosixOpenShared),
      Function("posixUnlinkShared", CallPosixUnlinkShared),
      Function("posixCreateUnnamed", CallPosixCreateUnnamed),
      Function("posixTruncate", CallPosixTruncate),
      Function("posixAddSeals", CallPosixAddSeals),
      Function("posixGetSeals", CallPosixGetSeals),
      Function("posixClose", CallPosixClose),
      Function("registerFence", CallRegisterFence),
      Function("fence", CallFence),
      Function("yield", CallYield),
      Function("futexWake", CallFutexWake),
      Function("futexWait", CallFutexWait),
      Function("onWatch", CallOnWatch),
      Function("watch", CallWatch),
      Function("unwatch", CallUnwatch),
      Function("refWatches", CallRefWatches),
      Function("watchStats", CallWatchStats),
  };
  if (napi_define_properties(env, exports, std::size(functions), functions) != napi_ok) ThrowLastError(env);
  return exports;
}

}  // namespace
}  // namespace ringway

static Napi::Object InitializeModule(Napi::Env env, Napi::Object exports) { return ringway::Initialize(env, exports); }

NODE_API_MODULE(ringway, InitializeModule)
