// Survives the loss of memory under a mapping: an access behind the end of an object that was truncated, or into a hole
// for which the file system has no room, raises SIGBUS.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringway {

struct FaultRange;

// From here a SIGBUS inside of a guarded range lays a page of zeros under it, and every other one goes to the handler
// that was there before. The first call of the process decides: without `wanted` nothing is installed. 0 or -errno.
int InstallFaultGuard(bool wanted);

// Takes SIGBUS back when somebody else has it: from here that one gets what is no fault of ours. Nothing when the guard
// is not installed. A fault that comes before, after another handler was put in place of ours, is that one's.
void RenewFaultGuard();

// Renews the guard, and guards a range that is mapped, before anybody gets its address. The first fault in it adds 1 to
// `*faults`. After many faults, of this range or of all, a fault costs the whole range: the process has so many
// mappings and no more.
FaultRange* GuardRange(const char* begin, std::size_t bytes, std::int32_t* faults);
// Before the addresses are given back. From its return on, no handler touches the range or `*faults`.
void UnguardRange(FaultRange* range);
// Whether memory was missing under the range: part of it shows zeros that nobody else sees.
bool IsBroken(const FaultRange& range);

}  // namespace ringway
