/**
 * JSON that is to be kept: what a value would lose on its way into the store and back is told, so that whoever takes it from
 * outside can refuse it by name instead of keeping something else.
 */
import { z } from 'zod';

/** Nesting of a value that is kept. */
export const keptDepthMax = 32;

/** What a value would lose; undefined when nothing. */
export function findLoss(value: unknown, depth = 1): string | undefined {
  if (depth > keptDepthMax) return `must not be nested deeper than ${keptDepthMax} levels`;
  if (typeof value === 'number') return findNumberLoss(value);
  if (typeof value === 'string')
    return isStorable(value) ? undefined : 'must be well-formed Unicode without NUL';
  if (value === undefined || typeof value === 'bigint') return 'must be JSON';
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return findFirst(value, depth);
  for (const key of Object.keys(value)) {
    if (!isStorable(key) || key === '__proto__') return 'must have keys of well-formed Unicode without NUL';
  }
  return findFirst(Object.values(value), depth);
}

/** Whether a database keeps the text as it is. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object of JSON to be kept as it is; a copy would leave out what is to be refused. */
export const KeptObject = z
  .custom<Record<string, unknown>>(isObject, { error: 'must be an object' })
  .superRefine((value, context) => {
    const loss = isObject(value) ? findLoss(value) : undefined;
    if (loss !== undefined) context.addIssue({ code: 'custom', message: loss });
  })
  .meta({ type: 'object', additionalProperties: true });

function findFirst(values: readonly unknown[], depth: number): string | undefined {
  for (const value of values) {
    const loss = findLoss(value, depth + 1);
    if (loss !== undefined) return loss;
  }
  return undefined;
}

function findNumberLoss(value: number): string | undefined {
  if (!Number.isFinite(value)) return 'must have finite numbers';
  return Number.isInteger(value) && !Number.isSafeInteger(value)
    ? 'must have whole numbers below 2^53; write larger ones as text'
    : undefined;
}
