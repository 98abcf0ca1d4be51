#include "mapping.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "arguments.h"
#include "environment.h"
#include "waiter.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace ringway {

// Lives as long as the registry or a finalizer refers to it: finalizers may run after the environment has ended.
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
  int references;
};

namespace {

std::int64_t PageSize() { return sysconf(_SC_PAGESIZE); }

bool ReadRange(const Arguments& arguments, std::int64_t most, int* fd, std::int64_t* offset, std::int64_t* length) {
  if (!arguments.Descriptor(0, fd) || !arguments.Integer(1, "offset", 0, kMaxSafeInteger, offset) ||
      !arguments.Integer(2, "length", 1, most, length)) {
    return false;
  }
  if (*offset % PageSize() == 0 && *length % PageSize() == 0) return true;
  ThrowRange(arguments.env(), "\"offset\" and \"length\" must be multiples of the page size, " +
                                  std::to_string(PageSize()) + ", not " + std::to_string(*offset) + " and " +
                                  std::to_string(*length));
  return false;
}

// Maps the same bytes `times` times, back to back, out of reach of forked children. 0 or -errno.
int MapShared(int fd, std::int64_t offset, std::size_t length, int times, char** result) {
  const std::size_t bytes = length * static_cast<std::size_t>(times);
  // One range is reserved first, so that no other thread's mapping comes between the copies.
  void* range = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) return -errno;
  char* const base = static_cast<char*>(range);
  int error = 0;
  for (int i = 0; i < times && error == 0; ++i) {
    void* const at = base + static_cast<std::size_t>(i) * length;
    if (mmap(at, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, offset) == MAP_FAILED) error = -errno;
  }
  // A mapping inherited by a forked child would keep the locks of its description held.
  if (error == 0 && madvise(base, bytes, MADV_DONTFORK) != 0) error = -errno;
  if (error != 0) {
    munmap(base, bytes);
    return error;
  }
  *result = base;
  return 0;
}

napi_value Map(napi_env env, napi_callback_info info, int times) {
  const Arguments arguments(env, info);
  int fd = -1;
  std::int64_t offset = 0;
  std::int64_t length = 0;
  if (!ReadRange(arguments, kMaxSafeInteger / times, &fd, &offset, &length)) return nullptr;
  char* address = nullptr;
  const int result = MapShared(fd, offset, static_cast<std::size_t>(length), times, &address);
  if (result < 0) return Answer(env, result);
  return Environment::Of(env).mappings().Publish(env, address,
                                                 static_cast<std::size_t>(length) * static_cast<std::size_t>(times));
}

}  // namespace

napi_value MappingRegistry::Publish(napi_env env, char* address, std::size_t bytes) {
  // References of the registry, of the finalizer, and of this function, under which both others may go.
  Mapping* const mapping = new Mapping{this, address, bytes, true, true, false, 3};
  mappings_.emplace(reinterpret_cast<std::uintptr_t>(address), mapping);
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(env, address, bytes, OnStoreFreed, mapping, &buffer);
  if (status == napi_ok) {
    Release(mapping);
    return buffer;
  }

  if (status == napi_no_external_buffers_allowed) {
    // No store was made, so that its finalizer never comes to give its reference back.
    --mapping->references;
    Forget(mapping);
    Release(mapping);
    napi_throw_error(env, "ERR_NO_EXTERNAL_BUFFERS",
                     "this runtime forbids ArrayBuffers over memory that it did not allocate (Electron does): shared "
                     "memory cannot be used in it");
    return nullptr;
  }
  // Refused for its size: whether the finalizer ran, or will run, depends on the release of Node. Its reference stays.
  if (mapping->registry != nullptr) Forget(mapping);
  Release(mapping);
  ThrowLastError(env);
  return nullptr;
}

