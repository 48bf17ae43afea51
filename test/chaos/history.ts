/**
 * The history checker: compares what a client was told with what the stream and the archive hold afterwards. Pure:
 * histories in, breaches out, so that it can be shown failing on histories of a few lines.
 */

/** One call as the client lived it. `marker` was in its arguments and is nobody else's. */
export interface Told {
  readonly marker: string;
  readonly askedAt: number;
  readonly endedAt: number;
  /** `answered`: a result came back. `unknown`: the connection broke, it may or may not have happened. */
  readonly outcome: 'answered' | 'refused' | 'unknown';
}

/** One call as it is kept, in the stream or in the archive. */
export interface Kept {
  readonly callId: string;
  readonly marker: string;
}

/** A time during which one part was away. */
export interface Outage {
  readonly what: string;
  readonly from: number;
  readonly to: number;
  /** Whether calls have to be answered meanwhile. */
  readonly isServed: boolean;
}

export interface History {
  readonly told: readonly Told[];
  readonly events: readonly Kept[];
  readonly rows: readonly Kept[];
  readonly outages: readonly Outage[];
}

/** Every breach, in words; none is what was promised. */
export function checkHistory({ told, events, rows, outages }: History): readonly string[] {
  return [
    ...checkAsked(told),
    ...checkKept('the stream', told, events),
    ...checkKept('the archive', told, rows),
    ...checkSame(events, rows),
    ...outages.flatMap((outage) => checkServed(outage, told)),
  ];
}

/** The checker's own ground: markers are unique, and time goes forward. */
function checkAsked(told: readonly Told[]): string[] {
  const twice = repeated(told.map(({ marker }) => marker));
  return [
    ...twice.map((marker) => `${marker} was asked twice by the client: the history says nothing`),
    ...told
      .filter(({ askedAt, endedAt }) => !(endedAt >= askedAt))
      .map(({ marker }) => `${marker} ended before it was asked: the history says nothing`),
  ];
}

function checkKept(where: string, told: readonly Told[], kept: readonly Kept[]): string[] {
  const known = new Set(told.map(({ marker }) => marker));
  const there = new Set(kept.map(({ marker }) => marker));
  const lost = told.filter(({ outcome, marker }) => outcome === 'answered' && !there.has(marker));
  return [
    ...lost.map(({ marker }) => `${marker} was answered, and ${where} has lost it`),
    ...repeated(kept.map(({ marker }) => marker)).map((marker) => `${marker} is in ${where} more than once`),
    ...repeated(kept.map(({ callId }) => callId)).map(
      (callId) => `the call ${callId} is in ${where} more than once`,
    ),
    ...[...there]
      .filter((marker) => !known.has(marker))
      .map((marker) => `${marker} is in ${where}, and nobody asked for it`),
  ];
}

/** What is in one is in the other, under the same id. */
function checkSame(events: readonly Kept[], rows: readonly Kept[]): string[] {
  const ids = new Map(events.map(({ marker, callId }) => [marker, callId]));
  const archived = new Set(rows.map(({ marker }) => marker));
  return [
    ...rows
      .filter(({ marker, callId }) => ids.get(marker) !== callId)
      .map(({ marker }) => `${marker} is in the archive otherwise than in the stream`),
    ...events
      .filter(({ marker }) => !archived.has(marker))
      .map(({ marker }) => `${marker} is in the stream and never reached the archive`),
  ];
}

/** A call that was asked and answered while the part was away; one that only overlaps proves nothing. */
function checkServed({ what, from, to, isServed }: Outage, told: readonly Told[]): string[] {
  if (!isServed) return [];
  const inside = told.filter(({ askedAt, endedAt }) => askedAt >= from && endedAt <= to);
  const failed = inside.filter(({ outcome }) => outcome !== 'answered');
  return [
    ...failed.map(({ marker, outcome }) => `${marker} was ${outcome} while ${what} was away`),
    ...(inside.length > failed.length ? [] : [`no call was answered while ${what} was away`]),
  ];
}

function repeated(names: readonly string[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) twice.add(name);
    seen.add(name);
  }
  return [...twice];
}
