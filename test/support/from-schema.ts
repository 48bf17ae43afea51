/**
 * Values that fit a JSON schema, for properties that call every tool and resource there is without knowing one of them.
 * Texts come from a given pool wherever the schema lets them, so that ids and names of somebody else are tried.
 */
import * as fc from 'fast-check';

export type Schema = Readonly<Record<string, unknown>>;

export interface SchemaWorld {
  /** Texts to put in; one of them at least is a plain word. */
  readonly pool: readonly string[];
  /** What `#/components/schemas/<name>` stands for. */
  readonly schemas?: Readonly<Record<string, unknown>>;
}

const depthMax = 5;

/** An arbitrary of values that fit in type and bounds; finer rules are mostly met, not always. */
export function fromSchema(schema: unknown, world: SchemaWorld, depth = 0): fc.Arbitrary<unknown> {
  const given = (typeof schema === 'object' && schema !== null ? schema : {}) as Schema;
  const { $ref, enum: options } = given;
  if (typeof $ref === 'string')
    return fromSchema(world.schemas?.[$ref.split('/').at(-1) ?? ''], world, depth + 1);
  if ('const' in given) return fc.constant(given['const']);
  if (Array.isArray(options)) return fc.constantFrom(...(options as unknown[]));
  const either = given['anyOf'] ?? given['oneOf'];
  if (Array.isArray(either)) return fc.oneof(...either.map((one) => fromSchema(one, world, depth + 1)));
  const make = makers[Array.isArray(given['type']) ? String(given['type'][0]) : String(given['type'])];
  return make?.(given, world, depth) ?? fc.oneof(fc.constantFrom(...world.pool), fc.nat(9), fc.boolean());
}

type Maker = (schema: Schema, world: SchemaWorld, depth: number) => fc.Arbitrary<unknown>;

const makers: Readonly<Record<string, Maker>> = {
  object: toObject,
  array: (schema, world, depth) =>
    depth >= depthMax
      ? fc.constant([])
      : fc.array(fromSchema(schema['items'], world, depth + 1), {
          minLength: Math.min(toNumber(schema['minItems'], 0), 2),
          maxLength: 2,
        }),
  string: toText,
  integer: (schema) => {
    const min = toNumber(schema['minimum'], 0);
    return fc.integer({ min, max: Math.max(min, Math.min(toNumber(schema['maximum'], 50), min + 50)) });
  },
  number: (schema) =>
    fc.double({ min: toNumber(schema['minimum'], 0), max: toNumber(schema['maximum'], 1), noNaN: true }),
  boolean: () => fc.boolean(),
  null: () => fc.constant(null),
};

function toObject(schema: Schema, world: SchemaWorld, depth: number): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema['properties'] ?? {}) as Schema);
  const required = (schema['required'] ?? []) as readonly string[];
  if (properties.length === 0) {
    const inner =
      depth >= depthMax ? fc.constant('x') : fromSchema(schema['additionalProperties'], world, depth + 1);
    return fc.dictionary(fc.constantFrom('one', 'two'), inner, { maxKeys: 2 });
  }
  const parts = Object.fromEntries(
    properties.map(([name, one]) => [name, fromSchema(one, world, depth + 1)] as const),
  );
  return fc.record(parts, { requiredKeys: required.filter((name) => Object.hasOwn(parts, name)) });
}

function toText(schema: Schema, { pool }: SchemaWorld): fc.Arbitrary<string> {
  const { maxLength = Number.POSITIVE_INFINITY, pattern, format } = schema as Bounds;
  if (format === 'date-time') return fc.constant('2026-03-01T10:00:00.000Z');
  const rule = pattern === undefined ? undefined : new RegExp(pattern, 'u');
  const fits = pool.filter((text) => text.length <= maxLength && rule?.test(text) !== false);
  return fc.constantFrom(...(fits.length === 0 ? pool : fits));
}

interface Bounds {
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
}

function toNumber(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}
