#include "fork_guard.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace ringway {

// Identity beside the number: somebody may have closed the descriptor, and its number may be another file's by now.
struct GuardSlot {
  std::atomic<int> state;
  dev_t device;
  ino_t inode;
};

namespace {

// The states of a slot; a descriptor is stored as itself + 1, so that static zeroes are free slots.
constexpr int kFree = 0;
constexpr int kBusy = -1;
constexpr std::size_t kSlotsOfBlock = 64;

struct GuardBlock {
  GuardSlot slots[kSlotsOfBlock];
  std::atomic<GuardBlock*> next;
};

// Grows and never shrinks, and has no lock: the child's handler may run while another thread of the parent was in here.
GuardBlock table;
pthread_once_t installed = PTHREAD_ONCE_INIT;
int install_error = 0;

bool IsStill(int fd, const GuardSlot& slot) {
  struct stat status;
  return fstat(fd, &status) == 0 && status.st_dev == slot.device && status.st_ino == slot.inode;
}

// Runs in the forked child, where only async-signal-safe calls are allowed.
void CloseInChild() {
  for (GuardBlock* block = &table; block != nullptr; block = block->next.load()) {
    for (GuardSlot& slot : block->slots) {
      const int state = slot.state.exchange(kFree);
      if (state > 0 && IsStill(state - 1, slot)) close(state - 1);
    }
  }
}

void InstallOnce() { install_error = pthread_atfork(nullptr, nullptr, CloseInChild); }

GuardSlot* TakeSlot() {
  GuardBlock* block = &table;
  for (;;) {
    for (GuardSlot& slot : block->slots) {
      int expected = kFree;
      if (slot.state.compare_exchange_strong(expected, kBusy)) return &slot;
    }
    GuardBlock* next = block->next.load();
    if (next == nullptr) {
      GuardBlock* fresh = new GuardBlock();
      if (block->next.compare_exchange_strong(next, fresh)) {
        next = fresh;
      } else {
        delete fresh;
      }
    }
    block = next;
  }
}

}  // namespace

int ForkGuard::Install() {
  const int result = pthread_once(&installed, InstallOnce);
  return -(result != 0 ? result : install_error);
}

int ForkGuard::Add(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return -errno;
  GuardSlot* slot = TakeSlot();
  slot->device = status.st_dev;
  slot->inode = status.st_ino;
  slot->state.store(fd + 1);
  slots_.push_back(slot);
  return 0;
}

void ForkGuard::Remove(int fd) {
  for (auto slot = slots_.begin(); slot != slots_.end(); ++slot) {
    if ((*slot)->state.load() != fd + 1) continue;
    (*slot)->state.store(kFree);
    slots_.erase(slot);
    return;
  }
}

void ForkGuard::Close() {
  for (GuardSlot* slot : slots_) {
    const int fd = slot->state.load() - 1;
    if (IsStill(fd, *slot)) {
      struct flock all = {};
      all.l_type = F_UNLCK;
      all.l_whence = SEEK_SET;
      // Unlocking what one holds fails only on a descriptor that is closed by now, and then there is no lock.
      fcntl(fd, F_OFD_SETLK, &all);
    }
    slot->state.store(kFree);
  }
  slots_.clear();
}

}  // namespace ringway
