/**
 * Following events of several families, one tail for each: a server before 2.10 takes one filter, and what lets through
 * two families lets through every call as well. It keeps the order within a family only.
 */
import type { EventType } from '../../machines/words/events.ts';
import type { Following } from './follow.ts';
import type { FollowOptions, Wire } from './open-wire.ts';

/** Starts one tail for each family among the types; nobody remembers its place. */
export async function followFamilies(
  wire: Pick<Wire, 'follow'>,
  options: Omit<FollowOptions, 'durable' | 'filters'> & { readonly types: readonly EventType[] },
): Promise<Following> {
  const { types, ...rest } = options;
  const families = new Map<string, EventType[]>();
  for (const type of types) {
    const family = type.slice(0, type.indexOf('.'));
    families.set(family, [...(families.get(family) ?? []), type]);
  }
  const tails = await Promise.all(
    Array.from(families.values(), (own) => wire.follow({ ...rest, filters: { types: own } })),
  );
  return {
    stop: async () => {
      await Promise.all(tails.map((tail) => tail.stop()));
    },
    lag: async () => (await Promise.all(tails.map((tail) => tail.lag()))).reduce((sum, lag) => sum + lag, 0),
    isPast: async (sequence) =>
      (await Promise.all(tails.map((tail) => tail.isPast(sequence)))).every(Boolean),
  };
}
