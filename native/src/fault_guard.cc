#include "fault_guard.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>

#include "shared_range.h"

namespace ringway {

// The handler may run on any thread, at any instruction that touches a mapping, while other threads add and remove
// ranges. So it takes no lock and frees nothing; everything that it reads is atomic, and ranges stay where they are for
// ever.
//
// It pins a range before it believes it: adds itself to `handlers`, then looks at the state again. Who removes a range
// stores the state first and looks at `handlers` after. Both are sequentially consistent, so one of the two sees the
// other: either the handler lets go, or the remover waits until the page is laid. Without that a handler could lay its
// page over memory that somebody else was given at the same address meanwhile.
struct FaultRange {
  std::atomic<int> state;
  std::atomic<int> handlers;
  // Written while the range is free, and read by handlers that have pinned it; a guess before that.
  std::atomic<std::uintptr_t> begin;
  std::atomic<std::size_t> bytes;
  std::atomic<std::int32_t*> faults;
  std::atomic<bool> broken;
  // How often it was mended.
  std::atomic<int> pages_laid;
  // Of the free ones; under the mutex.
  FaultRange* next_free;
};

namespace {

constexpr int kUnused = 0;
constexpr int kGuarded = 1;
constexpr std::size_t kRangesOfBlock = 64;
// Each page that is laid splits a mapping, and the allocator of JavaScript ends the process when it gets no more of
// vm.max_map_count (65,530 unless changed): a range with so many is given up whole, and each one at its first fault
// when all together have that many.
constexpr int kMostPagesOfRange = 64;
constexpr int kMostPagesOfAll = 4096;

struct FaultBlock {
  FaultRange ranges[kRangesOfBlock];
  std::atomic<FaultBlock*> next;
};

// Grows and never shrinks. The mutex is for those who add and remove, never for the handler.
FaultBlock fault_table;
std::mutex mutex;
FaultRange* free_ranges = nullptr;
bool table_listed = false;

std::once_flag handler_installed;
int install_result = 0;
std::uintptr_t page_size = 0;

std::atomic<int> pages_laid{0};

// Whom to pass a fault on to that is not ours. Stays where it is for ever: a handler may be reading it.
struct Former {
  struct sigaction action;
  // A handler that asked for one call (SA_RESETHAND) has had it.
  std::atomic<bool> is_spent;
  Former* next;
};

// What was there before us. Written before our handler can run.
Former first_former;
// What was there when we last took the signal back; the list of all that ever were is under the mutex.
std::atomic<Former*> latest_former{&first_former};
std::atomic<bool> is_installed{false};

bool Contains(const FaultRange& range, std::uintptr_t address) {
  return address - range.begin.load(std::memory_order_relaxed) < range.bytes.load(std::memory_order_relaxed);
}

// The guarded range with this address, pinned; null if there is none.
FaultRange* Pin(std::uintptr_t address) {
  for (FaultBlock* block = &fault_table; block != nullptr; block = block->next.load()) {
    for (FaultRange& range : block->ranges) {
      if (!Contains(range, address)) continue;
      range.handlers.fetch_add(1);
      if (range.state.load() == kGuarded && Contains(range, address)) return &range;
      range.handlers.fetch_sub(1);
    }
  }
  return nullptr;
}

// The bare system call: mmap of the C library is not async-signal-safe by the book, and sanitizers put their own in
// front.
bool LayZeros(std::uintptr_t begin, std::size_t bytes) {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  return syscall(SYS_mmap, begin, bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0) == static_cast<long>(begin);
}

// Whether the fault was in a guarded range, and the instruction that met it can be executed again.
bool Mend(std::uintptr_t address) {
  FaultRange* const range = Pin(address);
  if (range == nullptr) return false;
  const bool is_spared =
      range->pages_laid.fetch_add(1) < kMostPagesOfRange && pages_laid.fetch_add(1) < kMostPagesOfAll;
  // A page in the middle splits the mapping, which the kernel refuses at vm.max_map_count, and of huge pages always;
  // the whole range splits nothing.
  const bool mended = (is_spared && LayZeros(address & ~(page_size - 1), page_size)) ||
                      LayZeros(range->begin.load(), range->bytes.load());
  // The mark first: who finds the count changed looks for it.
  if (mended && !range->broken.exchange(true)) __atomic_add_fetch(range->faults.load(), 1, __ATOMIC_SEQ_CST);
  range->handlers.fetch_sub(1);
  return mended;
}

// As the kernel does without a handler: the process dies by this signal.
void DieOf(int signal, bool raised_by_instruction) {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);
  // The instruction faults again when this handler returns, and the core shows where. What was sent comes only once: it
  // waits, blocked, until then.
  if (!raised_by_instruction) static_cast<void>(raise(signal));
}

void Call(Former* former, int signal, siginfo_t* info, void* context, bool by_instruction) {
  const struct sigaction& action = former->action;
  const bool is_spent = (action.sa_flags & SA_RESETHAND) != 0 && former->is_spent.exchange(true);
  const bool takes_info = (action.sa_flags & SA_SIGINFO) != 0;
  const bool is_default = is_spent || (!takes_info && action.sa_handler == SIG_DFL);
  const bool is_ignored = !is_default && !takes_info && action.sa_handler == SIG_IGN;
  // The kernel lets nobody ignore a fault: the instruction could never go on.
  if (is_default || (is_ignored && by_instruction)) return DieOf(signal, by_instruction);
  if (is_ignored) return;
  // Ours blocks this signal and nothing else. When our handler returns, the mask of the interrupted code comes back.
  pthread_sigmask(SIG_BLOCK, &action.sa_mask, nullptr);
  if ((action.sa_flags & SA_NODEFER) != 0 && sigismember(&action.sa_mask, signal) == 0) {
    sigset_t own;
    sigemptyset(&own);
    sigaddset(&own, signal);
    pthread_sigmask(SIG_UNBLOCK, &own, nullptr);
  }
  if (takes_info) {
    action.sa_sigaction(signal, info, context);
  } else {
    action.sa_handler(signal);
  }
}

void OnBusError(int signal, siginfo_t* info, void* context);

bool IsOurs(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == OnBusError;
}

bool IsSameHandler(const struct sigaction& one, const struct sigaction& other) {
  if (((one.sa_flags ^ other.sa_flags) & SA_SIGINFO) != 0) return false;
  return (one.sa_flags & SA_SIGINFO) != 0 ? one.sa_sigaction == other.sa_sigaction : one.sa_handler == other.sa_handler;
}

struct sigaction CurrentAction() {
  struct sigaction current = {};
  sigaction(SIGBUS, nullptr, &current);
  return current;
}

struct sigaction OurAction() {
  struct sigaction ours = {};
  ours.sa_sigaction = OnBusError;
  // On the thread's signal stack, where it has one: a fault may come at the end of the other. SA_NODEFER is not needed:
  // nothing here touches guarded memory. No signal is blocked besides: a handler that interrupts this one delays who
  // removes a range, and no more.
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigemptyset(&ours.sa_mask);
  return ours;
}

// Calls who was there before us as the kernel would have.
void PassOn(int signal, siginfo_t* info, void* context) {
  // Of what the kernel raises, only this one tells of memory that nobody has touched yet.
  const bool by_instruction = info->si_code > 0 && info->si_code != BUS_MCEERR_AO;
  Former* const latest = latest_former.load();
  if (latest == &first_former) return Call(latest, signal, info, context, by_instruction);
  // It came after us, so it may know us: one that is called with what we are called with may call us in turn.
  const struct sigaction before = CurrentAction();
  const bool calls_us = (latest->action.sa_flags & SA_SIGINFO) != 0 && IsSameHandler(before, latest->action);
  if (calls_us) return Call(&first_former, signal, info, context, by_instruction);
  if (!by_instruction || !IsOurs(before)) return Call(latest, signal, info, context, by_instruction);
  // Some hand a fault on by putting back whom they replaced, which is us, and letting the instruction fault again: that
  // would go round for ever. So it finds itself in place, as if we had not come back; who is not there afterwards wants
  // no more faults.
  sigaction(SIGBUS, &latest->action, nullptr);
  Call(latest, signal, info, context, by_instruction);
  const bool stays = IsSameHandler(CurrentAction(), latest->action);
  const bool is_default = (latest->action.sa_flags & SA_SIGINFO) == 0 && latest->action.sa_handler == SIG_DFL;
  if (!stays) {
    latest_former.store(&first_former);
  } else if (!is_default) {
    const struct sigaction ours = OurAction();
    sigaction(SIGBUS, &ours, nullptr);
  }
}

void OnBusError(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  const bool mended = info->si_code == BUS_ADRERR && Mend(reinterpret_cast<std::uintptr_t>(info->si_addr));
  if (!mended) PassOn(signal, info, context);
  errno = error;
}

// A forked child has none of the mappings (MADV_DONTFORK): other memory may come to lie at their addresses, and none of
// the threads that had pinned a range.
void ForgetInChild() {
  for (FaultBlock* block = &fault_table; block != nullptr; block = block->next.load()) {
    for (FaultRange& range : block->ranges) {
      range.bytes.store(0);
      range.handlers.store(0);
      range.pages_laid.store(0);
    }
  }
  pages_laid.store(0);
  mutex.unlock();
}

// 0 or -errno.
int Install() {
  page_size = static_cast<std::uintptr_t>(PageSize());
  const int registered = pthread_atfork([] { mutex.lock(); }, [] { mutex.unlock(); }, ForgetInChild);
  if (registered != 0) return -registered;
  const struct sigaction ours = OurAction();
  if (sigaction(SIGBUS, nullptr, &first_former.action) != 0 || sigaction(SIGBUS, &ours, nullptr) != 0) return -errno;
  is_installed.store(true);
  return 0;
}

// The former with this action, which is made if there was none: who comes and goes is kept once.
Former* FindFormer(const struct sigaction& action) {
  Former* last = &first_former;
  for (Former* former = last; former != nullptr; former = former->next) {
    if (IsSameHandler(former->action, action) && former->action.sa_flags == action.sa_flags) return former;
    last = former;
  }
  Former* const fresh = new Former{action, {false}, nullptr};
  last->next = fresh;
  return fresh;
}

void ListAsFree(FaultBlock* block) {
  for (FaultRange& range : block->ranges) {
    range.next_free = free_ranges;
    free_ranges = &range;
  }
}

FaultRange* TakeRange() {
  const std::lock_guard<std::mutex> lock(mutex);
  if (!table_listed) {
    table_listed = true;
    ListAsFree(&fault_table);
  }
  if (free_ranges == nullptr) {
    FaultBlock* const fresh = new FaultBlock();
    fresh->next.store(fault_table.next.load());
    ListAsFree(fresh);
    fault_table.next.store(fresh);
  }
  FaultRange* const taken = free_ranges;
  free_ranges = taken->next_free;
  return taken;
}

}  // namespace

