// Watches, spread over as many threads as they need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "report.h"
#include "wait_thread.h"

namespace ringway {

// For one thread alone; it reports from others.
class WaitPool {
 public:
  // `may_wait_for_many` false: it does without futex_waitv, as it must on old kernels and in some sandboxes.
  WaitPool(ReportSink* reports, bool may_wait_for_many) : reports_(reports), may_wait_for_many_(may_wait_for_many) {}

  // Watches are added in the order of their ids. 0 or -errno.
  int Add(const Watch& watch);
  // False when it is not here: it has fired, or never was.
  bool Remove(std::int64_t id);
  // Removes the watches of words in the range, which may then be unmapped at once.
  void Forget(const char* begin, std::size_t bytes);
  // Joins the threads. Nothing is reported afterwards.
  void Close() { threads_.clear(); }

  std::size_t CountThreads() const { return threads_.size(); }
  std::size_t CountWatches() const;

 private:
  WaitThread::Mode NextMode() const;

  ReportSink* const reports_;
  const bool may_wait_for_many_;
  // They are kept when they have nothing to wait for: they then sleep, and cost no time.
  std::vector<std::unique_ptr<WaitThread>> threads_;
};

}  // namespace ringway
