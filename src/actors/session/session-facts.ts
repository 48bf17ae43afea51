/** Whose a session is, and what its client said of itself when it began. None of it changes as long as it lives. */
import type { Principal } from '../../access/access.ts';
import type { ClientAbilities } from './client-abilities.ts';

/** What a session is from its first moment on. */
export interface SessionFacts {
  readonly id: string;
  readonly principal: Principal;
  readonly transport: 'http' | 'stdio' | 'hook';
  readonly revision: string;
  readonly client: string;
  /** What it said in its handshake that it can do; undefined where there was none. */
  readonly capabilities?: ClientAbilities | undefined;
  /** Whether its client names it in each request, so that it can go on at any node. */
  readonly isMovable?: boolean | undefined;
}
