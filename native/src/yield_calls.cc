#include "calls.h"
#include "yield.h"

namespace ringway {

napi_value CallYield(napi_env /*env*/, napi_callback_info /*info*/) {
  Yield();
  return nullptr;
}

}  // namespace ringway
