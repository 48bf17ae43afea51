/**
 * What stands above every page while something is not as it should be: the node is away, a key is missing, or what the node
 * stands on is. It goes by itself once all is well again.
 */
import { useSelector } from '@xstate/store-react';
import { live } from './node/live.store.ts';

/** What the node stands on: what still works while it is away, and what does not. */
const underneath = [
  {
    part: 'bus',
    sentence:
      'The bus (NATS) is away. Calls go on, and their events wait in the node’s log; what happens is shown and learned from once it is back.',
  },
  {
    part: 'store',
    sentence:
      'The database (Postgres) is away. Calls go on; what is kept in it can be neither read nor changed until it is back.',
  },
  {
    part: 'learning',
    sentence:
      'The learner is away. Calls go on and what was learned is served; nothing new is learned until it is back.',
  },
] as const;

/** All that is amiss, one line each. */
export function Notice({ openAccess }: { readonly openAccess: () => void }) {
  const connection = useSelector(live, ({ context }) => context.connection);
  const sentence = useSelector(live, ({ context }) => context.sentence);
  const health = useSelector(live, ({ context }) => context.health);
  if (connection === 'locked')
    return (
      <div className="notice" role="alert">
        <span>{sentence}</span>
        <button onClick={openAccess}>Give a key</button>
      </div>
    );
  const missing = underneath.filter(({ part }) => health?.missing.includes(part));
  // A stream of events that ends with the bus is no news beside it.
  const isNodeAway = connection === 'away' && !missing.some(({ part }) => part === 'bus');
  return (
    <>
      {missing.map(({ part, sentence: told }) => (
        <div key={part} className="notice" role="alert">
          <span>{told}</span>
        </div>
      ))}
      {isNodeAway ? (
        <div className="notice" role="alert">
          <span>{sentence || 'The node has gone.'} Trying again; what you see is what was told last.</span>
        </div>
      ) : null}
    </>
  );
}
