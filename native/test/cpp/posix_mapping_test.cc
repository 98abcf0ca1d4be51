#include "../../src/posix_mapping.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "../../src/fork_guard.h"
#include "../../src/shared_range.h"
#include "support/child.h"
#include "support/object.h"
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif

namespace ringway::test {
namespace {

constexpr int kReadWrite = PROT_READ | PROT_WRITE;

std::size_t Page() { return static_cast<std::size_t>(PageSize()); }

// Valgrind moves mappings itself, and refuses MREMAP_DONTUNMAP.
bool CannotMove() {
#ifdef RUNNING_ON_VALGRIND
  return RUNNING_ON_VALGRIND != 0;
#else
  return false;
#endif
}

// A mapping of a new object, or of private zeros.
class Mapped {
 public:
  explicit Mapped(std::size_t pages, int prot, int flags)
      : object_(OpenObject(pages * Page())),
        result_(PosixMapping::Map(MapRequest{pages * Page(), prot, flags, object_.get(), 0}, &guard_, &mapping_)) {
    REQUIRE(result_ == 0);
  }

  int fd() const { return object_.get(); }
  ForkGuard* guard() { return &guard_; }
  PosixMapping* operator->() const { return mapping_.get(); }
  char& at(std::size_t page) const { return mapping_->address()[page * Page()]; }

