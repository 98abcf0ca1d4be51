// Carries fired watches from any thread to the event loop.
#pragma once

#include <napi.h>

#include <cstdint>
#include <mutex>
#include <vector>

#include "held_words.h"

namespace ringway {

// WATCH_REASON in index.ts.
enum class WatchReason : std::int32_t { kDoorbell = 0, kLockReleased = 1, kFailed = 2 };

struct Report {
  std::int64_t id;
  WatchReason reason;
};

class ReportQueue {
 public:
  explicit ReportQueue(HeldWords* held) : held_(held) {}
  ReportQueue(const ReportQueue&) = delete;
  ReportQueue& operator=(const ReportQueue&) = delete;

  // These are for the thread of the environment. False when an exception is pending.
  bool Open(napi_env env);
  bool SetDispatch(napi_env env, napi_value dispatch);
  bool Ref(napi_env env, bool on);
  bool has_dispatch() const { return !dispatch_.IsEmpty(); }
  // Only when no thread can call Push any more.
  void Close();

  // From any thread. What comes before the event loop gets round to it is delivered in one turn.
  void Push(const std::vector<Report>& reports);

 private:
  static void Deliver(napi_env env, napi_value function, void* context, void* data);

  HeldWords* const held_;
  napi_threadsafe_function wake_ = nullptr;
  Napi::FunctionReference dispatch_;
  std::mutex mutex_;
  std::vector<Report> pending_;
  bool scheduled_ = false;
};

}  // namespace ringway
