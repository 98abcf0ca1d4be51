type IsAny<T> = 0 extends 1 & T ? true : false;

/** `true` only where each can stand for the other, and not because one of them is `any`. */
type Same<A, B> = [A, B, IsAny<A>] extends [B, A, IsAny<B>] ? true : false;

/** Compiles only if the type of `value` is `Expected`, neither wider nor narrower: `same<number>()(1 + 1)`. */
export function same<Expected>(): <Actual>(
  value: Actual,
  ...proof: Same<Actual, Expected> extends true ? [] : [never]
) => void {
  return () => undefined;
}
