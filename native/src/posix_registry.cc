#include "posix_registry.h"

#include <napi.h>
#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "fork_guard.h"
#include "mapping.h"

namespace ringway {

std::int64_t PosixRegistry::Map(const MapRequest& request) {
  Entry entry;
  const int result = PosixMapping::Map(request, guard_, &entry.mapping);
  if (result < 0) return result;
  entries_.emplace(++last_id_, std::move(entry));
  return last_id_;
}

PosixMapping* PosixRegistry::Find(napi_env env, std::int64_t id) {
  const auto found = FindEntry(env, id);
  return found == entries_.end() ? nullptr : found->second.mapping.get();
}

PosixRegistry::Entries::iterator PosixRegistry::FindEntry(napi_env env, std::int64_t id) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.buffer.IsEmpty()) return found;
  void* data = nullptr;
  std::size_t bytes = 0;
  napi_value buffer = found->second.buffer.Value();
  const bool known = napi_get_arraybuffer_info(env, buffer, &data, &bytes) == napi_ok;
  if (known && data == found->second.mapping->address()) return found;
  // Transferred to another ArrayBuffer, which keeps the memory for as long as it lives; then the range is anybody's.
  found->second.mapping->Release();
  entries_.erase(found);
  return entries_.end();
}

bool PosixRegistry::Replace(napi_env env, std::int64_t id, std::size_t offset, const MapRequest& request, int* result) {
  const auto found = FindEntry(env, id);
  *result = -ENOENT;
  if (found == entries_.end()) return true;
  Entry* const entry = &found->second;
  if ((request.prot & PROT_READ) == 0 && entry->mapping->IsWhole(offset, request.length)) {
    // Asked first, so that a refusal leaves the buffer where it is.
    MapRequest elsewhere = request;
    elsewhere.flags &= ~MAP_FIXED;
    std::unique_ptr<PosixMapping> trial;
    *result = PosixMapping::Map(elsewhere, guard_, &trial);
    if (*result < 0) return true;
    if (!Withdraw(env, entry, entry->mapping->length(), result)) return false;
    if (*result < 0) return true;
  }
  *result = entry->mapping->Replace(offset, request, guard_);
  return true;
}

bool PosixRegistry::Protect(napi_env env, std::int64_t id, std::size_t offset, std::size_t length, int prot,
                            int* result) {
  const auto found = FindEntry(env, id);
  *result = -ENOENT;
  if (found == entries_.end()) return true;
  Entry* const entry = &found->second;
  if ((prot & PROT_READ) == 0 && entry->mapping->IsWhole(offset, length)) {
    // Asked first, so that a refusal leaves the buffer where it is.
    *result = entry->mapping->MayProtect(prot);
    if (*result < 0) return true;
    if (!Withdraw(env, entry, entry->mapping->length(), result)) return false;
    if (*result < 0) return true;
  }
  *result = entry->mapping->Protect(offset, length, prot);
  return true;
}

bool PosixRegistry::Unmap(napi_env env, std::int64_t id, std::size_t offset, std::size_t length, int* result) {
  const auto found = FindEntry(env, id);
  *result = found == entries_.end() ? -ENOENT : -EINVAL;
  if (found == entries_.end()) return true;
  Entry* const entry = &found->second;
  if (!entry->mapping->IsTail(offset, length)) return true;
  const bool published = !entry->buffer.IsEmpty();
  *result = 0;
  if (offset > 0) {
    if (published) return Withdraw(env, entry, offset, result);
    *result = entry->mapping->Cut(offset);
    return true;
  }
  bool ended = true;
  if (published) {
    ended = EndBuffer(env, entry, entry->mapping->address());
    entry->mapping->Release();
  }
  entries_.erase(found);
  return ended;
}

napi_value PosixRegistry::Buffer(napi_env env, std::int64_t id, int* result) {
  const auto found = FindEntry(env, id);
  *result = -ENOENT;
  if (found == entries_.end()) return nullptr;
  Entry* const entry = &found->second;
  *result = entry->mapping->IsReadable() ? 0 : -EACCES;
  if (*result < 0) return nullptr;
  if (!entry->buffer.IsEmpty()) return entry->buffer.Value();

  napi_value buffer = buffers_->Publish(env, entry->mapping->address(), entry->mapping->length());
  if (buffer != nullptr) entry->buffer = Napi::Reference<Napi::Value>::New(Napi::Value(env, buffer), 1);
  if (buffer != nullptr && !entry->buffer.IsEmpty()) return buffer;
  // The registry of buffers has taken the range over, and unmapped it or will.
  entry->mapping->Release();
  entries_.erase(found);
  return nullptr;
}

void PosixRegistry::Forget(std::int64_t id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  if (!found->second.buffer.IsEmpty()) found->second.mapping->Release();
  entries_.erase(found);
}

bool PosixRegistry::Withdraw(napi_env env, Entry* entry, std::size_t keep, int* result) {
  *result = 0;
  if (entry->buffer.IsEmpty()) return true;
  char* const before = entry->mapping->address();
  *result = entry->mapping->MoveAway(keep);
  return *result < 0 || EndBuffer(env, entry, before);
}

bool PosixRegistry::EndBuffer(napi_env env, Entry* entry, char* address) {
  bool ended = false;
  const bool done = buffers_->End(env, entry->buffer.Value(), address, &ended);
  entry->buffer.Reset();
  return done;
}

void PosixRegistry::Close() {
  for (auto& [id, entry] : entries_) {
    if (!entry.buffer.IsEmpty()) entry.mapping->Release();
  }
  // Before the guard ends, which lets go of the locks of what it guards: these descriptions are shared with the user's
  // own.
  entries_.clear();
  descriptors_.CloseAll();
}

}  // namespace ringway
