#include "yield.h"

#include <sched.h>

namespace ringway {

// It cannot fail on Linux.
void Yield() { static_cast<void>(sched_yield()); }

}  // namespace ringway
