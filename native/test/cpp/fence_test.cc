#include "../../src/fence.h"

#include <doctest/doctest.h>

#include <cerrno>

namespace ringway::test {

TEST_CASE("a fence: works, or says that this kernel or sandbox has none") {
  const int registered = RegisterFence();
  CHECK((registered == 0 || registered == -ENOSYS || registered == -EPERM));
  CHECK(Fence() == registered);
}

}  // namespace ringway::test
