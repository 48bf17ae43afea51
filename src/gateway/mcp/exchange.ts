/** What the two eras share: the endpoint's options and one message that came in over HTTP. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Hooks } from '../hooks.ts';
import type { GatewayNeeds, Principal } from '../needs.ts';
import type { ToolViews } from '../tool-view.ts';
import type { Standing } from '../standing.ts';
import type { SopOffers } from '../sops/sop-offers.ts';
import type { InFlight } from './in-flight.ts';
import type { KeepAlive } from './keep-alive.ts';
import type { Shedding } from './shedding.ts';

export interface EndpointOptions {
  readonly needs: GatewayNeeds;
  readonly inFlight: InFlight;
  readonly keepAlive: KeepAlive;
  readonly standing: Standing;
  /** What clients' hooks told, by conversation. */
  readonly hooks: Hooks;
  readonly shedding: Shedding;
  readonly views: ToolViews;
  /** Learned procedures as prompts, resources and skills. */
  readonly sops: SopOffers;
  isDraining(): boolean;
}

/** One message with everything a handler needs to answer it. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly principal: Principal;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The id of a request as JSON text; `null` for what is not one. */
export function echoId(body: Readonly<Record<string, unknown>>): string {
  const { id, method } = body;
  return typeof method === 'string' && (typeof id === 'string' || typeof id === 'number')
    ? JSON.stringify(id)
    : 'null';
}