int InstallFaultGuard(bool wanted) {
  std::call_once(handler_installed, [wanted] { install_result = wanted ? Install() : 0; });
  return install_result;
}

void RenewFaultGuard() {
  if (!is_installed.load()) return;
  const std::lock_guard<std::mutex> lock(mutex);
  const struct sigaction current = CurrentAction();
  if (IsOurs(current)) return;
  Former* const former = FindFormer(current);
  former->is_spent.store(false);
  // Before our handler can run: it never passes on to nobody.
  latest_former.store(former);
  const struct sigaction ours = OurAction();
  sigaction(SIGBUS, &ours, nullptr);
}

FaultRange* GuardRange(const char* begin, std::size_t bytes, std::int32_t* faults) {
  RenewFaultGuard();
  FaultRange* const range = TakeRange();
  range->faults.store(faults);
  range->broken.store(false);
  range->pages_laid.store(0);
  range->begin.store(reinterpret_cast<std::uintptr_t>(begin));
  range->bytes.store(bytes);
  range->state.store(kGuarded);
  return range;
}

void UnguardRange(FaultRange* range) {
  range->state.store(kUnused);
  while (range->handlers.load() != 0) sched_yield();
  range->bytes.store(0);
  pages_laid.fetch_sub(std::min(range->pages_laid.load(), kMostPagesOfRange));
  const std::lock_guard<std::mutex> lock(mutex);
  range->next_free = free_ranges;
  free_ranges = range;
}

bool IsBroken(const FaultRange& range) { return range.broken.load(); }

}  // namespace ringway
