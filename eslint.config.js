import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

// From the bottom up. A package may import those before it, never itself by name, and never one after it.
const layers = [
  { folder: 'native', name: '@ringway/native' },
  { folder: 'packages/memory', name: '@ringway/memory' },
  { folder: 'packages/sync', name: '@ringway/sync' },
  { folder: 'packages/ring', name: '@ringway/ring' },
  { folder: 'packages/rpc', name: '@ringway/rpc' },
  { folder: 'packages/cli', name: '@ringway/cli' },
  { folder: 'packages/ringway', name: 'ringway' },
];

/** Forbids the imports of `names`, whole or by a path inside them, with one message. */
const forbid = (names, message) => ({ regex: `^(${names.join('|')})(/|$)`, message });

const arrowsPointDown = layers.map(({ folder }, index) => {
  const above = layers.slice(index + 1).map(({ name }) => name);
  const patterns = [forbid([layers[index].name], 'A package imports its own files by relative paths.')];
  if (above.length > 0) patterns.push(forbid(above, 'Arrows point down only: this package lies above.'));
  return {
    files: [`${folder}/**/*.ts`],
    ignores: ['**/test/**'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
  };
});

// Tests may import their own package by name, as its users do.
const testsPointDown = layers.slice(0, -1).map(({ folder }, index) => {
  const above = layers.slice(index + 1).map(({ name }) => name);
  return {
    files: [`${folder}/test/**/*.ts`],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [forbid(above, 'Arrows point down only: this package lies above.')] },
      ],
    },
  };
});

const internals = layers.slice(0, -1).map(({ name }) => name);
const nothingButThePublicApi = [
  { folder: 'examples', forbidden: internals },
  { folder: 'benchmarks', forbidden: internals.filter((name) => name !== '@ringway/native') },
].map(({ folder, forbidden }) => ({
  files: [`${folder}/**/*.ts`],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      { patterns: [forbid(forbidden, 'What stands on top imports what people install: ringway.')] },
    ],
  },
}));

export default defineConfig(
  globalIgnores(['**/dist/', '**/test-dist/', '**/build/', 'coverage/', 'docs/api/', '.nx/']),
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      // What was caught is passed on as it is.
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    // Functions inside of values that have a type: the rule does not look there.
    files: ['packages/ring/test/interleave/scenarios/*.ts'],
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', setTimeout: 'readonly', URL: 'readonly' } },
  },
  { rules: { eqeqeq: 'error', 'no-console': 'off' } },
  arrowsPointDown,
  testsPointDown,
  nothingButThePublicApi,
);