 private:
  ForkGuard guard_;
  Descriptor object_;
  std::unique_ptr<PosixMapping> mapping_;
  const int result_;
};

int MapAgain(Mapped* mapped, const MapRequest& request) {
  std::unique_ptr<PosixMapping> other;
  return PosixMapping::Map(request, mapped->guard(), &other);
}

}  // namespace

TEST_CASE("a POSIX mapping: what is read alone takes writes, and keeps them") {
  const Mapped writer(2, kReadWrite, MAP_SHARED);
  Mapped reader(2, PROT_READ, MAP_SHARED);
  REQUIRE(reader->Replace(0, MapRequest{2 * Page(), PROT_READ, MAP_SHARED | MAP_FIXED, writer.fd(), 0},
                          reader.guard()) == 0);
  writer.at(0) = 1;
  CHECK(reader.at(0) == 1);
  reader.at(0) = 2;
  CHECK(writer.at(0) == 1);
  writer.at(1) = 3;
  CHECK(reader.at(1) == 3);
  CHECK(reader->Protect(0, 2 * Page(), kReadWrite) == 0);
  CHECK(reader.at(0) == 1);
  reader.at(0) = 4;
  CHECK(writer.at(0) == 4);
}

TEST_CASE("a POSIX mapping: moves with all that is in it, and leaves its addresses mapped" *
          doctest::skip(CannotMove())) {
  for (const int flags : {MAP_SHARED, MAP_PRIVATE, MAP_PRIVATE | MAP_ANONYMOUS}) {
    const Mapped mapped(16, kReadWrite, flags);
    for (std::size_t page = 0; page < 16; ++page) mapped.at(page) = static_cast<char>(page + 1);
    // Parts of one mapping to the kernel.
    CHECK(mapped->Protect(2 * Page(), Page(), PROT_READ) == 0);
    CHECK(mapped->Advise(5 * Page(), 3 * Page(), MADV_RANDOM) == 0);
    CHECK(mapped->SetLocked(9 * Page(), Page(), true) == 0);
    char* const before = mapped->address();
    REQUIRE(mapped->MoveAway(12 * Page()) == 0);
    CHECK(mapped->address() != before);
    CHECK(mapped->length() == 12 * Page());
    for (std::size_t page = 0; page < 12; ++page) CHECK(mapped.at(page) == static_cast<char>(page + 1));
    std::memset(before, 9, 16 * Page());
    CHECK(UnmapRange(before, 16 * Page()) == 0);
  }
}

TEST_CASE("a POSIX mapping: that cannot be moved stays as it is" * doctest::skip(CannotMove())) {
  CHECK(IsTrueInChild([] {
    const std::size_t bytes = 4096 * Page();
    ForkGuard guard;
    std::unique_ptr<PosixMapping> mapping;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    if (PosixMapping::Map(MapRequest{bytes, kReadWrite, flags, -1, 0}, &guard, &mapping) != 0) return false;
    for (std::size_t at = 0; at < bytes; at += Page()) mapping->address()[at] = 7;
    // Room for half of it.
    std::ifstream memory("/proc/self/statm");
    std::size_t pages = 0;
    for (int column = 0; column < 6; ++column) memory >> pages;
    struct rlimit limit = {};
    if (!memory || getrlimit(RLIMIT_DATA, &limit) != 0) return false;
    limit.rlim_cur = pages * Page() + bytes / 2;
    if (setrlimit(RLIMIT_DATA, &limit) != 0) return false;
    char* const before = mapping->address();
    const int whole = mapping->MoveAway(bytes);
    // In two parts, of which one can be moved, and comes back.
    if (mapping->Advise(0, 5 * Page(), MADV_RANDOM) != 0) return false;
    const int parts = mapping->MoveAway(bytes);
    if (whole != -ENOMEM || parts != -ENOMEM || mapping->address() != before) return false;
    for (std::size_t at = 0; at < bytes; at += Page()) {
      if (before[at] != 7) return false;
    }
    return true;
  }));
}

TEST_CASE("a POSIX mapping: of huge pages refuses part of one, and leaves nothing mapped") {
  const Descriptor object(memfd_create("ringway-huge-pages", MFD_CLOEXEC | MFD_HUGETLB));
  if (object.get() < 0) {
    MESSAGE("skipped: the kernel has no huge pages");
    return;
  }
  constexpr off_t kPlenty = off_t{1} << 30;
  REQUIRE(ftruncate(object.get(), kPlenty) == 0);
  ForkGuard guard;
  std::unique_ptr<PosixMapping> mapping;
  // Without a reservation, so that none need be there.
  const MapRequest part{Page(), kReadWrite, MAP_SHARED | MAP_NORESERVE, object.get(), 0};
  CHECK(PosixMapping::Map(part, &guard, &mapping) == -EINVAL);
  std::ifstream maps("/proc/self/maps");
  const std::string all((std::istreambuf_iterator<char>(maps)), std::istreambuf_iterator<char>());
  CHECK(all.find("ringway-huge-pages") == std::string::npos);
}

TEST_CASE("a POSIX mapping: hides the whole, never a part") {
  const Mapped mapped(3, kReadWrite, MAP_SHARED);
  mapped.at(1) = 5;
  CHECK(mapped->Protect(Page(), Page(), PROT_NONE) == -EINVAL);
  CHECK(mapped->IsReadable());
  CHECK(mapped->Protect(0, 3 * Page(), PROT_NONE) == 0);
  CHECK_FALSE(mapped->IsReadable());
  CHECK(mapped->Protect(Page(), Page(), PROT_READ) == 0);
  CHECK_FALSE(mapped->IsReadable());
  CHECK(mapped->Protect(0, 3 * Page(), PROT_READ) == 0);
  CHECK(mapped->IsReadable());
  CHECK(mapped.at(1) == 5);
}

TEST_CASE("a POSIX mapping: refuses what is not its own") {
  Mapped mapped(2, kReadWrite, MAP_SHARED);
  CHECK(mapped->Protect(0, 3 * Page(), PROT_READ) == -ENOMEM);
  CHECK(mapped->Protect(1, 1, PROT_READ) == -EINVAL);
  CHECK(mapped->Protect(3 * Page(), 0, PROT_READ) == -ENOMEM);
  CHECK(mapped->SetLocked(2 * Page(), 1, true) == -ENOMEM);
  CHECK(mapped->Advise(0, Page(), 100) == -EINVAL);
  CHECK(mapped->Advise(Page(), 2 * Page(), MADV_NORMAL) == -ENOMEM);
  const MapRequest over{2 * Page(), kReadWrite, MAP_SHARED | MAP_FIXED, mapped.fd(), 0};
  CHECK(mapped->Replace(Page(), over, mapped.guard()) == -EINVAL);
  CHECK(MapAgain(&mapped, over) == -EINVAL);
  CHECK(MapAgain(&mapped, MapRequest{3 * Page(), PROT_READ, MAP_SHARED, mapped.fd(), 0}) == -EINVAL);
  CHECK(MapAgain(&mapped, MapRequest{Page(), PROT_READ, MAP_SHARED | MAP_PRIVATE, mapped.fd(), 0}) == -EINVAL);
  CHECK(MapAgain(&mapped, MapRequest{Page(), PROT_READ, MAP_SHARED, -1, 0}) == -EBADF);
  CHECK(mapped->IsWhole(0, 2 * Page()));
  CHECK(mapped->IsTail(Page(), 1));
  CHECK_FALSE(mapped->IsTail(0, Page()));
}

TEST_CASE("a POSIX mapping: cuts its end off") {
  const Mapped mapped(4, kReadWrite, MAP_PRIVATE);
  mapped.at(0) = 1;
  REQUIRE(mapped->Cut(Page()) == 0);
  CHECK(mapped->length() == Page());
  CHECK(mapped.at(0) == 1);
  CHECK(mapped->Protect(Page(), 1, PROT_READ) == -ENOMEM);
  CHECK(mapped->IsWhole(0, Page()));
}

TEST_CASE("a POSIX mapping: lists what is to be written to the file, and that alone") {
  Mapped mapped(4, kReadWrite, MAP_SHARED);
  const MapRequest zeros{Page(), kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0};
  REQUIRE(mapped->Replace(Page(), zeros, mapped.guard()) == 0);
  std::vector<FileRange> ranges;
  CHECK(mapped->ListToSync(0, 4 * Page(), MS_SYNC | MS_ASYNC, &ranges) == -EINVAL);
  REQUIRE(mapped->ListToSync(0, 4 * Page(), MS_SYNC, &ranges) == 0);
  REQUIRE(ranges.size() == 2);
  CHECK(ranges[0].length == Page());
  CHECK(ranges[1].offset == static_cast<std::int64_t>(2 * Page()));
  CHECK(ranges[1].length == 2 * Page());
  for (const FileRange& range : ranges) CHECK(SyncFileRange(range, MS_SYNC) == 0);
}

TEST_CASE("a POSIX mapping: keeps a descriptor from children, and gives it back") {
  REQUIRE(ForkGuard::Install() == 0);
  const Descriptor object(OpenObject(Page()));
  ForkGuard guard;
  std::shared_ptr<KeptDescriptor> kept;
  REQUIRE(KeptDescriptor::Duplicate(object.get(), &guard, &kept) == 0);
  const int number = kept->fd();
  REQUIRE(number >= 0);
  CHECK(IsTrueInChild([number] { return fcntl(number, F_GETFD) < 0; }));
  kept.reset();
  CHECK(fcntl(number, F_GETFD) < 0);
  CHECK(KeptDescriptor::Duplicate(-1, &guard, &kept) == -EBADF);
}

TEST_CASE("a POSIX mapping: leaves a number alone that is another file's by now") {
  const Descriptor object(OpenObject(Page()));
  const Descriptor other(OpenObject(Page()));
  ForkGuard guard;
  std::shared_ptr<KeptDescriptor> kept;
  REQUIRE(KeptDescriptor::Duplicate(object.get(), &guard, &kept) == 0);
  const int number = kept->fd();
  // Behind the back of its owner.
  REQUIRE(dup2(other.get(), number) == number);
  CHECK(kept->fd() == -EBADF);
  kept.reset();
  CHECK(fcntl(number, F_GETFD) >= 0);
  close(number);
}

TEST_CASE("descriptors of the POSIX calls: closes what it opened, once, and nothing else") {
  OpenedDescriptors opened;
  const Descriptor foreign(OpenObject(0));
  const int fd = opened.CreateUnnamed("test", MFD_CLOEXEC);
  REQUIRE(fd >= 0);
  CHECK(opened.Close(foreign.get()) == -EBADF);
  CHECK(opened.Close(fd) == 0);
  CHECK(opened.Close(fd) == -EBADF);
  const int replaced = opened.CreateUnnamed("test", MFD_CLOEXEC);
  REQUIRE(dup2(foreign.get(), replaced) == replaced);
  CHECK(opened.Close(replaced) == -EBADF);
  CHECK(fcntl(replaced, F_GETFD) >= 0);
  close(replaced);
  const int left = opened.CreateUnnamed("test", MFD_CLOEXEC);
  opened.CloseAll();
  CHECK(fcntl(left, F_GETFD) < 0);
  CHECK(opened.OpenShared("/a/b", O_RDWR, 0) == -EINVAL);
  CHECK(opened.OpenShared("/" + std::string(256, 'x'), O_RDWR, 0) == -ENAMETOOLONG);
}

}  // namespace ringway::test
