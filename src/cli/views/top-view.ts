/** One screen of `drey top`: the node, calls of the last minute, resources, sessions, the last failures. */
import { z } from 'zod';
import type { PulseFigures } from '../top/pulse.ts';
import { toCountText, toDurationText } from '../terminal/durations.ts';
import { paintState } from '../terminal/paint.ts';
import type { Paints } from '../terminal/paint.ts';
import { toTable } from '../terminal/table.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import type { StatusAnswer } from './answers.ts';
import { toStatusLines } from './status-view.ts';

/** Sessions on one screen. */
const sessionsMax = 200;

const text = z.string().catch('');
const SessionLine = z.looseObject({
  id: text,
  principal: text,
  client: text,
  states: z.array(z.string()).optional().catch(undefined),
  state: z.string().optional().catch(undefined),
  task: z.string().nullish().catch(null),
  inFlight: z.number().optional().catch(undefined),
  openedAt: z.string().optional().catch(undefined),
});
export const SessionsAnswer = z.object({
  sessions: z.array(SessionLine).catch([]),
  total: z.number().catch(0),
});
export type SessionsAnswer = z.infer<typeof SessionsAnswer>;

export interface TopShown {
  readonly status: StatusAnswer;
  readonly sessions: SessionsAnswer;
  readonly pulse: PulseFigures;
}

/** The lines of one screen; whoever shows them cuts them to its height. */
export function toTopLines({ status, sessions, pulse }: TopShown, paints: Paints, cells: number): string[] {
  const lines = [...toStatusLines(status, paints, cells)];
  lines.splice(1, 0, `calls      ${toCallsText(pulse, paints)}`);
  if (sessions.sessions.length > 0) {
    const rows = sessions.sessions.slice(0, sessionsMax).map((session) => {
      const state = session.states?.join(', ') ?? session.state ?? '';
      return [
        { text: session.id.slice(0, 14), paint: paints.name },
        { text: state || '-', paint: paintState(paints, state) },
        session.principal || '-',
        session.client || '-',
        session.task ?? '',
      ];
    });
    const columns = ['SESSION', 'STATE', 'WHO', 'CLIENT', 'TASK'].map((title) => ({ title }));
    lines.push('', ...toTable(columns, rows, cells));
    const more = sessions.total - rows.length;
    if (more > 0) lines.push(paints.faint(`… and ${toCountText(more)} more`));
  }
  if (pulse.failures.length > 0) {
    const rows = pulse.failures.map(({ at, tool, why }) => [
      at.slice(11, 19),
      { text: tool, paint: paints.bad },
      why,
    ]);
    lines.push('', ...toTable([{ title: 'FAILED' }, { title: 'TOOL' }, { title: 'WHY' }], rows, cells));
  }
  return lines;
}

function toCallsText(
  { callsPerSecond, failedPerSecond, p50Ms, p95Ms }: PulseFigures,
  paints: Paints,
): string {
  const failed = `${failedPerSecond.toFixed(1)} failed/s`;
  const parts = [
    `${callsPerSecond.toFixed(1)}/s`,
    failedPerSecond > 0 ? paints.bad(failed) : failed,
    p50Ms === null ? '' : `p50 ${toTookText(p50Ms)}`,
    p95Ms === null ? '' : `p95 ${toTookText(p95Ms)}`,
  ];
  return `${parts.filter((part) => part !== '').join(', ')} ${paints.faint('(last minute)')}`;
}

function toTookText(ms: number): string {
  return toSafeText(ms < 1_000 ? `${Math.round(ms)} ms` : toDurationText(ms / 1_000));
}
