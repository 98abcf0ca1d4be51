// The synchronization that C++ programs share memory with: interprocess_mutex and interprocess_semaphore of Boost.
//
//   boost-sync ROLE WHAT PRIMITIVE FD SPOIL
//
// ROLE is "sender" (who is started first) or "receiver", WHAT "uncontended" (the sender alone) or "contended",
// PRIMITIVE "mutex" or "semaphore". FD is an empty object of shared memory, SPOIL the number of the increment that the
// sender loses (-1: none). Orders and reports are lines on the standard streams: a number of operations in, JSON out.

#include <atomic>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/interprocess_semaphore.hpp>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "program.h"

namespace {

using bench::Fail;
using bench::NowMicroseconds;

// A value that no counter reaches.
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

class Mutex {
 public:
  void Acquire() { mutex_.lock(); }
  void Release() { mutex_.unlock(); }

 private:
  boost::interprocess::interprocess_mutex mutex_;
};

class Semaphore {
 public:
  Semaphore() : semaphore_(1) {}
  void Acquire() { semaphore_.wait(); }
  void Release() { semaphore_.post(); }

 private:
  boost::interprocess::interprocess_semaphore semaphore_;
};

template <typename Lock>
struct Shared {
  alignas(bench::kApart) std::atomic<std::uint64_t> arrivals;
  // Protected by the lock, and by nothing else.
  alignas(bench::kApart) volatile std::uint64_t counter;
  alignas(bench::kApart) unsigned char lock[sizeof(Lock)];
};

struct Options {
  bool sends;
  bool contended;
  bool mutex;
  int fd;
  std::int64_t spoil;
};

template <typename Lock>
void RunUncontended(Lock& lock, std::uint32_t count) {
  const double began = NowMicroseconds();
  for (std::uint32_t i = 0; i < count; ++i) {
    lock.Acquire();
    lock.Release();
  }
  bench::Say("{\"microseconds\":%.3f}", NowMicroseconds() - began);
}

// Increments the counter until it is at `target`. Whoever finds it at `spoiled` loses an increment, once.
template <typename Lock>
void RunContended(Shared<Lock>* shared, Lock& lock, std::uint64_t arrivals, std::uint64_t target,
                  std::uint64_t spoiled) {
  shared->arrivals.fetch_add(1);
  while (shared->arrivals.load() < arrivals) bench::Pause();
  const double began = NowMicroseconds();
  std::uint64_t operations = 0;
  for (bool more = true; more;) {
    lock.Acquire();
    const std::uint64_t value = shared->counter;
    more = value < target;
    if (value == spoiled) {
      spoiled = kNever;
    } else if (more) {
      shared->counter = value + 1;
    }
    lock.Release();
    if (more) ++operations;
  }
  bench::Say("{\"operations\":%llu,\"began\":%.3f,\"ended\":%.3f}", static_cast<unsigned long long>(operations), began,
             NowMicroseconds());
}

template <typename Lock>
void Run(const Options& options) {
  auto* const shared = bench::MapShared<Shared<Lock>>(options.fd);
  // The receiver is started when the sender is ready.
  Lock& lock = options.sends ? *new (shared->lock) Lock : *reinterpret_cast<Lock*>(shared->lock);
  bench::SayReady();
  std::uint64_t arrivals = 0;
  std::uint64_t target = 0;
  for (std::uint32_t count; bench::NextOrder(&count);) {
    const std::uint64_t spoiled = options.spoil < 0 ? kNever : target + static_cast<std::uint64_t>(options.spoil);
    arrivals += 2;
    target += count;
    if (options.contended) {
      RunContended(shared, lock, arrivals, target, spoiled);
    } else {
      RunUncontended(lock, count);
    }
  }
}

Options Parse(int count, char** arguments) {
  if (count != 6) Fail("usage: boost-sync ROLE WHAT PRIMITIVE FD SPOIL");
  Options options;
  options.sends = std::strcmp(arguments[1], "sender") == 0;
  options.contended = std::strcmp(arguments[2], "contended") == 0;
  options.mutex = std::strcmp(arguments[3], "mutex") == 0;
  options.fd = std::atoi(arguments[4]);
  options.spoil = std::strtoll(arguments[5], nullptr, 10);
  return options;
}

}  // namespace

int main(int count, char** arguments) {
  bench::EndWithParent();
  const Options options = Parse(count, arguments);
  if (options.mutex) {
    Run<Mutex>(options);
  } else {
    Run<Semaphore>(options);
  }
  return 0;
}
