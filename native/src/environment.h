// What one JavaScript environment (the main thread, a worker) has of the addon.
#pragma once

#include <napi.h>

#include <cstdint>

#include "fork_guard.h"
#include "mapping.h"
#include "posix_registry.h"
#include "record_locks.h"
#include "waiter.h"

namespace ringway {

class Environment {
 public:
  // Instance data of `env`, which ends it. False when an exception is pending.
  static bool Open(Napi::Env env);
  static Environment& Of(napi_env env);

  explicit Environment(bool may_wait_for_many)
      : waiter_(may_wait_for_many), mappings_(&waiter_), posix_(&mappings_, &guard_) {}
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  Waiter& waiter() { return waiter_; }
  MappingRegistry& mappings() { return mappings_; }
  RecordLocks& record_locks() { return record_locks_; }
  ForkGuard& guard() { return guard_; }
  PosixRegistry& posix() { return posix_; }
  // How many mappings of this environment have lost memory, as the one word of an Int32Array. Whatever JavaScript does
  // to its buffer, the word that the fault guard counts in stays.
  napi_value faults() const { return faults_.Value(); }

 private:
  static void Close(void* data);
  // False when an exception is pending.
  bool ShowFaults(Napi::Env env, std::int32_t* word);

  Napi::Reference<Napi::Int32Array> faults_;
  Waiter waiter_;
  MappingRegistry mappings_;
  RecordLocks record_locks_;
  ForkGuard guard_;
  PosixRegistry posix_;
};

}  // namespace ringway
