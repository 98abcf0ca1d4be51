// What a fired watch tells, and to whom.
#pragma once

#include <cstdint>
#include <vector>

namespace ringway {

// WATCH_REASON in index.ts.
enum class WatchReason : std::int32_t { kDoorbell = 0, kLockReleased = 1, kFailed = 2 };

struct Report {
  std::int64_t id;
  WatchReason reason;
};

class ReportSink {
 public:
  ReportSink() = default;
  virtual ~ReportSink() = default;
  ReportSink(const ReportSink&) = delete;
  ReportSink& operator=(const ReportSink&) = delete;

  // From any thread.
  virtual void Push(const std::vector<Report>& reports) = 0;
};

}  // namespace ringway
