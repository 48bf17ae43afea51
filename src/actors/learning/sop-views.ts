/**
 * Procedures as this process sees them live: whatever was told of them last, for the inspector and the register of roots. It
 * only looks; the truth is the row, and a procedure of which nothing was told since the start is not in here.
 */
import { initialTransition, transition } from 'xstate';
import type { AnyMachineSnapshot, SnapshotFrom } from 'xstate';
import { sopMachine } from '../../../machines/sop.machine.ts';
import type { SopEvent } from '../../../machines/sop.machine.ts';
import type { AnyEvent } from '../../../machines/words/events.ts';
import { toAddressText } from '../../../machines/words/ids.ts';
import { SopStatus } from '../../../machines/words/sops.ts';
import type { Log } from '../clock.ts';
import { ToldView } from '../durable/durable-view.ts';
import type { Roots } from '../roots.ts';

/** Procedures seen at a time; the one that was told of longest ago goes. */
export const sopViewsMax = 200;

type Snapshot = SnapshotFrom<typeof sopMachine>;

interface Seen {
  snapshot: Snapshot;
  /** Whether its life was heard from its beginning: else who approved it and what was reported is not known. */
  isWhole: boolean;
  readonly view: ToldView;
  readonly leave: () => void;
}

export interface SopViews {
  /** Takes in what was told; other kinds change nothing. */
  hear(event: AnyEvent): void;
}

/** Opens an empty view of procedures. */
export function openSopViews({
  roots,
  log,
}: {
  readonly roots: Pick<Roots, 'add'>;
  readonly log: Log;
}): SopViews {
  const seen = new Map<string, Seen>();

  function see(event: AnyEvent): Seen {
    const address = { namespace: event.namespace, ...event.actor };
    const key = toAddressText(address);
    const known = seen.get(key);
    seen.delete(key);
    const one = known ?? begin(address);
    seen.set(key, one);
    const [oldest] = seen;
    if (seen.size > sopViewsMax && oldest !== undefined) {
      seen.delete(oldest[0]);
      oldest[1].leave();
    }
    return one;
  }

  function begin(address: Parameters<Roots['add']>[0]): Seen {
    let self: Seen | undefined;
    const view = new ToldView(sopMachine, () => self && toShown(self), log);
    self = { snapshot: toFirst(address.id), isWhole: false, view, leave: roots.add(address, view) };
    return self;
  }

  return {
    hear(event) {
      if (event.actor.kind !== 'sop') return;
      const { status, cause, from } = event.data as Readonly<Record<'status' | 'cause' | 'from', unknown>>;
      const told = SopStatus.safeParse(status);
      if (!told.success) return;
      const one = see(event);
      if (event.type === 'sop.proposed') {
        one.snapshot = toFirst(event.actor.id);
        one.isWhole = true;
      }
      // What was told counts: this process may have come to it in the middle.
      const { context: held } = one.snapshot;
      const was = SopStatus.safeParse(from);
      const before = was.success ? sopMachine.resolveState({ value: was.data, context: held }) : one.snapshot;
      const next = cause === undefined ? before : transition(sopMachine, before, cause as SopEvent)[0];
      const context = { ...next.context, version: toVersion(event) ?? next.context.version };
      one.snapshot = sopMachine.resolveState({ value: told.data, context });
      one.view.tell(cause ?? { type: event.type }, toShown(one));
    },
  };
}

/** Its version is 0 until one is told. */
function toFirst(sopId: string): Snapshot {
  return initialTransition(sopMachine, { sopId, activeFrom: 0.7, version: 0 })[0];
}

/** The row's version as it was told. */
function toVersion({ data }: AnyEvent): number | undefined {
  return 'version' in data && typeof data.version === 'number' ? data.version : undefined;
}

/** Without what is not known. */
function toShown({ snapshot, isWhole }: Seen): AnyMachineSnapshot {
  if (isWhole) return snapshot;
  const { sopId, version, confidence, reason, who, approval, activeFrom } = snapshot.context;
  const known = { sopId, activeFrom, confidence, reason, who };
  const told = { ...(version === 0 ? {} : { version }), ...(approval === null ? {} : { approval }) };
  return { ...snapshot, context: { ...known, ...told } };
}
