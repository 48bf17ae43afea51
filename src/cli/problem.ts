/** Reads a refusal of the node (RFC 9457) back into the error it was there, so that it keeps its exit code. */
import { DreyError, errorCodes } from '../../machines/words/errors.ts';
import type { ErrorCode } from '../../machines/words/errors.ts';

const byStatus = new Map<number, ErrorCode>([
  [400, 'argument_invalid'],
  [401, 'principal_unknown'],
  [403, 'permission_denied'],
  [404, 'method_unknown'],
  [405, 'method_unknown'],
  [409, 'revision_conflict'],
  [413, 'body_too_large'],
  [429, 'limit_reached'],
  [503, 'node_draining'],
  [504, 'call_timeout'],
]);

/** Longer refusals are cut. */
const detailCharsMax = 2_000;

/** The error a refusal stands for. */
export function toProblem(status: number, text: string, url: string): DreyError {
  const { code, detail } = parseProblem(text);
  if (code !== undefined) return new DreyError(code, detail ?? code);
  const known = byStatus.get(status);
  // The status decides about what is not in the node's own words, for instance a proxy's.
  const sentence = `${url} answered ${status}${detail === undefined ? '' : `: ${detail.replace(/\.$/, '')}`}.`;
  return new DreyError(known ?? (status >= 500 ? 'unexpected' : 'node_unreachable'), sentence);
}

function parseProblem(text: string): { code: ErrorCode | undefined; detail: string | undefined } {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    const line = text.split('\n', 1)[0]?.trim() ?? '';
    const isPlain = line !== '' && !line.startsWith('<');
    return {
      code: undefined,
      detail: isPlain ? line.slice(0, detailCharsMax).replace(/\.$/, '') : undefined,
    };
  }
  if (typeof body !== 'object' || body === null) return { code: undefined, detail: undefined };
  const code = 'code' in body ? body.code : undefined;
  const detail = 'detail' in body ? body.detail : 'title' in body ? body.title : undefined;
  return {
    code: typeof code === 'string' && isErrorCode(code) ? code : undefined,
    detail: typeof detail === 'string' ? toSentence(detail.slice(0, detailCharsMax)) : undefined,
  };
}

function toSentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) || trimmed === '' ? trimmed : `${trimmed}.`;
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}
