#include "wait_thread.h"

#include <signal.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <limits>
#include <utility>

#include "byte_range.h"

namespace ringway {
namespace {

constexpr std::int64_t kMillisecond = 1000000;
constexpr std::int64_t kSecond = 1000 * kMillisecond;
constexpr std::int64_t kLookInterval = 100 * kMillisecond;
constexpr std::int64_t kOneSlice = 100 * kMillisecond;
constexpr std::int64_t kPollInterval = kMillisecond;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// The control word comes first: of several woken words the kernel names the last.
constexpr std::size_t kControlWords = 1;

std::int64_t Now() {
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

timespec MakeTime(std::int64_t nanoseconds) {
  return {static_cast<time_t>(nanoseconds / kSecond), static_cast<long>(nanoseconds % kSecond)};
}

std::uint32_t Load(const std::uint32_t* word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }

std::size_t RoomOf(WaitThread::Mode mode) {
  switch (mode) {
    case WaitThread::Mode::kMany:
      return kMostWaiters - kControlWords;
    case WaitThread::Mode::kOne:
      return 1;
    case WaitThread::Mode::kPoll:
      break;
  }
  return std::numeric_limits<std::size_t>::max();
}

// Signals are for Node's own threads. Faults are not blocked: they belong to the instruction that raised them.
sigset_t SignalsToBlock() {
  sigset_t signals;
  sigfillset(&signals);
  for (const int fault : {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP}) sigdelset(&signals, fault);
  return signals;
}

}  // namespace

std::unique_ptr<WaitThread> WaitThread::Start(Mode mode, ReportSink* reports, int* error) {
  std::unique_ptr<WaitThread> thread(new WaitThread(mode, reports));
  const sigset_t blocked = SignalsToBlock();
  sigset_t before;
  // A thread inherits the mask, so that there is no moment in which it could take a signal.
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  const int result = pthread_create(&thread->thread_, nullptr, Enter, thread.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (result == 0) return thread;
  thread->stopping_ = true;
  *error = -result;
  return nullptr;
}

WaitThread::~WaitThread() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    // Set already when the thread never started.
    if (stopping_) return;
    stopping_ = true;
    Kick(watches_.empty() ? nullptr : &watches_.front());
  }
  pthread_join(thread_, nullptr);
}

bool WaitThread::Add(const Watch& watch) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (watches_.size() >= RoomOf(mode_)) return false;
  watches_.push_back(watch);
  Kick(nullptr);
  return true;
}

bool WaitThread::Remove(std::int64_t id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found =
      std::find_if(watches_.begin(), watches_.end(), [id](const Watch& watch) { return watch.id == id; });
  if (found == watches_.end()) return false;
  const Watch removed = *found;
  watches_.erase(found);
  Kick(&removed);
  return true;
}

void WaitThread::Forget(const char* begin, std::size_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto removed = std::stable_partition(watches_.begin(), watches_.end(), [begin, bytes](const Watch& watch) {
    return !IsInside(watch.word, begin, bytes);
  });
  if (removed == watches_.end()) return;
  const Watch first = *removed;
  watches_.erase(removed, watches_.end());
  Kick(&first);
}

std::size_t WaitThread::CountWatches() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return watches_.size();
}

void* WaitThread::Enter(void* thread) {
  pthread_setname_np(pthread_self(), "ringway-wait");
  static_cast<WaitThread*>(thread)->Run();
  return nullptr;
}

void WaitThread::Run() {
  Armed armed = {};
  std::vector<Report> fired;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    Arm(&armed);
    parked_ = true;
    lock.unlock();
    const int outcome = Wait(armed);
    lock.lock();
    parked_ = false;
    Judge(armed, outcome);
    if (armed.deadline != kNever) LookAtLocks(&lock);
    if (fired_.empty()) continue;
    fired.swap(fired_);
    lock.unlock();
    reports_->Push(fired);
    fired.clear();
    lock.lock();
  }
}

void WaitThread::Arm(Armed* armed) {
  armed->ids.clear();
  armed->words.clear();
  armed->waiters.clear();
  armed->control = Load(&control_);
  armed->empty = watches_.empty();
  armed->deadline = kNever;
  armed->waiters.push_back(MakeWaiter(&control_, armed->control, FutexScope::kPrivate));
  for (const Watch& watch : watches_) {
    if (watch.locks != nullptr) armed->deadline = next_look_;
    if (mode_ == Mode::kPoll) continue;
    armed->ids.push_back(watch.id);
    armed->words.push_back(watch.word);
    armed->waiters.push_back(MakeWaiter(watch.word, watch.expected, FutexScope::kShared));
  }
}

