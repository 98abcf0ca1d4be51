// An addon that commits, inside Node, the faults that the sanitizers must see there.
#include <node_api.h>

#include <climits>
#include <cstddef>
#include <cstring>

namespace {

napi_value Leak(napi_env, napi_callback_info) {
  char* volatile lost = new char[64];
  lost[0] = 1;
  lost = nullptr;
  return nullptr;
}

napi_value OverflowInteger(napi_env, napi_callback_info) {
  volatile int most = INT_MAX;
  most = most + 1;
  return nullptr;
}

napi_value OverflowHeap(napi_env, napi_callback_info) {
  // Of a size that the compiler does not see: else it is undefined behaviour, and reported as that.
  char* volatile bytes = new char[8];
  volatile std::size_t beyond = 8;
  volatile char* const byte = bytes + beyond;
  *byte = 1;
  delete[] bytes;
  return nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"leak", nullptr, Leak, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"integer-overflow", nullptr, OverflowInteger, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"heap-overflow", nullptr, OverflowHeap, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  if (napi_define_properties(env, exports, sizeof(functions) / sizeof(functions[0]), functions) != napi_ok) {
    napi_fatal_error("seeded", NAPI_AUTO_LENGTH, "napi_define_properties failed", NAPI_AUTO_LENGTH);
  }
  return exports;
}
