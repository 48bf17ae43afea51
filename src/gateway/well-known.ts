/**
 * `/.well-known/oauth-protected-resource` (RFC 9728), and the same with the path of the MCP endpoint: who gives out the
 * tokens that are taken here. Everybody may read it, from a Host and Origin that are ours.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Admission, GatewayNeeds } from './needs.ts';
import { sendProblem, sendValue } from './rest/problem.ts';

const root = '/.well-known/oauth-protected-resource';

/** True for the two places of the document. */
export function isMetadata(path: string): boolean {
  return path === root || path.startsWith(`${root}/`);
}

/** Answers with the document, or says that no access token is taken here. */
export function answerMetadata(
  { authorization }: Pick<GatewayNeeds, 'authorization'>,
  req: IncomingMessage,
  res: ServerResponse,
  admission: Admission,
): void {
  if (!admission.ok && admission.status === 403) {
    sendProblem(res, { status: 403, code: admission.code, sentence: admission.sentence });
  } else if (req.method !== 'GET') {
    const headers = { allow: 'GET' };
    sendProblem(res, { status: 405, code: 'method_unknown', sentence: 'use GET here', headers });
  } else if (authorization === undefined) {
    const sentence = 'this node takes no access tokens, only its own keys; `auth` in drey.json changes that';
    sendProblem(res, { status: 404, code: 'method_unknown', sentence });
  } else {
    sendValue(res, 200, authorization.metadata);
  }
}
