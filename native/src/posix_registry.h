// The mappings of the POSIX calls of one environment: JavaScript knows them by number, and never by address.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "posix_descriptor.h"
#include "posix_mapping.h"

namespace ringway {

class ForkGuard;
class MappingRegistry;

// For the thread of the environment alone. Where a call returns bool, false means that an exception is pending, and
// `*result` is what to answer: -errno, -ENOENT for a number that is no mapping (any more).
class PosixRegistry {
 public:
  PosixRegistry(MappingRegistry* buffers, ForkGuard* guard) : buffers_(buffers), guard_(guard) {}
  PosixRegistry(const PosixRegistry&) = delete;
  PosixRegistry& operator=(const PosixRegistry&) = delete;

  OpenedDescriptors& descriptors() { return descriptors_; }

  // A positive number or -errno.
  std::int64_t Map(const MapRequest& request);
  // mmap with MAP_FIXED over a part of one.
  bool Replace(napi_env env, std::int64_t id, std::size_t offset, const MapRequest& request, int* result);
  bool Protect(napi_env env, std::int64_t id, std::size_t offset, std::size_t length, int prot, int* result);
  bool Unmap(napi_env env, std::int64_t id, std::size_t offset, std::size_t length, int* result);
  // The ArrayBuffer over the whole of it, the same at each call. Null when an exception is pending or `*result` is
  // -errno: -EACCES when not all can be read.
  napi_value Buffer(napi_env env, std::int64_t id, int* result);
  // Lets go of one that nobody can name any more; its ArrayBuffer lives on.
  void Forget(std::int64_t id);
  // For the calls that leave it where it is. Null if there is none.
  PosixMapping* Find(napi_env env, std::int64_t id);
  // The end of the environment. Memory under an ArrayBuffer is the MappingRegistry's to unmap.
  void Close();

 private:
  struct Entry {
    std::unique_ptr<PosixMapping> mapping;
    // Empty until the buffer is asked for. V8 must be given an address once only, so it lives as long as this.
    Napi::Reference<Napi::Value> buffer;
  };
  using Entries = std::map<std::int64_t, Entry>;

  // Drops an entry whose memory went with its ArrayBuffer when that was transferred.
  Entries::iterator FindEntry(napi_env env, std::int64_t id);
  // Takes away the buffer of the entry, if it has one: the first `keep` bytes live on at another address.
  bool Withdraw(napi_env env, Entry* entry, std::size_t keep, int* result);
  bool EndBuffer(napi_env env, Entry* entry, char* address);

  MappingRegistry* const buffers_;
  ForkGuard* const guard_;
  OpenedDescriptors descriptors_;
  std::int64_t last_id_ = 0;
  Entries entries_;
};

}  // namespace ringway
