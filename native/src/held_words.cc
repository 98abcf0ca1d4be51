#include "held_words.h"

#include <utility>

#include "byte_range.h"

namespace ringway {

bool HeldWords::Hold(napi_env env, std::int64_t id, napi_value view, const std::uint32_t* word) {
  Napi::Reference<Napi::Value> reference = Napi::Reference<Napi::Value>::New(Napi::Value(env, view), 1);
  if (reference.IsEmpty()) return false;
  held_.emplace(id, Held{std::move(reference), word});
  return true;
}

void HeldWords::Drop(std::int64_t id) { held_.erase(id); }

void HeldWords::DropRange(const char* begin, std::size_t bytes) {
  for (auto held = held_.begin(); held != held_.end();) {
    held = IsInside(held->second.word, begin, bytes) ? held_.erase(held) : std::next(held);
  }
}

}  // namespace ringway
