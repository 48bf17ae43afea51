/** The part of `drey.json` that says what else is hidden, and what is not. A rule that cannot be used is named. */
import { z } from 'zod';
import { findPatternFault, patternCharactersMax } from '../../access/access.ts';

const Name = z.string().min(1).max(100);

/** A regular expression of which the time it takes is known: no endless repeats, no looking around, bounded ranges. */
const Pattern = z.strictObject({
  /** What the token says: `[redacted:<kind>:…]`. */
  kind: z.string().regex(/^[a-z][a-z0-9]{0,19}$/, 'a kind has 1 to 20 characters of a-z and 0-9'),
  pattern: z
    .string()
    .min(1)
    .max(patternCharactersMax)
    .superRefine((pattern, context) => {
      const fault = findPatternFault(pattern);
      if (fault !== undefined)
        context.addIssue({ code: 'custom', message: `the pattern ${pattern} cannot be used: ${fault}` });
    }),
});

export const RedactionConfig = z.strictObject({
  /** Further names whose values are hidden, besides `redactKeys`. */
  names: z.array(Name).max(200).default([]),
  /** Further forms of what is hidden. */
  patterns: z.array(Pattern).max(50).default([]),
  /** Names whose values are kept, unless they hold a credential. */
  keep: z.array(Name).max(200).default([]),
  /** Whether e-mail addresses, phones, cards, accounts and IPv6 addresses are hidden. */
  personal: z.boolean().default(true),
  /** Whether values in shared contexts are hidden, too. */
  contexts: z.boolean().default(false),
});
