/**
 * `GET /system`: what is under the node: streams, consumers and how far they are, and the named limits. It tells of
 * no namespace in particular, and is for whoever looks after the node.
 */
import { z } from 'zod';
import { isDreyError } from '../../../machines/words/errors.ts';
import { limits } from '../../../machines/words/limits.ts';
import { RateOperation, RateProfile } from '../../../machines/words/rates.ts';
import { runLimits } from '../../../machines/words/runs.ts';
import { rates } from '../../access/access.ts';
import type { BusView } from '../watching-needs.ts';
import { sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

const count = z.int().nonnegative();

const bus = z.object({
  server: z.string().nullable().describe('The version of the nats-server.'),
  streams: z.array(
    z.object({
      stream: z.string(),
      messages: count,
      bytes: count,
      bytes_max: count.nullable().describe('The oldest messages go beyond this.'),
      kept_ms: z.number().nullable().describe('How long a message is kept.'),
      first_sequence: count,
      last_sequence: count,
      consumers: count.describe('Those of single followers included.'),
    }),
  ),
  consumers: z
    .array(
      z.object({
        stream: z.string(),
        consumer: z.string(),
        pending: count.describe('Messages that it has not been given yet.'),
        unsettled: count.describe('Given and not acknowledged.'),
        unsettled_max: count.nullable(),
        redelivered: count.describe('Of the unsettled, those given more than once.'),
        delivered: count.describe('The last sequence that it was given.'),
        settled: count.describe('The sequence up to which all is acknowledged.'),
      }),
    )
    .max(100)
    .describe('The durable ones, those with the most to do first.'),
});

const answer = z.object({
  node: z.string().describe('The version of Node.js.'),
  postgres: z.string().nullable().describe('The version of the database; null while it is away.'),
  bus: bus.nullable().describe('null while it is away.'),
  bus_reason: z.string().nullable().describe('Why there are no figures of the bus; null where there are.'),
  limits: z.array(z.object({ name: z.string(), max: z.number() })).describe('Named limits of this version.'),
  rates: z.object({
    profile: RateProfile,
    operations: z
      .array(z.object({ operation: RateOperation, max: count, window_ms: count }))
      .describe('For each principal of each namespace.'),
  }),
});

export const system: Resource = {
  method: 'GET',
  path: '/system',
  scope: 'node:read',
  docs: {
    summary: 'Tell how streams and consumers stand, and which limits hold',
    description:
      'Figures of the whole bus, a few seconds old at most; the limits hold and are told while it is away, too.',
    answer,
  },
  answer: async ({ needs, res }) => {
    const { profile } = needs.limits;
    const [busTold, postgres] = await Promise.all([
      readBus(() => needs.bus()),
      readPostgres(() => needs.database()),
    ]);
    const told: z.output<typeof answer> = {
      node: process.versions.node,
      postgres,
      ...busTold,
      limits: [...Object.entries(limits), ...Object.entries(runLimits).map(ofRuns)].map(([name, max]) => ({
        name,
        max,
      })),
      rates: {
        profile,
        operations: RateOperation.options.map((operation) => {
          const { max, windowMs } = rates[profile][operation];
          return { operation, max, window_ms: windowMs };
        }),
      },
    };
    sendValue(res, 200, told);
  },
};

/** The figures, or why there are none: what else is told does not wait for the bus. */
async function readBus(
  read: () => Promise<BusView>,
): Promise<Pick<z.output<typeof answer>, 'bus' | 'bus_reason'>> {
  try {
    return { bus: toBus(await read()), bus_reason: null };
  } catch (error) {
    if (!isDreyError(error) || error.kind !== 'dependency_failed') throw error;
    return { bus: null, bus_reason: error.message };
  }
}

async function readPostgres(read: () => Promise<{ readonly version: string }>): Promise<string | null> {
  try {
    return (await read()).version;
  } catch (error) {
    if (!isDreyError(error) || error.kind !== 'dependency_failed') throw error;
    return null;
  }
}

function toBus({ server, streams, consumers }: BusView): z.output<typeof bus> {
  return {
    server,
    streams: streams.map(({ bytesMax, keptMs, firstSequence, lastSequence, ...one }) => ({
      ...one,
      bytes_max: bytesMax,
      kept_ms: keptMs,
      first_sequence: firstSequence,
      last_sequence: lastSequence,
    })),
    consumers: consumers.map(({ unsettledMax, ...one }) => ({ ...one, unsettled_max: unsettledMax })),
  };
}

/** The bounds of guided runs stand beside the others under their own name. */
function ofRuns([name, max]: [string, number]): [string, number] {
  return [`run${name.charAt(0).toUpperCase()}${name.slice(1)}`, max];
}
