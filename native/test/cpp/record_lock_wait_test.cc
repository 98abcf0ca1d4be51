#include "../../src/record_lock_wait.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "../../src/record_lock_waits.h"
#include "support/collector.h"
#include "support/object.h"
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif

namespace ringway::test {
namespace {

constexpr std::int64_t kSecond = 1000000000;

// Valgrind runs one thread at a time, and does not know that F_OFD_SETLKW may block: nobody would run any more.
bool CannotWait() {
#ifdef RUNNING_ON_VALGRIND
  return RUNNING_ON_VALGRIND != 0;
#else
  return false;
#endif
}

std::unique_ptr<RecordLockWait> StartWait(const RecordLockWait::Request& request, Collector* collector) {
  int error = 0;
  std::unique_ptr<RecordLockWait> wait = RecordLockWait::Start(request, collector, &error);
  REQUIRE(error == 0);
  REQUIRE(wait != nullptr);
  return wait;
}

bool IsFree(int observer, const RecordRange& range) {
  RecordHolder holder = {};
  return QueryRecordLock(observer, range, RecordMode::kExclusive, &holder) == 0;
}

}  // namespace

TEST_CASE("a wait for a record lock: has it when the holder lets go, and reports" * doctest::skip(CannotWait())) {
  Collector collector;
  const Descriptor holder(OpenObject(0));
  const Descriptor waiter(Reopen(holder.get()));
  REQUIRE(SetRecordLock(holder.get(), {0, 10}, RecordMode::kExclusive) == 0);
  const auto wait = StartWait({1, waiter.get(), {5, 10}, RecordMode::kExclusive}, &collector);
  CHECK_FALSE(wait->IsOverWithin(1000000));
  CHECK(IsFree(holder.get(), {5, 10}));
  REQUIRE(SetRecordLock(holder.get(), {0, 10}, RecordMode::kNone) == 0);
  CHECK(wait->IsOverWithin(20 * kSecond));
  collector.WaitFor(1);
  CHECK_FALSE(IsFree(holder.get(), {5, 10}));
  CHECK(wait->End() == 0);
  CHECK(wait->End() == 0);
}

TEST_CASE("a wait for a record lock: is ended at any moment, by its end or by its destructor, and then has nothing" *
          doctest::skip(CannotWait())) {
  const int rounds = Rounds(100);
  const Descriptor holder(OpenObject(0));
  const Descriptor waiter(Reopen(holder.get()));
  REQUIRE(SetRecordLock(holder.get(), {0, 1}, RecordMode::kExclusive) == 0);
  std::mt19937 random(11);
  Collector collector;
  for (int round = 1; round <= rounds; ++round) {
    const auto wait = StartWait({round, waiter.get(), {0, 1}, RecordMode::kShared}, &collector);
    for (std::uint32_t pause = random() % 4; pause > 0; --pause) sched_yield();
    if (random() % 2 == 0) CHECK(wait->End() == -EINTR);
  }
  CHECK(collector.Count() == static_cast<std::size_t>(rounds));
  CHECK(IsFree(holder.get(), {0, 1}));
}

TEST_CASE("a wait for a record lock: says whether it got it when it is ended while the holder lets go" *
          doctest::skip(CannotWait())) {
  const int rounds = Rounds(100);
  const Descriptor holder(OpenObject(0));
  const Descriptor waiter(Reopen(holder.get()));
  Collector collector;
  int got = 0;
  for (int round = 1; round <= rounds; ++round) {
    REQUIRE(SetRecordLock(holder.get(), {0, 1}, RecordMode::kExclusive) == 0);
    const auto wait = StartWait({round, waiter.get(), {0, 1}, RecordMode::kExclusive}, &collector);
    std::thread other([&holder] { SetRecordLock(holder.get(), {0, 1}, RecordMode::kNone); });
    const int outcome = wait->End();
    other.join();
    REQUIRE((outcome == 0 || outcome == -EINTR));
    CHECK(IsFree(holder.get(), {0, 1}) == (outcome != 0));
    got += outcome == 0 ? 1 : 0;
    REQUIRE(SetRecordLock(waiter.get(), {0, 1}, RecordMode::kNone) == 0);
  }
  MESSAGE("got at the last moment: " << got << " of " << rounds);
}

TEST_CASE("a wait for a record lock: passes on what the kernel refuses" * doctest::skip(CannotWait())) {
  Collector collector;
  const auto wait = StartWait({1, 1 << 30, {0, 1}, RecordMode::kShared}, &collector);
  collector.WaitFor(1);
  CHECK(wait->End() == -EBADF);
}

TEST_CASE("a wait for a record lock: goes on when somebody else's signal meets its process" *
          doctest::skip(CannotWait())) {
  Collector collector;
  const Descriptor holder(OpenObject(0));
  const Descriptor waiter(Reopen(holder.get()));
  REQUIRE(SetRecordLock(holder.get(), {0, 1}, RecordMode::kExclusive) == 0);
  const auto wait = StartWait({1, waiter.get(), {0, 1}, RecordMode::kExclusive}, &collector);
  // The signal of the waits is handled by now, whichever it is: sent to the process it ends nothing and nobody.
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) {
    struct sigaction current = {};
    REQUIRE(sigaction(signal, nullptr, &current) == 0);
    if (current.sa_handler != SIG_DFL && current.sa_handler != SIG_IGN) REQUIRE(kill(getpid(), signal) == 0);
  }
  CHECK_FALSE(wait->IsOverWithin(1000000));
  REQUIRE(SetRecordLock(holder.get(), {0, 1}, RecordMode::kNone) == 0);
  CHECK(wait->IsOverWithin(20 * kSecond));
  CHECK(wait->End() == 0);
}

