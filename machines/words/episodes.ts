/**
 * An episode: one task of one session, the calls made for it and how it ended. Importers produce episodes, the
 * learner's intake assembles them from events, learning reads them. Facts only: nothing here is derived.
 */
import { z } from 'zod';

export const Outcome = z.enum(['success', 'failure', 'unknown']);
export type Outcome = z.infer<typeof Outcome>;

/** Why an episode ended: told, or inferred. `open` episodes are learned from provisionally. */
export const EpisodeEnd = z.enum(['open', 'told', 'next_task', 'session_end', 'silence', 'import']);
export type EpisodeEnd = z.infer<typeof EpisodeEnd>;

/** One call as learning sees it: after redaction, with the values that survived it. */
export interface EpisodeCall {
  readonly callId: string;
  /** The upstream's alias; '' where an import knows none. */
  readonly server: string;
  /** The upstream's own tool name. */
  readonly tool: string;
  /** The name clients see: `alias__tool`; an imported name unchanged. SOPs speak in these names. */
  readonly name: string;
  readonly args: unknown;
  /** Parsed result where it was JSON, else text; undefined where it was cut or unknown. */
  readonly result: unknown;
  readonly error: boolean;
  /** ISO 8601, from the event. */
  readonly at: string;
}

export interface Episode {
  readonly episodeId: string;
  readonly namespace: string;
  readonly principal: string;
  readonly session: string;
  /** What the agent was asked; '' where nobody said. */
  readonly task: string;
  readonly outcome: Outcome;
  readonly end: EpisodeEnd;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly calls: readonly EpisodeCall[];
}

/** What an importer yields: an episode that has not been redacted or given ids yet. */
export interface ImportedEpisode {
  /** Names the source for good: the same source and key always give the same ids. */
  readonly source: string;
  readonly key: string;
  readonly task: string;
  readonly outcome: Outcome;
  readonly agent: string;
  /** ISO 8601 where the source knows it. */
  readonly startedAt?: string;
  readonly calls: readonly ImportedCall[];
}

export interface ImportedCall {
  readonly server?: string;
  readonly tool: string;
  readonly args: unknown;
  readonly result: unknown;
  readonly error: boolean;
  readonly at?: string;
  /** Names the call within its episode where the source does; otherwise its place does. */
  readonly id?: string;
}
