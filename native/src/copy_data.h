// Copying from file to file by a mapping of the source, window by window.
#pragma once

#include <cstdint>

namespace ringway {

// Copies the data between `offset` and `end` to the same places of another file. Holes are passed over and cost
// nothing: what the target has there stays. Returns where the next data begins from `end` on, `size` if there is none
// before, or -errno: -EFAULT where the source gave no byte, because it was cut or cannot be read. Whoever calls looks
// at the size of the source afterwards: what lies beyond its end is passed over like a hole.
//
// Of two calls at a time one brings its pages in while the other writes: the kernel lets one of them write into a file.
std::int64_t CopyData(int source, int target, std::int64_t offset, std::int64_t end, std::int64_t size);

}  // namespace ringway
