#include "../../src/fork_guard.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <thread>
#include <vector>

#include "../../src/file_lock.h"
#include "support/child.h"
#include "support/object.h"

namespace ringway::test {
namespace {

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

}  // namespace

TEST_CASE("a guard: closes in the child what it was told to, and nothing else") {
  REQUIRE(ForkGuard::Install() == 0);
  ForkGuard guard;
  const Descriptor guarded(OpenObject(0));
  const Descriptor plain(OpenObject(0));
  const Descriptor released(OpenObject(0));
  CHECK(guard.Add(guarded.get()) == 0);
  CHECK(guard.Add(released.get()) == 0);
  guard.Remove(released.get());
  guard.Remove(released.get());
  CHECK(guard.Add(-1) == -EBADF);
  CHECK(IsTrueInChild([&] { return !IsOpen(guarded.get()) && IsOpen(plain.get()) && IsOpen(released.get()); }));
  CHECK(IsOpen(guarded.get()));
  guard.Close();
  CHECK(IsTrueInChild([&] { return IsOpen(guarded.get()); }));
}

TEST_CASE("a guard: leaves a number alone that is another file's by now") {
  REQUIRE(ForkGuard::Install() == 0);
  ForkGuard guard;
  const int number = OpenObject(0);
  CHECK(guard.Add(number) == 0);
  const Descriptor other(OpenObject(0));
  // Behind the guard's back.
  REQUIRE(dup2(other.get(), number) == number);
  CHECK(IsTrueInChild([number] { return IsOpen(number); }));
  CHECK(SetLock(number, 3, true) == 0);
  guard.Close();
  const Descriptor observer(Reopen(other.get()));
  CHECK(ProbeLock(observer.get(), 3) == 1);
  close(number);
}

TEST_CASE("a guard: lets go of the locks when its environment ends") {
  ForkGuard guard;
  const Descriptor object(OpenObject(0));
  const Descriptor observer(Reopen(object.get()));
  CHECK(guard.Add(object.get()) == 0);
  SetLock(object.get(), 3, true);
  CHECK(ProbeLock(observer.get(), 3) == 1);
  guard.Close();
  CHECK(ProbeLock(observer.get(), 3) == 0);
}

TEST_CASE("a guard: has room for more descriptors than a block of its table") {
  REQUIRE(ForkGuard::Install() == 0);
  ForkGuard guard;
  std::vector<std::unique_ptr<Descriptor>> objects;
  for (int i = 0; i < 200; ++i) {
    objects.push_back(std::make_unique<Descriptor>(OpenObject(0)));
    REQUIRE(guard.Add(objects.back()->get()) == 0);
  }
  CHECK(IsTrueInChild([&objects] {
    for (const auto& object : objects) {
      if (IsOpen(object->get())) return false;
    }
    return true;
  }));
  guard.Close();
}

TEST_CASE("a guard: holds while other environments come and go and the process forks") {
  REQUIRE(ForkGuard::Install() == 0);
  ForkGuard guard;
  const Descriptor guarded(OpenObject(0));
  REQUIRE(guard.Add(guarded.get()) == 0);
  std::atomic<bool> done{false};
  std::vector<std::thread> others;
  for (int i = 0; i < 3; ++i) {
    others.emplace_back([&done] {
      while (!done.load()) {
        ForkGuard own;
        const Descriptor one(OpenObject(0));
        const Descriptor two(OpenObject(0));
        CHECK(own.Add(one.get()) == 0);
        CHECK(own.Add(two.get()) == 0);
        own.Remove(one.get());
        own.Close();
        sched_yield();
      }
    });
  }
  for (int i = 0; i < Rounds(30); ++i) CHECK(IsTrueInChild([&guarded] { return !IsOpen(guarded.get()); }));
  done.store(true);
  for (std::thread& other : others) other.join();
  guard.Close();
}

}  // namespace ringway::test
