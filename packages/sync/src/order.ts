/**
 * Whether this processor keeps plain stores in order, plain loads in order, and loads behind a store that was made by an Atomics operation (x86: total
 * store order, and Atomics stores are locked exchanges).
 *
 * `Atomics` calls are never inlined and cost some 10 ns, a plain access 1 to 2. Where this is true a plain access may stand for an atomic one in two cases, each
 * marked where it is used: a store that is followed by an Atomics store before anybody may rely on it, and a load right behind an Atomics operation. The compiler keeps
 * the order of accesses to typed arrays around calls that it does not inline. Elsewhere (arm64) the atomic form is used.
 */
export const STRONG_ORDER = process.arch === 'x64';
