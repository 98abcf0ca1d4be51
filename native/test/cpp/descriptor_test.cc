#include "../../src/descriptor.h"

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

struct stat StatusOf(int fd) {
  struct stat status = {};
  REQUIRE(fstat(fd, &status) == 0);
  return status;
}

// A name that does not outlive its test.
class Name {
 public:
  explicit Name(const std::string& suffix) : path_(NameOf(suffix)) {}
  ~Name() { unlink(path_.c_str()); }
  Name(const Name&) = delete;
  Name& operator=(const Name&) = delete;

  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

}  // namespace

TEST_CASE("a descriptor: gives its unnamed object a name that was free") {
  const Name name("link");
  const Descriptor first(OpenObject(8));
  const Descriptor second(OpenObject(0));
  CHECK(LinkDescriptor(first.get(), name.path()) == 0);
  CHECK(LinkDescriptor(second.get(), name.path()) == -EEXIST);
  struct stat status = {};
  REQUIRE(stat(name.path().c_str(), &status) == 0);
  CHECK(status.st_ino == StatusOf(first.get()).st_ino);
  CHECK(LinkDescriptor(second.get(), "/dev/shm/ringway-no-such-directory/name") == -ENOENT);
  CHECK(LinkDescriptor(-1, NameOf("none")) == -ENOENT);
}

TEST_CASE("a descriptor: reserves in steps, and gives back") {
  const Descriptor object(OpenObject(0));
  const std::int64_t length = 2 * kMebibyte + 12288;
  CHECK(Reserve(object.get(), 4096, length) == 0);
  CHECK(StatusOf(object.get()).st_size == 4096 + length);
  CHECK(StatusOf(object.get()).st_blocks * kBlock == length);
  CHECK(Punch(object.get(), 4096, kMebibyte) == 0);
  CHECK(StatusOf(object.get()).st_size == 4096 + length);
  CHECK(StatusOf(object.get()).st_blocks * kBlock == length - kMebibyte);
}

TEST_CASE("a descriptor: reports what fallocate reports") {
  CHECK(Reserve(-1, 0, 4096) == -EBADF);
  CHECK(Punch(-1, 0, 4096) == -EBADF);
  const Descriptor object(OpenObject(0));
  CHECK(Reserve(object.get(), -1, 4096) == -EINVAL);
  CHECK(Punch(object.get(), 0, 0) == -EINVAL);
  CHECK(Reserve(object.get(), 0, 0) == 0);
}

}  // namespace ringway::test
