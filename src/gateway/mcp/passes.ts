/**
 * Every request that is neither a tool call nor the protocol's own business: prompts, resources, completions. Lists are
 * answered from what is known of all upstreams; the rest is sliced, sent to its upstream and answered as it came back.
 */
import type { CallOutcome, RawJson } from '../../../machines/words/calls.ts';
import { DreyError, isDreyError } from '../../../machines/words/errors.ts';
import { toLogRank } from '../../../machines/words/log-levels.ts';
import type { StopSignal } from '../../../machines/words/stop.ts';
import { listMembers, sliceMembers } from '../../upstream/upstream.ts';
import type { RawMember } from '../../upstream/upstream.ts';
import { listContextOffers, readContextResource, readContextUri } from '../context-offers.ts';
import type { GatewayNeeds, Principal } from '../needs.ts';
import type { OfferKind, Owner } from '../offers-need.ts';
import { assertMay, readLacking } from '../permission.ts';
import { auditRefusal } from '../refusals.ts';
import type { SopOffers } from '../sops/sop-offers.ts';
import type { Era } from './call-frames.ts';
import { toHeard } from './heard.ts';
import { toListAnswer } from './list-answer.ts';
import { toPage } from './pages.ts';
import { isRecord } from './parse-message.ts';
import type { Peer } from './peer.ts';
import { toPassFrame, toResultFrame } from './pass-frames.ts';
import type { PassFrame } from './pass-frames.ts';
import { toValidTraceparent } from './raw-call.ts';
import { errorFrame, rpc, toThrownRpcError } from './rpc-errors.ts';

/** A request to be passed, checked but not rewritten. */
export interface Pass {
  /** The request's id, parsed: what a cancellation names. */
  readonly requestId: string | number;
  readonly id: RawJson;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The same, as it came. */
  readonly rawParams: RawJson;
}

export interface PassRun {
  readonly pass: Pass;
  readonly era: Era;
  readonly principal: Principal;
  /** The client, where it can be reached unasked. */
  readonly peer: Peer | undefined;
  readonly needs: GatewayNeeds;
  readonly sops: SopOffers;
  /** Hears which scope was missing, where that is why a request is refused. */
  readonly lacking?: ((scope: string) => void) | undefined;
  readonly serverInfo: RawJson;
  readonly signal: StopSignal;
  readonly notify: ((notification: RawJson) => void) | undefined;
  /** The trace that the transport names. */
  readonly carried: string | undefined;
}

type Answered = (run: PassRun) => Promise<CallOutcome>;

const answers: ReadonlyMap<string, Answered> = new Map<string, Answered>([
  ['prompts/list', (run) => list(run, 'prompts', 'prompts')],
  ['resources/list', (run) => list(run, 'resources', 'resources')],
  ['resources/templates/list', (run) => list(run, 'templates', 'resourceTemplates')],
  ['prompts/get', getPrompt],
  ['resources/read', readResource],
  ['completion/complete', complete],
  ['skills/list', listSkills],
  ['skills/get', getSkill],
  ['resources/subscribe', (run) => listen(run, (peer) => watch(run, peer))],
  ['resources/unsubscribe', (run) => listen(run, (peer) => unwatch(run, peer))],
  ['logging/setLevel', (run) => listen(run, (peer) => setLevel(run, peer))],
]);

/** True for a request (it has an id) that this file answers. */
export function isPass(body: unknown): body is { id: string | number; method: string; params?: unknown } {
  return (
    isRecord(body) &&
    typeof body['method'] === 'string' &&
    answers.has(body['method']) &&
    Object.hasOwn(body, 'id')
  );
}

/** Methods that the newer era has no more. */
export function isOfLegacy(method: string): boolean {
  return ['resources/subscribe', 'resources/unsubscribe', 'logging/setLevel'].includes(method);
}

export type SlicedPass =
  | { readonly ok: true; readonly pass: Pass }
  | { readonly ok: false; readonly id: RawJson; readonly code: number; readonly sentence: string };

/** Slices a request out of its message; `body` is the same message parsed. */
export function slicePass(
  text: RawJson,
  body: { id: string | number; method: string; params?: unknown },
): SlicedPass {
  const frame = sliceMembers(text, ['id', 'params', 'jsonrpc']);
  const id = frame.id ?? 'null';
  if (frame.jsonrpc !== '"2.0"')
    return { ok: false, id, code: rpc.invalidRequest, sentence: 'Invalid request: jsonrpc must be "2.0"' };
  const params = body.params ?? {};
  if (!isRecord(params) || (params['_meta'] !== undefined && !isRecord(params['_meta'])))
    return { ok: false, id, code: rpc.invalidParams, sentence: 'params and params._meta must be objects' };
  const { method, id: requestId } = body;
  return { ok: true, pass: { requestId, id, method, params, rawParams: frame.params ?? '{}' } };
}

