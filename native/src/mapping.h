// Shared memory as ArrayBuffers that can be taken away at any moment without hurting who still looks at them.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <map>

namespace ringway {

class Waiter;
struct Mapping;

// The mappings of one environment, by address: also those that were unmapped and whose range is still kept.
class MappingRegistry {
 public:
  explicit MappingRegistry(Waiter* waiter) : waiter_(waiter) {}
  MappingRegistry(const MappingRegistry&) = delete;
  MappingRegistry& operator=(const MappingRegistry&) = delete;

  // Takes the range over, on success and on failure. Null when an exception is pending.
  napi_value Publish(napi_env env, char* address, std::size_t bytes);
  // Unmap as index.ts says. False when an exception is pending; `*ended` tells whether it was a mapping.
  bool End(napi_env env, napi_value buffer, void* address, bool* ended);
  // Whether all of it lies in one mapping that was not unmapped.
  bool Contains(const void* address, std::size_t bytes) const;
  // The end of the environment: unmaps everything.
  void Close();

 private:
  static void OnStoreFreed(napi_env env, void* data, void* hint);
  static void OnObjectCollected(napi_env env, void* data, void* hint);
  static void Release(Mapping* mapping);

  void FreeIfUnused(Mapping* mapping);
  void Forget(Mapping* mapping);

  Waiter* const waiter_;
  std::map<std::uintptr_t, Mapping*> mappings_;
};

napi_value CallMap(napi_env env, napi_callback_info info);
napi_value CallMapTwice(napi_env env, napi_callback_info info);
napi_value CallPopulate(napi_env env, napi_callback_info info);
napi_value CallUnmap(napi_env env, napi_callback_info info);

}  // namespace ringway
