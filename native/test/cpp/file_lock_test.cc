#include "../../src/file_lock.h"

#include <doctest/doctest.h>
#include <sched.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "support/object.h"

namespace ringway::test {

TEST_CASE("a file lock: belongs to one description at a time") {
  const Descriptor mine(OpenObject(0));
  Descriptor theirs(Reopen(mine.get()));
  CHECK(SetLock(mine.get(), 5, true) == 0);
  CHECK(SetLock(mine.get(), 5, true) == 0);
  CHECK(SetLock(theirs.get(), 5, true) == -EAGAIN);
  CHECK(ProbeLock(mine.get(), 5) == 0);
  CHECK(ProbeLock(theirs.get(), 5) == 1);
  CHECK(SetLock(mine.get(), 5, false) == 0);
  CHECK(SetLock(theirs.get(), 5, true) == 0);
  CHECK(ProbeLock(mine.get(), 5) == 1);
  theirs.Close();
  CHECK(ProbeLock(mine.get(), 5) == 0);
}

TEST_CASE("a file lock: reports what fcntl reports") {
  CHECK(SetLock(-1, 0, true) == -EBADF);
  CHECK(ProbeLock(-1, 0) == -EBADF);
  std::uint32_t held = 0;
  CHECK(ProbeRange(-1, 0, 32, &held) == -EBADF);
}

TEST_CASE("a file lock: is found by a probe of a range, whoever holds it and however the locks lie") {
  const Descriptor observer(OpenObject(0));
  const Descriptor first(Reopen(observer.get()));
  const Descriptor second(Reopen(observer.get()));
  constexpr std::int64_t kStart = 1000;
  for (std::int64_t count = 1; count <= 100; count += 11) {
    for (std::int64_t byte = 0; byte < count; ++byte) {
      const bool held = byte % 7 == 3 || byte % 11 < 2 || byte == count - 1;
      if (held) REQUIRE(SetLock(byte % 2 == 0 ? first.get() : second.get(), kStart + byte, true) == 0);
    }
    // One word more than is needed: it must be left alone.
    std::vector<std::uint32_t> bits(WordsOf(count) + 1, 0xFFFFFFFFU);
    REQUIRE(ProbeRange(observer.get(), kStart, count, bits.data()) == 0);
    CHECK(bits.back() == 0xFFFFFFFFU);
    for (std::int64_t byte = 0; byte < static_cast<std::int64_t>(WordsOf(count)) * 32; ++byte) {
      const bool held = byte < count && (byte % 7 == 3 || byte % 11 < 2 || byte == count - 1);
      const bool seen = ((bits[static_cast<std::size_t>(byte / 32)] >> (byte % 32)) & 1U) != 0;
      CHECK(seen == held);
    }
    for (std::int64_t byte = 0; byte < count; ++byte) {
      SetLock(first.get(), kStart + byte, false);
      SetLock(second.get(), kStart + byte, false);
    }
  }
}

TEST_CASE("a watch of locks: tells once of each lock that is let go") {
  const Descriptor observer(OpenObject(0));
  const Descriptor holder(Reopen(observer.get()));
  SetLock(holder.get(), 40, true);
  // The bits beyond the range must not count.
  const std::uint32_t held[2] = {0, 0xFFFFFF00U};
  LockWatch watch(observer.get(), 0, 41, held);
  CHECK(watch.Look() == LockWatch::Change::kNone);
  SetLock(holder.get(), 3, true);
  CHECK(watch.Look() == LockWatch::Change::kNone);
  SetLock(holder.get(), 3, false);
  CHECK(watch.Look() == LockWatch::Change::kReleased);
  CHECK(watch.Look() == LockWatch::Change::kNone);
  SetLock(holder.get(), 40, false);
  CHECK(watch.Look() == LockWatch::Change::kReleased);
  LockWatch broken(-1, 0, 41, held);
  CHECK(broken.Look() == LockWatch::Change::kFailed);
}

TEST_CASE("a file lock: is held by one of many threads at a time") {
  const Descriptor object(OpenObject(0));
  constexpr int kThreads = 4;
  const int rounds = Rounds(100);
  std::atomic<int> inside{0};
  // Guarded by the lock alone, which the sanitizers do not know: an atomic, so that they need not.
  std::atomic<int> count{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&object, &inside, &count, rounds] {
      const Descriptor own(Reopen(object.get()));
      for (int round = 0; round < rounds; ++round) {
        while (SetLock(own.get(), 9, true) != 0) sched_yield();
        CHECK(inside.fetch_add(1) == 0);
        const int before = count.load();
        count.store(before + 1);
        CHECK(inside.fetch_sub(1) == 1);
        CHECK(SetLock(own.get(), 9, false) == 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(count.load() == kThreads * rounds);
}

}  // namespace ringway::test