/** Answers it; the response frame, whatever happens. */
export async function runPass(run: PassRun): Promise<RawJson> {
  const { pass, era, serverInfo, needs } = run;
  const frame: PassFrame = { id: pass.id, era, method: pass.method, serverInfo };
  try {
    const outcome = await answers.get(pass.method)?.(run);
    return outcome === undefined ? toResultFrame('{}', frame) : toPassFrame(outcome, frame);
  } catch (error) {
    await auditRefusal(needs, { principal: run.principal, object: pass.method }, error);
    const scope = readLacking(error);
    if (scope !== undefined) run.lacking?.(scope);
    if (!isDreyError(error) || error.code === 'unexpected')
      needs.log.error({ err: error, method: pass.method }, 'a request broke inside the gateway');
    return errorFrame(pass.id, toThrownRpcError(error));
  }
}

/** A result of our own. */
export function toOwnOutcome(result: object): CallOutcome {
  return { outcome: 'finished', result: JSON.stringify(result), isError: false };
}

async function list(run: PassRun, kind: OfferKind, member: string): Promise<CallOutcome> {
  const [own, shared, theirs] = await Promise.all([
    run.sops.list(kind, run.principal),
    listContextOffers(run.needs, kind, run.principal),
    run.needs.offers.list(kind),
  ]);
  const { items, rest } = toListAnswer(run.needs, [...own.items, ...shared.items, ...theirs.items], {
    cursor: run.pass.params['cursor'],
    stale: [...own.stale, ...shared.stale, ...theirs.stale],
    missing: theirs.missing ?? [],
  });
  return toOwnOutcome({ [member]: items, ...rest });
}

async function getPrompt(run: PassRun): Promise<CallOutcome> {
  const name = readText(run.pass, 'name');
  const learned = await run.sops.prompt(name, run.pass.params['arguments'], run.principal);
  if (learned !== undefined) return toOwnOutcome(learned);
  const owner = await run.needs.offers.prompt(name);
  if (owner === undefined) throw new DreyError('argument_invalid', `there is no prompt "${name}"`);
  return passTo(run, owner, { name: JSON.stringify(owner.own) }, owner.own);
}

async function readResource(run: PassRun): Promise<CallOutcome> {
  const uri = readText(run.pass, 'uri');
  const ours =
    readContextUri(uri) === undefined
      ? await run.sops.read(uri, run.principal)
      : await readContextResource(run.needs, uri, run.principal);
  if (ours !== undefined) return toOwnOutcome(ours);
  if (readContextUri(uri) !== undefined) return toNotFound(run.era, uri);
  return passResource(run, uri, (own) => ({ uri: JSON.stringify(own) }));
}

/** What changes a client's ear; in the newer era a client says it with each request, or listens. */
async function listen(
  { peer, pass, principal }: PassRun,
  change: (peer: Peer) => CallOutcome | Promise<CallOutcome>,
): Promise<CallOutcome> {
  assertMay(principal, 'tool:call');
  if (peer !== undefined) return change(peer);
  throw new DreyError('method_unknown', `"${pass.method}" is not a method of revision 2026-07-28`);
}

async function watch({ needs, pass }: PassRun, peer: Peer): Promise<CallOutcome> {
  const uri = readText(pass, 'uri');
  const outcome = await needs.hearing.watch(uri, peer);
  if (outcome.outcome === 'finished') peer.wish({ what: 'watch', uri });
  return outcome;
}

function unwatch({ needs, pass }: PassRun, peer: Peer): Promise<CallOutcome> {
  const uri = readText(pass, 'uri');
  peer.wish({ what: 'unwatch', uri });
  return needs.hearing.unwatch(uri, peer);
}

function setLevel({ needs, pass }: PassRun, peer: Peer): CallOutcome {
  const { level } = pass.params;
  const outcome = needs.hearing.setLevel(level, peer);
  if (outcome.outcome !== 'finished') return outcome;
  peer.logRank = toLogRank(level);
  peer.wish({ what: 'level', level: String(level) });
  return outcome;
}

