/** Examines what can be reached: the running node and what it says of itself, the port, external servers. */
import { connect } from 'node:net';
import { toDreyError } from '../../../machines/words/errors.ts';
import { limits } from '../../../machines/words/limits.ts';
import { assertFree } from '../../node/node.ts';
import { lookAtStore } from '../../store/store.ts';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import { openNodeClient } from '../node-client.ts';
import { toDurationText, toPlural } from '../terminal/durations.ts';
import { StatusAnswer, parseAnswer } from '../views/answers.ts';
import type { World } from '../world.ts';
import { bad, ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';

const clockMsMax = 2_000;
const connectMs = 3_000;
/** Events that the learner may be behind before it is told. */
const behindMax = 1_000;
const postgresOldest = 15;

/** The node, or that none runs and whether its port is free. */
export async function examineRunning(
  world: World,
  options: NodeOptions,
  listen: { readonly host: string; readonly port: number } | undefined,
): Promise<Finding[]> {
  const address = await findNode(world, options).catch(() => undefined);
  if (address === undefined)
    return [ok('node', 'none runs; "drey up" starts one'), ...(await examinePort(listen))];
  try {
    const answer = await openNodeClient(address).get('/status');
    return toFindings(parseAnswer(StatusAnswer, answer.value, 'a status'));
  } catch (error) {
    const { code, message } = toDreyError(error);
    if (code === 'principal_unknown') {
      return [bad('node', `${address.url} asks for a token`, 'Set DREY_TOKEN to a key of it.')];
    }
    const mend =
      'If it is gone, "drey up" starts another; if it hangs, end it by its pid and look into its log.';
    return [bad('node', message, mend), ...(await examinePort(listen))];
  }
}

async function examinePort(
  listen: { readonly host: string; readonly port: number } | undefined,
): Promise<Finding[]> {
  if (listen === undefined) return [];
  try {
    await assertFree(listen.host, listen.port);
    return [ok('port', `${listen.host}:${listen.port} is free`)];
  } catch (error) {
    const mend = 'Stop what listens there, or choose another with --port or DREY_PORT.';
    return [bad('port', toDreyError(error).message, mend)];
  }
}

function toFindings(status: StatusAnswer): Finding[] {
  const { state, url, version, events, learning, catalogue, config } = status;
  const node = `Drey ${version} at ${url}, ${state}`;
  const findings = [
    state === 'running'
      ? ok('node', node)
      : warn('node', node, 'What it lacks stands below; it mends itself when that is back.'),
  ];
  findings.push(...status.resources.map(toResourceFinding), ...status.breakers.flatMap(toBreakerFindings));
  if (events !== undefined) {
    const says = `${toPlural(events.waiting, 'event')} wait for the bus`;
    const mend =
      'The bus is slow or away; nothing is lost meanwhile. Look at the bus above, and at the disk.';
    findings.push(
      events.waiting > limits.lagAlarmEvents ? warn('event lag', says, mend) : ok('event lag', says),
    );
  }
  if (learning?.behind !== undefined) {
    const says = `${learning.behind} left to learn, ${learning.engine_status}`;
    const mend =
      'It catches up by itself after imports; "drey events --kind learning" shows whether it does.';
    findings.push(learning.behind > behindMax ? warn('learning', says, mend) : ok('learning', says));
  }
  if (catalogue !== undefined && catalogue.held > 0) {
    findings.push(
      warn(
        'tools',
        `${toPlural(catalogue.held, 'tool')} held back`,
        'Look at them with "drey tools review".',
      ),
    );
  }
  if (config !== undefined && config.error !== null) {
    findings.push(
      warn(
        'reload',
        config.error,
        'Correct the configuration; the node goes on with the old one until then.',
      ),
    );
  }
  return findings;
}

function toResourceFinding({ id, state, what, lastError }: StatusAnswer['resources'][number]): Finding {
  const says = [what, state, lastError ?? ''].filter((part) => part !== '').join(', ');
  if (state === 'healthy' || state === 'registered' || state === 'initializing') return ok(id, says);
  const mend =
    'Its log and "drey events --kind resource" tell more; a server that starts again is taken back by itself.';
  return (state === 'degraded' ? warn : bad)(id, says, mend);
}

/** One that is closed has nothing to say. */
function toBreakerFindings({ id, state, retryAfterMs }: StatusAnswer['breakers'][number]): Finding[] {
  if (state === 'closed' || state === '') return [];
  const next = retryAfterMs ? `, tried again in ${toDurationText(retryAfterMs / 1_000)}` : '';
  const mend = `Its upstream failed too often; "drey events --kind breaker" and its log tell more. Calls go on by themselves once one succeeds.`;
  return [(state === 'open' || state === 'isolated' ? bad : warn)(id, `breaker ${state}${next}`, mend)];
}

const noTrigrams = 'pg_trgm is missing: memories are found by words spelt as they were stored';

/** Postgres that somebody else runs: reachable, rights, schema, clock. */
export async function examineDatabase(url: string, now: () => number): Promise<Finding[]> {
  try {
    const look = await lookAtStore(url, now);
    const { target, version, user, missing, unknown } = look;
    const findings = [
      look.major >= postgresOldest
        ? ok('Postgres', `${version} at ${target}, as ${user}`)
        : bad('Postgres', `${version} at ${target} is too old`, `Use Postgres ${postgresOldest} or newer.`),
      look.mayCreate && look.mayMakeRoles
        ? ok('rights', `${user} may create tables and roles`)
        : bad(
            'rights',
            `${user} may not create ${look.mayCreate ? 'roles' : 'tables'}`,
            `As the owner: grant create on database and schema public to ${user}; alter role ${user} createrole.`,
          ),
      toSchema(missing, unknown),
      look.spelling
        ? ok('spelling', 'pg_trgm is there: misspelt questions find memories')
        : warn(
            'spelling',
            noTrigrams,
            'Install the contrib extensions of Postgres (pg_trgm) before the first start.',
          ),
    ];
    const ahead = Math.abs(look.clockAheadMs);
    const says = `the database's clock is ${toDurationText(ahead / 1_000)} ${look.clockAheadMs > 0 ? 'ahead' : 'behind'}`;
    const mend = 'Let both machines follow a time server (chrony, systemd-timesyncd).';
    return [
      ...findings,
      ahead > clockMsMax ? warn('clock', says, mend) : ok('clock', 'agrees with the database'),
    ];
  } catch (error) {
    const mend = 'Check DATABASE_URL, and that the server runs and lets this machine in.';
    return [bad('Postgres', toDreyError(error).message, mend)];
  }
}

function toSchema(missing: readonly string[], unknown: readonly string[]): Finding {
  if (unknown.length > 0) {
    return bad('schema', `${unknown.join(', ')} came from a newer Drey`, 'Use the newer version here, too.');
  }
  return ok(
    'schema',
    missing.length === 0 ? 'up to date' : `the next start runs ${toPlural(missing.length, 'migration')}`,
  );
}

/** A bus that somebody else runs: whether something listens there and speaks NATS. */
export async function examineBus(url: string): Promise<Finding> {
  const [first = ''] = url.split(',');
  const target = URL.canParse(first)
    ? new URL(first)
    : URL.canParse(`nats://${first}`)
      ? new URL(`nats://${first}`)
      : undefined;
  const mend = 'Check DREY_NATS_URL, and that the server runs and lets this machine in.';
  if (target === undefined)
    return bad('NATS', 'DREY_NATS_URL is no address', 'Write it like nats://host:4222.');
  const place = `${target.hostname}:${target.port || '4222'}`;
  const greeting = await readGreeting(target.hostname, Number(target.port || 4_222));
  if (greeting === undefined) return bad('NATS', `nothing answers at ${place}`, mend);
  if (!greeting.startsWith('INFO ')) return bad('NATS', `what answers at ${place} is no NATS server`, mend);
  const hasStreams = /"jetstream":\s*true/.test(greeting);
  const version = /"version":\s*"([\w.-]{1,40})"/.exec(greeting)?.[1] ?? 'some version';
  return hasStreams
    ? ok('NATS', `${version} at ${place}, with JetStream`)
    : bad(
        'NATS',
        `${version} at ${place} has no JetStream`,
        'Start it with -js, or with jetstream {} in its configuration.',
      );
}

/** A NATS server speaks first. */
function readGreeting(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: connectMs });
    const end = (greeting?: string): void => {
      socket.destroy();
      resolve(greeting);
    };
    socket.once('data', (bytes: Buffer) => end(bytes.toString('latin1')));
    socket.once('timeout', () => end());
    socket.once('error', () => end());
  });
}