TEST_CASE("a wait for a record lock: is ended where the kernel queues no signal for it" * doctest::skip(CannotWait())) {
  Collector collector;
  const Descriptor holder(OpenObject(0));
  const Descriptor waiter(Reopen(holder.get()));
  REQUIRE(SetRecordLock(holder.get(), {0, 1}, RecordMode::kExclusive) == 0);
  const auto wait = StartWait({1, waiter.get(), {0, 1}, RecordMode::kExclusive}, &collector);
  CHECK_FALSE(wait->IsOverWithin(1000000));
  struct sigaction before = {};
  REQUIRE(sigaction(SIGURG, nullptr, &before) == 0);
  struct rlimit limit = {};
  REQUIRE(getrlimit(RLIMIT_SIGPENDING, &limit) == 0);
  struct rlimit none = limit;
  none.rlim_cur = 0;
  REQUIRE(setrlimit(RLIMIT_SIGPENDING, &none) == 0);
  // Ends the run, should this never end.
  alarm(60);
  const int outcome = wait->End();
  alarm(0);
  REQUIRE(setrlimit(RLIMIT_SIGPENDING, &limit) == 0);
  CHECK(outcome == -EINTR);
  struct sigaction after = {};
  REQUIRE(sigaction(SIGURG, nullptr, &after) == 0);
  const bool is_back = after.sa_handler == before.sa_handler;
  CHECK(is_back);
}

TEST_CASE("waits for record locks: there are so many and no more, and room again when some have ended" *
          doctest::skip(CannotWait())) {
  Collector collector;
  const Descriptor holder(OpenObject(0));
  const Descriptor waiter(Reopen(holder.get()));
  REQUIRE(SetRecordLock(holder.get(), {0, 1}, RecordMode::kExclusive) == 0);
  RecordLockWaits waits(&collector);
  std::vector<std::int64_t> ids;
  for (int i = 0; i < kMostRecordWaits; ++i) ids.push_back(waits.Start(waiter.get(), {0, 1}, RecordMode::kShared));
  for (const std::int64_t id : ids) REQUIRE(id > 0);
  CHECK(waits.Start(waiter.get(), {0, 1}, RecordMode::kShared) == -EAGAIN);
  CHECK(waits.End(ids.front()) == -EINTR);
  CHECK(waits.End(ids.front()) == -ENOENT);
  CHECK(waits.IsOverWithin(ids.front(), 0) == -ENOENT);
  CHECK(waits.IsOverWithin(ids.back(), 0) == 0);
  CHECK(waits.Start(waiter.get(), {0, 1}, RecordMode::kShared) == ids.back() + 1);
  CHECK(waits.Count() == ids.size());
  waits.Close();
  CHECK(waits.Count() == 0);
  CHECK(waits.Start(waiter.get(), {1, 1}, RecordMode::kShared) > 0);
}

TEST_CASE("waits for record locks: one of many threads has the range at a time" * doctest::skip(CannotWait())) {
  constexpr int kThreads = 4;
  const int rounds = Rounds(50);
  const Descriptor object(OpenObject(0));
  std::atomic<int> inside{0};
  std::atomic<int> count{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&object, &inside, &count, rounds] {
      Collector collector;
      const Descriptor own(Reopen(object.get()));
      RecordLockWaits waits(&collector);
      for (int round = 0; round < rounds; ++round) {
        const std::int64_t id = waits.Start(own.get(), {3, 4}, RecordMode::kExclusive);
        CHECK(id > 0);
        collector.WaitFor(id);
        CHECK(waits.End(id) == 0);
        CHECK(inside.fetch_add(1) == 0);
        count.fetch_add(1);
        CHECK(inside.fetch_sub(1) == 1);
        CHECK(SetRecordLock(own.get(), {3, 4}, RecordMode::kNone) == 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(count.load() == kThreads * rounds);
}

}  // namespace ringway::test
