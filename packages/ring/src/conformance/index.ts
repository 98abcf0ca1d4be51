/**
 * One suite for everything that carries messages: each pattern keeps its promises wherever its participants are, and
 * however they wait.
 *
 * @packageDocumentation
 */
export { conformance } from './conformance.js';
export type { ConformanceOptions, ConformanceTally, TestFunctions } from './conformance.js';
export { cellsOf } from './matrix.js';
export type { CaseName, Cell, Place } from './matrix.js';
export type { Handle, Pattern, Promises, Received, Receiver, Sender } from './pattern.js';
export { pattern as queuePattern } from './queue-pattern.js';
