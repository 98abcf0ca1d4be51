// Objects of shared memory for tests, which nothing can leave behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace ringway::test {

// A descriptor that is closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int fd);
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  void Close();

 private:
  int fd_;
};

// Throws std::system_error when the machine refuses what a test cannot do without.
// A new, unnamed object in /dev/shm, and its descriptor.
int OpenObject(std::size_t bytes);
// Another description of the same object, whose locks conflict with those of the first.
int Reopen(int fd);
// A name in /dev/shm that belongs to this process and `suffix`.
std::string NameOf(const std::string& suffix);

// The words of a new object of `pages` pages, mapped as the addon maps.
class SharedWords {
 public:
  explicit SharedWords(std::size_t pages = 1);
  ~SharedWords();
  SharedWords(const SharedWords&) = delete;
  SharedWords& operator=(const SharedWords&) = delete;

  int fd() const { return object_.get(); }
  char* begin() const { return begin_; }
  std::size_t bytes() const { return bytes_; }
  std::uint32_t* at(std::size_t index) const { return reinterpret_cast<std::uint32_t*>(begin_) + index; }

  std::uint32_t Load(std::size_t index) const;
  // Changes the word, and wakes who waits for it. The number woken, or -errno.
  int Ring(std::size_t index);
  void Unmap();

 private:
  const std::size_t bytes_;
  Descriptor object_;
  char* begin_ = nullptr;
};

// How often a test repeats what may go wrong at each time: RINGWAY_TEST_ROUNDS, else `usual`.
int Rounds(int usual);

}  // namespace ringway::test
