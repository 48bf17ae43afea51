/**
 * Whether this process is traced: OpenTelemetry's own variables say so. Without an address to send to there is no
 * tracer, nothing of OpenTelemetry is loaded, and no room makes anything on its behalf.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import type { DreyEvent } from '../../../machines/words/events.ts';
import type { Tracer } from '../../../machines/words/traces.ts';
import type { Clock, Log } from '../../actors/actors.ts';
import type { Redactor } from '../../access/access.ts';
import { watchOutages } from './outages.ts';
import { sealTracer } from '../sealing.ts';

export interface TracingOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Which of the processes this is. */
  readonly part: 'node' | 'learner';
  readonly clock: Pick<Clock, 'schedule'>;
  readonly log: Log;
  readonly redaction: Redactor;
}

/** Spans since the start of the process. */
export interface TracingFigures {
  readonly sent: number;
  /** Given up: the collector could not be reached or refused them. */
  readonly lost: number;
}

export interface Tracing {
  readonly tracer: Tracer | undefined;
  /** Looks at every event on its way into the log; only where something is traced. */
  readonly note: ((event: DreyEvent) => void) | undefined;
  /** Undefined where nothing is traced. */
  figures(): TracingFigures | undefined;
  /** Sends what is left, for no longer than the bound. */
  close(): Promise<void>;
}

const off: Tracing = {
  tracer: undefined,
  note: undefined,
  figures: () => undefined,
  close: () => Promise.resolve(),
};

/** Opens it as the environment says; what is wrong with that is logged, and nothing is traced then. */
export async function openTracing(options: TracingOptions): Promise<Tracing> {
  const { env, log } = options;
  const named = toEndpoint(env);
  if (named === undefined) return off;
  const { variable, address } = named;
  const endpoint = URL.canParse(address) ? new URL(address) : undefined;
  if (endpoint === undefined || !/^https?:$/.test(endpoint.protocol)) {
    log.warn({ variable }, 'nothing is traced: the address to send traces to is no http(s) URL');
    return off;
  }
  const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] || env['OTEL_EXPORTER_OTLP_PROTOCOL'];
  if (protocol !== undefined && protocol !== 'http/json')
    log.warn({ protocol }, 'traces are sent as http/json, whatever protocol is asked for');
  try {
    const { openOtlp } = await import('./otlp.ts');
    const otlp = openOtlp({ ...options, origin: endpoint.origin });
    const tracer = sealTracer(otlp.tracer, options.redaction);
    const outages = watchOutages(tracer);
    return {
      tracer,
      note: (event) => outages.note(event),
      figures: () => otlp.figures(),
      close: () => {
        outages.close();
        return otlp.close();
      },
    };
  } catch (error) {
    log.warn({ err: toPlainError(error) }, 'nothing is traced: OpenTelemetry could not be set up');
    return off;
  }
}

function toEndpoint(
  env: TracingOptions['env'],
): { readonly variable: string; readonly address: string } | undefined {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none')
    return undefined;
  for (const variable of ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']) {
    const address = env[variable];
    if (address) return { variable, address };
  }
  return undefined;
}
