/** A replay as people read it: one line a transition with its time and cause, then what came out of it. */
import type { Replay, ReplayedTransition } from '../../actors/actors.ts';
import type { Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toTable } from '../terminal/table.ts';
import type { Cell, Column } from '../terminal/table.ts';

const columns: readonly Column[] = [
  { title: 'TIME' },
  { title: 'SEQ', align: 'right' },
  { title: 'EVENT' },
  { title: 'TRANSITION' },
  { title: 'CAUSE' },
];

/** What is said of the live actor: its states, or nothing where it does not live on this node. */
export type Live = readonly string[] | null;

/** The lines of one replay. */
export function toReplayLines(
  replay: Replay,
  shown: readonly ReplayedTransition[],
  live: Live | undefined,
  { paints, cells }: { readonly paints: Paints; readonly cells: number },
): string[] {
  const isShared = replay.lives.length > 1;
  const titles = isShared ? [...columns, { title: 'NODE' }] : columns;
  const rows = shown.map((one) => [...toRow(paints)(one), ...(isShared ? [toShortName(one.node)] : [])]);
  const lines = rows.length === 0 ? ['No transition in this range.'] : toTable(titles, rows, cells);
  const count = replay.transitions.length;
  const where = replay.states.join(', ');
  lines.push(
    '',
    `${count} ${count === 1 ? 'transition' : 'transitions'}; the replay ends in ${paints.strong(where)}.`,
  );
  if (isShared)
    for (const { node, states } of replay.lives)
      lines.push(`On node ${toShortName(node)} it ended in ${states.join(', ')}.`);
  for (const { sequence, event, sentence } of replay.differences)
    lines.push(paints.bad(`At ${sequence ?? '?'} (${toSafeText(event)}): ${toSafeText(sentence)}.`));
  if (live === null) lines.push('The actor does not live on this node, so there is nothing to compare with.');
  else if (live !== undefined) lines.push(toVerdict(replay.states, live, paints));
  return lines;
}

/** The end of a node's name: the beginning is a time, and so the same for nodes that started together. */
function toShortName(node: string | undefined): string {
  return node === undefined || node === '' ? '?' : `…${toSafeText(node.slice(-8))}`;
}

/** Whether two lists of lifecycle states say the same. */
export function isSameStates(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((state, index) => state === other[index]);
}

function toVerdict(replayed: readonly string[], live: readonly string[], paints: Paints): string {
  if (isSameStates(replayed, live)) return paints.good('The live actor is in the same state.');
  return paints.bad(`The live actor is in ${toSafeText(live.join(', '))}: replay and live state differ.`);
}

function toRow(paints: Paints): (transition: ReplayedTransition) => readonly Cell[] {
  return ({ at, sequence, event, from, to, cause, begins }) => [
    { text: at, paint: paints.faint },
    sequence === null ? '' : String(sequence),
    { text: event, paint: paints.name },
    `${from} → ${to}${begins ? ' (a new life)' : ''}`,
    toCauseText(cause),
  ];
}

/** The event's type and what it carried; a timer is told as one. */
function toCauseText(cause: Readonly<Record<string, unknown>> & { readonly type: string }): string {
  const timer = /^xstate\.after\.([^.]+)\./.exec(cause.type)?.[1];
  const name = timer === undefined ? cause.type : `after ${timer}`;
  const facts = Object.entries(cause)
    .filter(([key]) => key !== 'type' && key !== 'at')
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : (JSON.stringify(value) ?? '')}`);
  return [name, ...facts].join('  ');
}
