#include "record_lock_wait.h"

#include <signal.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>

namespace ringway {
namespace {

// A signal that comes between the look at `ending_` and the system call is lost: it is sent again after so long.
constexpr std::chrono::milliseconds kSignalInterval{1};
// The thread calls fcntl and little else.
constexpr std::size_t kStackBytes = 1 << 18;

std::atomic<int> running{0};

// Its only effect is that a system call of the thread returns.
extern "C" void Interrupt(int) {}

struct sigaction InterruptAction() {
  struct sigaction action = {};
  action.sa_handler = Interrupt;
  // Without SA_RESTART, which would begin the wait anew.
  action.sa_flags = 0;
  sigemptyset(&action.sa_mask);
  return action;
}

// Gives a signal a handler that lets system calls return. The highest real-time signal that nobody handles: Node and V8
// use none of them, the C library those below SIGRTMIN, other libraries count from SIGRTMIN up, and valgrind keeps the
// last one. 0 when all are taken.
int TakeSignal() {
  for (int candidate = SIGRTMAX - 1; candidate >= SIGRTMIN; --candidate) {
    struct sigaction current = {};
    if (sigaction(candidate, nullptr, &current) != 0) continue;
    if ((current.sa_flags & SA_SIGINFO) != 0 || current.sa_handler != SIG_DFL) continue;
    const struct sigaction own = InterruptAction();
    if (sigaction(candidate, &own, nullptr) == 0) return candidate;
  }
  return 0;
}

// One for the process, taken at the first wait and kept: a thread may be sent it at any time. It is only ever sent to
// one thread, so that nobody else's system call is disturbed.
int InterruptSignal() {
  static const int taken = TakeSignal();
  return taken;
}

// While one of these lives, a signal that is delivered without an entry in the queue of signals lets system calls
// return as well: RLIMIT_SIGPENDING may leave no entry for one of real time. It is one that is ignored unless somebody
// handles it; its handler is put back, since this one users may handle, too.
class PlainSignal {
 public:
  PlainSignal() {
    const std::lock_guard<std::mutex> lock(mutex);
    if (users++ == 0) {
      const struct sigaction own = InterruptAction();
      sigaction(kNumber, &own, &former);
    }
  }
  ~PlainSignal() {
    const std::lock_guard<std::mutex> lock(mutex);
    if (--users == 0) sigaction(kNumber, &former, nullptr);
  }
  PlainSignal(const PlainSignal&) = delete;
  PlainSignal& operator=(const PlainSignal&) = delete;

  static constexpr int kNumber = SIGURG;

 private:
  static inline std::mutex mutex;
  static inline int users = 0;
  static inline struct sigaction former = {};
};

// Signals are for Node's own threads. Faults are not blocked: they belong to the instruction that raised them.
sigset_t SignalsOfOthers() {
  sigset_t signals;
  sigfillset(&signals);
  for (const int fault : {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP}) sigdelset(&signals, fault);
  sigdelset(&signals, InterruptSignal());
  sigdelset(&signals, PlainSignal::kNumber);
  return signals;
}

// 0 or -errno.
int StartThread(pthread_t* thread, void* (*enter)(void*), void* argument) {
  pthread_attr_t attributes;
  int result = pthread_attr_init(&attributes);
  if (result != 0) return -result;
  result = pthread_attr_setstacksize(&attributes, kStackBytes);
  if (result == 0) {
    const sigset_t blocked = SignalsOfOthers();
    sigset_t before;
    // A thread inherits the mask, so that there is no moment in which it could take another signal.
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    result = pthread_create(thread, &attributes, enter, argument);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  pthread_attr_destroy(&attributes);
  return -result;
}

}  // namespace

std::unique_ptr<RecordLockWait> RecordLockWait::Start(const Request& request, ReportSink* reports, int* error) {
  std::unique_ptr<RecordLockWait> wait(new RecordLockWait(request, reports));
  // Taken back by the destructor.
  if (running.fetch_add(1) >= kMostRecordWaits || InterruptSignal() == 0) {
    *error = -EAGAIN;
    return nullptr;
  }
  *error = StartThread(&wait->thread_, Enter, wait.get());
  if (*error != 0) return nullptr;
  wait->started_ = true;
  return wait;
}

RecordLockWait::~RecordLockWait() {
  if (started_) {
    End();
    pthread_join(thread_, nullptr);
  }
  running.fetch_sub(1);
}

bool RecordLockWait::IsOverWithin(std::int64_t nanoseconds) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, std::chrono::nanoseconds(nanoseconds), [this] { return over_; });
}

int RecordLockWait::End() {
  std::unique_lock<std::mutex> lock(mutex_);
  ending_ = true;
  std::optional<PlainSignal> plain;
  while (!over_) {
    if (pthread_kill(thread_, InterruptSignal()) == EAGAIN) {
      if (!plain.has_value()) plain.emplace();
      pthread_kill(thread_, PlainSignal::kNumber);
    }
    changed_.wait_for(lock, kSignalInterval);
  }
  return outcome_;
}

void* RecordLockWait::Enter(void* wait) {
  pthread_setname_np(pthread_self(), "ringway-record");
  static_cast<RecordLockWait*>(wait)->Run();
  return nullptr;
}

void RecordLockWait::Run() {
  const int outcome = WaitUnlessEnded();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    outcome_ = outcome;
    over_ = true;
    changed_.notify_all();
  }
  reports_->Push({{request_.id, WatchReason::kLockReleased}});
}

int RecordLockWait::WaitUnlessEnded() {
  for (;;) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (ending_) return -EINTR;
    }
    const int result = WaitForRecordLock(request_.fd, request_.range, request_.mode);
    // Interrupted by somebody else's signal it waits on.
    if (result != -EINTR) return result;
  }
}

}  // namespace ringway
