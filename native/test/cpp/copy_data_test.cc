#include "../../src/copy_data.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "support/object.h"

namespace ringway::test {
namespace {

constexpr std::int64_t kMebibyte = 1 << 20;
constexpr std::int64_t kBlock = 512;

void Write(int fd, const std::string& text, std::int64_t offset) {
  REQUIRE(pwrite(fd, text.data(), text.size(), offset) == static_cast<ssize_t>(text.size()));
}

std::string Read(int fd, std::size_t length, std::int64_t offset) {
  std::string text(length, '?');
  REQUIRE(pread(fd, text.data(), length, offset) == static_cast<ssize_t>(length));
  return text;
}

std::int64_t BytesAllocated(int fd) {
  struct stat status = {};
  REQUIRE(fstat(fd, &status) == 0);
  return status.st_blocks * kBlock;
}

}  // namespace

TEST_CASE("copying data: gives the same bytes at the same places, and passes over holes") {
  const std::int64_t size = 8 * kMebibyte + 5;
  const Descriptor source(OpenObject(static_cast<std::size_t>(size)));
  const Descriptor target(OpenObject(static_cast<std::size_t>(size)));
  Write(source.get(), "first", kMebibyte + 7);
  Write(source.get(), "second", 3 * kMebibyte);
  Write(source.get(), "last", size - 4);
  Write(target.get(), "kept", 2 * kMebibyte);
  CHECK(CopyData(source.get(), target.get(), 0, size, size) == size);
  CHECK(Read(target.get(), 5, kMebibyte + 7) == "first");
  CHECK(Read(target.get(), 6, 3 * kMebibyte) == "second");
  CHECK(Read(target.get(), 4, size - 4) == "last");
  CHECK(Read(target.get(), 4, 2 * kMebibyte) == "kept");
  CHECK(BytesAllocated(target.get()) == BytesAllocated(source.get()) + 4096);
}

TEST_CASE("copying data: tells where the next data begins, wherever the range begins and ends") {
  const std::int64_t size = 8 * kMebibyte;
  const Descriptor source(OpenObject(static_cast<std::size_t>(size)));
  const Descriptor target(OpenObject(static_cast<std::size_t>(size)));
  Write(source.get(), std::string(10000, 'a'), 5 * kMebibyte);
  CHECK(CopyData(source.get(), target.get(), 0, kMebibyte, size) == 5 * kMebibyte);
  CHECK(BytesAllocated(target.get()) == 0);
  CHECK(CopyData(source.get(), target.get(), 5 * kMebibyte + 1, 5 * kMebibyte + 5001, size) == 5 * kMebibyte + 5001);
  CHECK(Read(target.get(), 1, 5 * kMebibyte) == std::string(1, '\0'));
  CHECK(Read(target.get(), 5000, 5 * kMebibyte + 1) == std::string(5000, 'a'));
  CHECK(Read(target.get(), 1, 5 * kMebibyte + 5001) == std::string(1, '\0'));
  CHECK(CopyData(source.get(), target.get(), 6 * kMebibyte, size, size) == size);
  CHECK(CopyData(source.get(), target.get(), 0, 0, size) == 5 * kMebibyte);
  CHECK(CopyData(source.get(), target.get(), 0, 0, 0) == 0);
}

TEST_CASE("copying data: of a source that was cut passes over what is gone, and never faults") {
  const std::int64_t size = 4 * kMebibyte;
  const Descriptor source(OpenObject(static_cast<std::size_t>(size)));
  const Descriptor target(OpenObject(static_cast<std::size_t>(size)));
  Write(source.get(), std::string(static_cast<std::size_t>(size), 'a'), 0);
  REQUIRE(ftruncate(source.get(), kMebibyte + 100) == 0);
  const std::int64_t reached = CopyData(source.get(), target.get(), 0, size, size);
  CHECK((reached == size || reached == -EFAULT));
  CHECK(Read(target.get(), 100, kMebibyte) == std::string(100, 'a'));
  CHECK(CopyData(source.get(), target.get(), 2 * kMebibyte, size, size) == size);
}

TEST_CASE("copying data: reports what the system reports") {
  const Descriptor source(OpenObject(4096));
  const Descriptor target(OpenObject(4096));
  Write(source.get(), "data", 0);
  CHECK(CopyData(-1, target.get(), 0, 4096, 4096) == -EBADF);
  CHECK(CopyData(source.get(), -1, 0, 4096, 4096) == -EBADF);
  int ends[2] = {};
  REQUIRE(pipe(ends) == 0);
  const Descriptor read_end(ends[0]);
  const Descriptor write_end(ends[1]);
  CHECK(CopyData(read_end.get(), target.get(), 0, 4096, 4096) == -ESPIPE);
  CHECK(CopyData(source.get(), write_end.get(), 0, 4096, 4096) == -ESPIPE);
}

}  // namespace ringway::test
