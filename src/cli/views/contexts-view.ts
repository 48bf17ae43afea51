/** Shared contexts as lines for a terminal: lists of them, one with what it holds, and its history. */
import { z } from 'zod';
import type { Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toTable } from '../terminal/table.ts';

const text = z.string().catch('');
const texts = z.array(z.string()).catch([]);
const count = z.number().catch(0);
const values = z.record(z.string(), z.unknown()).catch({});

export const ContextSummary = z.object({
  context_id: z.string(),
  name: z.string().nullish().catch(null),
  version: count,
  keys: z.union([z.number(), z.array(z.unknown()).transform((keys) => keys.length)]).catch(0),
  changed_by: text,
  updated_at: text,
  permissions: texts,
});
type ContextSummary = z.infer<typeof ContextSummary>;
export const Contexts = z.object({ contexts: z.array(ContextSummary) });

export const Access = z.object({
  creator: text,
  everyone: texts,
  grants: z.array(z.object({ principal: z.string(), permissions: texts })).catch([]),
});
type Access = z.infer<typeof Access>;

export const Context = ContextSummary.extend({ values, access: Access, stale: z.boolean().catch(false) });
export const MadeContext = z.object({ context_id: z.string(), version: count, created: z.boolean() });
export const Written = z.object({
  outcome: z.string().catch('stored'),
  version: z.number().optional().catch(undefined),
  code: z.string().optional().catch(undefined),
});

const Version = z.object({ version: count, values, removed: texts, changed_by: text, at: text });
export const Versions = z.object({ versions: z.array(Version) });

/** The list: one line a context. */
export function toContextsLines(
  contexts: readonly ContextSummary[],
  paints: Paints,
  cells: number,
): readonly string[] {
  if (contexts.length === 0)
    return ['No contexts. Make one with: drey contexts set <name> <key>=<value> --make'];
  const columns = [
    { title: 'NAME' },
    { title: 'VERSION', align: 'right' },
    { title: 'KEYS', align: 'right' },
    { title: 'CHANGED' },
    { title: 'BY' },
    { title: 'YOU MAY' },
    { title: 'ID' },
  ] as const;
  const rows = contexts.map((one) => [
    { text: one.name ?? '', paint: paints.name },
    String(one.version),
    String(one.keys),
    toMinute(one.updated_at),
    one.changed_by,
    one.permissions.join(','),
    one.context_id,
  ]);
  return toTable(columns, rows, cells);
}

/** One in full. */
export function toContextLines(
  context: z.infer<typeof Context>,
  paints: Paints,
  cells: number,
): readonly string[] {
  const { context_id: id, name, version, updated_at: at, changed_by: by, stale } = context;
  const head = `${paints.name(toSafeText(name ?? id))}  version ${version}, ${toMinute(at)} by ${toSafeText(by)}`;
  const rows = Object.entries(context.values).map(([key, value]) => [
    { text: key, paint: paints.strong },
    JSON.stringify(value),
  ]);
  return [
    head,
    ...(stale ? [paints.warn('The database is away: this is what it was when it was seen last.')] : []),
    ...(rows.length === 0
      ? ['It holds nothing.']
      : toTable([{ title: 'KEY' }, { title: 'VALUE' }], rows, cells)),
    toAccessLine(context.access),
    paints.faint(toSafeText(id)),
  ];
}

/** Who may do what, in a sentence. */
export function toAccessLine({ creator, everyone, grants }: Access): string {
  const shared = [
    ...(everyone.length === 0 ? [] : [`everyone may ${everyone.join(', ')}`]),
    ...grants.map(({ principal, permissions }) => `${principal} may ${permissions.join(', ')}`),
  ];
  return toSafeText([`It is ${creator}'s`, ...(shared.length === 0 ? ['not shared'] : shared)].join('; '));
}

/** The history: one line a version. */
export function toVersionsLines(
  versions: z.infer<typeof Versions>['versions'],
  paints: Paints,
  cells: number,
): readonly string[] {
  const columns = [
    { title: 'VERSION', align: 'right' },
    { title: 'AT' },
    { title: 'BY' },
    { title: 'CHANGE' },
  ] as const;
  const rows = versions.map((one) => [
    { text: String(one.version), paint: paints.name },
    toMinute(one.at),
    one.changed_by,
    [
      ...Object.entries(one.values).map(([key, value]) => `${key}=${JSON.stringify(value)}`),
      ...one.removed.map((key) => `-${key}`),
    ].join(' '),
  ]);
  return toTable(columns, rows, cells);
}

function toMinute(at: string): string {
  return toSafeText(at.slice(0, 16).replace('T', ' '));
}
