// The limit of handing something to a process that sleeps: one word, one FUTEX_WAKE, one FUTEX_WAIT.
//
//   futex-handover ROLE FD SETTLE_US
//
// ROLE is "sender" (who has it first) or "receiver". FD is an empty object of shared memory, SETTLE_US how long the
// holder gives the other one to fall asleep. Orders and reports are lines on the standard streams: a number of
// handovers in, JSON out.

#include <linux/futex.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "program.h"

namespace {

using bench::Fail;
using bench::FailWithErrno;
using bench::NowMicroseconds;

struct Shared {
  // Number of the last handover: what the receiver of the next one sleeps on.
  alignas(bench::kApart) std::atomic<std::uint32_t> handed;
  // Number of the handover for which somebody is about to sleep.
  alignas(bench::kApart) std::atomic<std::uint32_t> waiting;
  // Number of the last handover that arrived.
  alignas(bench::kApart) std::atomic<std::uint32_t> taken;
  // When the last one began.
  alignas(bench::kApart) double began;
};
static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t), "a futex is a plain word");
static_assert(std::atomic<std::uint32_t>::is_always_lock_free, "shared between processes");

std::uint32_t* WordOf(std::atomic<std::uint32_t>& word) { return reinterpret_cast<std::uint32_t*>(&word); }

void Wake(std::atomic<std::uint32_t>& word) {
  if (syscall(SYS_futex, WordOf(word), FUTEX_WAKE, 1, nullptr, nullptr, 0) < 0) FailWithErrno("FUTEX_WAKE");
}

// Returns when the word may have changed.
void Wait(std::atomic<std::uint32_t>& word, std::uint32_t seen) {
  const long result = syscall(SYS_futex, WordOf(word), FUTEX_WAIT, seen, nullptr, nullptr, 0);
  if (result < 0 && errno != EAGAIN && errno != EINTR) FailWithErrno("FUTEX_WAIT");
}

void SpinUntil(const std::atomic<std::uint32_t>& word, std::uint32_t wanted) {
  while (word.load() != wanted) bench::Pause();
}

// How often this process gave up a processor by itself.
long SleepsSoFar() {
  rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) != 0) FailWithErrno("getrusage");
  return usage.ru_nvcsw;
}

class Side {
 public:
  Side(Shared* shared, bool sends, double settle) : shared_(*shared), parity_(sends ? 0 : 1), settle_(settle) {}

  void Run(std::uint32_t count) {
    std::vector<double> times;
    times.reserve(count / 2 + 1);
    std::size_t taken = 0;
    long sleeps = SleepsSoFar();
    for (std::uint32_t i = 0; i < count; ++i) {
      const bool mine = (number_ & 1) == parity_;
      ++number_;
      if (mine) {
        Give();
      } else {
        const double microseconds = Take();
        ++taken;
        const long before = sleeps;
        sleeps = SleepsSoFar();
        // Who was kept from his processor until it was handed over has waited for that, and was not woken.
        if (sleeps > before) times.push_back(microseconds);
      }
    }
    if (times.empty()) Fail("none of " + std::to_string(taken) + " receivers slept");
    std::sort(times.begin(), times.end());
    bench::Say("{\"p50\":%.3f,\"p99\":%.3f,\"taken\":%zu,\"slept\":%zu}", bench::Quantile(times, 0.5),
               bench::Quantile(times, 0.99), taken, times.size());
  }

 private:
  void Give() {
    SpinUntil(shared_.waiting, number_);
    const double seen = NowMicroseconds();
    while (NowMicroseconds() - seen < settle_) bench::Pause();
    shared_.began = NowMicroseconds();
    shared_.handed.store(number_);
    Wake(shared_.handed);
    SpinUntil(shared_.taken, number_);
  }

  double Take() {
    shared_.waiting.store(number_);
    for (std::uint32_t seen; (seen = shared_.handed.load()) != number_;) Wait(shared_.handed, seen);
    const double microseconds = NowMicroseconds() - shared_.began;
    shared_.taken.store(number_);
    return microseconds;
  }

  Shared& shared_;
  std::uint32_t parity_;
  double settle_;
  // Of the last handover, over all orders; of even ones the sender is the holder.
  std::uint32_t number_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
  bench::EndWithParent();
  if (count != 4) Fail("usage: futex-handover ROLE FD SETTLE_US");
  const bool sends = std::strcmp(arguments[1], "sender") == 0;
  Side side(bench::MapShared<Shared>(std::atoi(arguments[2])), sends, std::atof(arguments[3]));
  bench::SayReady();
  for (std::uint32_t handovers; bench::NextOrder(&handovers);) side.Run(handovers);
  return 0;
}
