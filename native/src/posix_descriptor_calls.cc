#include <napi.h>

#include <climits>
#include <cstdint>
#include <string>

#include "arguments.h"
#include "calls.h"
#include "environment.h"
#include "posix_descriptor.h"
#include "posix_registry.h"

namespace ringway {
namespace {

constexpr std::int64_t kMostMode = 07777;

// A name, which may be empty, that being an error of the operating system.
bool ReadName(const Arguments& arguments, std::size_t index, std::string* name) {
  const Napi::Value value(arguments.env(), arguments.at(index));
  if (!value.IsString()) {
    ThrowType(arguments.env(), "\"name\" must be a string");
    return false;
  }
  *name = value.As<Napi::String>().Utf8Value();
  if (name->find('\0') == std::string::npos) return true;
  napi_throw_type_error(arguments.env(), "ERR_INVALID_ARG_VALUE", "\"name\" must have no NUL");
  return false;
}

OpenedDescriptors& DescriptorsOf(napi_env env) { return Environment::Of(env).posix().descriptors(); }

}  // namespace

napi_value CallPosixOpenShared(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  std::string name;
  std::int64_t flags = 0;
  std::int64_t mode = 0;
  if (!ReadName(arguments, 0, &name) || !arguments.Integer(1, "oflag", 0, INT_MAX, &flags) ||
      !arguments.Integer(2, "mode", 0, kMostMode, &mode)) {
    return nullptr;
  }
  return Answer(env, DescriptorsOf(env).OpenShared(name, static_cast<int>(flags), static_cast<mode_t>(mode)));
}

napi_value CallPosixUnlinkShared(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  std::string name;
  if (!ReadName(arguments, 0, &name)) return nullptr;
  return Answer(env, UnlinkShared(name));
}

napi_value CallPosixCreateUnnamed(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  std::string name;
  std::int64_t flags = 0;
  if (!ReadName(arguments, 0, &name) || !arguments.Integer(1, "flags", INT_MIN, UINT_MAX, &flags)) return nullptr;
  return Answer(env, DescriptorsOf(env).CreateUnnamed(name, static_cast<std::uint32_t>(flags)));
}

napi_value CallPosixTruncate(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  std::int64_t length = 0;
  if (!arguments.Descriptor(0, &fd) || !arguments.Integer(1, "length", -kMaxSafeInteger, kMaxSafeInteger, &length)) {
    return nullptr;
  }
  return Answer(env, Truncate(fd, length));
}

napi_value CallPosixAddSeals(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  std::int64_t seals = 0;
  if (!arguments.Descriptor(0, &fd) || !arguments.Integer(1, "seals", 0, INT_MAX, &seals)) return nullptr;
  return Answer(env, AddSeals(fd, static_cast<int>(seals)));
}

napi_value CallPosixGetSeals(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  if (!arguments.Descriptor(0, &fd)) return nullptr;
  return Answer(env, GetSeals(fd));
}

napi_value CallPosixClose(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  int fd = -1;
  if (!arguments.Descriptor(0, &fd)) return nullptr;
  return Answer(env, DescriptorsOf(env).Close(fd));
}

}  // namespace ringway
