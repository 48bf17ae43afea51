/** What the front door needs so that people can keep something from being learned. */
import type { Principal } from './needs.ts';

interface Asker {
  readonly namespace: string;
  readonly principal: Principal;
}

export interface PauseView {
  readonly paused: boolean;
  readonly since: string | null;
  readonly by: string | null;
}

export interface LearningControlsNeed {
  readPause(o: Pick<Asker, 'namespace'>): Promise<PauseView>;
  /** Calls go on, nothing of them is learned; kept over restarts. */
  pause(o: Asker): Promise<PauseView>;
  resume(o: Asker): Promise<PauseView>;
  /** Takes a session, or what a principal did so far, out of what was learned, and keeps it out. */
  forget(
    o: Asker & { readonly kind: 'session' | 'principal'; readonly id: string },
  ): Promise<{ readonly episodes: number; readonly calls: number; readonly memories: number }>;
}
