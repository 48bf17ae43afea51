/**
 * Figures of actors, commits, the outbox and of tracing itself, for Prometheus. Each part hands in how to read it; what
 * is not there, or does not answer in time, is left out.
 */
import type { Clock, FabricFigures, Relay, Roots } from '../actors/actors.ts';
import type { Family, Sample } from './telemetry/exposition.ts';
import { toSingle } from './telemetry/exposition.ts';
import type { Tracing } from './telemetry/tracing.ts';

export interface ActorFamiliesOptions {
  readonly clock: Pick<Clock, 'schedule'>;
  readonly roots: Pick<Roots, 'figures'>;
  readonly relay: Pick<Relay, 'published'>;
  /** Rejects, or takes long, while the database is away. */
  readonly outbox: () => Promise<{ readonly waiting: number; readonly oldestMs: number }>;
  /** Where durable actors live; without them there are no commits of theirs. */
  readonly durable?: (() => FabricFigures) | undefined;
  readonly tracing: Pick<Tracing, 'figures'>;
}

const outboxMs = 500;

/** Reads all of them, for no longer than the bound. */
export async function readActorFamilies(options: ActorFamiliesOptions): Promise<readonly Family[]> {
  const { roots, durable, relay, tracing } = options;
  return [
    ...toRootFamilies(roots),
    ...(durable === undefined ? [] : toDurableFamilies(durable())),
    toSingle('drey_outbox_published_total', 'counter', 'Committed events given to the bus.', relay.published),
    ...toOutboxFamilies(await inTime(options.outbox(), options.clock)),
    ...toTracingFamilies(tracing),
  ];
}

function toRootFamilies(roots: Pick<Roots, 'figures'>): readonly Family[] {
  const figures = [...roots.figures()];
  const pick = (which: 'live' | 'activations'): readonly Sample[] =>
    figures.map(([kind, one]) => ({ labels: { kind }, value: one[which] }));
  return [
    { name: 'drey_actors', type: 'gauge', help: 'Live actors by kind.', samples: pick('live') },
    {
      name: 'drey_actor_activations_total',
      type: 'counter',
      help: 'Live actors that have begun, by kind.',
      samples: pick('activations'),
    },
  ];
}

function toDurableFamilies(figures: FabricFigures): readonly Family[] {
  const { residents, activations, passivations, commits, effects } = figures;
  return [
    toSingle('drey_durable_actors', 'gauge', 'Durable actors in memory.', residents),
    toSingle('drey_durable_activations_total', 'counter', 'Durable actors brought into memory.', activations),
    toSingle('drey_durable_passivations_total', 'counter', 'Durable actors put to rest.', passivations),
    {
      name: 'drey_commits_total',
      type: 'counter',
      help: 'Steps of durable actors committed here, by kind.',
      samples: [...commits].map(([kind, value]) => ({ labels: { kind }, value })),
    },
    {
      name: 'drey_effects_total',
      type: 'counter',
      help: 'Effects of durable actors: done, tries that failed, and buried among the dead letters.',
      samples: Object.entries(effects).map(([outcome, value]) => ({
        labels: { outcome },
        value: Number(value),
      })),
    },
  ];
}

function toOutboxFamilies(
  outbox: { readonly waiting: number; readonly oldestMs: number } | null,
): readonly Family[] {
  if (outbox === null) return [];
  const { waiting, oldestMs } = outbox;
  return [
    toSingle(
      'drey_outbox_waiting',
      'gauge',
      'Committed events and effects that wait in the database.',
      waiting,
    ),
    toSingle(
      'drey_outbox_oldest_seconds',
      'gauge',
      'How long the oldest of them has waited.',
      oldestMs / 1e3,
    ),
  ];
}

function toTracingFamilies(tracing: Pick<Tracing, 'figures'>): readonly Family[] {
  const figures = tracing.figures();
  if (figures === undefined) return [];
  return [
    {
      name: 'drey_spans_total',
      type: 'counter',
      help: 'Spans of this process given to the collector, and given up.',
      samples: [
        { labels: { outcome: 'sent' }, value: figures.sent },
        { labels: { outcome: 'lost' }, value: figures.lost },
      ],
    },
  ];
}

/** Null for what fails or is not there in time. */
async function inTime<T>(asked: Promise<T>, clock: Pick<Clock, 'schedule'>): Promise<T | null> {
  let cancel = (): void => undefined;
  const late = new Promise<null>((resolve) => {
    cancel = clock.schedule(outboxMs, () => resolve(null));
  });
  try {
    return await Promise.race([asked.catch(() => null), late]);
  } finally {
    cancel();
  }
}
