/** What admission looks at, taken from a request. */
import type { IncomingMessage } from 'node:http';
import type { AdmissionRequest } from './needs.ts';

/** Only the four facts that decide; a forwarded address is never believed here. */
export function toAdmission(req: IncomingMessage): AdmissionRequest {
  return {
    authorization: req.headers.authorization,
    host: req.headers.host,
    origin: req.headers.origin,
    remoteAddress: req.socket.remoteAddress,
  };
}
