// Where a word lies.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringway {

// Whether `word` lies in the range.
inline bool IsInside(const std::uint32_t* word, const char* begin, std::size_t bytes) {
  const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(word);
  const std::uintptr_t first = reinterpret_cast<std::uintptr_t>(begin);
  return address >= first && address - first < bytes;
}

}  // namespace ringway
