/**
 * The console's door: serves the built page at `/` and its parts; the inspector's page is opened from here, too. The page holds no facts of
 * its own (it asks REST for them), so it is served to whoever may reach the node at all; Host and Origin still count.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBuiltPage } from './built-page.ts';
import type { BuiltFile } from './built-page.ts';

export { openInspector } from './inspector.ts';
export type { FeedFilter, Inspector, InspectorOptions } from './inspector.ts';

type PageAdmission =
  | { readonly ok: true }
  | { readonly ok: false; readonly status: number; readonly sentence: string };

/** What the console asks of admission: only whether this Host and Origin are served here. */
export interface ConsoleOptions {
  admit(request: {
    readonly authorization?: string | undefined;
    readonly host?: string | undefined;
    readonly origin?: string | undefined;
    readonly remoteAddress?: string | undefined;
  }): PageAdmission | Promise<PageAdmission>;
}

export interface Console {
  /** False when the path is not the console's; then nothing has been written. */
  handle(req: IncomingMessage, res: ServerResponse): boolean;
}

const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; " +
    "base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  vary: 'accept-encoding',
} as const;

const plain = 'text/plain; charset=utf-8';
const unbuilt = 'The console was not built; run "npm run build" in the folder of drey, or install it anew.\n';

/** Reads the page once and serves it from memory. */
export function openConsole(options: ConsoleOptions): Console {
  const files = readBuiltPage();
  return {
    handle: (req, res) => {
      const path = (req.url ?? '').split('?', 1)[0] ?? '';
      const file = files.get(path);
      // A node without its console does everything else.
      if (file === undefined && path !== '/') return false;
      answer(options, req, res, file).catch(() => res.destroy());
      return true;
    },
  };
}

async function answer(
  options: ConsoleOptions,
  req: IncomingMessage,
  res: ServerResponse,
  file: BuiltFile | undefined,
): Promise<void> {
  const { authorization, host, origin } = req.headers;
  const admission = await options.admit({
    authorization,
    host,
    origin,
    remoteAddress: req.socket.remoteAddress,
  });
  // Without a key the page may be had: it asks for one.
  if (!admission.ok && admission.status !== 401) say(res, admission.status, `${admission.sentence}\n`);
  else if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.setHeader('allow', 'GET, HEAD');
    say(res, 405, 'use GET here\n');
  } else if (file === undefined) say(res, 503, unbuilt);
  else send(req, res, file);
}

/** Node itself leaves the body out of an answer to HEAD. */
function send(req: IncomingMessage, res: ServerResponse, file: BuiltFile): void {
  const packed = /\bgzip\b/.test(req.headers['accept-encoding'] ?? '') ? file.packed() : undefined;
  const body = packed ?? file.body;
  res.writeHead(200, {
    ...headers,
    'cache-control': file.isForGood ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-type': file.type,
    ...(packed === undefined ? {} : { 'content-encoding': 'gzip' }),
    'content-length': body.length,
  });
  res.end(body);
}

function say(res: ServerResponse, status: number, sentence: string): void {
  res.writeHead(status, { ...headers, 'cache-control': 'no-store', 'content-type': plain });
  res.end(sentence);
}
