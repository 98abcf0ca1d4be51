/**
 * The suite that every pattern must pass, for implementations of one's own.
 *
 * @packageDocumentation
 */
export {
  blackboardPattern,
  cellsOf,
  conformance,
  queuePattern,
  topicBlockPattern,
  topicDropPattern,
} from '@ringway/ring/conformance';
export type {
  CaseName,
  Cell,
  ConformanceOptions,
  ConformanceTally,
  Handle,
  Pattern,
  Place,
  Promises,
  Received,
  Receiver,
  Sender,
  TestFunctions,
} from '@ringway/ring/conformance';
