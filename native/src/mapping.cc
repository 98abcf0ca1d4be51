#include "mapping.h"

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "arguments.h"
#include "fault_guard.h"
#include "shared_range.h"
#include "waiter.h"

namespace ringway {

struct Mapping {
  MappingRegistry* registry;
  char* address;
  std::size_t bytes;
  // False from unmap on: anonymous pages lie over the range.
  bool live;
  // V8 may still write through a backing store, and give an address once only.
  bool has_store;
  // After unmap: a job of libuv's pool keeps the ArrayBuffer object, not its backing store.
  bool has_object;
  // Until the addresses are given back.
  FaultRange* guarded;
};

MappingRegistry::MappingRegistry(Waiter* waiter) : waiter_(waiter) {}

MappingRegistry::~MappingRegistry() = default;

napi_value MappingRegistry::Publish(napi_env env, char* address, std::size_t bytes) {
  const auto key = reinterpret_cast<std::uintptr_t>(address);
  // Guarded before anybody can touch it.
  FaultRange* const guarded = GuardRange(address, bytes, faults_);
  auto added = std::make_unique<Mapping>(Mapping{this, address, bytes, true, true, false, guarded});
  Mapping* const mapping = mappings_.emplace(key, std::move(added)).first->second.get();
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(env, address, bytes, OnStoreFreed, mapping, &buffer);
  if (status == napi_ok) return buffer;

  if (status == napi_no_external_buffers_allowed) {
    napi_throw_error(env, "ERR_NO_EXTERNAL_BUFFERS",
                     "this runtime forbids ArrayBuffers over memory that it did not allocate (Electron does): shared "
                     "memory cannot be used in it");
  } else {
    ThrowLastError(env);
  }
  // Refused for its size, or since the environment is being terminated: whether the finalizer ran, will run, or never
  // runs depends on the release of Node.
  if (mappings_.count(key) != 0) Retire(mapping);
  return nullptr;
}

bool MappingRegistry::End(napi_env env, napi_value buffer, void* address, bool* ended) {
  const auto found = mappings_.find(reinterpret_cast<std::uintptr_t>(address));
  *ended = found != mappings_.end() && found->second->live;
  if (!*ended) return true;

  Mapping* const mapping = found->second.get();
  // The finalizer of the store runs soon after the detachment, while a job may still write; this one runs when nothing
  // refers to the ArrayBuffer any more.
  if (napi_add_finalizer(env, buffer, nullptr, OnObjectCollected, mapping, nullptr) != napi_ok) {
    ThrowLastError(env);
    return false;
  }
  mapping->has_object = true;
  waiter_->Forget(mapping->address, mapping->bytes);
  mapping->live = false;
  if (napi_detach_arraybuffer(env, buffer) != napi_ok) {
    mapping->live = true;
    ThrowLastError(env);
    return false;
  }
  const int covered = CoverRange(mapping->address, mapping->bytes);
  if (covered == 0) return true;
  napi_throw_error(env, covered == -ENOMEM ? "ENOMEM" : "EINVAL",
                   ("the shared memory stays mapped until its ArrayBuffer is collected: mmap: " +
                    std::generic_category().message(-covered))
                       .c_str());
  return false;
}

bool MappingRegistry::Contains(const void* address, std::size_t bytes) const {
  const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(address);
  auto after = mappings_.upper_bound(begin);
  if (after == mappings_.begin()) return false;
  const Mapping* const mapping = (--after)->second.get();
  const std::uintptr_t offset = begin - after->first;
  return mapping->live && offset <= mapping->bytes && bytes <= mapping->bytes - offset;
}

bool MappingRegistry::IsBroken(const void* address) const {
  const auto found = mappings_.find(reinterpret_cast<std::uintptr_t>(address));
  return found != mappings_.end() && found->second->live && ringway::IsBroken(*found->second->guarded);
}

void MappingRegistry::Close() {
  while (!mappings_.empty()) Retire(mappings_.begin()->second.get());
}

void MappingRegistry::OnStoreFreed(napi_env, void*, void* hint) {
  auto* const mapping = static_cast<Mapping*>(hint);
  mapping->has_store = false;
  mapping->registry->FreeIfUnused(mapping);
}

void MappingRegistry::OnObjectCollected(napi_env, void*, void* hint) {
  auto* const mapping = static_cast<Mapping*>(hint);
  mapping->has_object = false;
  mapping->registry->FreeIfUnused(mapping);
}

void MappingRegistry::FreeIfUnused(Mapping* mapping) {
  if (mapping->has_store || mapping->has_object) return;
  if (retired_.count(mapping) == 0) {
    if (mapping->live) waiter_->Forget(mapping->address, mapping->bytes);
    Retire(mapping);
  }
  retired_.erase(mapping);
}

void MappingRegistry::Retire(Mapping* mapping) {
  const auto found = mappings_.find(reinterpret_cast<std::uintptr_t>(mapping->address));
  retired_.emplace(mapping, std::move(found->second));
  mappings_.erase(found);
  // In this order: once the addresses are given back, other memory may lie there, whose faults are not ours to mend.
  // Nothing of a range that was covered faults in between; one that was not is the end of its environment, or was
  // collected, so that nobody looks at it.
  UnguardRange(mapping->guarded);
  // Where it fails, the range stays reserved, which hurts nobody.
  UnmapRange(mapping->address, mapping->bytes);
}

}  // namespace ringway
