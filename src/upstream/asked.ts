/** What an upstream may be asked for, as it is told to a connection and as the connection sends it. */
import type { Asker, RawJson } from '../../machines/words/calls.ts';
import type { StopSignal } from '../../machines/words/stop.ts';

/** One call for one upstream. `args` and `meta` must be valid JSON objects: they are not read again. */
export interface UpstreamCall {
  /** The upstream's own name for the tool. */
  readonly tool: string;
  /** Empty when the client sent no arguments. */
  readonly args: RawJson;
  readonly meta?: RawJson | undefined;
  /** The trace the upstream is to name as its parent; it takes the place of what `meta` says. */
  readonly traceparent?: string | undefined;
  readonly signal: StopSignal;
  /** Defaults to the upstream's configuration. */
  readonly timeoutMs?: number | undefined;
  /** Progress (with the client's own token) and log notifications of this call, as JSON text. */
  readonly notify?: ((notification: RawJson) => void) | undefined;
  readonly asker?: Asker | undefined;
  readonly inputs?: readonly RawJson[] | undefined;
}

export interface RequestOptions {
  readonly signal?: StopSignal;
  readonly timeoutMs?: number;
}

/** A request, ready to be written. */
export interface Asked {
  readonly method: string;
  readonly subject: string | undefined;
  readonly members: readonly RawJson[];
  readonly meta: RawJson | undefined;
  readonly traceparent: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: StopSignal | undefined;
  readonly timeoutMs: number | undefined;
  readonly notify: ((notification: RawJson) => void) | undefined;
  readonly asker?: Asker | undefined;
  /** True when no client asked for it. */
  readonly isOurs?: boolean;
}
