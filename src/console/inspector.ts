/**
 * The inspector's page and its live feed: a page that frames the Stately inspector (or another receiver of its message
 * schema) and passes on what this node tells of its actors. The feed is for whoever may read the namespace, from this
 * node's own page only.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { DreyError } from '../../machines/words/errors.ts';
import { ActorKind, Namespace, Token } from '../../machines/words/ids.ts';
import { mayDo } from '../../machines/words/scopes.ts';
import { readPageFile } from './page-file.ts';
import type { PageFile } from './page-file.ts';

interface Reader {
  readonly namespace: string;
  readonly mayNameNamespaces: boolean;
  readonly scopes: readonly string[];
}

type Admission =
  | {
      readonly ok: true;
      readonly principal: Reader;
    }
  | { readonly ok: false; readonly status: number; readonly sentence: string };

/** Which actors a feed tells of; what is left out means any. */
export interface FeedFilter {
  readonly namespaces?: readonly string[] | undefined;
  readonly kind?: string | undefined;
  readonly id?: string | undefined;
}

export interface InspectorOptions {
  admit(request: {
    readonly authorization?: string | undefined;
    readonly host?: string | undefined;
    readonly origin?: string | undefined;
    readonly remoteAddress?: string | undefined;
  }): Admission | Promise<Admission>;
  /** Begins with the registration of every matching actor; gives back what ends it. */
  watch(filter: FeedFilter, heard: (message: object) => void): () => void;
  /** Watches who opened a feed, and ends it when that one is let in no more; gives back what ends the watching. */
  hold?(req: IncomingMessage, end: () => void): () => void;
  /** The page that is framed. */
  readonly receiverUrl?: string | undefined;
}

export interface Inspector {
  /** False when the path is not the inspector's; then nothing has been written. */
  handle(req: IncomingMessage, res: ServerResponse): boolean;
  /** Ends the feeds that are open. */
  close(): void;
}

export const receiverUrlDefault = 'https://stately.ai/inspect';
/** Feeds one node serves at a time. */
export const feedsMax = 16;
/** Bytes a feed's reader may leave unread. */
export const feedLagBytesMax = 8 * 1024 * 1024;
const keepAliveMs = 15_000;
/** Who was cut off may read what is on its way for so long. */
const cutOffMs = 5_000;

const plain = 'text/plain; charset=utf-8';

/** Opens the page and the feed; throws `config_invalid` for a receiver that is none. */
export function openInspector(options: InspectorOptions): Inspector {
  const receiver = parseReceiver(options.receiverUrl ?? receiverUrlDefault);
  const files = toFiles(receiver);
  const feeds = new Set<ServerResponse>();
  return {
    handle(req, res) {
      const path = req.url ?? '/';
      if (!path.startsWith('/inspector') || !URL.canParse(path, 'http://localhost')) return false;
      const url = new URL(path, 'http://localhost');
      const file = files.get(url.pathname);
      if (file === undefined && url.pathname !== '/inspector/feed') return false;
      answer(req, res, url, file).catch(() => res.destroy());
      return true;
    },
    close() {
      for (const res of feeds) res.end();
    },
  };

  async function answer(
    req: IncomingMessage,
    res: ServerResponse,
    url: URL,
    file: PageFile | undefined,
  ): Promise<void> {
    const { authorization, host, origin } = req.headers;
    const { remoteAddress } = req.socket;
    const admission = await options.admit({ authorization, host, origin, remoteAddress });
    if (req.method !== 'GET') say(res.setHeader('allow', 'GET'), 405, 'use GET here');
    // Without a key the page may be had: it asks for one.
    else if (!admission.ok && (file === undefined || admission.status !== 401))
      say(res, admission.status, admission.sentence);
    else if (file !== undefined) sendFile(res, file, receiver);
    else if (admission.ok) feed(req, res, url, admission.principal);
  }

  function feed(req: IncomingMessage, res: ServerResponse, url: URL, principal: Reader): void {
    if (!mayDo(principal, 'events:read')) return say(res, 403, 'the feed needs the scope events:read');
    if (!isOwnPage(req)) return say(res, 403, 'the feed is read by this node’s own page only');
    const filter = parseFilter(url, principal);
    if (typeof filter === 'string') return say(res, 400, filter);
    // Who left while it was found out whether it may come in is never heard to leave again.
    if (res.destroyed) return;
    if (feeds.size >= feedsMax)
      return say(res, 429, `${feedsMax} inspectors are open already; close one or try again later`);
    feeds.add(res);
    const keepAlive = setInterval(() => {
      if (!res.writableEnded) res.write(': still here\n\n');
    }, keepAliveMs).unref();
    let stop: (() => void) | undefined;
    let letGo: (() => void) | undefined;
    // First of all, so that whatever fails below leaves no place taken.
    res.once('close', () => {
      clearInterval(keepAlive);
      feeds.delete(res);
      letGo?.();
      stop?.();
    });
    letGo = options.hold?.(req, () => res.destroy());
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    res.write(': watching\n\n');
    stop = options.watch(filter, (message) => {
      if (res.destroyed || res.writableEnded) return;
      if (res.writableLength > feedLagBytesMax) cutOff(res);
      else res.write(`data: ${JSON.stringify(message)}\n\n`);
    });
  }
}

