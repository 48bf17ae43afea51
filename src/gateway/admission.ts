/** Who is let in: what admission looks at, taken from a request, and how a refusal is said in headers. */
import type { IncomingMessage } from 'node:http';
import type { Admission, AdmissionRequest } from './needs.ts';

/** Where access tokens of an authorization server are taken. */
export interface AuthorizationNeed {
  /** The document of RFC 9728. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The challenge (RFC 6750) of a request that lacks these scopes, given as one text. */
  toChallenge(scope: string): string;
}

/** Only the four facts that decide; a forwarded address is never believed here. */
export function toAdmission(req: IncomingMessage): AdmissionRequest {
  return {
    authorization: req.headers.authorization,
    host: req.headers.host,
    origin: req.headers.origin,
    remoteAddress: req.socket.remoteAddress,
  };
}

/** Goes on with the admission: at once where it is known, for a promise costs a turn of the loop. */
export function whenAdmitted(
  admission: Admission | Promise<Admission>,
  serve: (admission: Admission) => void,
  failed: (error: unknown) => void,
): void {
  if (admission instanceof Promise) admission.then(serve).catch(failed);
  else serve(admission);
}

/** The headers of a refused admission. */
export function toRefusalHeaders(refused: Exclude<Admission, { ok: true }>): Record<string, string> {
  const { status, challenge, retryAfterMs } = refused;
  return {
    ...(status === 401 || challenge !== undefined ? { 'www-authenticate': challenge ?? 'Bearer' } : {}),
    ...(retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) }),
  };
}
