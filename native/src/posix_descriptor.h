// Descriptors of the POSIX calls: those that they open, and those that mappings keep.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace ringway {

class ForkGuard;

// Which file a number leads to: anybody in the process may close a descriptor by its number, which is another file's
// then.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
};

// 0 or -errno.
int Identify(int fd, FileIdentity* identity);
bool LeadsTo(int fd, const FileIdentity& identity);

// What shm_open and memfd_create opened in one environment, and nothing else: a call that closes whatever number it is
// given could close what the runtime itself works with.
class OpenedDescriptors {
 public:
  OpenedDescriptors() = default;
  ~OpenedDescriptors() { CloseAll(); }
  OpenedDescriptors(const OpenedDescriptors&) = delete;
  OpenedDescriptors& operator=(const OpenedDescriptors&) = delete;

  // A descriptor or -errno, as shm_open(3).
  int OpenShared(const std::string& name, int flags, mode_t mode);
  // A descriptor or -errno, as memfd_create(2).
  int CreateUnnamed(const std::string& name, unsigned flags);
  // 0, or -EBADF if it is none of these.
  int Close(int fd);
  // The end of the environment.
  void CloseAll();

 private:
  int Keep(int fd);

  std::map<int, FileIdentity> opened_;
};

// All return 0 or -errno, GetSeals the seals.
int UnlinkShared(const std::string& name);
int Truncate(int fd, std::int64_t length);
int AddSeals(int fd, int seals);
int GetSeals(int fd);

// What a shared mapping keeps, so that it can be mapped anew when its protection changes: out of reach of children,
// forked or not.
class KeptDescriptor {
 public:
  // Keeps a duplicate of `fd`. 0 or -errno.
  static int Duplicate(int fd, ForkGuard* guard, std::shared_ptr<KeptDescriptor>* result);
  // Takes `fd` over, on success and on failure. 0 or -errno.
  static int Adopt(int fd, ForkGuard* guard, std::shared_ptr<KeptDescriptor>* result);

  KeptDescriptor(int fd, const FileIdentity& identity, ForkGuard* guard)
      : fd_(fd), identity_(identity), guard_(guard) {}
  ~KeptDescriptor();
  KeptDescriptor(const KeptDescriptor&) = delete;
  KeptDescriptor& operator=(const KeptDescriptor&) = delete;

  // The number, or -EBADF if somebody closed it.
  int fd() const { return LeadsTo(fd_, identity_) ? fd_ : -EBADF; }

 private:
  const int fd_;
  const FileIdentity identity_;
  ForkGuard* const guard_;
};

}  // namespace ringway
