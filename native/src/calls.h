// What JavaScript calls: the binding of the mechanism in the other files, which knows nothing of Node-API.
#pragma once

#include <node_api.h>

namespace ringway {

napi_value CallLinkDescriptor(napi_env env, napi_callback_info info);
napi_value CallReserve(napi_env env, napi_callback_info info);
napi_value CallPunch(napi_env env, napi_callback_info info);

napi_value CallCopyData(napi_env env, napi_callback_info info);

napi_value CallMap(napi_env env, napi_callback_info info);
napi_value CallMapTwice(napi_env env, napi_callback_info info);
napi_value CallPopulate(napi_env env, napi_callback_info info);
napi_value CallUnmap(napi_env env, napi_callback_info info);
napi_value CallIsBroken(napi_env env, napi_callback_info info);
napi_value CallFaults(napi_env env, napi_callback_info info);
napi_value CallRenewFaultGuard(napi_env env, napi_callback_info info);

napi_value CallGuardDescriptor(napi_env env, napi_callback_info info);
napi_value CallUnguardDescriptor(napi_env env, napi_callback_info info);

napi_value CallLock(napi_env env, napi_callback_info info);
napi_value CallUnlock(napi_env env, napi_callback_info info);
napi_value CallProbe(napi_env env, napi_callback_info info);
napi_value CallProbeRange(napi_env env, napi_callback_info info);

napi_value CallLockRecord(napi_env env, napi_callback_info info);
napi_value CallQueryRecord(napi_env env, napi_callback_info info);
napi_value CallOnRecordWait(napi_env env, napi_callback_info info);
napi_value CallWaitForRecord(napi_env env, napi_callback_info info);
napi_value CallIsRecordWaitOver(napi_env env, napi_callback_info info);
napi_value CallEndRecordWait(napi_env env, napi_callback_info info);
napi_value CallRefRecordWaits(napi_env env, napi_callback_info info);
napi_value CallCountRecordWaits(napi_env env, napi_callback_info info);

napi_value CallPosixPageSize(napi_env env, napi_callback_info info);
napi_value CallPosixMap(napi_env env, napi_callback_info info);
napi_value CallPosixMapOver(napi_env env, napi_callback_info info);
napi_value CallPosixBuffer(napi_env env, napi_callback_info info);
napi_value CallPosixUnmap(napi_env env, napi_callback_info info);
napi_value CallPosixForget(napi_env env, napi_callback_info info);
napi_value CallPosixProtect(napi_env env, napi_callback_info info);
napi_value CallPosixLock(napi_env env, napi_callback_info info);
napi_value CallPosixAdvise(napi_env env, napi_callback_info info);
napi_value CallPosixSync(napi_env env, napi_callback_info info);
napi_value CallPosixSyncLater(napi_env env, napi_callback_info info);

napi_value CallPosixOpenShared(napi_env env, napi_callback_info info);
napi_value CallPosixUnlinkShared(napi_env env, napi_callback_info info);
napi_value CallPosixCreateUnnamed(napi_env env, napi_callback_info info);
napi_value CallPosixTruncate(napi_env env, napi_callback_info info);
napi_value CallPosixAddSeals(napi_env env, napi_callback_info info);
napi_value CallPosixGetSeals(napi_env env, napi_callback_info info);
napi_value CallPosixClose(napi_env env, napi_callback_info info);

napi_value CallRegisterFence(napi_env env, napi_callback_info info);
napi_value CallFence(napi_env env, napi_callback_info info);

napi_value CallYield(napi_env env, napi_callback_info info);

napi_value CallFutexWake(napi_env env, napi_callback_info info);
napi_value CallFutexWait(napi_env env, napi_callback_info info);

napi_value CallOnWatch(napi_env env, napi_callback_info info);
napi_value CallWatch(napi_env env, napi_callback_info info);
napi_value CallUnwatch(napi_env env, napi_callback_info info);
napi_value CallRefWatches(napi_env env, napi_callback_info info);
napi_value CallWatchStats(napi_env env, napi_callback_info info);

}  // namespace ringway
