/** What is limited in rate, and the profiles of limits that a node may be started with. */
import { z } from 'zod';

/** Deeds that have a budget of their own, for each principal of each namespace. */
export const RateOperation = z.enum(['sop_write', 'pattern_write', 'context_inject', 'feedback']);
export type RateOperation = z.infer<typeof RateOperation>;

/** Chosen once, when the node starts. */
export const RateProfile = z.enum(['production', 'development', 'test']);
export type RateProfile = z.infer<typeof RateProfile>;