bool MappingRegistry::End(napi_env env, napi_value buffer, void* address, bool* ended) {
  const auto found = mappings_.find(reinterpret_cast<std::uintptr_t>(address));
  *ended = found != mappings_.end() && found->second->live;
  if (!*ended) return true;

  Mapping* const mapping = found->second;
  // The finalizer of the store runs soon after the detachment, while a job may still write; this one runs when nothing
  // refers to the ArrayBuffer any more.
  if (napi_add_finalizer(env, buffer, nullptr, OnObjectCollected, mapping, nullptr) != napi_ok) {
    ThrowLastError(env);
    return false;
  }
  mapping->has_object = true;
  ++mapping->references;
  waiter_->Forget(mapping->address, mapping->bytes);
  mapping->live = false;
  if (napi_detach_arraybuffer(env, buffer) != napi_ok) {
    mapping->live = true;
    ThrowLastError(env);
    return false;
  }
  void* const laid = mmap(mapping->address, mapping->bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  if (laid != MAP_FAILED) return true;
  napi_throw_error(
      env, errno == ENOMEM ? "ENOMEM" : "EINVAL",
      ("the shared memory stays mapped until its ArrayBuffer is collected: mmap: " + std::string(std::strerror(errno)))
          .c_str());
  return false;
}

bool MappingRegistry::Contains(const void* address, std::size_t bytes) const {
  const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(address);
  auto after = mappings_.upper_bound(begin);
  if (after == mappings_.begin()) return false;
  const Mapping* const mapping = (--after)->second;
  const std::uintptr_t offset = begin - after->first;
  return mapping->live && offset <= mapping->bytes && bytes <= mapping->bytes - offset;
}

void MappingRegistry::Close() {
  while (!mappings_.empty()) Forget(mappings_.begin()->second);
}

void MappingRegistry::OnStoreFreed(napi_env, void*, void* hint) {
  Mapping* const mapping = static_cast<Mapping*>(hint);
  mapping->has_store = false;
  if (mapping->registry != nullptr) mapping->registry->FreeIfUnused(mapping);
  Release(mapping);
}

void MappingRegistry::OnObjectCollected(napi_env, void*, void* hint) {
  Mapping* const mapping = static_cast<Mapping*>(hint);
  mapping->has_object = false;
  if (mapping->registry != nullptr) mapping->registry->FreeIfUnused(mapping);
  Release(mapping);
}

void MappingRegistry::Release(Mapping* mapping) {
  if (--mapping->references == 0) delete mapping;
}

void MappingRegistry::FreeIfUnused(Mapping* mapping) {
  if (mapping->has_store || mapping->has_object) return;
  if (mapping->live) waiter_->Forget(mapping->address, mapping->bytes);
  Forget(mapping);
}

void MappingRegistry::Forget(Mapping* mapping) {
  mappings_.erase(reinterpret_cast<std::uintptr_t>(mapping->address));
  mapping->registry = nullptr;
  // Fails only where the kernel cannot split a range; then it stays reserved, which hurts nobody.
  munmap(mapping->address, mapping->bytes);
  Release(mapping);
}

napi_value CallMap(napi_env env, napi_callback_info info) { return Map(env, info, 1); }

napi_value CallMapTwice(napi_env env, napi_callback_info info) { return Map(env, info, 2); }

napi_value CallPopulate(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  void* data = nullptr;
  std::size_t bytes = 0;
  std::int64_t offset = 0;
  std::int64_t length = 0;
  if (!arguments.Buffer(0, "buffer", &data, &bytes)) return nullptr;
  if (data == nullptr || !Environment::Of(env).mappings().Contains(data, bytes)) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_VALUE", "\"buffer\" must be a mapping that was not unmapped");
    return nullptr;
  }
  if (!arguments.Integer(1, "offset", 0, static_cast<std::int64_t>(bytes), &offset) ||
      !arguments.Integer(2, "length", 0, static_cast<std::int64_t>(bytes) - offset, &length)) {
    return nullptr;
  }
  if (offset % PageSize() != 0) {
    ThrowRange(env, "\"offset\" must be a multiple of the page size, " + std::to_string(PageSize()) + ", not " +
                        std::to_string(offset));
    return nullptr;
  }
  int result = 0;
  do {
    result = madvise(static_cast<char*>(data) + offset, static_cast<std::size_t>(length), MADV_POPULATE_WRITE);
  } while (result != 0 && errno == EINTR);
  // A kernel before 5.14 does not know the advice; the pages then come at first touch, from what was reserved.
  return Answer(env, result == 0 || errno == EINVAL ? 0 : -errno);
}

napi_value CallUnmap(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  void* data = nullptr;
  std::size_t bytes = 0;
  bool ended = false;
  if (!arguments.Buffer(0, "buffer", &data, &bytes)) return nullptr;
  if (!Environment::Of(env).mappings().End(env, arguments.at(0), data, &ended)) return nullptr;
  return Answer(env, ended);
}

}  // namespace ringway
