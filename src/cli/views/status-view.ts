/** The node's state for people: how it is, what it has done, and how the things it stands on are. */
import { toCountText, toDurationText, toPlural } from '../terminal/durations.ts';
import { paintState } from '../terminal/paint.ts';
import type { Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toTable } from '../terminal/table.ts';
import type { StatusAnswer } from './answers.ts';

/** What a missing part means. */
const missingTexts: Readonly<Record<string, string>> = {
  bus: 'the bus (NATS) is away: calls go on, their events wait in the log',
  store: 'the database (Postgres) is away: calls go on, what is kept in it cannot be read',
  learning: 'the learner is away: calls go on, nothing new is learned',
};

/** A server that somebody else runs is there or not, whatever became of our part of it. */
const partOf: Readonly<Record<string, string>> = { 'r-nats': 'bus', 'r-postgres': 'store' };

/** One line a fact, then a table of resources. */
export function toStatusLines(status: StatusAnswer, paints: Paints, cells: number): string[] {
  const state = toSafeText(status.state || 'unknown');
  const head = [
    `Drey ${toSafeText(status.version)}`,
    paintState(paints, state)(state),
    toSafeText(status.url),
    status.pid === undefined ? '' : `pid ${status.pid}`,
    status.uptimeSeconds === undefined ? '' : `up ${toDurationText(status.uptimeSeconds)}`,
  ];
  const lines = [head.filter((part) => part !== '').join('  ')];
  for (const part of status.missing)
    lines.push(`missing    ${paints.bad(missingTexts[part] ?? toSafeText(part))}`);
  if (status.sessions !== undefined) lines.push(`sessions   ${toCountText(status.sessions)} open`);
  if (status.events !== undefined) {
    const { published, waiting } = status.events;
    lines.push(`events     ${toCountText(published)} published, ${toCountText(waiting)} waiting`);
  }
  if (status.catalogue !== undefined) lines.push(`tools      ${toToolsText(status.catalogue, paints)}`);
  if (status.learning !== undefined) lines.push(`learning   ${toLearningText(status.learning, paints)}`);
  lines.push(...toConfigLines(status.config, paints));
  if (status.resources.length > 0) {
    const rows = status.resources.map((resource) => {
      const own = status.missing.includes(partOf[resource.id] ?? '') ? 'away' : resource.state;
      const breaker = status.breakers.find(({ id }) => id.slice(2) === resource.id.slice(2));
      const shown = isQuiet(breaker) ? own : `breaker ${breaker?.state}, ${own}`;
      return [
        { text: resource.id, paint: paints.name },
        { text: shown, paint: paintState(paints, shown) },
        resource.what,
      ];
    });
    lines.push('', ...toTable([{ title: 'RESOURCE' }, { title: 'STATE' }, { title: 'WHAT' }], rows, cells));
    for (const { id, lastError } of status.resources)
      if (lastError) lines.push(`${toSafeText(id)}: ${paints.bad(toSafeText(lastError))}`);
  }
  return lines;
}

/** A breaker is worth a word once it is anything but closed. */
function isQuiet(breaker: StatusAnswer['breakers'][number] | undefined): boolean {
  return breaker === undefined || breaker.state === 'closed' || breaker.state === '';
}

function toConfigLines(config: StatusAnswer['config'], paints: Paints): string[] {
  const { error = null, restartNeeded = [] } = config ?? {};
  const lines: string[] = [];
  if (error !== null) lines.push(`config     ${paints.bad(`not taken over: ${toSafeText(error)}`)}`);
  if (restartNeeded.length > 0)
    lines.push(`config     ${paints.warn(`needs a restart: ${toSafeText(restartNeeded.join(', '))}`)}`);
  return lines;
}

function toToolsText({ tools, stale, held }: NonNullable<StatusAnswer['catalogue']>, paints: Paints): string {
  const parts = [
    `${toCountText(tools)} listed`,
    stale === 0 ? '' : paints.warn(`${toCountText(stale)} of an upstream that is away`),
    held === 0 ? '' : paints.bad(`${toCountText(held)} held back: drey tools review`),
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function toLearningText(learning: NonNullable<StatusAnswer['learning']>, paints: Paints): string {
  const engine = toSafeText(learning.engine_status || 'unknown');
  const { statistics } = learning;
  const parts = [
    paintState(paints, engine)(engine),
    statistics === undefined ? '' : toPlural(statistics.total_sops, 'SOP'),
    statistics === undefined ? '' : toPlural(statistics.total_patterns, 'pattern'),
    (learning.learners ?? 1) > 1 ? toPlural(learning.learners ?? 1, 'learner') : '',
    learning.behind === undefined ? '' : `${toCountText(learning.behind)} left to learn`,
    learning.held ? `${toPlural(learning.held.episodes, 'episode')} in memory` : '',
    (learning.held?.share ?? 1) < 1
      ? paints.warn(`learns from ${Math.round((learning.held?.share ?? 1) * 100)} % of its biggest namespace`)
      : '',
    learning.last_learning_run ? `last run ${toSafeText(learning.last_learning_run)}` : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}
