/**
 * How the node and what it stands on are, as everybody in it reads it: resources, breakers, the learner and the lag of
 * the event log. Whoever owns a thing tells of it; nobody asks around. The same again changes nothing.
 */
import { createStoreConfig } from '@xstate/store';
import type { NodePart } from './node.machine.ts';
import type { ErrorCode } from './words/errors.ts';

export interface ResourceView {
  readonly id: string;
  readonly what: string;
  readonly state: string;
  readonly lastError: string | null;
  readonly code: ErrorCode | null;
}

export interface BreakerView {
  readonly id: string;
  readonly state: string;
  /** When a call may probe, in milliseconds since the epoch; null where no time is known. */
  readonly retryAt: number | null;
}

export interface LearnerView {
  readonly engineStatus: 'running' | 'stopped' | 'unavailable';
  /** Null while it does not answer, and so are the next four. */
  readonly intake: string | null;
  readonly lastRunAt: string | null;
  /** Events and episodes not learned from yet. */
  readonly behind: number | null;
  /** Learners that share the work. */
  readonly learners: number | null;
  /** What they hold in memory. */
  readonly held: LearnerHeld | null;
  readonly workers: readonly {
    readonly name: string;
    readonly state: string;
    readonly attempts: number;
    readonly lastError: string | null;
  }[];
}

export interface LearnerHeld {
  readonly episodes: number;
  /** Kinds of tasks, those of one episode included. */
  readonly clusters: number;
  /** Of the fullest namespace, the share of its episodes that is learned from: 1 as long as all of them fit. */
  readonly share: number;
}

export interface LagView {
  /** True while more events wait for the bus than the alarm allows. */
  readonly lagging: boolean;
  /** Those that waited when this changed. */
  readonly waiting: number;
}

export interface Health {
  /** Grows by one with each change. */
  readonly version: number;
  /** Milliseconds since the epoch; null before the first change. */
  readonly changedAt: number | null;
  /** By id, in the order in which they were first told of. */
  readonly resources: Readonly<Record<string, ResourceView>>;
  readonly breakers: Readonly<Record<string, BreakerView>>;
  readonly learner: LearnerView;
  readonly lag: LagView;
  /** What the node stands on and does not have right now, as the node itself found out. */
  readonly missing: readonly NodePart[];
}

/** Nothing is known of a learner that does not answer. */
export const silentLearner: LearnerView = {
  engineStatus: 'unavailable',
  intake: null,
  lastRunAt: null,
  behind: null,
  learners: null,
  held: null,
  workers: [],
};

const unknown: Health = {
  version: 0,
  changedAt: null,
  resources: {},
  breakers: {},
  learner: silentLearner,
  lag: { lagging: false, waiting: 0 },
  missing: [],
};

type Parts = Pick<Health, 'resources' | 'breakers' | 'learner' | 'lag' | 'missing'>;

/** The next version with one part changed, or the one that stands. */
function change<Part extends keyof Parts>(now: Health, part: Part, next: Parts[Part], at: number): Health {
  // Every part is plain JSON with its keys in one order.
  if (JSON.stringify(now[part]) === JSON.stringify(next)) return now;
  return { ...now, [part]: next, version: now.version + 1, changedAt: at };
}

interface Gone {
  readonly id: string;
  readonly at: number;
}

/** The views without one of them. */
function without<View>(views: Readonly<Record<string, View>>, id: string): Readonly<Record<string, View>> {
  return Object.fromEntries(Object.entries(views).filter(([key]) => key !== id));
}

interface Told<View> {
  readonly view: View;
  readonly at: number;
}

export const healthStore = createStoreConfig({
  context: unknown,
  on: {
    'resource.told': (now: Health, { view, at }: Told<ResourceView>): Health =>
      change(now, 'resources', { ...now.resources, [view.id]: view }, at),
    'breaker.told': (now: Health, { view, at }: Told<BreakerView>): Health =>
      change(now, 'breakers', { ...now.breakers, [view.id]: view }, at),
    'resource.gone': (now: Health, { id, at }: Gone): Health =>
      change(now, 'resources', without(now.resources, id), at),
    'breaker.gone': (now: Health, { id, at }: Gone): Health =>
      change(now, 'breakers', without(now.breakers, id), at),
    'learner.told': (now: Health, { view, at }: Told<LearnerView>): Health =>
      change(now, 'learner', view, at),
    'lag.told': (now: Health, { view, at }: Told<LagView>): Health => change(now, 'lag', view, at),
    'parts.told': (now: Health, { view, at }: Told<readonly NodePart[]>): Health =>
      change(now, 'missing', view, at),
  },
});
