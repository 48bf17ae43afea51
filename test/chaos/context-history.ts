/**
 * The checker of shared contexts: compares the commands that the bus acknowledged with the versions in the database
 * and the events in the stream. Pure: histories in, breaches out.
 */

/** One command as its sender lived it; its marker is the one key that it sets, and nobody else sets it. */
export interface Commanded {
  readonly contextId: string;
  readonly marker: string;
  /** `acknowledged`: the bus said that it is stored. `unknown`: the line broke. */
  readonly outcome: 'acknowledged' | 'unknown';
}

/** One version, as it is kept in a table or told in an event. */
export interface KeptVersion {
  readonly contextId: string;
  readonly version: number;
  readonly markers: readonly string[];
}

/** A context as it stands. */
export interface KeptContext {
  readonly contextId: string;
  readonly version: number;
  readonly markers: readonly string[];
}

export interface ContextHistory {
  readonly commanded: readonly Commanded[];
  readonly contexts: readonly KeptContext[];
  readonly versions: readonly KeptVersion[];
  /** In the order of the stream. */
  readonly events: readonly KeptVersion[];
}

/** Every breach, in words; none is what was promised. */
export function checkContexts({ commanded, contexts, versions, events }: ContextHistory): readonly string[] {
  const ids = new Set([...commanded, ...contexts, ...versions, ...events].map(({ contextId }) => contextId));
  return [...ids].flatMap((id) => {
    const own = <T extends { readonly contextId: string }>(list: readonly T[]): readonly T[] =>
      list.filter(({ contextId }) => contextId === id);
    const rows = own(versions);
    return [
      ...checkOnce(id, own(commanded), rows),
      ...checkRow(id, rows, own(contexts)[0]),
      ...checkEvents(id, rows, own(events)),
    ];
  });
}

function checkOnce(id: string, commanded: readonly Commanded[], rows: readonly KeptVersion[]): string[] {
  const known = new Set(commanded.map(({ marker }) => marker));
  const times = new Map<string, number>();
  for (const marker of rows.flatMap(({ markers }) => markers))
    times.set(marker, (times.get(marker) ?? 0) + 1);
  return [
    ...commanded
      .filter(({ marker, outcome }) => outcome === 'acknowledged' && !times.has(marker))
      .map(({ marker }) => `${marker} for ${id} was acknowledged, and no version has it`),
    ...[...times]
      .filter(([, many]) => many > 1)
      .map(([marker, many]) => `${marker} made ${many} versions of ${id}`),
    ...[...times.keys()]
      .filter((marker) => !known.has(marker))
      .map((marker) => `${marker} is in ${id}, and nobody sent it`),
  ];
}

/** Versions have no gap, and what stands is the last of them with all that was ever set. */
function checkRow(id: string, rows: readonly KeptVersion[], stands: KeptContext | undefined): string[] {
  const numbers = rows.map(({ version }) => version).sort((a, b) => a - b);
  const gaps = numbers.filter((version, index) => version !== index + 1);
  const set = rows.flatMap(({ markers }) => markers).sort();
  return [
    ...(gaps.length === 0 ? [] : [`the versions of ${id} have a gap or a repetition at ${gaps[0]}`]),
    ...(stands?.version === rows.length
      ? []
      : [`${id} stands at ${stands?.version} of ${rows.length} versions`]),
    ...(String([...(stands?.markers ?? [])].sort()) === String(set)
      ? []
      : [`${id} does not hold what its versions set`]),
  ];
}

/** Each version is told once, in order, as it is kept. */
function checkEvents(id: string, rows: readonly KeptVersion[], events: readonly KeptVersion[]): string[] {
  const show = ({ version, markers }: KeptVersion): string => `${version}:${[...markers].sort().join('+')}`;
  const kept = [...rows].sort((a, b) => a.version - b.version).map(show);
  const told = events.map(show);
  return String(kept) === String(told)
    ? []
    : [`the stream tells of ${id} otherwise than the table: ${told.length} events, ${kept.length} versions`];
}
