// The record locks that one environment waits for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "record_lock_wait.h"

namespace ringway {

// For one thread alone; it reports from others.
class RecordLockWaits {
 public:
  explicit RecordLockWaits(ReportSink* reports) : reports_(reports) {}

  // A positive id that is never used again, or -errno.
  std::int64_t Start(int fd, const RecordRange& range, RecordMode mode);
  // 1 when the wait is over within that time, 0 when not, -ENOENT when there is none of this id.
  int IsOverWithin(std::int64_t id, std::int64_t nanoseconds);
  // Ends the wait and forgets it: what RecordLockWait::End says, or -ENOENT.
  int End(std::int64_t id);
  // Ends them all. Nothing is reported afterwards; what was got goes with its description.
  void Close() { waits_.clear(); }

  std::size_t Count() const { return waits_.size(); }

 private:
  ReportSink* const reports_;
  std::int64_t last_id_ = 0;
  std::unordered_map<std::int64_t, std::unique_ptr<RecordLockWait>> waits_;
};

}  // namespace ringway
