// The watches of one environment: what they keep alive, and where they report.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "held_words.h"
#include "report_queue.h"
#include "wait_pool.h"

namespace ringway {

// For the thread of the environment alone.
class Waiter {
 public:
  explicit Waiter(bool may_wait_for_many) : reports_(&held_), threads_(&reports_, may_wait_for_many) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // False when an exception is pending.
  bool Open(napi_env env) { return reports_.Open(env); }
  // The end of the environment: joins the threads.
  void Close();

  ReportQueue& reports() { return reports_; }

  // Watches a word of `view`. False when an exception is pending, else `*result` is a positive id that is never used
  // again, or -errno.
  bool Add(napi_env env, napi_value view, std::uint32_t* word, std::uint32_t expected, std::shared_ptr<LockWatch> locks,
           std::int64_t* result);
  bool Remove(std::int64_t id);
  // Removes the watches of words in the range, which may then be unmapped at once.
  void Forget(const char* begin, std::size_t bytes);

  std::size_t CountThreads() const { return threads_.CountThreads(); }
  std::size_t CountWatches() const { return threads_.CountWatches(); }

 private:
  HeldWords held_;
  ReportQueue reports_;
  std::int64_t last_id_ = 0;
  WaitPool threads_;
};

}  // namespace ringway
