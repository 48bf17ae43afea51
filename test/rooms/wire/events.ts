/** Events for the tests of the wire: small, valid and easy to tell apart. */
import type { DreyEvent } from '../../../machines/words/events.ts';

/** The nth event of an actor. */
export function toTestEvent(
  number: number,
  about: { id?: string; actor?: string; namespace?: string; pad?: number } = {},
): DreyEvent<'memory.forgotten'> {
  return {
    id: about.id ?? `v-${about.actor ?? 'a'}-${number}`,
    type: 'memory.forgotten',
    at: '2026-01-02T03:04:05.678Z',
    namespace: about.namespace ?? 'acme',
    actor: { kind: 'memory', id: `m-${about.actor ?? 'a'}` },
    version: 1,
    data: { reason: `${number}${'.'.repeat(about.pad ?? 0)}` },
  };
}

/** The number inside a test event. */
export function toNumber(event: { readonly data: unknown }): number {
  const { data } = event;
  const reason = typeof data === 'object' && data !== null && 'reason' in data ? String(data.reason) : '';
  return Number.parseInt(reason, 10);
}
