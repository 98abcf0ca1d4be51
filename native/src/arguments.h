// Reads and checks the arguments of one call from JavaScript.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace ringway {

// Number.MAX_SAFE_INTEGER: offsets and lengths are plain numbers.
constexpr std::int64_t kMaxSafeInteger = 9007199254740991;

// Every method that returns bool has thrown a JavaScript exception when it returns false.
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info);

  napi_env env() const { return env_; }
  napi_value at(std::size_t index) const { return values_[index]; }

  bool Integer(std::size_t index, const char* name, std::int64_t least, std::int64_t most, std::int64_t* result) const;
  bool Descriptor(std::size_t index, int* fd) const;
  bool Boolean(std::size_t index, const char* name, bool* result) const;
  bool Path(std::size_t index, const char* name, std::string* result) const;
  // The bytes of an ArrayBuffer; a detached one has none.
  bool Buffer(std::size_t index, const char* name, void** data, std::size_t* bytes) const;
  // The address of words[index], where `words` and `index` are two arguments side by side.
  bool Word(std::size_t first, std::uint32_t** word) const;

 private:
  static constexpr std::size_t kMost = 7;

  napi_env env_;
  napi_value values_[kMost] = {};
};

bool ReadInteger(napi_env env, napi_value value, const char* name, std::int64_t least, std::int64_t most,
                 std::int64_t* result);
bool ReadDescriptor(napi_env env, napi_value value, const char* name, int* fd);
bool ReadInt32Array(napi_env env, napi_value value, const char* name, std::uint32_t** words, std::size_t* length);

void ThrowType(napi_env env, const std::string& message);
void ThrowRange(napi_env env, const std::string& message);
// For a Node-API call that failed: throws what Node-API knows about it, unless an exception is pending already.
void ThrowLastError(napi_env env);

// What a call answers. A null value means that an exception is pending.
napi_value Answer(napi_env env, std::int32_t number);
napi_value Answer(napi_env env, bool yes);
napi_value AnswerUndefined(napi_env env);

}  // namespace ringway
