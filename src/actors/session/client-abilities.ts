/**
 * What a client said in its handshake that it can do, as a session keeps it: within a bound, and as text in its row. It
 * is a description and never a right.
 */
export type ClientAbilities = Readonly<Record<string, unknown>>;

/** Characters of what is kept; the row's column has the same bound. */
export const abilitiesCharactersMax = 4_096;

const asked = ['roots', 'sampling', 'elicitation'];

/** The same where it is short enough, else only that it can be asked, and for what. */
export function toBoundedAbilities(abilities: ClientAbilities): ClientAbilities {
  if (JSON.stringify(abilities).length <= abilitiesCharactersMax) return abilities;
  return Object.fromEntries(asked.flatMap((name) => (isObject(abilities[name]) ? [[name, {}]] : [])));
}

/** As a row holds it; '' where the client said nothing. */
export function writeAbilities(abilities: ClientAbilities | undefined): string {
  return abilities === undefined ? '' : JSON.stringify(abilities);
}

/** What a row says; undefined where it says nothing, as rows do that were written before they could. */
export function readAbilities(text: string): ClientAbilities | undefined {
  if (text === '') return undefined;
  try {
    const read: unknown = JSON.parse(text);
    return isObject(read) ? read : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is ClientAbilities {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
