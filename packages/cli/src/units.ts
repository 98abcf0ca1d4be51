const STEP = 1024;
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes for people: `4096 B` is `4.0 KiB`. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  // 1023.96 KiB would be shown as 1024.0 KiB.
  while (Number(value.toFixed(1)) >= STEP && unit < BYTE_UNITS.length - 1) {
    value /= STEP;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

const SECOND_MS = 1000;
/** From the longest to the shortest, in seconds. */
const AGE_UNITS: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** An age for people, in the largest unit of which there is one whole: `90 s` is `1 min`. A clock that was set back makes it 0 s. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / SECOND_MS));
  const [size, unit] = AGE_UNITS.find(([least]) => seconds >= least) ?? [1, 's'];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** Permission bits as `chmod` takes them: `0600`. */
export function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** A time for programs, ISO 8601. Whoever can write to a segment can write an impossible one: then null. */
export function formatTime(milliseconds: number): string | null {
  const time = new Date(milliseconds);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}