/** A reader that reads nothing would not even read that this was the end, and keep its place for good. */
function cutOff(res: ServerResponse): void {
  res.end(': you fell too far behind; connect again\n\n');
  setTimeout(() => res.destroy(), cutOffMs).unref();
}

/** A page elsewhere could ask, too; browsers say so. */
function isOwnPage({ headers }: IncomingMessage): boolean {
  const { host, origin } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
}

const query = z.strictObject({
  namespace: Namespace.optional(),
  kind: ActorKind.optional(),
  id: Token.optional(),
});

/** The filter, or the sentence that says what is wrong with it. */
function parseFilter({ searchParams }: URL, principal: Reader): FeedFilter | string {
  const parsed = query.safeParse(Object.fromEntries(searchParams));
  if (!parsed.success) return `the feed takes namespace, kind and id: ${z.prettifyError(parsed.error)}`;
  const { namespace, kind, id } = parsed.data;
  if (principal.mayNameNamespaces)
    return { ...(namespace === undefined ? {} : { namespaces: [namespace] }), kind, id };
  if (namespace !== undefined && namespace !== principal.namespace)
    return `you may only look at your own namespace "${principal.namespace}"`;
  return { namespaces: [principal.namespace], kind, id };
}

/** Https, or plain http on this machine: what an actor holds is not for the network to read. */
function parseReceiver(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHere = url !== undefined && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url !== undefined && (url.protocol === 'https:' || (url.protocol === 'http:' && isHere))) return url;
  throw new DreyError(
    'config_invalid',
    `DREY_INSPECTOR_URL is "${text.slice(0, 200)}"; it must be an https address, or http on this machine.`,
  );
}

function toFiles(receiver: URL): ReadonlyMap<string, PageFile> {
  const page = readPageFile('inspector-page.html', 'text/html; charset=utf-8');
  // A parsed URL has its quotes and angle brackets escaped; only & is left to write as HTML wants it.
  const address = receiver.href.replaceAll('&', '&amp;');
  return new Map([
    [
      '/inspector',
      { ...page, body: Buffer.from(page.body.toString('utf8').replace('{{receiver}}', () => address)) },
    ],
    ['/inspector/page.css', readPageFile('inspector-page.css', 'text/css; charset=utf-8')],
    ['/inspector/page.js', readPageFile('inspector-page.js', 'text/javascript; charset=utf-8')],
  ]);
}

function sendFile(res: ServerResponse, { type, body }: PageFile, receiver: URL): void {
  res.writeHead(200, {
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
      `frame-src ${receiver.origin}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
    'content-type': type,
    'content-length': body.length,
  });
  res.end(body);
}

function say(res: ServerResponse, status: number, sentence: string): void {
  res.writeHead(status, { 'content-type': plain, 'cache-control': 'no-store' });
  res.end(`${sentence}\n`);
}