// In every mode: 0 when the control word was woken, i when armed.words[i - 1] was, or -errno.
int WaitThread::Wait(const Armed& armed) {
  if (mode_ == Mode::kMany) {
    const timespec deadline = MakeTime(armed.deadline);
    return FutexWaitAny(armed.waiters.data(), static_cast<unsigned>(armed.waiters.size()),
                        armed.deadline == kNever ? nullptr : &deadline);
  }
  std::int64_t longest = kNever;
  if (!armed.empty) longest = mode_ == Mode::kPoll ? kPollInterval : kOneSlice;
  if (armed.deadline != kNever) longest = std::min(longest, std::max<std::int64_t>(0, armed.deadline - Now()));
  const timespec timeout = MakeTime(longest);
  const timespec* const limit = longest == kNever ? nullptr : &timeout;
  if (armed.words.empty()) return FutexWait(&control_, armed.control, limit, FutexScope::kPrivate);
  const int outcome = FutexWait(armed.words.front(), static_cast<std::uint32_t>(armed.waiters.back().expected), limit,
                                FutexScope::kShared);
  return outcome == 0 ? 1 : outcome;
}

void WaitThread::Judge(const Armed& armed, int outcome) {
  if (outcome > 0) {
    PassOn(armed, outcome);
    const std::int64_t woken = armed.ids[static_cast<std::size_t>(outcome) - 1];
    Fire(WatchReason::kDoorbell, [woken](const Watch& watch) { return watch.id == woken; });
    return;
  }
  const bool waited = outcome == 0 || outcome == -ETIMEDOUT || outcome == -EINTR;
  // The kernel compares all words when the wait begins anew.
  if (waited && mode_ != Mode::kPoll) return;
  // It says that a word has changed or cannot be reached, but not which.
  std::vector<std::int64_t> changed;
  std::vector<std::int64_t> failed;
  for (const Watch& watch : watches_) {
    const int comparison = FutexCompare(watch.word, watch.expected);
    if (comparison == -EAGAIN) changed.push_back(watch.id);
    if (comparison < 0 && comparison != -EAGAIN) failed.push_back(watch.id);
  }
  // A refusal that is no single word's, such as a lack of memory, is everybody's who was waited for.
  if (!waited && outcome != -EAGAIN && outcome != -EFAULT) failed = armed.ids;
  const auto is_in = [](const std::vector<std::int64_t>& ids) {
    return [&ids](const Watch& watch) { return std::binary_search(ids.begin(), ids.end(), watch.id); };
  };
  Fire(WatchReason::kDoorbell, is_in(changed));
  Fire(WatchReason::kFailed, is_in(failed));
}

// A wake may have gone to a watch that was taken back meanwhile, and have been meant for somebody else who waits on the
// same word: it is passed on. One wake too many is harmless.
void WaitThread::PassOn(const Armed& armed, int last) const {
  for (std::size_t i = 0; i < static_cast<std::size_t>(last); ++i) {
    const auto found = std::lower_bound(watches_.begin(), watches_.end(), armed.ids[i],
                                        [](const Watch& watch, std::int64_t id) { return watch.id < id; });
    if (found != watches_.end() && found->id == armed.ids[i]) continue;
    // Fails when the memory is gone, and with it whoever might wait there.
    FutexWake(armed.words[i], 1, FutexScope::kShared);
  }
}

void WaitThread::LookAtLocks(std::unique_lock<std::mutex>* lock) {
  if (Now() < next_look_) return;
  std::vector<std::pair<std::int64_t, std::shared_ptr<LockWatch>>> ranges;
  for (const Watch& watch : watches_) {
    if (watch.locks != nullptr) ranges.emplace_back(watch.id, watch.locks);
  }
  std::vector<std::pair<std::int64_t, LockWatch::Change>> changes;
  // Thousands of system calls at worst: whoever changes the set does not wait for them.
  lock->unlock();
  for (const auto& [id, locks] : ranges) {
    const LockWatch::Change change = locks->Look();
    if (change != LockWatch::Change::kNone) changes.emplace_back(id, change);
  }
  lock->lock();
  for (const auto& [id, change] : changes) {
    const bool released = change == LockWatch::Change::kReleased;
    Fire(released ? WatchReason::kLockReleased : WatchReason::kFailed,
         [fired = id](const Watch& watch) { return watch.id == fired; });
  }
  next_look_ = Now() + kLookInterval;
}

template <typename Predicate>
void WaitThread::Fire(WatchReason reason, Predicate predicate) {
  const auto fired = std::stable_partition(watches_.begin(), watches_.end(),
                                           [&predicate](const Watch& watch) { return !predicate(watch); });
  for (auto watch = fired; watch != watches_.end(); ++watch) fired_.push_back({watch->id, reason});
  watches_.erase(fired, watches_.end());
}

void WaitThread::Kick(const Watch* removed) {
  __atomic_add_fetch(&control_, 1, __ATOMIC_SEQ_CST);
  // Before it waits it reads the control word, in the kernel, and finds it changed.
  if (!parked_) return;
  parked_ = false;
  if (mode_ == Mode::kOne && removed != nullptr) {
    // It waits on the word itself, perhaps among others. Missed, this costs no more than a slice.
    FutexWake(removed->word, INT_MAX, FutexScope::kShared);
    return;
  }
  FutexWake(&control_, 1, FutexScope::kPrivate);
}

}  // namespace ringway
