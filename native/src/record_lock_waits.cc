#include "record_lock_waits.h"

#include <cerrno>
#include <utility>

namespace ringway {

std::int64_t RecordLockWaits::Start(int fd, const RecordRange& range, RecordMode mode) {
  int error = 0;
  const std::int64_t id = last_id_ + 1;
  std::unique_ptr<RecordLockWait> wait = RecordLockWait::Start({id, fd, range, mode}, reports_, &error);
  if (wait == nullptr) return error;
  waits_.emplace(id, std::move(wait));
  last_id_ = id;
  return id;
}

int RecordLockWaits::IsOverWithin(std::int64_t id, std::int64_t nanoseconds) {
  const auto found = waits_.find(id);
  if (found == waits_.end()) return -ENOENT;
  return found->second->IsOverWithin(nanoseconds) ? 1 : 0;
}

int RecordLockWaits::End(std::int64_t id) {
  const auto found = waits_.find(id);
  if (found == waits_.end()) return -ENOENT;
  const int outcome = found->second->End();
  waits_.erase(found);
  return outcome;
}

}  // namespace ringway
