/** `GET /problems` and `GET /problems/:code`: every error code with its kind and status; a problem's `type` leads here. */
import { z } from 'zod';
import { errorCodes } from '../../../machines/words/errors.ts';
import type { ErrorCode } from '../../../machines/words/errors.ts';
import { toStatus } from '../thrown.ts';
import { problemTypePrefix, sendProblem, sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

const kind = z.object({
  type: z.string(),
  code: z.string(),
  kind: z.string(),
  status: z.int(),
  retry: z.enum(['now', 'later', 'never']),
});

export const problems: Resource = {
  method: 'GET',
  path: '/problems',
  docs: { summary: 'List the codes of problems', answer: z.object({ problems: z.array(kind) }) },
  answer: ({ res }) => {
    sendValue(res, 200, { problems: (Object.keys(errorCodes) as ErrorCode[]).map(toKind) });
    return Promise.resolve();
  },
};

export const problemOfCode: Resource = {
  method: 'GET',
  path: '/problems/:code',
  docs: { summary: 'Tell what a code means', answer: kind },
  answer: ({ res, ids }) => {
    const code = ids.code ?? '';
    if (!isErrorCode(code))
      sendProblem(res, {
        status: 404,
        code: 'method_unknown',
        sentence: 'no problem has this code; the list is at /api/v1/problems',
      });
    else sendValue(res, 200, toKind(code));
    return Promise.resolve();
  },
};

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}

function toKind(code: ErrorCode): z.output<typeof kind> {
  const { kind: ofCode, retry } = errorCodes[code];
  const status = toStatus({ code, kind: ofCode, retry, message: '' });
  return { type: `${problemTypePrefix}${code}`, code, kind: ofCode, status, retry };
}
