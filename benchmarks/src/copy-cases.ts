/** Name of the scenario. */
export const COPY = 'copy';

/** Where a file is copied, within one file system. */
export type CopyWhere = 'tmpfs' | 'disk';

export const COPY_WHERES: readonly CopyWhere[] = ['tmpfs', 'disk'];

/** Programs that copy, in the order in which they take their turns. */
export const COPY_SYSTEMS = ['ringway', 'cp'] as const;

export type CopySystem = (typeof COPY_SYSTEMS)[number];

/** Length of the file that is copied, unless another is asked for. */
export const COPY_BYTES = 1024 * 1024 * 1024;
