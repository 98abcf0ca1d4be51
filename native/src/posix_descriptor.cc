#include "posix_descriptor.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "fork_guard.h"

namespace ringway {
namespace {

constexpr char kDirectory[] = "/dev/shm/";
// Numbers below are the standard streams', whoever closed them.
constexpr int kFirstOwnNumber = 3;

// The path of a shared memory object, as the C libraries make it. 0 or -errno.
int PathOf(const std::string& name, std::string* path) {
  const std::size_t begin = name.find_first_not_of('/');
  if (begin == std::string::npos) return -EINVAL;
  const std::string rest = name.substr(begin);
  if (rest.find('/') != std::string::npos || rest == "." || rest == "..") return -EINVAL;
  if (rest.size() > NAME_MAX) return -ENAMETOOLONG;
  *path = kDirectory + rest;
  return 0;
}

}  // namespace

int Identify(int fd, FileIdentity* identity) {
  struct stat status;
  if (fstat(fd, &status) != 0) return -errno;
  identity->device = status.st_dev;
  identity->inode = status.st_ino;
  return 0;
}

bool LeadsTo(int fd, const FileIdentity& identity) {
  FileIdentity now;
  return Identify(fd, &now) == 0 && now.device == identity.device && now.inode == identity.inode;
}

int OpenedDescriptors::OpenShared(const std::string& name, int flags, mode_t mode) {
  constexpr int kKnown = O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
  const int access = flags & O_ACCMODE;
  if ((flags & ~kKnown) != 0 || (access != O_RDONLY && access != O_RDWR)) return -EINVAL;
  std::string path;
  const int named = PathOf(name, &path);
  if (named < 0) return named;
  // Not blocking, or a FIFO of that name would stop the thread.
  const int fd = open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode);
  if (fd >= 0) return Keep(fd);
  return errno == EISDIR || errno == ELOOP ? -EINVAL : -errno;
}

int OpenedDescriptors::CreateUnnamed(const std::string& name, unsigned flags) {
  const int fd = memfd_create(name.c_str(), flags);
  return fd < 0 ? -errno : Keep(fd);
}

int OpenedDescriptors::Keep(int fd) {
  FileIdentity identity;
  const int known = Identify(fd, &identity);
  if (known < 0) {
    close(fd);
    return known;
  }
  // The kernel gave the number: who had it before closed it elsewhere.
  opened_.insert_or_assign(fd, identity);
  return fd;
}

int OpenedDescriptors::Close(int fd) {
  const auto found = opened_.find(fd);
  if (found == opened_.end()) return -EBADF;
  const bool ours = LeadsTo(fd, found->second);
  opened_.erase(found);
  if (!ours) return -EBADF;
  // Linux frees the number whatever close reports.
  return close(fd) != 0 && errno != EINTR ? -errno : 0;
}

void OpenedDescriptors::CloseAll() {
  while (!opened_.empty()) Close(opened_.begin()->first);
}

int UnlinkShared(const std::string& name) {
  std::string path;
  const int named = PathOf(name, &path);
  if (named < 0) return named;
  if (unlink(path.c_str()) == 0) return 0;
  return errno == EPERM ? -EACCES : -errno;
}

int Truncate(int fd, std::int64_t length) {
  int result = 0;
  do {
    result = ftruncate(fd, length);
  } while (result != 0 && errno == EINTR);
  return result != 0 ? -errno : 0;
}

int AddSeals(int fd, int seals) { return fcntl(fd, F_ADD_SEALS, seals) != 0 ? -errno : 0; }

int GetSeals(int fd) {
  const int seals = fcntl(fd, F_GET_SEALS);
  return seals < 0 ? -errno : seals;
}

int KeptDescriptor::Duplicate(int fd, ForkGuard* guard, std::shared_ptr<KeptDescriptor>* result) {
  const int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, kFirstOwnNumber);
  return duplicate < 0 ? -errno : Adopt(duplicate, guard, result);
}

int KeptDescriptor::Adopt(int fd, ForkGuard* guard, std::shared_ptr<KeptDescriptor>* result) {
  FileIdentity identity;
  int error = Identify(fd, &identity);
  if (error == 0) error = guard->Add(fd);
  if (error < 0) {
    close(fd);
    return error;
  }
  *result = std::make_shared<KeptDescriptor>(fd, identity, guard);
  return 0;
}

KeptDescriptor::~KeptDescriptor() {
  guard_->Remove(fd_);
  // Closing what one has open fails only where nothing can be done about it; the number is free in any case.
  if (LeadsTo(fd_, identity_)) close(fd_);
}

}  // namespace ringway
