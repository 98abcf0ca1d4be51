#include "fence.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "arguments.h"

namespace ringway {
namespace {

// <linux/membarrier.h> may be older than the kernel.
constexpr int kGlobalExpedited = 1 << 1;
constexpr int kRegisterGlobalExpedited = 1 << 2;

int Membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0) < 0 ? -errno : 0; }

}  // namespace

napi_value CallRegisterFence(napi_env env, napi_callback_info) {
  return Answer(env, static_cast<std::int32_t>(Membarrier(kRegisterGlobalExpedited)));
}

napi_value CallFence(napi_env env, napi_callback_info) {
  return Answer(env, static_cast<std::int32_t>(Membarrier(kGlobalExpedited)));
}

}  // namespace ringway
