#include "../../src/wait_thread.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "support/collector.h"
#include "support/object.h"

namespace ringway::test {
namespace {

std::vector<WaitThread::Mode> Modes() {
  if (HasFutexWaitAny()) return {WaitThread::Mode::kMany, WaitThread::Mode::kOne, WaitThread::Mode::kPoll};
  MESSAGE("this kernel, or valgrind, has no futex_waitv: its mode is skipped");
  return {WaitThread::Mode::kOne, WaitThread::Mode::kPoll};
}

std::unique_ptr<WaitThread> StartThread(WaitThread::Mode mode, Collector* collector) {
  int error = 0;
  std::unique_ptr<WaitThread> thread = WaitThread::Start(mode, collector, &error);
  REQUIRE(error == 0);
  REQUIRE(thread != nullptr);
  return thread;
}

// Adds, removes, forgets and unmaps, while others ring and remove: whatever the order, a watch fires once or not at
// all.
void Storm(WaitThread::Mode mode, std::uint32_t seed) {
  constexpr std::size_t kWords = 16;
  constexpr std::int64_t kForgetEvery = 32;
  SharedWords words;
  Collector collector;
  std::unique_ptr<WaitThread> thread = StartThread(mode, &collector);
  const std::int64_t rounds = Rounds(300);

  std::atomic<bool> done{false};
  std::atomic<std::int64_t> last{0};
  std::vector<std::thread> others;
  for (std::uint32_t i = 1; i <= 2; ++i) {
    others.emplace_back([&words, &done, seed, i] {
      std::mt19937 random(seed + i);
      while (!done.load()) {
        CHECK(words.Ring(random() % kWords) >= 0);
        sched_yield();
      }
    });
  }
  std::set<std::int64_t> removed_by_other;
  others.emplace_back([&thread, &done, &last, &removed_by_other, seed] {
    std::mt19937 random(seed);
    while (!done.load()) {
      const std::int64_t id = last.load() - static_cast<std::int64_t>(random() % 4);
      if (id > 0 && thread->Remove(id)) removed_by_other.insert(id);
      sched_yield();
    }
  });

  std::mt19937 random(seed + 3);
  std::set<std::int64_t> added;
  std::set<std::int64_t> removed;
  std::set<std::int64_t> forgotten;
  for (std::int64_t id = 1; id <= rounds; ++id) {
    if (id % kForgetEvery == 0) {
      SharedWords passing;
      if (thread->Add({id, passing.at(1), 0, nullptr})) forgotten.insert(id);
      thread->Forget(passing.begin(), passing.bytes());
      // The thread, or the kernel for it, may not touch the range any more.
      passing.Unmap();
      continue;
    }
    const std::size_t word = random() % kWords;
    if (thread->Add({id, words.at(word), words.Load(word), nullptr})) {
      added.insert(id);
      last.store(id);
    } else {
      // Full. One makes room.
      sched_yield();
    }
    if (random() % 3 == 0) {
      const std::int64_t any = 1 + static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(id));
      if (thread->Remove(any)) removed.insert(any);
    }
  }
  done.store(true);
  for (std::thread& other : others) other.join();
  removed.insert(removed_by_other.begin(), removed_by_other.end());
  for (std::size_t word = 0; word < kWords; ++word) words.Ring(word);

  for (const std::int64_t id : added) {
    if (removed.count(id) == 0) collector.WaitFor(id);
  }
  CHECK(thread->CountWatches() == 0);
  thread.reset();
  for (const std::int64_t id : added) CHECK(collector.CountOf(id) == (removed.count(id) == 0 ? 1 : 0));
  for (const std::int64_t id : forgotten) CHECK(collector.CountOf(id) == 0);
  CHECK(added.size() > 0);
}

}  // namespace

