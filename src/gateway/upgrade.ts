/**
 * `GET /stdio` with `Upgrade: drey-stdio`: turns an HTTP connection into the byte stream that `drey stdio` pipes its
 * own standard streams over. Admission comes first, as for everything else.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { toPlainError } from '../../machines/words/errors.ts';
import type { Admission, GatewayNeeds, Principal } from './needs.ts';
import type { Standing } from './standing.ts';
import type { ToolView, ToolViews } from './tool-view.ts';
import { resolveNamespace } from './namespace.ts';
import { toAdmission, toRefusalHeaders, whenAdmitted } from './admission.ts';
import { auditRefusal } from './refusals.ts';
import { toStatus } from './thrown.ts';

/** The protocol name in the Upgrade header. */
export const upgradeProtocol = 'drey-stdio';

export interface UpgradeOptions {
  readonly needs: GatewayNeeds;
  readonly views: ToolViews;
  readonly standing: Standing;
  isDraining(): boolean;
  serve(stream: { input: Duplex; output: Duplex; principal: Principal; view: ToolView }): {
    readonly closed: Promise<void>;
    close(reason: string): Promise<void>;
  };
}

/** Answers an upgrade; the socket is served or closed, never left open. */
export function answerUpgrade(
  options: UpgradeOptions,
  req: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const { needs } = options;
  socket.on('error', (error) => {
    needs.log.debug({ err: error }, 'an upgraded connection broke');
    socket.destroy();
  });
  whenAdmitted(
    needs.admit(toAdmission(req)),
    (admission) => upgrade(options, req, { socket, head }, admission),
    (error) => {
      needs.log.error({ err: error }, 'an upgrade failed unexpectedly');
      socket.destroy();
    },
  );
}

function upgrade(
  options: UpgradeOptions,
  req: IncomingMessage,
  { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  admission: Admission,
): void {
  const url = new URL(req.url ?? '/', 'http://localhost');
  if (!admission.ok) return refuse(socket, admission.status, admission.sentence, toRefusalHeaders(admission));
  if (url.pathname !== '/stdio') return refuse(socket, 404, 'nothing to upgrade here; use /stdio');
  if (req.headers.upgrade?.toLowerCase() !== upgradeProtocol) {
    return refuse(socket, 426, `the Upgrade header must be ${upgradeProtocol}`);
  }
  if (options.isDraining()) return refuse(socket, 503, 'the node is stopping; try again in a moment');
  let principal: Principal;
  let view: ToolView;
  try {
    const own = admission.principal;
    const namespace = resolveNamespace(url.searchParams.get('namespace') ?? undefined, own.namespace, own);
    principal = namespace === own.namespace ? own : { ...own, namespace };
    view = options.views.forRequest(req);
  } catch (error) {
    const plain = toPlainError(error);
    void auditRefusal(options.needs, { principal: admission.principal, object: url.pathname }, error);
    return refuse(socket, toStatus(plain), plain.message);
  }
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${upgradeProtocol}\r\n\r\n`,
  );
  if (head.length > 0) socket.unshift(head);
  const connection = options.serve({ input: socket, output: socket, principal, view });
  const end = () => void connection.close('its key is good no longer');
  socket.once('close', options.standing.watch(req, end));
}

function refuse(
  socket: Duplex,
  status: number,
  sentence: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const body = `${sentence}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${reasons.get(status) ?? 'Error'}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n${more.join('')}\r\n${body}`,
  );
}

const reasons = new Map([
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [426, 'Upgrade Required'],
  [429, 'Too Many Requests'],
  [503, 'Service Unavailable'],
]);
