/** The longest delay that Node's timers take, in milliseconds. It only has to be there. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

let holds = 0;
let timer: NodeJS.Timeout | undefined;

/** Keeps the event loop of this environment alive until as many {@link releaseLocalLoop} came. */
export function holdLocalLoop(): void {
  holds += 1;
  timer ??= setInterval(() => undefined, LONGEST_DELAY_MS);
}

/** Takes `count` holds back. */
export function releaseLocalLoop(count: number): void {
  holds -= count;
  if (holds > 0) return;
  clearInterval(timer);
  timer = undefined;
}
