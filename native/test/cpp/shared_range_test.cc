#include "../../src/shared_range.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "../../src/byte_range.h"
#include "support/child.h"
#include "support/object.h"

namespace ringway::test {
namespace {

const auto kPage = static_cast<std::size_t>(PageSize());

// A job that was lent the memory and does not know that it goes. ThreadSanitizer takes a mapping over it for a write,
// which would be a race: that there is one is the point.
__attribute__((no_sanitize_thread)) void WriteUntil(const SharedWords& words, const std::atomic<bool>& done) {
  while (!done.load()) {
    for (std::size_t i = 0; i < words.bytes() / 4; ++i) __atomic_add_fetch(words.at(i), 1, __ATOMIC_RELAXED);
  }
}

}  // namespace

TEST_CASE("a range: shows the same bytes twice, back to back") {
  const Descriptor object(OpenObject(3 * kPage));
  char* begin = nullptr;
  REQUIRE(MapShared(object.get(), static_cast<std::int64_t>(kPage), 2 * kPage, 2, &begin) == 0);
  // Across the seam.
  std::memcpy(begin + 2 * kPage - 4, "abcdefgh", 8);
  CHECK(std::memcmp(begin, "efgh", 4) == 0);
  CHECK(std::memcmp(begin + 4 * kPage - 4, "abcd", 4) == 0);
  char seen[4] = {};
  CHECK(pread(object.get(), seen, 4, static_cast<off_t>(kPage)) == 4);
  CHECK(std::memcmp(seen, "efgh", 4) == 0);
  UnmapRange(begin, 4 * kPage);
}

TEST_CASE("a range: is no child's") {
  SharedWords words;
  char* const begin = words.begin();
  const auto mapped = [begin] { return msync(begin, kPage, MS_ASYNC) == 0; };
  CHECK(mapped());
  CHECK(IsTrueInChild([&mapped] { return !mapped() && errno == ENOMEM; }));
}

TEST_CASE("a range: is not made of what cannot be mapped, and leaves nothing behind") {
  const int rounds = Rounds(100);
  const Descriptor object(OpenObject(kPage));
  char* begin = nullptr;
  for (int round = 0; round < rounds; ++round) {
    CHECK(MapShared(-1, 0, kPage, 2, &begin) == -EBADF);
    CHECK(MapShared(object.get(), 1, kPage, 2, &begin) == -EINVAL);
    CHECK(MapShared(object.get(), 0, std::size_t{1} << 60, 1, &begin) < 0);
  }
  CHECK(begin == nullptr);
}

TEST_CASE("a range: that is covered shows zeros, and leaves the object alone") {
  SharedWords words;
  std::memset(words.begin(), 7, words.bytes());
  std::atomic<bool> done{false};
  std::thread job([&words, &done] { WriteUntil(words, done); });
  CHECK(CoverRange(words.begin(), words.bytes()) == 0);
  done.store(true);
  job.join();
  CHECK(CoverRange(words.begin(), words.bytes()) == 0);
  for (std::size_t i = 0; i < words.bytes(); ++i) REQUIRE(words.begin()[i] == 0);
  struct stat status = {};
  REQUIRE(fstat(words.fd(), &status) == 0);
  CHECK(status.st_size == static_cast<off_t>(words.bytes()));
}

TEST_CASE("a range: is populated, or says why not") {
  SharedWords words(4);
  CHECK(PopulateRange(words.begin(), 2 * kPage) == 0);
  unsigned char present[4] = {};
  REQUIRE(mincore(words.begin(), words.bytes(), present) == 0);
  CHECK((present[0] & 1) == 1);
  CHECK((present[1] & 1) == 1);
  REQUIRE(ftruncate(words.fd(), 0) == 0);
  // A kernel before 5.14 has no such advice, which counts as done.
  const int beyond = PopulateRange(words.begin(), kPage);
  CHECK((beyond == -EFAULT || beyond == 0));
}

TEST_CASE("a word: lies in a range or beside it") {
  const std::uint32_t words[4] = {};
  const auto* const begin = reinterpret_cast<const char*>(&words[1]);
  CHECK_FALSE(IsInside(&words[0], begin, 8));
  CHECK(IsInside(&words[1], begin, 8));
  CHECK(IsInside(&words[2], begin, 8));
  CHECK_FALSE(IsInside(&words[3], begin, 8));
  CHECK_FALSE(IsInside(&words[1], begin, 0));
}

}  // namespace ringway::test