TEST_CASE("a wait thread: reports a word that was changed and woken, once") {
  for (const WaitThread::Mode mode : Modes()) {
    SharedWords words;
    Collector collector;
    const std::unique_ptr<WaitThread> thread = StartThread(mode, &collector);
    REQUIRE(thread->Add({1, words.at(1), 0, nullptr}));
    words.Ring(1);
    CHECK(collector.WaitFor(1) == WatchReason::kDoorbell);
    CHECK(thread->CountWatches() == 0);
    CHECK_FALSE(thread->Remove(1));
    REQUIRE(thread->Add({2, words.at(1), 0, nullptr}));
    CHECK(collector.WaitFor(2) == WatchReason::kDoorbell);
    CHECK(collector.CountOf(1) == 1);
  }
}

TEST_CASE("a wait thread: takes no more than it can wait for") {
  for (const WaitThread::Mode mode : Modes()) {
    if (mode == WaitThread::Mode::kPoll) continue;
    const std::int64_t room = mode == WaitThread::Mode::kMany ? 127 : 1;
    SharedWords words;
    Collector collector;
    const std::unique_ptr<WaitThread> thread = StartThread(mode, &collector);
    for (std::int64_t id = 1; id <= room; ++id) REQUIRE(thread->Add({id, words.at(1), 0, nullptr}));
    CHECK_FALSE(thread->Add({room + 1, words.at(1), 0, nullptr}));
    CHECK(thread->Remove(room));
    CHECK(thread->Add({room + 2, words.at(1), 0, nullptr}));
    CHECK(collector.Count() == 0);
  }
}

TEST_CASE("a wait thread: tells of a lock that is let go, and of one that cannot be looked at") {
  for (const WaitThread::Mode mode : Modes()) {
    SharedWords words;
    Collector collector;
    const Descriptor holder(Reopen(words.fd()));
    REQUIRE(SetLock(holder.get(), 2, true) == 0);
    const std::uint32_t held = 1U << 2;
    {
      const std::unique_ptr<WaitThread> thread = StartThread(mode, &collector);
      REQUIRE(thread->Add({1, words.at(1), 0, std::make_shared<LockWatch>(words.fd(), 0, 8, &held)}));
      REQUIRE(SetLock(holder.get(), 2, false) == 0);
      CHECK(collector.WaitFor(1) == WatchReason::kLockReleased);
      REQUIRE(thread->Add({2, words.at(1), 0, std::make_shared<LockWatch>(-1, 0, 8, &held)}));
      CHECK(collector.WaitFor(2) == WatchReason::kFailed);
    }
    CHECK(collector.CountOf(1) == 1);
    CHECK(collector.CountOf(2) == 1);
  }
}

TEST_CASE("a wait thread: tells of a word that cannot be reached") {
  for (const WaitThread::Mode mode : Modes()) {
    SharedWords words;
    Collector collector;
    const std::unique_ptr<WaitThread> thread = StartThread(mode, &collector);
    // Not unmapped: somebody else's memory could come to lie there.
    REQUIRE(ftruncate(words.fd(), 0) == 0);
    REQUIRE(thread->Add({1, words.at(1), 0, nullptr}));
    CHECK(collector.WaitFor(1) == WatchReason::kFailed);
  }
}

TEST_CASE("a wait thread: ends at any moment, and reports nothing afterwards") {
  for (const WaitThread::Mode mode : Modes()) {
    SharedWords words;
    std::atomic<bool> done{false};
    std::thread ringer([&words, &done] {
      while (!done.load()) {
        words.Ring(1);
        sched_yield();
      }
    });
    for (int round = 0; round < Rounds(30); ++round) {
      Collector collector;
      std::unique_ptr<WaitThread> thread = StartThread(mode, &collector);
      thread->Add({1, words.at(1), words.Load(1), nullptr});
      if (round % 2 == 0) thread->Remove(1);
      if (round % 3 == 0) thread->Add({2, words.at(2), 0, nullptr});
      thread.reset();
      // The collector goes next: a late report would be a use after its end.
      CHECK(collector.Count() <= 1);
    }
    done.store(true);
    ringer.join();
  }
}

TEST_CASE("a wait thread: fires each watch once or not at all, in a storm of additions, removals, wakes and unmaps") {
  for (const WaitThread::Mode mode : Modes()) {
    for (const std::uint32_t seed : {1U, 2U}) Storm(mode, seed);
  }
}

}  // namespace ringway::test
