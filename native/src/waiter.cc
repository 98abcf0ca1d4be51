#include "waiter.h"

#include <cerrno>
#include <utility>

#include "futex.h"

namespace ringway {

void Waiter::Close() {
  threads_.Close();
  reports_.Close();
  held_.Clear();
}

bool Waiter::Add(napi_env env, napi_value view, std::uint32_t* word, std::uint32_t expected,
                 std::shared_ptr<LockWatch> locks, std::int64_t* result) {
  const Watch watch = {last_id_ + 1, word, expected, std::move(locks)};
  const int comparison = FutexCompare(word, expected);
  if (comparison < 0 && comparison != -EAGAIN) {
    *result = comparison;
    return true;
  }
  // Before a thread may report it.
  if (!held_.Hold(env, watch.id, view, word)) return false;
  if (comparison == -EAGAIN) {
    reports_.Push({{watch.id, WatchReason::kDoorbell}});
  } else {
    const int error = threads_.Add(watch);
    if (error < 0) {
      held_.Drop(watch.id);
      *result = error;
      return true;
    }
  }
  *result = ++last_id_;
  return true;
}

bool Waiter::Remove(std::int64_t id) {
  if (!threads_.Remove(id)) return false;
  held_.Drop(id);
  return true;
}

void Waiter::Forget(const char* begin, std::size_t bytes) {
  threads_.Forget(begin, bytes);
  held_.DropRange(begin, bytes);
}

}  // namespace ringway
