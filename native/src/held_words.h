// Keeps the memory of watched words from being collected: to forget a buffer is not to unmap it.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace ringway {

// For the thread of the environment alone.
class HeldWords {
 public:
  HeldWords() = default;
  HeldWords(const HeldWords&) = delete;
  HeldWords& operator=(const HeldWords&) = delete;

  // `view` is held until the watch `id`, of a word in it, is dropped. False when an exception is pending.
  bool Hold(napi_env env, std::int64_t id, napi_value view, const std::uint32_t* word);
  void Drop(std::int64_t id);
  // Drops all watches of words in the range.
  void DropRange(const char* begin, std::size_t bytes);
  void Clear() { held_.clear(); }

 private:
  struct Held {
    Napi::Reference<Napi::Value> view;
    const std::uint32_t* word;
  };

  std::unordered_map<std::int64_t, Held> held_;
};

}  // namespace ringway
