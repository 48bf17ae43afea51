/** Everything of a node that answers HTTP, behind one server: the gateway, the console, the inspector, the metrics. */
import { toPlainError } from '../../machines/words/errors.ts';
import { createInspection } from '../actors/actors.ts';
import type { Upstreams } from '../actors/actors.ts';
import { openConsole, openInspector } from '../console/console.ts';
import { openGateway, openShedding, openStanding } from '../gateway/gateway.ts';
import type { Gateway, GatewayNeeds } from '../gateway/gateway.ts';
import { measureOutbox } from '../store/store.ts';
import type { HttpFaces } from './http.ts';
import type { Layer1, Layer1Options } from './layer1.ts';
import type { LearnerInspection } from './learner/learner-inspection.ts';
import { openMetrics } from './telemetry/metrics.ts';
import { version } from './version.ts';

export interface Faces extends HttpFaces {
  readonly gateway: Gateway;
}

export interface FacesOptions extends Layer1Options {
  readonly upstreams: Upstreams;
  readonly inspection: LearnerInspection;
  /** The page that the inspector frames; undefined is the public one. */
  readonly inspectorUrl: string | undefined;
}

/** Opens all of them; what must be closed is told to `closers`. */
export function openFaces(
  options: FacesOptions,
  layer1: Layer1,
  needs: GatewayNeeds,
  state: () => string,
): Faces {
  const { closers, backends, boards, eventLog, announcer, counters, roots, clock, log, tracing } = options;
  const shedding = openShedding();
  const gateway = openGateway(needs, shedding);
  closers.push(() => gateway.close());
  const page = openConsole({ admit: (request) => needs.admit(request) });
  const inspection = createInspection({ roots, redactor: layer1.redactor, clock, log });
  const standing = openStanding(needs);
  closers.push(async () => standing.close());
  const inspector = openInspector({
    admit: (request) => needs.admit(request),
    hold: (req, end) => standing.watch(req, end),
    watch(filter, heard) {
      const stopOwn = inspection.watch(filter, heard);
      const { redactor } = layer1;
      const stopOther = options.inspection.watch(filter, (message) =>
        heard(redactor.redact(message) as object),
      );
      return () => {
        stopOwn();
        stopOther();
      };
    },
    receiverUrl: options.inspectorUrl,
  });
  closers.push(async () => inspector.close());
  const metrics = openMetrics({
    version,
    admit: (request) => needs.admit(request),
    counters,
    clock,
    roots,
    relay: layer1.relay,
    durable: layer1.fabric?.figures,
    outbox: () => measureOutbox(backends.store),
    tracing,
    wire: backends.wire,
    boards,
    refresh: () => layer1.healthWatch.refresh(),
    hints: () => layer1.hints.figures(),
    sessions: layer1.sessions,
    eventLog,
    announcer,
    state,
    inspected: () => inspection.observed,
    shedding: () => shedding.figures,
  });
  closers.push(async () => metrics.close());
  return {
    gateway,
    handle: (req, res) =>
      gateway.handle(req, res) ||
      page.handle(req, res) ||
      inspector.handle(req, res) ||
      metrics.handle(req, res),
    handleUpgrade: (req, socket, head) => gateway.handleUpgrade(req, socket, head),
    onConnection: () => shedding.connected(),
    onError: (error) => log.error({ err: toPlainError(error) }, 'a request broke the face that answered it'),
  };
}
