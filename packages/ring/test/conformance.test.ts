import { conformance, queuePattern } from '@ringway/ring/conformance';

const PATTERNS = [queuePattern];

describe('conformance', () => {
  const tallies = PATTERNS.map((pattern) => conformance(pattern, { describe, it, after }));

  after(() => {
    console.log(`conformance: ${tallies.reduce((sum, { held }) => sum + held, 0)} cells`);
  });
});
