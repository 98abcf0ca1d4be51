#include "wait_pool.h"

#include <utility>

#include "futex.h"

namespace ringway {
namespace {

// Without futex_waitv: so many threads wait on a word each, and one more looks at all others every millisecond.
constexpr std::size_t kMostSingleThreads = 8;

}  // namespace

int WaitPool::Add(const Watch& watch) {
  for (const std::unique_ptr<WaitThread>& thread : threads_) {
    if (thread->Add(watch)) return 0;
  }
  int error = 0;
  std::unique_ptr<WaitThread> thread = WaitThread::Start(NextMode(), reports_, &error);
  if (thread == nullptr) return error;
  thread->Add(watch);
  threads_.push_back(std::move(thread));
  return 0;
}

bool WaitPool::Remove(std::int64_t id) {
  for (const std::unique_ptr<WaitThread>& thread : threads_) {
    if (thread->Remove(id)) return true;
  }
  return false;
}

void WaitPool::Forget(const char* begin, std::size_t bytes) {
  for (const std::unique_ptr<WaitThread>& thread : threads_) thread->Forget(begin, bytes);
}

std::size_t WaitPool::CountWatches() const {
  std::size_t count = 0;
  for (const std::unique_ptr<WaitThread>& thread : threads_) count += thread->CountWatches();
  return count;
}

WaitThread::Mode WaitPool::NextMode() const {
  // What worked for the first thread is kept: the answer does not change while the process lives.
  if (!threads_.empty() ? threads_.front()->mode() == WaitThread::Mode::kMany
                        : may_wait_for_many_ && HasFutexWaitAny()) {
    return WaitThread::Mode::kMany;
  }
  return threads_.size() < kMostSingleThreads ? WaitThread::Mode::kOne : WaitThread::Mode::kPoll;
}

}  // namespace ringway
