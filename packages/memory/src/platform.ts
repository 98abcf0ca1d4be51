import { load, support } from '@ringway/native';
import type { Native } from '@ringway/native';

import { RingwayError } from './errors.js';

export { support } from '@ringway/native';
export type { Support } from '@ringway/native';

let loaded: Native | undefined;

/** The addon, loaded at the first call. Throws `ERR_RINGWAY_UNSUPPORTED_PLATFORM` with the reason. */
export function native(): Native {
  if (loaded === undefined) {
    const answer = support();
    if (!answer.supported) throw new RingwayError('ERR_RINGWAY_UNSUPPORTED_PLATFORM', answer.reason);
    try {
      loaded = load();
    } catch (error) {
      throw new RingwayError(
        'ERR_RINGWAY_UNSUPPORTED_PLATFORM',
        `the native addon cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  }
  return loaded;
}
