/**
 * Asking and answering: request and reply over core subjects that no stream captures. An answer is data or a plain
 * error; nobody answering is told apart from somebody being slow.
 */
import { errors, type Msg } from '@nats-io/transport-node';
import { z } from 'zod';
import {
  DreyError,
  errorCodes,
  isDreyError,
  toPlainError,
  type ErrorCode,
} from '../../machines/words/errors.ts';
import { ActorKind, type Address } from '../../machines/words/ids.ts';
import { limits } from '../../machines/words/limits.ts';
import type { Line } from './connect.ts';
import type { Log } from './log.ts';
import { toAddressOf, toAskSubject } from './subjects.ts';

/** A question as the one who answers gets it. */
export interface Question {
  readonly to: Address;
  readonly verb: string;
  readonly data: unknown;
}

/** Which questions to answer; what is left out means "any". */
export interface Answering {
  readonly namespace?: string;
  readonly kind?: Address['kind'];
  readonly id?: string;
  readonly verb?: string;
  /** Those of one group share the questions. */
  readonly group?: string;
}

const Body = z.object({ data: z.unknown().optional() });

const Reply = z.union([
  z.object({ ok: z.literal(true), data: z.unknown().optional() }),
  z.object({ ok: z.literal(false), error: z.object({ code: z.string(), message: z.string() }) }),
]);

/** Questions answered at a time by one answerer; more are refused with `limit_reached`. */
const answersMax = 1_000;
/** Answers to a question to everybody. */
const answersPerQuestionMax = 100;

/** Asks and waits; throws what the answerer threw, `node_unreachable`, `call_timeout` or `bus_unavailable`. */
export async function askOne(
  line: Line,
  root: string,
  question: Question,
  timeoutMs: number,
): Promise<unknown> {
  const { subject, body } = toRequest(root, question);
  const { nc } = line.use();
  const message = await line
    .guard(nc.request(subject, body, { timeout: timeoutMs }))
    .catch((error: unknown) => {
      throw toAskError(error, subject, timeoutMs);
    });
  return toAnswer(message, subject);
}

function toRequest(root: string, question: Question): { readonly subject: string; readonly body: string } {
  const subject = toAskSubject(question.to, question.verb, root);
  const body = JSON.stringify({ data: question.data });
  if (body.length > limits.envelopeBytesMax) {
    throw new DreyError('body_too_large', `a question may have ${limits.envelopeBytesMax} bytes`);
  }
  return { subject, body };
}

/** What was answered; throws what the answerer threw. */
function toAnswer(message: Msg, subject: string): unknown {
  const reply = Reply.safeParse(toJson(message));
  if (!reply.success) throw new DreyError('envelope_invalid', `the answer to ${subject} cannot be read`);
  if (reply.data.ok) return reply.data.data;
  const { code, message: sentence } = reply.data.error;
  throw new DreyError(isCode(code) ? code : 'unexpected', sentence);
}

/** What one of several answered. */
export type Answer = { readonly data: unknown } | { readonly error: unknown };

/**
 * Asks everybody who listens and waits until there are enough answers, or for so long; throws `node_unreachable`,
 * `call_timeout` where nobody answered at all, or `bus_unavailable`.
 */
export async function askEverybody(
  line: Line,
  root: string,
  question: Question,
  {
    timeoutMs,
    isEnough,
  }: { readonly timeoutMs: number; readonly isEnough: (sofar: readonly Answer[]) => boolean },
): Promise<readonly Answer[]> {
  const { subject, body } = toRequest(root, question);
  const answers: Answer[] = [];
  try {
    const options = { strategy: 'timer', maxWait: timeoutMs, maxMessages: answersPerQuestionMax } as const;
    for await (const message of await line.guard(line.use().nc.requestMany(subject, body, options))) {
      try {
        answers.push({ data: toAnswer(message, subject) });
      } catch (error) {
        answers.push({ error });
      }
      if (isEnough(answers)) break;
    }
  } catch (error) {
    throw toAskError(error, subject, timeoutMs);
  }
  if (answers.length > 0) return answers;
  throw new DreyError('call_timeout', `nobody answered ${subject} within ${timeoutMs} ms`);
}

/** Tells whoever listens now; nobody answers, and where nobody listens it is lost. */
export function ringAt(line: Line, root: string, to: Address, verb: string): void {
  if (line.status === 'connected') line.use().nc.publish(toAskSubject(to, verb, root), JSON.stringify({}));
}

/** Answers until stopped; survives every outage, since the client subscribes again by itself. */
export async function startAnswering(
  line: Line,
  root: string,
  which: Answering,
  answer: (question: Question) => Promise<unknown>,
  log: Log,
): Promise<{ stop(): void }> {
  const subject = `${root}.ask.${which.namespace ?? '*'}.${which.kind ?? '*'}.${which.id ?? '*'}.${which.verb ?? '*'}`;
  let open = 0;
  let stopped = false;
  let subscription: { unsubscribe(): void } | undefined;
  const reply = async (message: Msg): Promise<void> => {
    open += 1;
    try {
      if (open > answersMax)
        throw new DreyError('limit_reached', `more than ${answersMax} questions at a time`);
      const data = await answer(toQuestion(message, root));
      respond(message, { ok: true, data }, log);
    } catch (error) {
      if (!isDreyError(error))
        log.error({ err: error, subject: message.subject }, 'a question could not be answered');
      message.respond(JSON.stringify({ ok: false, error: toPlainError(error) }));
    } finally {
      open -= 1;
    }
  };
  const subscribe = (): void => {
    if (stopped || subscription !== undefined) return;
    subscription = line.use().nc.subscribe(subject, {
      ...(which.group === undefined ? {} : { queue: which.group }),
      callback: (error, message) => {
        if (error === null) void reply(message);
        else log.error({ err: error, subject }, 'questions cannot be heard');
      },
    });
  };
  if (line.status === 'connected') {
    subscribe();
    await line.guard(line.use().nc.flush()).catch(() => undefined);
  }
  const forget = line.onStatus((status) => {
    if (status === 'connected') subscribe();
  });
  return {
    stop() {
      stopped = true;
      forget();
      subscription?.unsubscribe();
    },
  };
}

/** An answer into an outage is lost; the one who asked has its timeout. */
function respond(message: Msg, reply: object, log: Log): void {
  try {
    message.respond(JSON.stringify(reply));
  } catch (error) {
    log.debug({ err: error, subject: message.subject }, 'an answer was lost');
  }
}

function toQuestion(message: Msg, root: string): Question {
  const to = toAddressOf(message.subject, root);
  const verb = message.subject.split('.').at(-1);
  const body = Body.safeParse(toJson(message));
  if (to === undefined || verb === undefined || !ActorKind.safeParse(to.kind).success || !body.success) {
    throw new DreyError(
      'envelope_invalid',
      `the question on ${message.subject.slice(0, 200)} cannot be read`,
    );
  }
  return { to, verb, data: body.data.data };
}

function toJson(message: Msg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}

function toAskError(error: unknown, subject: string, timeoutMs: number): unknown {
  if (isDreyError(error)) return error;
  if (error instanceof errors.TimeoutError) {
    return new DreyError('call_timeout', `nobody answered ${subject} within ${timeoutMs} ms`, {
      cause: error,
    });
  }
  if (
    error instanceof errors.NoRespondersError ||
    (error instanceof errors.RequestError && error.isNoResponders())
  ) {
    return new DreyError('node_unreachable', `nobody listens on ${subject}`, { cause: error });
  }
  return new DreyError('bus_unavailable', `${subject} could not be asked`, { cause: error });
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}
