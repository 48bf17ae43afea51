/**
 * The console's door: serves the web page at `/` and its two companions; the inspector's page is opened from here, too. The page holds no facts of
 * its own (it asks REST for them), so it is served to whoever may reach the node at all; Host and Origin still count.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readPageFile } from './page-file.ts';
import type { PageFile } from './page-file.ts';

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
  'cache-control': 'no-cache',
} as const;

/** Reads the page once and serves it from memory. */
export function openConsole(options: ConsoleOptions): Console {
  const files = new Map<string, PageFile>([
    ['/', readPageFile('page.html', 'text/html; charset=utf-8')],
    ['/console/page.css', readPageFile('page.css', 'text/css; charset=utf-8')],
    ['/console/page.js', readPageFile('page.js', 'text/javascript; charset=utf-8')],
  ]);
  return {
    handle: (req, res) => {
      const file = files.get((req.url ?? '').split('?', 1)[0] ?? '');
      if (file === undefined) return false;
      answer(options, req, res, file).catch(() => res.destroy());
      return true;
    },
  };
}

async function answer(
  options: ConsoleOptions,
  req: IncomingMessage,
  res: ServerResponse,
  file: PageFile,
): Promise<void> {
  const { authorization, host, origin } = req.headers;
  const admission = await options.admit({
    authorization,
    host,
    origin,
    remoteAddress: req.socket.remoteAddress,
  });
  // Without a key the page may be had: it asks for one.
  if (!admission.ok && admission.status !== 401) {
    send(res, admission.status, {
      type: 'text/plain; charset=utf-8',
      body: Buffer.from(`${admission.sentence}\n`),
    });
  } else if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.setHeader('allow', 'GET, HEAD');
    send(res, 405, { type: 'text/plain; charset=utf-8', body: Buffer.from('use GET here\n') });
  } else {
    send(res, 200, file);
  }
}

/** Node itself leaves the body out of an answer to HEAD. */
function send(res: ServerResponse, status: number, file: PageFile): void {
  res.writeHead(status, { ...headers, 'content-type': file.type, 'content-length': file.body.length });
  res.end(file.body);
}
