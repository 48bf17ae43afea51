/**
 * Requests that are too long for one message of the bus, between two nodes: the one that asks sends the body ahead in
 * pieces, each a question of its own, and the one that answers keeps them until the request itself comes. What nobody
 * comes for is forgotten. It reads nothing of what it carries.
 */
import { z } from 'zod';
import { DreyError } from '../../machines/words/errors.ts';
import { limits } from '../../machines/words/limits.ts';
import { toNodeAddress } from '../actors/actors.ts';
import type { Clock } from '../actors/actors.ts';
import type { Wire } from '../wire/wire.ts';
import { StreamName } from './forwarded-streams.ts';

/** Bytes of one body: what the front door itself takes. */
export const bodyBytesMax = limits.messageBytesMax;
/** Bytes of all bodies that one node keeps. */
export const bodiesBytesMax = 16 * bodyBytesMax;
/** Bytes of one piece: as text it is a third longer, and still one message. */
const pieceBytesMax = 256 * 1024;
const pieceMs = 10_000;
/** Between two pieces, and between the last and its request. */
const keptMs = 30_000;

const BodyPiece = z.object({
  name: StreamName,
  /** How many came before it: a piece that is missing is noticed. */
  at: z.number().int().nonnegative(),
  bytes: z.base64().max(pieceBytesMax * 2),
});

export interface ForwardedBodies {
  /** A piece came; throws `limit_reached` where it finds no room. */
  take(data: unknown): true;
  /** The whole body, once; throws where it is not whole. */
  claim(name: StreamName, bytes: number): string;
  /** Whoever sends it needs it no more. */
  leave(data: unknown): void;
}

interface Kept {
  readonly pieces: Buffer[];
  bytes: number;
  forget: () => void;
}

/** Opens the room for bodies of one node. */
export function createForwardedBodies({ clock }: { clock: Pick<Clock, 'schedule'> }): ForwardedBodies {
  const kept = new Map<string, Kept>();
  let bytesAll = 0;
  const drop = (key: string): void => {
    const one = kept.get(key);
    if (one === undefined) return;
    one.forget();
    bytesAll -= one.bytes;
    kept.delete(key);
  };
  return {
    take: (data) => {
      const { name, at, bytes } = BodyPiece.parse(data);
      const key = toKey(name);
      const piece = Buffer.from(bytes, 'base64');
      const one = kept.get(key) ?? { pieces: [], bytes: 0, forget: () => undefined };
      if (one.bytes + piece.length > bodyBytesMax)
        throw new DreyError('body_too_large', `a request from another node may have ${bodyBytesMax} bytes`);
      if (bytesAll + piece.length > bodiesBytesMax)
        throw new DreyError('limit_reached', 'this node holds all long requests it can; try again later');
      if (at !== one.pieces.length)
        throw new DreyError('argument_invalid', 'a piece of this request is missing; send it again');
      one.pieces.push(piece);
      one.bytes += piece.length;
      bytesAll += piece.length;
      one.forget();
      one.forget = clock.schedule(keptMs, () => drop(key));
      kept.set(key, one);
      return true;
    },
    claim: (name, bytes) => {
      const key = toKey(name);
      const one = kept.get(key);
      drop(key);
      if (one?.bytes !== bytes)
        throw new DreyError('argument_invalid', 'a piece of this request is missing; send it again');
      return Buffer.concat(one.pieces).toString('utf8');
    },
    leave: (data) => drop(toKey(StreamName.parse(data))),
  };
}

/** Sends a body ahead of its request; gives back its bytes. Throws between two pieces once nobody wants the answer. */
export async function sendBody(
  wire: Pick<Wire, 'ask'>,
  node: string,
  name: StreamName,
  body: string,
  isWanted: () => boolean,
): Promise<number> {
  const all = Buffer.from(body);
  for (let at = 0; at * pieceBytesMax < all.length; at += 1) {
    const bytes = all.subarray(at * pieceBytesMax, (at + 1) * pieceBytesMax).toString('base64');
    await wire.ask(toNodeAddress(node), 'body', { name, at, bytes }, { timeoutMs: pieceMs });
    if (!isWanted())
      throw new DreyError('call_cancelled', 'nobody wants the answer to this request any more');
  }
  return all.length;
}

function toKey({ node, id }: StreamName): string {
  return `${node} ${id}`;
}
