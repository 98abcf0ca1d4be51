#include "../../src/fault_guard.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "../../src/shared_range.h"
#include "support/child.h"
#include "support/object.h"

namespace ringway::test {
namespace {

const auto kPage = static_cast<std::size_t>(PageSize());
constexpr int kForeign = 42;
constexpr int kLater = 43;

// What is no guarded fault ends the process here, also where a sanitizer has a handler of its own, which would report
// it.
void OnForeign(int, siginfo_t*, void*) { _exit(kForeign); }

// In place before the guard is: the cases begin when everything static is there.
const bool handled = [] {
  struct sigaction action = {};
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = OnForeign;
  return sigaction(SIGBUS, &action, nullptr) == 0;
}();

// Touched by an instruction of its own; what the handler changes meanwhile is read again after it. ThreadSanitizer need
// not know of memory that was cut: that it is gone is the point.
__attribute__((noinline, no_sanitize("thread"))) int Read(const char* at) {
  const int value = *static_cast<const volatile char*>(at);
  asm volatile("" ::: "memory");
  return value;
}

__attribute__((noinline, no_sanitize("thread"))) void Write(char* at, char value) {
  *static_cast<volatile char*>(at) = value;
  asm volatile("" ::: "memory");
}

void Cut(const SharedWords& words) { REQUIRE(ftruncate(words.fd(), 0) == 0); }

// What `body`, in a forked child, returns or exits with, or -1. The child has none of the parent's mappings.
template <typename Body>
int StatusOfChild(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Whether `body`, in a forked child, meets a fault that is not guarded.
template <typename Body>
bool IsForeignInChild(Body body) {
  const int status = StatusOfChild([&body] {
    body();
    return 0;
  });
  return status == kForeign;
}

// A mapping without memory, at `at` if that is given.
char* MapNothing(char* at, std::size_t bytes) {
  const Descriptor object(OpenObject(0));
  void* const mapped =
      mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | (at == nullptr ? 0 : MAP_FIXED), object.get(), 0);
  return mapped == MAP_FAILED ? nullptr : static_cast<char*>(mapped);
}

// Handlers of others that came later than the guard.
struct sigaction replaced = {};
int handed_on = 0;

bool mended = false;

void OnLater(int) { _exit(mended ? kLater : 1); }

void HandOn(int signal, siginfo_t* info, void* context) {
  // Called once and no more, or it goes round.
  if (++handed_on > 1) _exit(1);
  replaced.sa_sigaction(signal, info, context);
}

void PutBack(int signal, siginfo_t*, void*) {
  if (++handed_on > 1) _exit(1);
  sigaction(signal, &replaced, nullptr);
}

// What a child ends with that replaces the handler of the guard, maps, meets a fault there, and then one elsewhere.
int StatusWithLater(const struct sigaction& later, bool elsewhere = true) {
  return StatusOfChild([&later, elsewhere] {
    sigaction(SIGBUS, &later, &replaced);
    std::int32_t faults = 0;
    char* const begin = MapNothing(nullptr, kPage);
    GuardRange(begin, kPage, &faults);
    if (Read(begin) != 0 || faults != 1) return 1;
    mended = true;
    return elsewhere ? Read(MapNothing(nullptr, kPage)) : 0;
  });
}

// How many mappings of this process begin in the range, or -1.
int CountMappings(const char* begin, std::size_t bytes) {
  std::FILE* const maps = std::fopen("/proc/self/maps", "re");
  if (maps == nullptr) return -1;
  int count = 0;
  char line[512];
  while (std::fgets(line, sizeof(line), maps) != nullptr) {
    if (std::strtoull(line, nullptr, 16) - reinterpret_cast<std::uintptr_t>(begin) < bytes) ++count;
  }
  std::fclose(maps);
  return count;
}

// A range that is guarded as long as this lives.
class Guarded {
 public:
  Guarded(const SharedWords& words, std::int32_t* faults) : range_(GuardRange(words.begin(), words.bytes(), faults)) {}
  ~Guarded() { UnguardRange(range_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  bool is_broken() const { return IsBroken(*range_); }

 private:
  FaultRange* const range_;
};

}  // namespace

TEST_CASE("a fault: in a guarded range meets zeros, and is counted once a range") {
  REQUIRE(handled);
  REQUIRE(InstallFaultGuard(true) == 0);
  const SharedWords cut(3);
  const SharedWords whole;
  std::int32_t faults = 0;
  const Guarded first(cut, &faults);
  const Guarded second(whole, &faults);
  Write(cut.begin(), 7);
  Cut(cut);
  CHECK(faults == 0);
  CHECK(Read(cut.begin()) == 0);
  CHECK(faults == 1);
  CHECK(first.is_broken());
  CHECK_FALSE(second.is_broken());
  Write(cut.begin() + 3 * kPage - 1, 5);
  CHECK(Read(cut.begin() + 3 * kPage - 1) == 5);
  CHECK(Read(cut.begin() + 2 * kPage) == 0);
  CHECK(faults == 1);
}

TEST_CASE("a fault: leaves what is still there alone") {
  REQUIRE(InstallFaultGuard(true) == 0);
  const SharedWords words(2);
  std::int32_t faults = 0;
  const Guarded guarded(words, &faults);
  Write(words.begin(), 7);
  REQUIRE(ftruncate(words.fd(), static_cast<off_t>(kPage)) == 0);
  CHECK(Read(words.begin()) == 7);
  CHECK(faults == 0);
  CHECK(Read(words.begin() + kPage) == 0);
  Write(words.begin(), 8);
  char seen = 0;
  CHECK(pread(words.fd(), &seen, 1, 0) == 1);
  CHECK(seen == 8);
}

TEST_CASE("a fault: keeps errno") {
  REQUIRE(InstallFaultGuard(true) == 0);
  const SharedWords words;
  std::int32_t faults = 0;
  const Guarded guarded(words, &faults);
  Cut(words);
  errno = ENOTTY;
  const int seen = Read(words.begin());
  const int kept = errno;
  CHECK(seen == 0);
  CHECK(kept == ENOTTY);
  CHECK(faults == 1);
}

TEST_CASE("a fault: outside of the guarded ranges goes to who was there before") {
  REQUIRE(InstallFaultGuard(true) == 0);
  CHECK(IsForeignInChild([] { Read(MapNothing(nullptr, kPage)); }));
  CHECK(IsForeignInChild([] {
    char* const begin = MapNothing(nullptr, 3 * kPage);
    std::int32_t faults = 0;
    GuardRange(begin + kPage, kPage, &faults);
    if (Read(begin + kPage) != 0 || faults != 1) _exit(1);
    Read(begin + 2 * kPage);
  }));
  CHECK(IsForeignInChild([] {
    char* const begin = MapNothing(nullptr, 3 * kPage);
    std::int32_t faults = 0;
    GuardRange(begin + kPage, kPage, &faults);
    Read(begin + kPage - 1);
  }));
}

TEST_CASE("a fault: in a range that is guarded no more goes to who was there before") {
  REQUIRE(InstallFaultGuard(true) == 0);
  CHECK(IsForeignInChild([] {
    char* const begin = MapNothing(nullptr, kPage);
    std::int32_t faults = 0;
    UnguardRange(GuardRange(begin, kPage, &faults));
    Read(begin);
  }));
}

TEST_CASE("a fault: in a forked child, where other memory lies at the address, is not ours") {
  REQUIRE(InstallFaultGuard(true) == 0);
  const SharedWords words;
  std::int32_t faults = 0;
  const Guarded guarded(words, &faults);
  char* const begin = words.begin();
  CHECK(IsForeignInChild([begin] { Read(MapNothing(begin, kPage)); }));
  // What the child adds itself is.
  CHECK(IsTrueInChild([begin] {
    std::int32_t own = 0;
    GuardRange(MapNothing(begin, kPage), kPage, &own);
    return Read(begin) == 0 && own == 1;
  }));
}

TEST_CASE("a fault: is found among more ranges than a block of the table has") {
  REQUIRE(InstallFaultGuard(true) == 0);
  std::int32_t faults = 0;
  std::vector<std::unique_ptr<SharedWords>> words;
  std::vector<std::unique_ptr<Guarded>> guarded;
  for (int i = 0; i < 200; ++i) {
    words.push_back(std::make_unique<SharedWords>());
    guarded.push_back(std::make_unique<Guarded>(*words.back(), &faults));
    Cut(*words.back());
  }
  for (std::size_t i = 0; i < words.size(); i += 3) CHECK(Read(words[i]->begin()) == 0);
  CHECK(faults == 67);
  for (std::size_t i = 0; i < words.size(); ++i) CHECK(guarded[i]->is_broken() == (i % 3 == 0));
}

TEST_CASE("a fault: costs the whole range where the kernel splits no mapping any more") {
  REQUIRE(InstallFaultGuard(true) == 0);
  // What its program gives back at the limit, valgrind takes for itself.
  const char* const preloaded = std::getenv("LD_PRELOAD");
  if (preloaded != nullptr && std::strstr(preloaded, "vgpreload") != nullptr) {
    MESSAGE("skipped: valgrind maps memory of its own");
    return;
  }
  std::size_t most = 0;
  std::FILE* const limit = std::fopen("/proc/sys/vm/max_map_count", "re");
  REQUIRE(limit != nullptr);
  const int read = std::fscanf(limit, "%zu", &most);
  std::fclose(limit);
  REQUIRE(read == 1);
  constexpr int kUnreachable = 2;
  const int status = StatusOfChild([most] {
    constexpr std::size_t kPages = 4;
    const Descriptor object(OpenObject(kPages * kPage));
    char* begin = nullptr;
    if (MapShared(object.get(), 0, kPages * kPage, 1, &begin) != 0) return 1;
    std::int32_t faults = 0;
    GuardRange(begin, kPages * kPage, &faults);
    Write(begin, 7);
    const long spare =
        syscall(SYS_mmap, nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    // Pages of alternating protection, which the kernel cannot merge, until it refuses. The bare system call: a
    // sanitizer would map more for each.
    long last = 0;
    for (std::size_t i = 0; i <= most; ++i) {
      const int protection = i % 2 == 0 ? PROT_NONE : PROT_READ;
      const long mapped = syscall(SYS_mmap, nullptr, kPage, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (mapped == -1) break;
      last = mapped;
    }
    // It lets one more be made than it lets be split.
    syscall(SYS_munmap, last, kPage);
    // Something else came first.
    if (syscall(SYS_mprotect, spare + kPage, kPage, PROT_READ) == 0) return kUnreachable;
    if (ftruncate(object.get(), static_cast<off_t>(kPage)) != 0) return 1;
    if (Read(begin + 2 * kPage) != 0) return 1;
    // The first page, which was there still, went with the rest.
    return faults == 1 && Read(begin) == 0 ? 0 : 1;
  });
  if (status == kUnreachable) {
    MESSAGE("skipped: vm.max_map_count cannot be reached here");
  } else {
    CHECK(status == 0);
  }
}

TEST_CASE("a fault: costs the whole range after so many, lest they use up the mappings of the process") {
  REQUIRE(InstallFaultGuard(true) == 0);
  constexpr std::size_t kFaults = 200;
  const SharedWords words(2 * kFaults);
  std::int32_t faults = 0;
  const Guarded guarded(words, &faults);
  Cut(words);
  for (std::size_t i = 0; i < kFaults; ++i) CHECK(Read(words.begin() + 2 * i * kPage) == 0);
  CHECK(faults == 1);
  const int mappings = CountMappings(words.begin(), words.bytes());
  CHECK(mappings >= 0);
  CHECK(mappings <= 1);
}

TEST_CASE("a fault: costs the whole range at once when all of the process have so many") {
  REQUIRE(InstallFaultGuard(true) == 0);
  constexpr std::size_t kRanges = 80;
  constexpr std::size_t kFaults = 60;
  std::int32_t faults = 0;
  std::vector<std::unique_ptr<SharedWords>> words;
  std::vector<std::unique_ptr<Guarded>> guarded;
  for (std::size_t i = 0; i < kRanges; ++i) {
    words.push_back(std::make_unique<SharedWords>(2 * kFaults));
    guarded.push_back(std::make_unique<Guarded>(*words.back(), &faults));
    Cut(*words.back());
  }
  for (const auto& range : words) {
    for (std::size_t i = 0; i < kFaults; ++i) CHECK(Read(range->begin() + 2 * i * kPage) == 0);
  }
  CHECK(CountMappings(words.front()->begin(), words.front()->bytes()) > static_cast<int>(kFaults));
  CHECK(CountMappings(words.back()->begin(), words.back()->bytes()) <= 1);
  words.clear();
  guarded.clear();
  // What has gone counts no more.
  const SharedWords last(4);
  const Guarded lone(last, &faults);
  Write(last.begin() + 3 * kPage, 7);
  REQUIRE(ftruncate(last.fd(), static_cast<off_t>(kPage)) == 0);
  Write(last.begin(), 7);
  CHECK(Read(last.begin() + 2 * kPage) == 0);
  CHECK(Read(last.begin()) == 7);
}

TEST_CASE("a fault: is ours again when a range is added, and goes to who came meanwhile when it is not") {
  REQUIRE(InstallFaultGuard(true) == 0);
  struct sigaction later = {};
  later.sa_handler = OnLater;
  CHECK(StatusWithLater(later) == kLater);
  later.sa_handler = SIG_DFL;
  CHECK(StatusWithLater(later, false) == 0);
  // Dies of the signal.
  CHECK(StatusWithLater(later) == -1);
}

TEST_CASE("a fault: goes round no more than once where who came later hands it on") {
  REQUIRE(InstallFaultGuard(true) == 0);
  struct sigaction later = {};
  later.sa_flags = SA_SIGINFO;
  later.sa_sigaction = HandOn;
  CHECK(StatusWithLater(later) == kForeign);
  later.sa_sigaction = PutBack;
  CHECK(StatusWithLater(later) == kForeign);
}

TEST_CASE("a fault: on many threads at once, while ranges come and go") {
  REQUIRE(InstallFaultGuard(true) == 0);
  const int rounds = Rounds(300);
  constexpr int kThreads = 4;
  const SharedWords common(64);
  std::int32_t common_faults = 0;
  const Guarded guarded(common, &common_faults);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  Cut(common);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&common, &wrong, rounds, i] {
      for (int round = 0; round < rounds; ++round) {
        std::int32_t faults = 0;
        const SharedWords own(2);
        Write(own.begin(), 7);
        const Guarded mine(own, &faults);
        if (ftruncate(own.fd(), 0) != 0 || mine.is_broken()) ++wrong;
        if (Read(own.begin()) != 0 || Read(own.begin() + kPage) != 0 || faults != 1 || !mine.is_broken()) ++wrong;
        // All threads at the same pages.
        if (Read(common.begin() + static_cast<std::size_t>((round * kThreads + i) % 64) * kPage) != 0) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong.load() == 0);
  CHECK(common_faults == 1);
}

}  // namespace ringway::test
