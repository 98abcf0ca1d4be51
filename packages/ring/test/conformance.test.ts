import {
  blackboardPattern,
  conformance,
  queuePattern,
  topicBlockPattern,
  topicDropPattern,
} from '@ringway/ring/conformance';

const PATTERNS = [queuePattern, topicBlockPattern, topicDropPattern, blackboardPattern];

describe('conformance', () => {
  const tallies = PATTERNS.map((pattern) => conformance(pattern, { describe, it, after }));

  after(() => {
    console.log(`conformance: ${tallies.reduce((sum, { held }) => sum + held, 0)} cells`);
  });
});
