/** `drey systemd`: prints a unit that runs the node as a service. It installs nothing. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { toDataFolder } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import type { World } from '../world.ts';
import { toWhole } from './shared-options.ts';

interface SystemdOptions extends NodeOptions {
  readonly port?: number;
  readonly system?: boolean;
}

export function addSystemd(program: Command, world: World): void {
  program
    .command('systemd')
    .summary('print a systemd unit')
    .description(
      "Prints a systemd unit that runs the node: for this user, or for the machine as root. It's not installed.",
    )
    .option('--config <file>', 'configuration file (DREY_CONFIG, ./drey.json)')
    .option('--data <folder>', 'data folder (DREY_DATA)')
    .option('--port <number>', 'port to listen on', toWhole(1, 65_535))
    .option('--system', 'for the machine; what root gets without asking')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  drey systemd > ~/.config/systemd/user/drey.service\n' +
        '  systemctl --user daemon-reload && systemctl --user enable --now drey\n',
    )
    .action(async (options: SystemdOptions) => {
      const data = await toDataFolder(world, options);
      const config = options.config ?? world.env['DREY_CONFIG'];
      const words = [
        ...world.self,
        'up',
        '--data',
        data,
        ...(config ? ['--config', resolve(world.cwd, config)] : []),
        ...(options.port === undefined ? [] : ['--port', String(options.port)]),
      ];
      const isSystem = options.system ?? world.uid === 0;
      world.stdout.write(toUnit(words, world.env, isSystem));
    });
}

/** Settings that the node reads from the environment, and that a service would lack. */
const carried = [
  'DREY_NATS_URL',
  'DREY_NATS_SERVER',
  'DREY_NATS_RELEASES',
  'DREY_CACHE',
  'DREY_HOST',
  'DREY_LIMITS',
];

function toUnit(words: readonly string[], env: World['env'], isSystem: boolean): string {
  const settings = carried.flatMap((name) =>
    env[name] ? [`Environment=${toQuoted(`${name}=${env[name]}`)}`] : [],
  );
  // A database's URL holds a password, and units are readable by everybody.
  const secret = env['DATABASE_URL']
    ? ['# EnvironmentFile with DATABASE_URL=..., readable by the service only:', '#EnvironmentFile=']
    : [];
  return [
    '[Unit]',
    'Description=Drey, an MCP gateway that learns procedures',
    ...(isSystem ? ['Wants=network-online.target', 'After=network-online.target'] : []),
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${words.map(toQuoted).join(' ')}`,
    'ExecReload=/bin/kill -HUP $MAINPID',
    ...settings,
    ...secret,
    '# The node ends its servers itself, in order; only what is left after that is killed.',
    'KillMode=mixed',
    'TimeoutStopSec=30',
    'Restart=on-failure',
    'RestartSec=2',
    'LimitNOFILE=65536',
    ...(isSystem ? ['ProtectSystem=full'] : []),
    '',
    '[Install]',
    `WantedBy=${isSystem ? 'multi-user' : 'default'}.target`,
    '',
  ].join('\n');
}

/** A word as systemd reads it: `%` and `$` mean something to it, and so do blanks and quotes. */
function toQuoted(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./$-]+$/.test(plain) ? plain : `"${plain.replaceAll(/["\\]/g, '\\$&')}"`;
}
