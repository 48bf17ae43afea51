/**
 * `drey hook` at work: gives one event of a client's hook from stdin to the node, and prints what its agent may be told.
 * It runs in an agent's way, so it imports almost nothing, waits 300 ms at most, and whatever goes wrong says nothing and
 * ends with 0: an agent never notices that a node is gone.
 */
import { readFileSync, writeSync } from 'node:fs';
import { connect } from 'node:net';

/** From the first byte to the last, whatever the node does. */
const totalMsMax = 300;
/** Larger events are cut down, and even larger ones left alone. */
const sentBytesMax = 1_000_000;
const readBytesMax = 16 * 1024 * 1024;
const answerBytesMax = 64 * 1024;
/** Events whose answer an agent hears. */
const heard = new Set(['UserPromptSubmit', 'SessionStart']);

interface Place {
  readonly url: URL;
  readonly token: string | undefined;
}

/** Does it, and ends the process. */
export async function runHook(words: readonly string[]): Promise<never> {
  setTimeout(() => process.exit(0), totalMsMax);
  try {
    const options = toOptions(words);
    const [text, place] = [await readInput(), findPlace(options)];
    const body = toBody(text);
    if (place !== undefined && body !== undefined) {
      const answer = await send(place, body.json, options.get('namespace'));
      const output = toOutput(answer, body.event);
      if (output !== undefined) writeSync(1, output);
    }
  } catch {
    // Said on purpose: nothing.
  }
  process.exit(0);
}

function toOptions(words: readonly string[]): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (let at = 0; at < words.length; at += 1) {
    const [, name = '', value] = /^--(\w+)(?:=(.*))?$/s.exec(words[at] ?? '') ?? [];
    if (value === undefined) at += 1;
    options.set(name, value ?? words[at] ?? '');
  }
  return options;
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > readBytesMax) return '';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The event as it is sent: as it came, or without a result that is too large. */
function toBody(text: string): { readonly event: string; readonly json: string } | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('hook_event_name' in value)) return undefined;
  const event = String(value.hook_event_name);
  if (Buffer.byteLength(text) <= sentBytesMax) return { event, json: text };
  const json = JSON.stringify({ ...value, tool_response: '[too large to be kept]' });
  return Buffer.byteLength(json) <= sentBytesMax ? { event, json } : undefined;
}

/** The node that is named, or the one of the data folder; as `node-address.ts` finds it, which is too heavy for here. */
function findPlace(options: ReadonlyMap<string, string>): Place | undefined {
  const { env } = process;
  const named = options.get('url') ?? (env['DREY_URL'] || undefined);
  const token = env['DREY_TOKEN'] || undefined;
  if (named !== undefined) return { url: new URL(named), token };
  const folder = options.get('data') ?? (env['DREY_DATA'] || undefined) ?? defaultFolder(env);
  const node: unknown = JSON.parse(readFileSync(`${folder}/node.json`, 'utf8'));
  if (typeof node !== 'object' || node === null || !('url' in node)) return undefined;
  return { url: new URL(String(node.url)), token: token ?? readToken(folder) };
}

/** The same place as `defaultDataFolder` of infra; a test holds them together. */
export function defaultFolder(
  env: Readonly<Record<string, string | undefined>>,
  uid = process.getuid?.(),
): string {
  if (uid === 0) return '/var/lib/drey';
  const named = env['XDG_DATA_HOME'];
  if (named?.startsWith('/') === true) return `${named}/drey`;
  return `${env['HOME'] ?? env['USERPROFILE'] ?? ''}/.local/share/drey`;
}

function readToken(folder: string): string | undefined {
  try {
    return readFileSync(`${folder}/token`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** One request, written by hand: an HTTP client would take longer to load than the node to answer. */
async function send({ url, token }: Place, json: string, namespace: string | undefined): Promise<string> {
  const query = namespace === undefined ? '' : `?namespace=${encodeURIComponent(namespace)}`;
  const head = [
    `POST ${url.pathname.replace(/\/$/, '')}/api/v1/hooks${query} HTTP/1.0`,
    `Host: ${url.host}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(json)}`,
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
  ];
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isSecure = url.protocol === 'https:';
  const port = Number(url.port || (isSecure ? 443 : 80));
  const socket = isSecure
    ? (await import('node:tls')).connect({ host, port, servername: host })
    : connect({ host, port });
  socket.write(`${head.join('\r\n')}\r\n\r\n${json}`);
  let answer = '';
  socket.setEncoding('utf8');
  for await (const chunk of socket as AsyncIterable<string>) {
    answer += chunk;
    if (answer.length > answerBytesMax) break;
  }
  return answer;
}

/** What the client reads; undefined where there is nothing to say. */
function toOutput(answer: string, event: string): string | undefined {
  const end = answer.indexOf('\r\n\r\n');
  if (!/^HTTP\/1\.[01] 200 /.test(answer) || end < 0 || !heard.has(event)) return undefined;
  const value: unknown = JSON.parse(answer.slice(end + 4));
  if (typeof value !== 'object' || value === null || !('context' in value)) return undefined;
  if (typeof value.context !== 'string' || value.context === '') return undefined;
  const hookSpecificOutput = { hookEventName: event, additionalContext: value.context };
  return `${JSON.stringify({ hookSpecificOutput })}\n`;
}
