// The watches of one environment, spread over as many threads as they need.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "held_words.h"
#include "report_queue.h"
#include "wait_thread.h"

namespace ringway {

// For the thread of the environment alone.
class Waiter {
 public:
  Waiter() : reports_(&held_) {}
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

  std::size_t CountThreads() const { return threads_.size(); }
  std::size_t CountWatches() const;

 private:
  int Start(const Watch& watch);
  WaitThread::Mode NextMode();

  HeldWords held_;
  ReportQueue reports_;
  std::int64_t last_id_ = 0;
  // They are kept when they have nothing to wait for: they then sleep, and cost no time.
  std::vector<std::unique_ptr<WaitThread>> threads_;
};

napi_value CallOnWatch(napi_env env, napi_callback_info info);
napi_value CallWatch(napi_env env, napi_callback_info info);
napi_value CallUnwatch(napi_env env, napi_callback_info info);
napi_value CallRefWatches(napi_env env, napi_callback_info info);
napi_value CallWatchStats(napi_env env, napi_callback_info info);

}  // namespace ringway
