#include "report_queue.h"

#include "arguments.h"

namespace ringway {

bool ReportQueue::Open(napi_env env) {
  napi_value name = nullptr;
  if (napi_create_string_utf8(env, "ringway.watch", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, Deliver, &wake_) !=
          napi_ok) {
    ThrowLastError(env);
    return false;
  }
  return Ref(env, false);
}

bool ReportQueue::SetDispatch(napi_env env, napi_value dispatch) {
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, dispatch, &type) != napi_ok || type != napi_function) {
    ThrowType(env, "\"dispatch\" must be a function");
    return false;
  }
  dispatch_ = Napi::Persistent(Napi::Function(env, dispatch));
  return !dispatch_.IsEmpty();
}

bool ReportQueue::Ref(napi_env env, bool on) {
  const napi_status status = on ? napi_ref_threadsafe_function(env, wake_) : napi_unref_threadsafe_function(env, wake_);
  if (status != napi_ok) ThrowLastError(env);
  return status == napi_ok;
}

void ReportQueue::Close() {
  dispatch_.Reset();
  // Fails only when it is closing already, which is what is wanted.
  napi_release_threadsafe_function(wake_, napi_tsfn_abort);
}

void ReportQueue::Push(const std::vector<Report>& reports) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    pending_.insert(pending_.end(), reports.begin(), reports.end());
    if (scheduled_) return;
    scheduled_ = true;
  }
  // Its queue has no limit, so that it fails only while the environment ends, when there is nobody to tell.
  napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
}

void ReportQueue::Deliver(napi_env env, napi_value, void* context, void*) {
  // Node empties the queue without an environment when that has ended; this object has then ended too.
  if (env == nullptr) return;
  ReportQueue* const queue = static_cast<ReportQueue*>(context);
  std::vector<Report> reports;
  {
    const std::lock_guard<std::mutex> lock(queue->mutex_);
    reports.swap(queue->pending_);
    queue->scheduled_ = false;
  }
  for (const Report& report : reports) {
    queue->held_->Drop(report.id);
    const Napi::HandleScope scope(env);
    napi_value undefined = nullptr;
    napi_value arguments[2] = {};
    if (napi_get_undefined(env, &undefined) != napi_ok || napi_create_int64(env, report.id, &arguments[0]) != napi_ok ||
        napi_create_int32(env, static_cast<std::int32_t>(report.reason), &arguments[1]) != napi_ok) {
      return;
    }
    const napi_status status = napi_call_function(env, undefined, queue->dispatch_.Value(), 2, arguments, nullptr);
    if (status == napi_ok) continue;
    bool thrown = false;
    napi_value error = nullptr;
    // Without an exception the environment is ending, and no JavaScript runs any more.
    if (napi_is_exception_pending(env, &thrown) != napi_ok || !thrown) return;
    if (napi_get_and_clear_last_exception(env, &error) != napi_ok) return;
    // Node would only warn of an exception that is left pending here.
    if (napi_fatal_exception(env, error) != napi_ok) return;
  }
}

}  // namespace ringway
