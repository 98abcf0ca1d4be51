/**
 * The command line of Ringway. What stands behind the `ringway` program; nothing here is meant to be called by other programs.
 *
 * @packageDocumentation
 */
export { run } from './run.js';
