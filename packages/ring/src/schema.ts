import { RingwayError } from '@ringway/memory';
import type { Codec } from './codec.js';

/** The part of a Standard Schema (https://standardschema.dev) that Ringway uses: zod, valibot, arktype and others have it. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly output: Output } | undefined;
  };
}

/** What validation answers. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

/**
 * Validates on both sides: what is sent, and what was decoded. Throws `ERR_RINGWAY_SCHEMA` with the issues, and for a schema that validates
 * asynchronously.
 */
export function withSchema<T>(codec: Codec<T>, schema: StandardSchema<T>): Codec<T> {
  return {
    name: codec.name,
    encode: (value) => codec.encode(validated(schema, value, 'sent')),
    decode: (bytes) => validated(schema, codec.decode(bytes), 'received'),
  };
}

function validated<T>(schema: StandardSchema<T>, value: unknown, direction: string): T {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) {
    result.catch(() => undefined); // its outcome is of no use: the error below says why
    throw new RingwayError(
      'ERR_RINGWAY_SCHEMA',
      `the schema (${schema['~standard'].vendor}) validates asynchronously; messages need a synchronous one`,
    );
  }
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map(({ message }) => message).join('; ');
  throw new RingwayError('ERR_RINGWAY_SCHEMA', `a message that was ${direction} does not match the schema: ${issues}`, {
    cause: result.issues,
  });
}
