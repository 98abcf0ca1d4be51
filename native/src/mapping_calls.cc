#include <cstddef>
#include <cstdint>
#include <string>

#include "arguments.h"
#include "calls.h"
#include "environment.h"
#include "fault_guard.h"
#include "shared_range.h"

namespace ringway {
namespace {

bool ReadRange(const Arguments& arguments, std::int64_t most, int* fd, std::int64_t* offset, std::int64_t* length) {
  if (!arguments.Descriptor(0, fd) || !arguments.Integer(1, "offset", 0, kMaxSafeInteger, offset) ||
      !arguments.Integer(2, "length", 1, most, length)) {
    return false;
  }
  if (*offset % PageSize() == 0 && *length % PageSize() == 0) return true;
  ThrowRange(arguments.env(), "\"offset\" and \"length\" must be multiples of the page size, " +
                                  std::to_string(PageSize()) + ", not " + std::to_string(*offset) + " and " +
                                  std::to_string(*length));
  return false;
}

napi_value Map(napi_env env, napi_callback_info info, int times) {
  const Arguments arguments(env, info);
  int fd = -1;
  std::int64_t offset = 0;
  std::int64_t length = 0;
  if (!ReadRange(arguments, kMaxSafeInteger / times, &fd, &offset, &length)) return nullptr;
  char* address = nullptr;
  const int result = MapShared(fd, offset, static_cast<std::size_t>(length), times, &address);
  if (result < 0) return Answer(env, result);
  return Environment::Of(env).mappings().Publish(env, address,
                                                 static_cast<std::size_t>(length) * static_cast<std::size_t>(times));
}

}  // namespace

napi_value CallMap(napi_env env, napi_callback_info info) { return Map(env, info, 1); }

napi_value CallMapTwice(napi_env env, napi_callback_info info) { return Map(env, info, 2); }

napi_value CallPopulate(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  void* data = nullptr;
  std::size_t bytes = 0;
  std::int64_t offset = 0;
  std::int64_t length = 0;
  if (!arguments.Buffer(0, "buffer", &data, &bytes)) return nullptr;
  if (data == nullptr || !Environment::Of(env).mappings().Contains(data, bytes)) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_VALUE", "\"buffer\" must be a mapping that was not unmapped");
    return nullptr;
  }
  if (!arguments.Integer(1, "offset", 0, static_cast<std::int64_t>(bytes), &offset) ||
      !arguments.Integer(2, "length", 0, static_cast<std::int64_t>(bytes) - offset, &length)) {
    return nullptr;
  }
  if (offset % PageSize() != 0) {
    ThrowRange(env, "\"offset\" must be a multiple of the page size, " + std::to_string(PageSize()) + ", not " +
                        std::to_string(offset));
    return nullptr;
  }
  return Answer(env, PopulateRange(static_cast<char*>(data) + offset, static_cast<std::size_t>(length)));
}

napi_value CallUnmap(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  void* data = nullptr;
  std::size_t bytes = 0;
  bool ended = false;
  if (!arguments.Buffer(0, "buffer", &data, &bytes)) return nullptr;
  if (!Environment::Of(env).mappings().End(env, arguments.at(0), data, &ended)) return nullptr;
  return Answer(env, ended);
}

napi_value CallIsBroken(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  void* data = nullptr;
  std::size_t bytes = 0;
  if (!arguments.Buffer(0, "buffer", &data, &bytes)) return nullptr;
  return Answer(env, data != nullptr && Environment::Of(env).mappings().IsBroken(data));
}

napi_value CallFaults(napi_env env, napi_callback_info) { return Environment::Of(env).faults(); }

napi_value CallRenewFaultGuard(napi_env, napi_callback_info) {
  RenewFaultGuard();
  return nullptr;
}

}  // namespace ringway
