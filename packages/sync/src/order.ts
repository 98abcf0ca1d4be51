/**
 * Whether this processor keeps plain stores in order, and plain loads in order (x86: total store order). It may still let a load pass an earlier store to
 * another place; an Atomics operation in between forbids that.
 *
 * `Atomics` calls are never inlined and cost some 10 ns, and an atomic store waits until all stores before it have reached the other processors; a plain
 * access costs 1 to 2 ns and waits for nothing. Where this is true a plain access stands for an atomic one in these cases, each marked where it is used:
 *
 * - a load right behind an Atomics operation;
 * - a store whose only duty is to stay behind the stores before it;
 * - a store that is followed by a look at what a sleeper has announced, if the sleepers fence (`Doorbells.relaxed`).
 *
 * The compiler keeps the order of accesses to typed arrays. Elsewhere (arm64), and with `RINGWAY_STRICT_ORDER=1` in the environment, the atomic form is used;
 * processes of both kinds work together.
 */
export const STRONG_ORDER = process.arch === 'x64' && process.env.RINGWAY_STRICT_ORDER !== '1';
