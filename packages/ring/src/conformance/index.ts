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
export { pattern as blackboardPattern } from './blackboard-pattern.js';
export { pattern as topicBlockPattern } from './topic-block-pattern.js';
export { pattern as topicDropPattern } from './topic-drop-pattern.js';
