// Commits the fault that its argument names, so that it can be seen whether a sanitizer is awake.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <thread>

namespace {

// Opaque to the optimizer, which would otherwise remove the fault or refuse it.
template <typename T>
T Opaque(T value) {
  volatile T copy = value;
  return copy;
}

int OverflowHeap() {
  char* const bytes = Opaque(new char[8]);
  std::memset(bytes, 1, 8);
  const int beyond = bytes[Opaque<std::size_t>(8)];
  delete[] bytes;
  return beyond;
}

int UseAfterFree() {
  int* const word = new int(1);
  int* volatile same = word;
  delete word;
  return *same;
}

int Leak() {
  char* volatile lost = new char[64];
  lost[0] = 1;
  lost = nullptr;
  return 0;
}

int OverflowInteger() { return Opaque(std::numeric_limits<int>::max()) + Opaque(1); }

int ReadUninitialized() {
  int* const words = new int[4];
  // A branch, which is what memcheck looks at.
  if (words[Opaque<std::size_t>(1)] > 0) std::puts("");
  delete[] words;
  return 0;
}

int Race() {
  int shared = 0;
  int* const word = &shared;
  std::thread other([word] { *word += 1; });
  *word += 1;
  other.join();
  return shared;
}

struct Fault {
  const char* name;
  int (*commit)();
};

constexpr Fault kFaults[] = {
    {"heap-overflow", OverflowHeap},       {"use-after-free", UseAfterFree},     {"leak", Leak},
    {"integer-overflow", OverflowInteger}, {"uninitialized", ReadUninitialized}, {"race", Race},
};

}  // namespace

int main(int count, char** arguments) {
  for (const Fault& fault : kFaults) {
    if (count != 2 || std::strcmp(arguments[1], fault.name) != 0) continue;
    const volatile int seen = fault.commit();
    static_cast<void>(seen);
    return 0;
  }
  std::fputs("which fault?\n", stderr);
  return 2;
}
