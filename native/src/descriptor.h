// Calls on a descriptor of an object: its name and its memory.
#pragma once

#include <cstdint>
#include <string>

namespace ringway {

// All return 0 or -errno.
// Gives an unnamed object its name.
int LinkDescriptor(int fd, const std::string& path);
// Commits memory, in steps that no signal disturbs. What was reserved before an error stays.
int Reserve(int fd, std::int64_t offset, std::int64_t length);
// Gives memory back; the size stays.
int Punch(int fd, std::int64_t offset, std::int64_t length);

}  // namespace ringway
