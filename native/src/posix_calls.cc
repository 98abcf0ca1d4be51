#include <napi.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "arguments.h"
#include "calls.h"
#include "environment.h"
#include "posix_mapping.h"
#include "posix_registry.h"
#include "shared_range.h"

namespace ringway {
namespace {

// Flags may have their highest bit set, which JavaScript's operators make a sign.
constexpr std::int64_t kLeastFlags = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t kMostFlags = std::numeric_limits<std::uint32_t>::max();

PosixRegistry& RegistryOf(napi_env env) { return Environment::Of(env).posix(); }

bool ReadFlags(const Arguments& arguments, std::size_t index, const char* name, int* flags) {
  std::int64_t number = 0;
  if (!arguments.Integer(index, name, kLeastFlags, kMostFlags, &number)) return false;
  *flags = static_cast<int>(static_cast<std::uint32_t>(number));
  return true;
}

// A mapping and a range in it: the first three arguments of most calls.
struct RangeOfMapping {
  std::int64_t id = 0;
  std::size_t offset = 0;
  std::size_t length = 0;
};

bool ReadRange(const Arguments& arguments, RangeOfMapping* range) {
  std::int64_t offset = 0;
  std::int64_t length = 0;
  if (!arguments.Integer(0, "id", 1, kMaxSafeInteger, &range->id) ||
      !arguments.Integer(1, "offset", 0, kMaxSafeInteger, &offset) ||
      !arguments.Integer(2, "length", 0, kMaxSafeInteger, &length)) {
    return false;
  }
  range->offset = static_cast<std::size_t>(offset);
  range->length = static_cast<std::size_t>(length);
  return true;
}

// length, prot, flags, fd, offset from the argument `first` on.
bool ReadRequest(const Arguments& arguments, std::size_t first, MapRequest* request) {
  std::int64_t length = 0;
  std::int64_t fd = 0;
  if (!arguments.Integer(first, "length", 0, kMaxSafeInteger, &length) ||
      !ReadFlags(arguments, first + 1, "prot", &request->prot) ||
      !ReadFlags(arguments, first + 2, "flags", &request->flags) ||
      !arguments.Integer(first + 3, "fd", std::numeric_limits<int>::min(), std::numeric_limits<int>::max(), &fd) ||
      !arguments.Integer(first + 4, "offset", 0, kMaxSafeInteger, &request->offset)) {
    return false;
  }
  request->length = static_cast<std::size_t>(length);
  request->fd = static_cast<int>(fd);
  return true;
}

napi_value AnswerNumber(napi_env env, std::int64_t number) {
  napi_value result = nullptr;
  if (napi_create_int64(env, number, &result) != napi_ok) ThrowLastError(env);
  return result;
}

// A call with an argument of flags on a mapping that stays where it is.
template <typename Call>
napi_value CallInPlace(napi_env env, napi_callback_info info, const char* name, Call call) {
  const Arguments arguments(env, info);
  RangeOfMapping range;
  int flags = 0;
  if (!ReadRange(arguments, &range) || !ReadFlags(arguments, 3, name, &flags)) return nullptr;
  PosixMapping* const mapping = RegistryOf(env).Find(env, range.id);
  return Answer(env, mapping == nullptr ? -ENOENT : call(mapping, range, flags));
}

// One msync that runs in the pool of threads. It has its own mapping of its own descriptor: nothing that happens to the
// mapping meanwhile can reach it.
struct SyncJob {
  std::vector<FileRange> ranges;
  int flags = 0;
  int result = 0;
  napi_deferred deferred = nullptr;
  napi_async_work work = nullptr;
};

int SyncAll(const std::vector<FileRange>& ranges, int flags) {
  for (const FileRange& range : ranges) {
    const int result = SyncFileRange(range, flags);
    if (result < 0) return result;
  }
  return 0;
}

void RunJob(napi_env, void* data) {
  auto* const job = static_cast<SyncJob*>(data);
  job->result = SyncAll(job->ranges, job->flags);
}

void EndJob(napi_env env, napi_status status, void* data) {
  const std::unique_ptr<SyncJob> job(static_cast<SyncJob*>(data));
  napi_value answer = nullptr;
  const int result = status == napi_cancelled ? -ECANCELED : job->result;
  // Both fail only while the environment is being terminated, when nobody waits any more.
  if (napi_create_int32(env, result, &answer) == napi_ok) napi_resolve_deferred(env, job->deferred, answer);
  napi_delete_async_work(env, job->work);
}

napi_value StartJob(napi_env env, std::unique_ptr<SyncJob> job) {
  napi_value promise = nullptr;
  napi_value name = nullptr;
  const bool made = napi_create_string_utf8(env, "ringway:msync", NAPI_AUTO_LENGTH, &name) == napi_ok &&
                    napi_create_async_work(env, nullptr, name, RunJob, EndJob, job.get(), &job->work) == napi_ok &&
                    napi_create_promise(env, &job->deferred, &promise) == napi_ok &&
                    napi_queue_async_work(env, job->work) == napi_ok;
  if (made) {
    // EndJob takes it over.
    static_cast<void>(job.release());
    return promise;
  }
  ThrowLastError(env);
  if (job->work != nullptr) napi_delete_async_work(env, job->work);
  return nullptr;
}

}  // namespace

napi_value CallPosixPageSize(napi_env env, napi_callback_info) { return AnswerNumber(env, PageSize()); }

napi_value CallPosixMap(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  MapRequest request = {};
  if (!ReadRequest(arguments, 0, &request)) return nullptr;
  return AnswerNumber(env, RegistryOf(env).Map(request));
}

napi_value CallPosixMapOver(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  std::int64_t id = 0;
  std::int64_t at = 0;
  MapRequest request = {};
  if (!arguments.Integer(0, "id", 1, kMaxSafeInteger, &id) || !arguments.Integer(1, "at", 0, kMaxSafeInteger, &at) ||
      !ReadRequest(arguments, 2, &request)) {
    return nullptr;
  }
  int result = 0;
  if (!RegistryOf(env).Replace(env, id, static_cast<std::size_t>(at), request, &result)) return nullptr;
  return Answer(env, result);
}

napi_value CallPosixBuffer(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  std::int64_t id = 0;
  if (!arguments.Integer(0, "id", 1, kMaxSafeInteger, &id)) return nullptr;
  int result = 0;
  napi_value buffer = RegistryOf(env).Buffer(env, id, &result);
  return buffer == nullptr && result < 0 ? Answer(env, result) : buffer;
}

napi_value CallPosixUnmap(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  RangeOfMapping range;
  if (!ReadRange(arguments, &range)) return nullptr;
  int result = 0;
  if (!RegistryOf(env).Unmap(env, range.id, range.offset, range.length, &result)) return nullptr;
  return Answer(env, result);
}

napi_value CallPosixForget(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  std::int64_t id = 0;
  if (!arguments.Integer(0, "id", 1, kMaxSafeInteger, &id)) return nullptr;
  RegistryOf(env).Forget(id);
  return AnswerUndefined(env);
}

napi_value CallPosixProtect(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  RangeOfMapping range;
  int prot = 0;
  if (!ReadRange(arguments, &range) || !ReadFlags(arguments, 3, "prot", &prot)) return nullptr;
  int result = 0;
  if (!RegistryOf(env).Protect(env, range.id, range.offset, range.length, prot, &result)) return nullptr;
  return Answer(env, result);
}

napi_value CallPosixLock(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  RangeOfMapping range;
  bool locked = false;
  if (!ReadRange(arguments, &range) || !arguments.Boolean(3, "locked", &locked)) return nullptr;
  PosixMapping* const mapping = RegistryOf(env).Find(env, range.id);
  return Answer(env, mapping == nullptr ? -ENOENT : mapping->SetLocked(range.offset, range.length, locked));
}

napi_value CallPosixAdvise(napi_env env, napi_callback_info info) {
  return CallInPlace(env, info, "advice", [](PosixMapping* mapping, const RangeOfMapping& range, int advice) {
    return mapping->Advise(range.offset, range.length, advice);
  });
}

napi_value CallPosixSync(napi_env env, napi_callback_info info) {
  return CallInPlace(env, info, "flags", [](const PosixMapping* mapping, const RangeOfMapping& range, int flags) {
    std::vector<FileRange> ranges;
    const int listed = mapping->ListToSync(range.offset, range.length, flags, &ranges);
    return listed < 0 ? listed : SyncAll(ranges, flags);
  });
}

napi_value CallPosixSyncLater(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  RangeOfMapping range;
  auto job = std::make_unique<SyncJob>();
  if (!ReadRange(arguments, &range) || !ReadFlags(arguments, 3, "flags", &job->flags)) return nullptr;
  const PosixMapping* const mapping = RegistryOf(env).Find(env, range.id);
  const int listed =
      mapping == nullptr ? -ENOENT : mapping->ListToSync(range.offset, range.length, job->flags, &job->ranges);
  return listed < 0 ? Answer(env, listed) : StartJob(env, std::move(job));
}

}  // namespace ringway
