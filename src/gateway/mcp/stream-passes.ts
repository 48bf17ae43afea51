/** Passed requests over a byte stream. Who has cancelled a request gets no answer to it. */
import { classifyInboundRequest } from '@modelcontextprotocol/server';
import type { Principal } from '../needs.ts';
import type { EndpointOptions } from './exchange.ts';
import type { CallScope } from './in-flight.ts';
import type { Peer } from './peer.ts';
import { runPass, slicePass } from './passes.ts';
import { errorFrame, rpc, toDrainingError } from './rpc-errors.ts';
import { toServerInfo } from './sdk-server.ts';
import type { FrameStream } from './stream-transport.ts';

export interface StreamPasses {
  /** Answers one request; a failure of the gateway itself is logged, never thrown. */
  take(text: string, body: { id: string | number; method: string; params?: unknown }): void;
}

/** Makes the answerer of one connection. */
export function createStreamPasses(
  options: EndpointOptions,
  connection: {
    readonly principal: Principal;
    readonly peer: Peer;
    readonly calls: CallScope;
    frames(): FrameStream;
  },
): StreamPasses {
  const { needs } = options;
  const serverInfo = JSON.stringify(toServerInfo(needs.version));
  const answer = async (text: string, body: { id: string | number; method: string; params?: unknown }) => {
    const frames = connection.frames();
    const sliced = slicePass(text, body);
    const refuse = (code: number, message: string) =>
      frames.write(errorFrame(sliced.ok ? sliced.pass.id : sliced.id, { code, message }));
    if (!sliced.ok) return refuse(sliced.code, sliced.sentence);
    const route = classifyInboundRequest({ httpMethod: 'POST', body });
    if (route.kind === 'reject') return refuse(route.code, route.message);
    if (route.kind === 'modern' && route.classification.revision !== '2026-07-28')
      return refuse(rpc.unsupportedVersion, 'Unsupported protocol version; 2026-07-28 is supported');
    const { pass } = sliced;
    if (options.isDraining()) return frames.write(errorFrame(pass.id, toDrainingError()));
    const { principal, peer } = connection;
    await connection.calls.run(pass.requestId, async ({ signal }) => {
      const notify = (notification: string) => frames.writeIfRoom(notification);
      const era = route.kind;
      const { sops } = options;
      const run = { pass, era, principal, peer, sops, needs, serverInfo, signal, notify, carried: undefined };
      const frame = await runPass(run);
      if (!signal.aborted) frames.write(frame);
    });
  };
  return {
    take: (text, body) => {
      answer(text, body).catch((error: unknown) => {
        needs.log.error({ err: error }, 'a request broke inside the gateway');
      });
    },
  };
}
