/** API keys as lines for a terminal: whose they are and how they stand, never what they are. */
import { z } from 'zod';
import type { Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toTable } from '../terminal/table.ts';

const text = z.string().catch('');
const moment = z.string().nullable().catch(null);

export const Key = z.object({
  key_id: z.string(),
  agent: text,
  label: text,
  scopes: z.array(z.string()).catch([]),
  created_at: text,
  expires_at: moment,
  revoked_at: moment,
  last_used_at: moment,
});
type Key = z.infer<typeof Key>;
export const KeyList = z.object({ keys: z.array(Key) });
export const MadeKey = Key.extend({ key: z.string() });

/** The list: one line a key. */
export function toKeysLines(
  keys: readonly Key[],
  paints: Paints,
  cells: number,
  nowMs: number,
): readonly string[] {
  if (keys.length === 0) return ['No keys. Make one with: drey keys create <agent>'];
  const columns = [
    { title: 'ID' },
    { title: 'AGENT' },
    { title: 'STATE' },
    { title: 'LAST USED' },
    { title: 'LABEL' },
    { title: 'SCOPES' },
  ];
  const rows = keys.map((key) => {
    const state = toState(key, nowMs);
    return [
      { text: key.key_id, paint: paints.name },
      key.agent,
      { text: state, paint: state.startsWith('live') ? paints.good : paints.faint },
      toDay(key.last_used_at) ?? 'never',
      key.label,
      key.scopes.join(','),
    ];
  });
  return toTable(columns, rows, cells);
}

/** What is said beside a key that was made now. */
export function toMadeLines(made: Key, paints: Paints): readonly string[] {
  const until = made.expires_at === null ? 'does not expire' : `expires ${toSafeText(made.expires_at)}`;
  return [
    `Key ${paints.name(toSafeText(made.key_id))} of ${toSafeText(made.agent)}; it ${until}.`,
    'Keep it now: it is shown this once, and nobody can show it again.',
  ];
}

function toState({ revoked_at: revokedAt, expires_at: expiresAt }: Key, nowMs: number): string {
  if (revokedAt !== null) return `revoked ${toDay(revokedAt) ?? ''}`;
  if (expiresAt === null) return 'live';
  return Date.parse(expiresAt) <= nowMs ? 'expired' : `live until ${toDay(expiresAt) ?? ''}`;
}

function toDay(at: string | null): string | undefined {
  return at === null ? undefined : at.slice(0, 16).replace('T', ' ');
}
