// Memory barriers that one process executes on the processors of others (membarrier(2)), so that the others need none
// of their own.
#pragma once

namespace ringway {

// Both return 0 or -errno.
// From here the processors that run this process take part in every fence.
int RegisterFence();
// A full barrier on this processor, and on every one that runs a registered process.
int Fence();

}  // namespace ringway
