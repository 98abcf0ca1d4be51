// Carries fired watches from any thread to the event loop.
#pragma once

#include <napi.h>

#include <mutex>
#include <vector>

#include "held_words.h"
#include "report.h"

namespace ringway {

class ReportQueue : public ReportSink {
 public:
  explicit ReportQueue(HeldWords* held) : held_(held) {}

  // These are for the thread of the environment. False when an exception is pending.
  bool Open(napi_env env);
  bool SetDispatch(napi_env env, napi_value dispatch);
  bool Ref(napi_env env, bool on);
  bool has_dispatch() const { return !dispatch_.IsEmpty(); }
  // Only when no thread can call Push any more.
  void Close();

  // What comes before the event loop gets round to it is delivered in one turn.
  void Push(const std::vector<Report>& reports) override;

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
