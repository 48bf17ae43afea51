/** `drey doctor`: looks at everything Drey stands on, and says how to mend what is wrong. It changes nothing. */
import type { Command } from 'commander';
import { DreyError } from '../../../machines/words/errors.ts';
import type { Finding } from '../doctor/finding.ts';
import { toDataFolder } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import type { Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNodeOptions } from './shared-options.ts';

interface DoctorOptions extends NodeOptions {
  readonly json?: boolean;
}

export function addDoctor(program: Command, world: World): void {
  addNodeOptions(addJsonOption(program.command('doctor'), 'print the findings as JSON'))
    .summary('what is wrong, and how to mend it')
    .description(
      'Looks at Node, folder, disk, configuration, port, the servers Drey stands on, rights, schema, clock and lag. It ' +
        'changes nothing.',
    )
    .option('--config <file>', 'configuration file (DREY_CONFIG, ./drey.json)')
    .addHelpText(
      'after',
      '\nExamples:\n  drey doctor\n  drey doctor --json | jq .findings\n\nThe exit code is 0 unless something is wrong.\n',
    )
    .action((options: DoctorOptions) => runDoctor(world, options));
}

async function runDoctor(world: World, options: DoctorOptions): Promise<void> {
  const findings = await examine(world, options);
  const wrong = findings.filter((finding) => finding.state === 'bad').length;
  if (options.json) await printJson(world.stdout, JSON.stringify({ ok: wrong === 0, findings }));
  else await printLines(world.stdout, toLines(findings, createPaint(world.stdout, world.env)));
  if (wrong === 0) return;
  const what = wrong === 1 ? 'One thing is wrong' : `${wrong} things are wrong`;
  throw new DreyError('resource_unavailable', `${what}; what mends it stands beside it.`);
}

async function examine(world: World, options: DoctorOptions): Promise<Finding[]> {
  const [machine, services, { examineEmbeddings }, { readConfig }, { defaultCacheFolder }] =
    await Promise.all([
      import('../doctor/machine.ts'),
      import('../doctor/services.ts'),
      import('../doctor/embeddings.ts'),
      import('../../node/node.ts'),
      import('../../../infra/servers/servers.ts'),
    ]);
  const { env, cwd, uid } = world;
  const flags = { config: options.config, data: options.data };
  const { config, finding } = machine.examineConfig(() => readConfig({ env, cwd, flags, uid }));
  const folder = config?.dataFolder ?? (await toDataFolder(world, options));
  const bus = env['DREY_NATS_URL'];
  const database = env['DATABASE_URL'];
  return [
    machine.examineNode(process.version),
    finding,
    ...(await machine.examineFolder(folder)),
    ...(await services.examineRunning(world, options, config)),
    bus
      ? await services.examineBus(bus)
      : await machine.examineNatsProgram(world, defaultCacheFolder(env, uid)),
    ...(database ? await services.examineDatabase(database, world.now) : []),
    ...(config === undefined ? [] : await machine.examineUpstreams(world, config)),
    ...(await examineEmbeddings(config?.embeddings, env)),
  ];
}

function toLines(findings: readonly Finding[], paints: Paints): string[] {
  const width = Math.max(...findings.map((finding) => toSafeText(finding.what).length));
  const marks = { ok: paints.good('ok  '), warn: paints.warn('warn'), bad: paints.bad('bad ') };
  return findings.flatMap(({ what, state, says, mend }) => [
    `${marks[state]}  ${toSafeText(what).padEnd(width)}  ${toSafeText(says)}`,
    ...(mend === undefined ? [] : [`      ${' '.repeat(width)}  ${paints.faint(`→ ${toSafeText(mend)}`)}`]),
  ]);
}
