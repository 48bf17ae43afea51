/**
 * Continuous traffic of a real client, and what it was told: one call after the other on each of a few lanes, each with
 * a marker of its own. A lane whose connection broke opens another and goes on; nothing is asked twice.
 */
import { setTimeout as rest } from 'node:timers/promises';
import { connectNew } from '../journeys/rig/clients.ts';
import type { Agent } from '../journeys/rig/clients.ts';
import type { Told } from './history.ts';

export interface Traffic {
  /** Everything told so far, in the order in which the calls ended. */
  readonly told: readonly Told[];
  /** Calls answered so far. */
  readonly answered: number;
  /** Stops asking and waits for what is under way. */
  stop(): Promise<void>;
}

export interface TrafficOptions {
  readonly url: string;
  readonly lanes: number;
  readonly namespace: string;
  /** One clock for told times and outages. */
  readonly now: () => number;
}

/** Between two calls of a lane, and before a broken lane connects again: load, not a wait for anything. */
const betweenMs = 5;
const reconnectMs = 100;

/** Starts asking. */
export function startTraffic(options: TrafficOptions): Traffic {
  const told: Told[] = [];
  const state = { isStopping: false };
  const runLane = async (lane: number): Promise<void> => {
    let agent: Agent | undefined;
    for (let number = 0; !state.isStopping; number += 1) {
      try {
        agent ??= await connectNew(options.url, options.namespace);
      } catch {
        await rest(reconnectMs);
        continue;
      }
      const one = await ask(agent, `m-${lane}-${number}`, options.now);
      told.push(one);
      if (one.outcome === 'unknown') {
        await agent.close().catch(() => undefined);
        agent = undefined;
      }
      await rest(betweenMs);
    }
    await agent?.close().catch(() => undefined);
  };
  const running = Promise.all(Array.from({ length: options.lanes }, (_, lane) => runLane(lane)));
  return {
    told,
    get answered() {
      return told.filter(({ outcome }) => outcome === 'answered').length;
    },
    async stop() {
      state.isStopping = true;
      await running;
    },
  };
}

async function ask(agent: Agent, marker: string, now: () => number): Promise<Told> {
  const askedAt = now();
  try {
    const { isError, text } = await agent.call('every__echo', { message: marker });
    const isRight = !isError && text === `Echo: ${marker}`;
    return { marker, askedAt, endedAt: now(), outcome: isRight ? 'answered' : 'refused' };
  } catch {
    return { marker, askedAt, endedAt: now(), outcome: 'unknown' };
  }
}
