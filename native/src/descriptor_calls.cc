#include <cstdint>
#include <string>

#include "arguments.h"
#include "calls.h"
#include "descriptor.h"

namespace ringway {
namespace {

bool ReadRange(const Arguments& arguments, int* fd, std::int64_t* offset, std::int64_t* length) {
  return arguments.Descriptor(0, fd) && arguments.Integer(1, "offset", 0, kMaxSafeInteger, offset) &&
         arguments.Integer(2, "length", 1, kMaxSafeInteger - *offset, length);
}

}  // namespace

napi_value CallLinkDescriptor(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  std::string path;
  if (!arguments.Descriptor(0, &fd) || !arguments.Path(1, "path", &path)) return nullptr;
  return Answer(env, LinkDescriptor(fd, path));
}

napi_value CallReserve(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  std::int64_t offset = 0;
  std::int64_t length = 0;
  if (!ReadRange(arguments, &fd, &offset, &length)) return nullptr;
  return Answer(env, Reserve(fd, offset, length));
}

napi_value CallPunch(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  std::int64_t offset = 0;
  std::int64_t length = 0;
  if (!ReadRange(arguments, &fd, &offset, &length)) return nullptr;
  return Answer(env, Punch(fd, offset, length));
}

}  // namespace ringway
