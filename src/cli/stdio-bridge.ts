/**
 * The bridge of `drey stdio`: an MCP client's standard streams on one side, an upgraded connection to the node on the
 * other. Bytes pass as they are; stdout carries nothing else.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { DreyError } from '../../machines/words/errors.ts';
import type { NodeAddress } from './node-address.ts';
import { openRequest, toUnreachable } from './node-client.ts';
import { toProblem } from './problem.ts';
import type { World } from './world.ts';

/** The protocol name in the Upgrade header; the gateway's door knows the same word. */
const upgradeProtocol = 'drey-stdio';
/** After the client has said its last word, answers under way may take so long. */
const lastAnswersMsMax = 10_000;
const refusalBytesMax = 4_096;

/** What the client chose on its command line. */
export interface BridgeChoice {
  readonly namespace?: string | undefined;
  /** Names with commas between them. */
  readonly toolsets?: string | undefined;
}

/** Opens the byte stream; throws what the node answers instead, or `node_unreachable`. */
export async function openBridge(
  address: NodeAddress,
  { namespace, toolsets }: BridgeChoice,
): Promise<Duplex> {
  const headers = { connection: 'Upgrade', upgrade: upgradeProtocol };
  const request = await openRequest(address, '/stdio', { namespace, toolsets }, { headers });
  return new Promise((resolve, reject) => {
    request.on('error', (cause) => reject(toUnreachable(cause, address)));
    request.once('upgrade', (_response, socket, head) => {
      if ('setNoDelay' in socket && typeof socket.setNoDelay === 'function') socket.setNoDelay(true);
      if ('setTimeout' in socket && typeof socket.setTimeout === 'function') socket.setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.once('response', (response) => {
      const refusal = readRefusal(response).then((text) =>
        toProblem(response.statusCode ?? 0, text, address.url),
      );
      refusal.then(reject, reject).finally(() => request.destroy());
    });
    request.end();
  });
}

/** Pipes until one side ends; throws when it is the node that is gone. */
export async function pipeStreams(world: World, socket: Duplex, address: NodeAddress): Promise<void> {
  const { stdin, stdout } = world;
  let clientEnded = false;
  let bound: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve, reject) => {
    const onClientEnd = (): void => {
      clientEnded = true;
      socket.end();
      bound ??= setTimeout(() => socket.destroy(), lastAnswersMsMax);
    };
    stdin.once('end', onClientEnd);
    stdin.once('close', onClientEnd);
    stdin.once('error', onClientEnd);
    stdout.once('close', () => {
      clientEnded = true;
      socket.destroy();
    });
    let lost: Error | undefined;
    socket.on('error', (error) => {
      lost = error;
    });
    socket.once('close', () => {
      clearTimeout(bound);
      stdin.unpipe(socket);
      stdin.pause();
      if (clientEnded) return resolve();
      const sentence = `The connection to the node at ${address.url} was lost.`;
      const details = {
        hint: 'Restart the MCP client, or this server in it; a node is started if none runs.',
      };
      reject(new DreyError('node_unreachable', sentence, { cause: lost, details }));
    });
    stdin.pipe(socket);
    // The client's stream is not ours to end.
    socket.pipe(stdout, { end: false });
  });
}

async function readRefusal(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (text.length > refusalBytesMax) break;
  }
  return text;
}
