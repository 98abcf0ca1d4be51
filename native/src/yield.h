// The scheduler.
#pragma once

namespace ringway {

// Lets others run that wait for this processor; returns at once where nobody does.
void Yield();

}  // namespace ringway
