// Ranges of addresses that show shared memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringway {

std::int64_t PageSize();

// All return 0 or -errno.
// Maps the same bytes `times` times, back to back, out of reach of forked children.
int MapShared(int fd, std::int64_t offset, std::size_t length, int times, char** result);
// Lays private anonymous pages over the range: whoever still looks at it meets zeros.
int CoverRange(char* begin, std::size_t bytes);
// Gives the addresses back. Fails only where the kernel cannot split a range; then it stays reserved.
int UnmapRange(char* begin, std::size_t bytes);
// Brings the pages in for writing, and reports what would else be a fault.
int PopulateRange(char* begin, std::size_t bytes);

}  // namespace ringway
