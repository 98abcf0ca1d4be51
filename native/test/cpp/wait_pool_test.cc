#include "../../src/wait_pool.h"

#include <doctest/doctest.h>
#include <sched.h>

#include <atomic>
#include <thread>

#include "../../src/futex.h"
#include "support/collector.h"
#include "support/object.h"

namespace ringway::test {

TEST_CASE("a pool: starts a thread for every 127 watches, and keeps it") {
  if (!HasFutexWaitAny()) {
    MESSAGE("skipped: this kernel, or valgrind, has no futex_waitv");
    return;
  }
  SharedWords words;
  Collector collector;
  WaitPool pool(&collector, true);
  for (std::int64_t id = 1; id <= 128; ++id) REQUIRE(pool.Add({id, words.at(1), 0, nullptr}) == 0);
  CHECK(pool.CountThreads() == 2);
  CHECK(pool.CountWatches() == 128);
  words.Ring(1);
  for (std::int64_t id = 1; id <= 128; ++id) CHECK(collector.WaitFor(id) == WatchReason::kDoorbell);
  CHECK(pool.CountWatches() == 0);
  CHECK(pool.CountThreads() == 2);
  CHECK(pool.Add({129, words.at(2), 0, nullptr}) == 0);
  CHECK(pool.Remove(129));
  CHECK_FALSE(pool.Remove(129));
  pool.Close();
  CHECK(pool.CountThreads() == 0);
}

TEST_CASE("a pool: without futex_waitv has eight threads for a watch each, and one for all others") {
  SharedWords words;
  Collector collector;
  WaitPool pool(&collector, false);
  for (std::int64_t id = 1; id <= 20; ++id) {
    REQUIRE(pool.Add({id, words.at(static_cast<std::size_t>(id)), 0, nullptr}) == 0);
  }
  CHECK(pool.CountThreads() == 9);
  CHECK(pool.CountWatches() == 20);
  for (std::int64_t id = 1; id <= 20; ++id) words.Ring(static_cast<std::size_t>(id));
  for (std::int64_t id = 1; id <= 20; ++id) CHECK(collector.WaitFor(id) == WatchReason::kDoorbell);
}

TEST_CASE("a pool: forgets all words of a range, which may then go at once") {
  for (const bool many : {true, false}) {
    SharedWords words;
    Collector collector;
    WaitPool pool(&collector, many);
    std::int64_t id = 0;
    std::atomic<bool> done{false};
    std::thread ringer([&words, &done] {
      while (!done.load()) {
        words.Ring(1);
        sched_yield();
      }
    });
    for (int round = 0; round < Rounds(50); ++round) {
      SharedWords passing;
      REQUIRE(pool.Add({++id, words.at(1), words.Load(1), nullptr}) == 0);
      const std::int64_t stays = id;
      for (std::size_t i = 0; i < 12; ++i) REQUIRE(pool.Add({++id, passing.at(i), 0, nullptr}) == 0);
      pool.Forget(passing.begin(), passing.bytes());
      passing.Unmap();
      CHECK(collector.WaitFor(stays) == WatchReason::kDoorbell);
      CHECK(pool.CountWatches() == 0);
    }
    done.store(true);
    ringer.join();
    pool.Close();
    CAPTURE(many);
    // A word that was gone when it was looked at would have failed.
    CHECK(collector.CountFor(WatchReason::kDoorbell) == collector.Count());
    const std::size_t rung = static_cast<std::size_t>(Rounds(50));
    // Without futex_waitv a thread waits on the word alone and is called away from it by a wake. It passes that on,
    // perhaps to a watch of a word that was mapped there meanwhile: one wake too many.
    if (many && HasFutexWaitAny()) {
      CHECK(collector.Count() == rung);
    } else {
      CHECK(collector.Count() >= rung);
    }
  }
}

}  // namespace ringway::test