/** To its owner; where that is not known to each in turn, until one knows it. */
async function passResource(
  run: PassRun,
  uri: string,
  change: (own: string) => Readonly<Record<string, RawJson>>,
): Promise<CallOutcome> {
  let last: CallOutcome | undefined;
  for (const owner of await run.needs.offers.resource(uri)) {
    last = await passTo(run, owner, change(owner.own), owner.own);
    if (last.outcome === 'finished' || run.signal.aborted) return last;
  }
  return last ?? toNotFound(run.era, uri);
}

function toNotFound(era: Era, uri: string): CallOutcome {
  const code = era === 'legacy' ? -32_002 : rpc.invalidParams;
  const message = `there is no resource "${uri}"`;
  const error = JSON.stringify({ code, message, data: { uri } });
  return { outcome: 'failed', code: 'upstream_failed', message, error, countsAgainst: false };
}

async function complete(run: PassRun): Promise<CallOutcome> {
  const { ref } = run.pass.params;
  if (!isRecord(ref)) throw new DreyError('argument_invalid', 'params.ref must be an object');
  const { ref: rawRef = '{}' } = sliceMembers(run.pass.rawParams, ['ref']);
  if (ref['type'] === 'ref/prompt' && typeof ref['name'] === 'string') {
    if (await run.sops.isPrompt(ref['name'], run.principal)) return nothingToComplete;
    const owner = await run.needs.offers.prompt(ref['name']);
    if (owner === undefined) throw new DreyError('argument_invalid', `there is no prompt "${ref['name']}"`);
    return passTo(run, owner, { ref: replaceMembers(rawRef, { name: JSON.stringify(owner.own) }) });
  }
  if (ref['type'] !== 'ref/resource' || typeof ref['uri'] !== 'string')
    throw new DreyError(
      'argument_invalid',
      'params.ref must name a prompt or the URI template of a resource',
    );
  return passResource(run, ref['uri'], (own) => ({
    ref: replaceMembers(rawRef, { uri: JSON.stringify(own) }),
  }));
}

/** Values of a learned procedure's inputs are anybody's guess. */
const nothingToComplete = toOwnOutcome({ completion: { values: [], total: 0, hasMore: false } });

async function listSkills({ sops, pass, principal }: PassRun): Promise<CallOutcome> {
  const all = (await sops.skills(principal)).map(({ key, skill }) => ({ key, definition: skill }));
  const { items, nextCursor } = toPage(all, pass.params['cursor']);
  const skills = items.map(({ definition }) => definition);
  return toOwnOutcome(nextCursor === undefined ? { skills } : { skills, nextCursor });
}

async function getSkill({ sops, pass, principal }: PassRun): Promise<CallOutcome> {
  return toOwnOutcome({ skill: await sops.skill(readText(pass, 'uri'), principal) });
}

/** Sends it to one upstream, with members of its params replaced. */
async function passTo(
  { pass, era, peer, needs, principal, signal, notify, carried }: PassRun,
  { server }: Owner,
  replaced: Readonly<Record<string, RawJson>>,
  subject?: string,
): Promise<CallOutcome> {
  assertMay(principal, 'tool:call');
  const members = listMembers(pass.rawParams);
  const meta = pass.params['_meta'];
  const traceparent = toValidTraceparent(isRecord(meta) ? meta['traceparent'] : undefined) ?? carried;
  const rawMeta = members.find(({ key }) => key === '_meta')?.raw;
  const command = {
    principal: principal.id,
    method: pass.method,
    subject,
    members: members.filter(({ key }) => key !== '_meta').map((member) => writeMember(member, replaced)),
    meta: rawMeta,
    traceparent,
    signal,
    notify: toHeard(notify, { era, peer, meta: rawMeta }),
    asker: era === 'legacy' ? peer?.askOn(notify) : undefined,
  };
  return needs.offers.pass(server, command, principal.namespace);
}

function replaceMembers(object: RawJson, replaced: Readonly<Record<string, RawJson>>): RawJson {
  return `{${listMembers(object)
    .map((member) => writeMember(member, replaced))
    .join(',')}}`;
}

function writeMember({ key, rawKey, raw }: RawMember, replaced: Readonly<Record<string, RawJson>>): RawJson {
  return `${rawKey}:${Object.hasOwn(replaced, key) ? replaced[key] : raw}`;
}

function readText({ params }: Pass, member: string): string {
  const value = params[member];
  if (typeof value === 'string' && value !== '') return value;
  throw new DreyError('argument_invalid', `params.${member} must be text`);
}
