#include "arguments.h"

#include <napi.h>

#include <cmath>
#include <limits>

namespace ringway {
namespace {

std::string Quoted(const char* name) { return "\"" + std::string(name) + "\""; }

std::string Shown(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  if (number == std::trunc(number) && std::abs(number) <= static_cast<double>(kMaxSafeInteger)) {
    return std::to_string(static_cast<std::int64_t>(number));
  }
  return std::to_string(number);
}

}  // namespace

Arguments::Arguments(napi_env env, napi_callback_info info) : env_(env) {
  std::size_t count = kMost;
  // Fills what was not given with undefined; it fails only for null pointers.
  if (napi_get_cb_info(env, info, &count, values_, nullptr, nullptr) != napi_ok) {
    Napi::Error::Fatal("ringway::Arguments", "napi_get_cb_info failed");
  }
}

bool Arguments::Integer(std::size_t index, const char* name, std::int64_t least, std::int64_t most,
                        std::int64_t* result) const {
  return ReadInteger(env_, values_[index], name, least, most, result);
}

bool Arguments::Descriptor(std::size_t index, int* fd) const { return ReadDescriptor(env_, values_[index], "fd", fd); }

bool Arguments::Boolean(std::size_t index, const char* name, bool* result) const {
  if (napi_get_value_bool(env_, values_[index], result) == napi_ok) return true;
  ThrowType(env_, Quoted(name) + " must be a boolean");
  return false;
}

bool Arguments::Path(std::size_t index, const char* name, std::string* result) const {
  std::size_t bytes = 0;
  if (napi_get_value_string_utf8(env_, values_[index], nullptr, 0, &bytes) != napi_ok) {
    ThrowType(env_, Quoted(name) + " must be a string");
    return false;
  }
  std::string text(bytes + 1, '\0');
  if (napi_get_value_string_utf8(env_, values_[index], text.data(), text.size(), &bytes) != napi_ok) {
    ThrowLastError(env_);
    return false;
  }
  text.resize(bytes);
  if (text.empty() || text.find('\0') != std::string::npos) {
    napi_throw_type_error(env_, "ERR_INVALID_ARG_VALUE", (Quoted(name) + " must be a path without NUL").c_str());
    return false;
  }
  *result = std::move(text);
  return true;
}

bool Arguments::Buffer(std::size_t index, const char* name, void** data, std::size_t* bytes) const {
  bool is_buffer = false;
  if (napi_is_arraybuffer(env_, values_[index], &is_buffer) != napi_ok || !is_buffer) {
    ThrowType(env_, Quoted(name) + " must be an ArrayBuffer");
    return false;
  }
  if (napi_get_arraybuffer_info(env_, values_[index], data, bytes) == napi_ok) return true;
  ThrowLastError(env_);
  return false;
}

bool Arguments::Word(std::size_t first, std::uint32_t** word) const {
  std::uint32_t* words = nullptr;
  std::size_t length = 0;
  if (!ReadInt32Array(env_, values_[first], "words", &words, &length)) return false;
  if (length == 0) {
    ThrowRange(env_, "\"words\" must not be empty: its mapping may have been closed");
    return false;
  }
  std::int64_t index = 0;
  if (!Integer(first + 1, "index", 0, static_cast<std::int64_t>(length) - 1, &index)) return false;
  *word = words + index;
  return true;
}

bool ReadInteger(napi_env env, napi_value value, const char* name, std::int64_t least, std::int64_t most,
                 std::int64_t* result) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) {
    ThrowType(env, Quoted(name) + " must be a number");
    return false;
  }
  if (!(number >= static_cast<double>(least) && number <= static_cast<double>(most)) || number != std::trunc(number)) {
    ThrowRange(env, Quoted(name) + " must be an integer from " + std::to_string(least) + " to " + std::to_string(most) +
                        ", not " + Shown(number));
    return false;
  }
  *result = static_cast<std::int64_t>(number);
  return true;
}

bool ReadDescriptor(napi_env env, napi_value value, const char* name, int* fd) {
  std::int64_t number = 0;
  if (!ReadInteger(env, value, name, 0, std::numeric_limits<int>::max(), &number)) return false;
  *fd = static_cast<int>(number);
  return true;
}

bool ReadInt32Array(napi_env env, napi_value value, const char* name, std::uint32_t** words, std::size_t* length) {
  napi_typedarray_type type = napi_uint8_array;
  void* data = nullptr;
  // Refuses what is no typed array, so that no second call need ask.
  const napi_status status = napi_get_typedarray_info(env, value, &type, length, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_int32_array) {
    ThrowType(env, Quoted(name) + " must be an Int32Array");
    return false;
  }
  *words = static_cast<std::uint32_t*>(data);
  return true;
}

void ThrowType(napi_env env, const std::string& message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message.c_str());
}

void ThrowRange(napi_env env, const std::string& message) {
  napi_throw_range_error(env, "ERR_OUT_OF_RANGE", message.c_str());
}

void ThrowLastError(napi_env env) {
  const napi_extended_error_info* info = nullptr;
  // Before any other call, which would replace it.
  const bool known = napi_get_last_error_info(env, &info) == napi_ok && info->error_message != nullptr;
  const std::string message = known ? info->error_message : "Node-API failed, and does not say why";
  bool thrown = false;
  if (napi_is_exception_pending(env, &thrown) != napi_ok || thrown) return;
  // Fails only while the environment is being terminated, when no JavaScript runs any more that could catch it.
  napi_throw_error(env, nullptr, message.c_str());
}

napi_value Answer(napi_env env, std::int32_t number) {
  napi_value result = nullptr;
  if (napi_create_int32(env, number, &result) != napi_ok) ThrowLastError(env);
  return result;
}

napi_value Answer(napi_env env, bool yes) {
  napi_value result = nullptr;
  if (napi_get_boolean(env, yes, &result) != napi_ok) ThrowLastError(env);
  return result;
}

napi_value AnswerUndefined(napi_env env) {
  napi_value result = nullptr;
  if (napi_get_undefined(env, &result) != napi_ok) ThrowLastError(env);
  return result;
}

}  // namespace ringway
