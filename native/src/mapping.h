// Shared memory as ArrayBuffers that can be taken away at any moment without hurting who still looks at them.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

namespace ringway {

class Waiter;
struct Mapping;

// The mappings of one environment, by address: also those that were unmapped and whose range is still kept. Lives until
// all finalizers of its buffers have run.
class MappingRegistry {
 public:
  explicit MappingRegistry(Waiter* waiter);
  ~MappingRegistry();
  MappingRegistry(const MappingRegistry&) = delete;
  MappingRegistry& operator=(const MappingRegistry&) = delete;

  // Where the faults of all its mappings are counted: before the first of them, and valid until Close.
  void CountFaultsIn(std::int32_t* faults) { faults_ = faults; }
  // Takes the range over, on success and on failure. Null when an exception is pending.
  napi_value Publish(napi_env env, char* address, std::size_t bytes);
  // Unmap as index.ts says. False when an exception is pending; `*ended` tells whether it was a mapping.
  bool End(napi_env env, napi_value buffer, void* address, bool* ended);
  // Whether all of it lies in one mapping that was not unmapped.
  bool Contains(const void* address, std::size_t bytes) const;
  // Whether memory was missing under a mapping that was not unmapped.
  bool IsBroken(const void* address) const;
  // The end of the environment: unmaps everything.
  void Close();

 private:
  static void OnStoreFreed(napi_env env, void* data, void* hint);
  static void OnObjectCollected(napi_env env, void* data, void* hint);

  void FreeIfUnused(Mapping* mapping);
  // Unmaps the range; its finalizers may still come.
  void Retire(Mapping* mapping);

  Waiter* const waiter_;
  std::int32_t* faults_ = nullptr;
  std::map<std::uintptr_t, std::unique_ptr<Mapping>> mappings_;
  std::map<const Mapping*, std::unique_ptr<Mapping>> retired_;
};

}  // namespace ringway
