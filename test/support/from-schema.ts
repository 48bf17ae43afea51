/**
 * Values that fit a JSON schema, for properties that call every tool and resource there is without knowing one of them.
 * Texts come from a given pool as often as the schema lets them, so that ids and names of somebody else are tried.
 */
import fc from 'fast-check';

export type Schema = Readonly<Record<string, unknown>>;

const depthMax = 4;

/** An arbitrary of values that fit; what the schema asks for beyond types and bounds is mostly met, not always. */
export function fromSchema(schema: unknown, pool: readonly string[], depth = 0): fc.Arbitrary<unknown> {
  const given = (typeof schema === 'object' && schema !== null ? schema : {}) as Schema;
  if ('const' in given) return fc.constant(given['const']);
  if (Array.isArray(given['enum'])) return fc.constantFrom(...(given['enum'] as unknown[]));
  const either = given['anyOf'] ?? given['oneOf'];
  if (Array.isArray(either)) return fc.oneof(...either.map((one) => fromSchema(one, pool, depth)));
  const type = Array.isArray(given['type']) ? (given['type'] as unknown[])[0] : given['type'];
  switch (type) {
    case 'object':
      return toObject(given, pool, depth);
    case 'array':
      return depth >= depthMax
        ? fc.constant([])
        : fc.array(fromSchema(given['items'], pool, depth + 1), {
            minLength: Math.min(toNumber(given['minItems'], 0), 3),
            maxLength: 3,
          });
    case 'string':
      return toText(given, pool);
    case 'integer':
      return fc.integer({
        min: toNumber(given['minimum'], 0),
        max: Math.min(toNumber(given['maximum'], 100), toNumber(given['minimum'], 0) + 100),
      });
    case 'number':
      return fc.double({
        min: toNumber(given['minimum'], 0),
        max: toNumber(given['maximum'], 1),
        noNaN: true,
      });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.oneof(fc.constantFrom(...pool), fc.integer({ min: 0, max: 9 }), fc.boolean());
  }
}

function toObject(schema: Schema, pool: readonly string[], depth: number): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema['properties'] ?? {}) as Schema);
  const required = (schema['required'] ?? []) as string[];
  if (properties.length === 0) {
    const inner = depth >= depthMax ? fc.constant('x') : fromSchema(schema['additionalProperties'], pool, depth + 1);
    return fc.dictionary(fc.constantFrom('one', 'two'), inner, { maxKeys: 2 });
  }
  const parts = Object.fromEntries(properties.map(([name, one]) => [name, fromSchema(one, pool, depth + 1)]));
  return fc.record(parts, { requiredKeys: required.filter((name) => name in parts) });
}

function toText(schema: Schema, pool: readonly string[]): fc.Arbitrary<string> {
  const { maxLength, pattern, format } = schema as { maxLength?: number; pattern?: string; format?: string };
  if (format === 'date-time') return fc.constant('2026-03-01T10:00:00.000Z');
  const fits = pool.filter(
    (text) =>
      text.length <= (maxLength ?? Number.POSITIVE_INFINITY) &&
      (pattern === undefined || new RegExp(pattern, 'u').test(text)),
  );
  return fits.length === 0 ? fc.constantFrom(...pool) : fc.constantFrom(...fits);
}

function toNumber(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}
