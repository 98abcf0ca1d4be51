#include "object.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <system_error>

#include "../../../src/futex.h"
#include "../../../src/shared_range.h"

namespace ringway::test {
namespace {

int OrThrow(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

}  // namespace

Descriptor::Descriptor(int fd) : fd_(fd) {}

Descriptor::~Descriptor() { Close(); }

void Descriptor::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

int OpenObject(std::size_t bytes) {
  const int fd = OrThrow(open("/dev/shm", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600), "open");
  OrThrow(ftruncate(fd, static_cast<off_t>(bytes)), "ftruncate");
  return fd;
}

int Reopen(int fd) {
  return OrThrow(open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDWR | O_CLOEXEC), "open");
}

std::string NameOf(const std::string& suffix) {
  return "/dev/shm/ringway-cpp-" + std::to_string(getpid()) + "-" + suffix;
}

SharedWords::SharedWords(std::size_t pages)
    : bytes_(pages * static_cast<std::size_t>(PageSize())), object_(OpenObject(bytes_)) {
  errno = -MapShared(fd(), 0, bytes_, 1, &begin_);
  OrThrow(-errno, "mmap");
}

SharedWords::~SharedWords() { Unmap(); }

std::uint32_t SharedWords::Load(std::size_t index) const { return __atomic_load_n(at(index), __ATOMIC_SEQ_CST); }

int SharedWords::Ring(std::size_t index) {
  __atomic_add_fetch(at(index), 1, __ATOMIC_SEQ_CST);
  return FutexWake(at(index), INT_MAX, FutexScope::kShared);
}

void SharedWords::Unmap() {
  if (begin_ != nullptr) munmap(begin_, bytes_);
  begin_ = nullptr;
}

int Rounds(int usual) {
  const char* const told = std::getenv("RINGWAY_TEST_ROUNDS");
  return told == nullptr ? usual : std::stoi(told);
}

}  // namespace ringway::test
