/** What an examination found: one line a thing, and how to mend what is wrong. */
export interface Finding {
  /** What was looked at, in a word or two. */
  readonly what: string;
  /** `bad` keeps Drey from working, `warn` will or may. */
  readonly state: 'ok' | 'warn' | 'bad';
  readonly says: string;
  /** What to do about it; undefined where nothing is wrong. */
  readonly mend?: string;
}

/** All is well. */
export function ok(what: string, says: string): Finding {
  return { what, state: 'ok', says };
}

/** Something that will or may become a trouble. */
export function warn(what: string, says: string, mend: string): Finding {
  return { what, state: 'warn', says, mend };
}

/** Something that keeps Drey from working. */
export function bad(what: string, says: string, mend: string): Finding {
  return { what, state: 'bad', says, mend };
}
