// Collects what watches report, and lets a test wait for it.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "../../../src/report.h"

namespace ringway::test {

class Collector : public ReportSink {
 public:
  void Push(const std::vector<Report>& reports) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const Report& report : reports) fired_[report.id].push_back(report.reason);
    changed_.notify_all();
  }

  // Returns when the watch has fired. Who runs the tests ends those that hang.
  WatchReason WaitFor(std::int64_t id) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this, id] { return fired_.count(id) > 0; });
    return fired_[id].front();
  }

  // How often the watch has fired.
  std::size_t CountOf(std::int64_t id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = fired_.find(id);
    return found == fired_.end() ? 0 : found->second.size();
  }

  // How many watches have fired once, and for this reason.
  std::size_t CountFor(WatchReason reason) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const std::vector<WatchReason> once{reason};
    return static_cast<std::size_t>(
        std::count_if(fired_.begin(), fired_.end(), [&once](const auto& entry) { return entry.second == once; }));
  }

  // How many watches have fired.
  std::size_t Count() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return fired_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::int64_t, std::vector<WatchReason>> fired_;
};

}  // namespace ringway::test
