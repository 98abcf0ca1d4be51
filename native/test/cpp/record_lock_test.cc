#include "../../src/record_lock.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <random>
#include <vector>

#include "support/object.h"

namespace ringway::test {
namespace {

// What each byte is locked for, one by one, as another description sees it.
std::vector<RecordMode> Seen(int observer, std::int64_t count) {
  std::vector<RecordMode> modes;
  for (std::int64_t byte = 0; byte < count; ++byte) {
    RecordHolder holder = {};
    const int result = QueryRecordLock(observer, {byte, 1}, RecordMode::kExclusive, &holder);
    modes.push_back(result == 0 ? RecordMode::kNone : holder.mode);
  }
  return modes;
}

}  // namespace

TEST_CASE("a record lock: shared ones overlap, and an exclusive one does with none") {
  const Descriptor one(OpenObject(0));
  const Descriptor other(Reopen(one.get()));
  CHECK(SetRecordLock(one.get(), {0, 10}, RecordMode::kShared) == 0);
  CHECK(SetRecordLock(other.get(), {5, 10}, RecordMode::kShared) == 0);
  CHECK(SetRecordLock(other.get(), {9, 10}, RecordMode::kExclusive) == -EAGAIN);
  CHECK(SetRecordLock(other.get(), {10, 10}, RecordMode::kExclusive) == 0);
  CHECK(SetRecordLock(one.get(), {19, 1}, RecordMode::kShared) == -EAGAIN);
  CHECK(SetRecordLock(one.get(), {20, 1}, RecordMode::kExclusive) == 0);
}

TEST_CASE("a record lock: a length of 0 reaches beyond every end") {
  const Descriptor one(OpenObject(0));
  const Descriptor other(Reopen(one.get()));
  CHECK(SetRecordLock(one.get(), {100, 0}, RecordMode::kExclusive) == 0);
  RecordHolder holder = {};
  CHECK(QueryRecordLock(other.get(), {99, 1}, RecordMode::kShared, &holder) == 0);
  CHECK(QueryRecordLock(other.get(), {std::int64_t{1} << 60, 1}, RecordMode::kShared, &holder) == 1);
  CHECK(holder.mode == RecordMode::kExclusive);
  CHECK(holder.range.start == 100);
  CHECK(holder.range.length == 0);
  CHECK(holder.pid == -1);
}

TEST_CASE("a record lock: is all of its range, or nothing of it") {
  const Descriptor one(OpenObject(0));
  const Descriptor other(Reopen(one.get()));
  CHECK(SetRecordLock(one.get(), {5, 1}, RecordMode::kExclusive) == 0);
  CHECK(SetRecordLock(other.get(), {0, 10}, RecordMode::kShared) == -EAGAIN);
  CHECK(Seen(one.get(), 10) == std::vector<RecordMode>(10, RecordMode::kNone));
}

TEST_CASE("a record lock: reports what fcntl reports, and tells a classic lock's process") {
  const Descriptor object(OpenObject(0));
  RecordHolder holder = {};
  CHECK(SetRecordLock(-1, {0, 1}, RecordMode::kShared) == -EBADF);
  CHECK(WaitForRecordLock(-1, {0, 1}, RecordMode::kShared) == -EBADF);
  CHECK(QueryRecordLock(-1, {0, 1}, RecordMode::kShared, &holder) == -EBADF);
  const Descriptor classic(Reopen(object.get()));
  struct flock lock = {};
  lock.l_type = F_RDLCK;
  lock.l_len = 4;
  REQUIRE(fcntl(classic.get(), F_SETLK, &lock) == 0);
  CHECK(QueryRecordLock(object.get(), {3, 1}, RecordMode::kShared, &holder) == 0);
  CHECK(QueryRecordLock(object.get(), {3, 1}, RecordMode::kExclusive, &holder) == 1);
  CHECK(holder.mode == RecordMode::kShared);
  CHECK(holder.pid == getpid());
}

TEST_CASE("a record lock: any order of locking, converting and unlocking leaves what an array of bytes says") {
  constexpr std::int64_t kBytes = 24;
  const Descriptor object(OpenObject(0));
  const Descriptor observer(Reopen(object.get()));
  std::vector<RecordMode> model(kBytes, RecordMode::kNone);
  std::mt19937 random(7);
  for (int step = Rounds(300); step > 0; --step) {
    const std::int64_t start = static_cast<std::int64_t>(random() % kBytes);
    const std::int64_t length = 1 + static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(kBytes - start));
    const RecordMode mode = static_cast<RecordMode>(random() % 3);
    REQUIRE(SetRecordLock(object.get(), {start, length}, mode) == 0);
    for (std::int64_t byte = start; byte < start + length; ++byte) model[static_cast<std::size_t>(byte)] = mode;
    REQUIRE(Seen(observer.get(), kBytes) == model);
  }
}

}  // namespace ringway::test
