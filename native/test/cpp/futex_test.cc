#include "../../src/futex.h"

#include <doctest/doctest.h>
#include <sched.h>

#include <cerrno>
#include <climits>
#include <thread>
#include <vector>

#include "../../src/shared_range.h"
#include "support/object.h"

namespace ringway::test {

TEST_CASE("a futex: is not waited for when it has another value") {
  const SharedWords words;
  CHECK(FutexWait(words.at(3), 7, nullptr, FutexScope::kShared) == -EAGAIN);
  CHECK(FutexCompare(words.at(3), 7) == -EAGAIN);
  CHECK(FutexCompare(words.at(3), 0) == 0);
}

TEST_CASE("a futex: is waited for until the time is over") {
  const SharedWords words;
  const timespec timeout = {0, 2000000};
  CHECK(FutexWait(words.at(0), 0, &timeout, FutexScope::kShared) == -ETIMEDOUT);
  CHECK(FutexWait(words.at(0), 0, &timeout, FutexScope::kPrivate) == -ETIMEDOUT);
}

TEST_CASE("a futex: reports memory that cannot be reached") {
  const Descriptor empty(OpenObject(0));
  char* begin = nullptr;
  const auto page = static_cast<std::size_t>(PageSize());
  REQUIRE(MapShared(empty.get(), 0, page, 1, &begin) == 0);
  auto* const word = reinterpret_cast<std::uint32_t*>(begin);
  CHECK(FutexWait(word, 0, nullptr, FutexScope::kShared) == -EFAULT);
  CHECK(FutexWake(word, 1, FutexScope::kShared) == -EFAULT);
  CHECK(FutexCompare(word, 0) == -EFAULT);
  CHECK(CoverRange(begin, page) == 0);
  CHECK(FutexCompare(word, 0) == 0);
  UnmapRange(begin, page);
}

TEST_CASE("a futex: wakes every waiter, through any mapping of its object") {
  SharedWords words;
  char* other = nullptr;
  REQUIRE(MapShared(words.fd(), 0, words.bytes(), 1, &other) == 0);
  constexpr int kWaiters = 4;
  const int rounds = Rounds(50);
  std::uint32_t here = 0;
  std::vector<std::thread> waiters;
  for (int i = 0; i < kWaiters; ++i) {
    waiters.emplace_back([other, rounds] {
      auto* const word = reinterpret_cast<std::uint32_t*>(other);
      for (;;) {
        const std::uint32_t seen = __atomic_load_n(word, __ATOMIC_SEQ_CST);
        if (seen == static_cast<std::uint32_t>(rounds)) return;
        const int outcome = FutexWait(word, seen, nullptr, FutexScope::kShared);
        CHECK((outcome == 0 || outcome == -EAGAIN || outcome == -EINTR));
      }
    });
  }
  while (here < static_cast<std::uint32_t>(rounds)) {
    CHECK(words.Ring(0) >= 0);
    ++here;
    sched_yield();
  }
  for (std::thread& waiter : waiters) waiter.join();
  UnmapRange(other, words.bytes());
}

TEST_CASE("a futex: names the word that was woken, of many that are waited for") {
  if (!HasFutexWaitAny()) {
    MESSAGE("skipped: this kernel, or valgrind, has no futex_waitv");
    return;
  }
  SharedWords words;
  std::vector<FutexWaiter> waiters;
  for (std::size_t i = 0; i < kMostWaiters; ++i) waiters.push_back(MakeWaiter(words.at(i), 0, FutexScope::kShared));
  std::thread ringer([&words] { words.Ring(77); });
  const int outcome = FutexWaitAny(waiters.data(), kMostWaiters, nullptr);
  // Who comes too late is told that a word has changed, but not which.
  CHECK((outcome == 77 || outcome == -EAGAIN));
  ringer.join();
  const timespec past = {0, 1};
  CHECK(FutexWaitAny(waiters.data(), 77, &past) == -ETIMEDOUT);
  CHECK(FutexWaitAny(waiters.data(), kMostWaiters + 1, &past) == -EINVAL);
}

}  // namespace ringway::test
