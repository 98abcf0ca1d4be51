/** What the parent says. */
export type Order =
  { readonly go: Role; readonly id: number; readonly seed: number; readonly label: string } | { readonly finish: true };

export type Role = 'publisher' | 'subscriber';

/** How a subscriber takes part. */
export interface Manner {
  readonly onSlow: 'block' | 'drop' | 'disconnect';
  /** Index of the one key that it wants; 0: everything. */
  readonly key: number;
}

/** A subscriber's journal and place tell by its index here how it takes part. */
export const MANNERS: readonly Manner[] = [
  { onSlow: 'block', key: 0 },
  { onSlow: 'drop', key: 0 },
  { onSlow: 'disconnect', key: 0 },
  { onSlow: 'block', key: 1 },
  { onSlow: 'drop', key: 2 },
];

/** Keys by index; none at 0. */
export const KEYS: readonly (string | undefined)[] = [undefined, 'a', 'ключ', 'c'.repeat(40)];

/** Geometry of the topic. */
export function geometry(laneBytes: number): { laneBytes: number; maxPublishers: number; maxSubscribers: number } {
  return { laneBytes, maxPublishers: 6, maxSubscribers: 12 };
}

/** Number of the lane in which a message stood. */
export function laneOf({ id }: { readonly id: string }): number {
  return Number(id.split('-')[1]);
}
