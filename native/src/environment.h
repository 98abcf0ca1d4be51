// What one JavaScript environment (the main thread, a worker) has of the addon.
#pragma once

#include <napi.h>

#include "fork_guard.h"
#include "mapping.h"
#include "waiter.h"

namespace ringway {

class Environment {
 public:
  // Instance data of `env`, which ends it. False when an exception is pending.
  static bool Open(Napi::Env env);
  static Environment& Of(napi_env env);

  explicit Environment(bool may_wait_for_many) : waiter_(may_wait_for_many), mappings_(&waiter_) {}
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  Waiter& waiter() { return waiter_; }
  MappingRegistry& mappings() { return mappings_; }
  ForkGuard& guard() { return guard_; }

 private:
  static void Close(void* data);

  Waiter waiter_;
  MappingRegistry mappings_;
  ForkGuard guard_;
};

}  // namespace ringway
