/** One event as one line: when, what, whose, and the facts that tell one from the next. */
import type { Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toFit, toWidth } from '../terminal/table.ts';
import type { EventView } from './answers.ts';

/** The facts worth showing, in this order, as far as an event has them. */
const facts = [
  'name',
  'task',
  'trigger',
  'action',
  'what',
  'code',
  'message',
  'outcome',
  'reason',
  'confidence',
  'status',
  'version',
  'calls',
  'attempt',
] as const;

const typeCells = 20;
const idCharsShown = 14;

/** The line; on a terminal it is cut to its width. */
export function toEventLine(event: EventView, paints: Paints, cells: number): string {
  const time = toTimeText(event.at);
  const type = toSafeText(event.type);
  const id = Number.isFinite(cells) ? event.actor.id.slice(0, idCharsShown) : event.actor.id;
  const actor = toSafeText(`${event.actor.kind}/${id}`);
  const before = `${time}  ${type.padEnd(typeCells)}  ${actor}  `;
  const summary = toFit(toSafeText(toSummary(event.data)), Math.max(10, cells - toWidth(before)));
  const painted = `${paints.faint(time)}  ${toPaint(event, paints)(type.padEnd(typeCells))}  ${paints.faint(actor)}  ${summary}`;
  return summary === '' ? painted.trimEnd() : painted;
}

function toSummary(data: Readonly<Record<string, unknown>>): string {
  const parts: string[] = [];
  if (typeof data['from'] === 'string' && typeof data['to'] === 'string')
    parts.push(`${data['from']} → ${data['to']}`);
  for (const fact of facts) {
    const value = data[fact];
    if (typeof value === 'string' && value !== '') parts.push(value);
    else if (typeof value === 'number')
      parts.push(`${fact} ${Number.isInteger(value) ? value : value.toFixed(2)}`);
  }
  if (typeof data['durationMs'] === 'number') parts.push(`${data['durationMs'].toFixed(1)} ms`);
  if (data['isError'] === true) parts.push('(the tool says: error)');
  return parts.join('  ');
}

function toPaint(event: EventView, paints: Paints): (text: string) => string {
  if (/failed|refused|gave_up|quarantined|unhealthy|error/.test(event.type) || event.data['isError'] === true)
    return paints.bad;
  if (/^(sop|pattern|injection)\./.test(event.type)) return paints.good;
  if (/opened|degraded|draining|paused|pressed/.test(event.type)) return paints.warn;
  return paints.name;
}

/** The time of day here. */
function toTimeText(at: string): string {
  const when = new Date(at);
  if (Number.isNaN(when.getTime())) return toSafeText(at);
  const part = (value: number, digits: number): string => String(value).padStart(digits, '0');
  const clock = [when.getHours(), when.getMinutes(), when.getSeconds()]
    .map((value) => part(value, 2))
    .join(':');
  return `${clock}.${part(when.getMilliseconds(), 3)}`;
}
