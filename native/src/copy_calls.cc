#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>

#include "arguments.h"
#include "calls.h"
#include "copy_data.h"

namespace ringway {
namespace {

// A descriptor of the same description that nobody else can close by its number.
class Duplicate {
 public:
  explicit Duplicate(int fd) : fd_(fcntl(fd, F_DUPFD_CLOEXEC, 0)), error_(fd_ < 0 ? -errno : 0) {}
  ~Duplicate() {
    if (fd_ >= 0) close(fd_);
  }
  Duplicate(const Duplicate&) = delete;
  Duplicate& operator=(const Duplicate&) = delete;

  int fd() const { return fd_; }
  int error() const { return error_; }

 private:
  const int fd_;
  const int error_;
};

// One call of copyData, at work in libuv's pool. Node waits for it when the environment ends.
class Copy {
 public:
  Copy(int source, int target, std::int64_t offset, std::int64_t end, std::int64_t size)
      : source_(source), target_(target), offset_(offset), end_(end), size_(size) {}

  // What was wrong with the descriptors: 0 or -errno.
  int error() const { return source_.error() != 0 ? source_.error() : target_.error(); }

  // Begins the work, which owns `copy` from here. Null when an exception is pending.
  static napi_value Begin(napi_env env, std::unique_ptr<Copy> copy) {
    napi_value promise = nullptr;
    napi_value name = nullptr;
    if (napi_create_string_utf8(env, "ringway.copyData", NAPI_AUTO_LENGTH, &name) != napi_ok ||
        napi_create_async_work(env, nullptr, name, Work, Done, copy.get(), &copy->work_) != napi_ok) {
      ThrowLastError(env);
      return nullptr;
    }
    if (napi_create_promise(env, &copy->promise_, &promise) != napi_ok ||
        napi_queue_async_work(env, copy->work_) != napi_ok) {
      ThrowLastError(env);
      napi_delete_async_work(env, copy->work_);
      return nullptr;
    }
    static_cast<void>(copy.release());
    return promise;
  }

 private:
  static void Work(napi_env, void* data) {
    auto* const copy = static_cast<Copy*>(data);
    copy->result_ = CopyData(copy->source_.fd(), copy->target_.fd(), copy->offset_, copy->end_, copy->size_);
  }

  static void Done(napi_env env, napi_status, void* data) {
    const std::unique_ptr<Copy> copy(static_cast<Copy*>(data));
    napi_delete_async_work(env, copy->work_);
    napi_value result = nullptr;
    // Fails only while the environment is being terminated, when nobody waits any more.
    if (napi_create_int64(env, copy->result_, &result) == napi_ok) napi_resolve_deferred(env, copy->promise_, result);
  }

  const Duplicate source_;
  const Duplicate target_;
  const std::int64_t offset_;
  const std::int64_t end_;
  const std::int64_t size_;
  std::int64_t result_ = -ECANCELED;
  napi_async_work work_ = nullptr;
  napi_deferred promise_ = nullptr;
};

}  // namespace

napi_value CallCopyData(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int source = -1;
  int target = -1;
  std::int64_t offset = 0;
  std::int64_t end = 0;
  std::int64_t size = 0;
  if (!arguments.Descriptor(0, &source) || !arguments.Descriptor(1, &target) ||
      !arguments.Integer(2, "offset", 0, kMaxSafeInteger, &offset) ||
      !arguments.Integer(3, "end", offset, kMaxSafeInteger, &end) ||
      !arguments.Integer(4, "size", end, kMaxSafeInteger, &size)) {
    return nullptr;
  }
  auto copy = std::make_unique<Copy>(source, target, offset, end, size);
  if (copy->error() != 0) return Answer(env, copy->error());
  return Copy::Begin(env, std::move(copy));
}

}  // namespace ringway
