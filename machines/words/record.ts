/**
 * What an event keeps of a call's arguments or result: redacted JSON cut to a maximum, with hash, size and shape of
 * the original. A recorded value never holds more than `limits.recordedBytesMax` bytes.
 */
import { z } from 'zod';

/** A result's outline: enough to branch on, without its content. */
export const Shape = z.enum(['error', 'null', 'true', 'false', 'number', 'text', 'empty', 'list', 'object']);
export type Shape = z.infer<typeof Shape>;

export const Recorded = z.object({
  /** The redacted value; absent when it was cut (then `text` holds its beginning). */
  value: z.unknown().optional(),
  /** The beginning of the redacted JSON text, when the whole was too large. */
  text: z.string().optional(),
  /** sha-256 of the original bytes, hexadecimal. */
  hash: z.string(),
  sizeBytes: z.number().int().nonnegative(),
  shape: Shape,
  cut: z.boolean(),
});
export type Recorded = z.infer<typeof Recorded>;
