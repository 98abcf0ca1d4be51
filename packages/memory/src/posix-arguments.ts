import { Address, Mapping } from './mapping.js';

/** A mapping, which stands for its first byte, or an address inside of it (`mapping.at(offset)`). */
export type Place = Mapping | Address;

/** Whether it is something that the calls of POSIX take for an address. */
export function isPlace(value: unknown): value is Place {
  return value instanceof Mapping || value instanceof Address;
}

/** The mapping and the offset that an address stands for. */
export function resolvePlace(addr: Place): { readonly mapping: Mapping; readonly offset: number } {
  if (addr instanceof Mapping) return { mapping: addr, offset: 0 };
  if (addr instanceof Address) return addr;
  throw new TypeError('"addr" must be a Mapping, or an address in one: mapping.at(offset)');
}
