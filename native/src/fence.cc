#include "fence.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace ringway {
namespace {

// <linux/membarrier.h> may be older than the kernel.
constexpr int kGlobalExpedited = 1 << 1;
constexpr int kRegisterGlobalExpedited = 1 << 2;

int Membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0) < 0 ? -errno : 0; }

}  // namespace

int RegisterFence() { return Membarrier(kRegisterGlobalExpedited); }

int Fence() { return Membarrier(kGlobalExpedited); }

}  // namespace ringway
