/** `drey config show` and `check`: the configuration a node would use here, without its secrets. */
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { DreyError } from '../../../machines/words/errors.ts';
import { explainConfig } from '../../node/node.ts';
import type { ExplainedConfig, ExplainedValue } from '../../node/node.ts';
import type { ServerEntry } from '../../clients/clients.ts';
import { printJson, printLine, printLines } from '../print.ts';
import { toPlural } from '../terminal/durations.ts';
import { createPaint } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toColumns, toTable } from '../terminal/table.ts';
import type { World } from '../world.ts';
import { toShownEntry, toShownLine, toShownUrl } from './shown-entry.ts';

export interface ShowOptions {
  readonly config?: string;
  readonly data?: string;
  readonly json?: boolean;
}

/** Prints every value and where it comes from. */
export async function showConfig(world: World, options: ShowOptions): Promise<void> {
  const explained = explain(world, options);
  const { file, mcpServers, problems } = explained;
  const values = explained.values.map(toShown);
  const servers = Object.entries(mcpServers).map(([alias, entry]) => [alias, toEntry(entry)] as const);
  if (options.json) {
    const shown = Object.fromEntries(servers.map(([alias, entry]) => [alias, toShownEntry(entry)]));
    return printJson(
      world.stdout,
      JSON.stringify({ file: file ?? null, values, mcpServers: shown, problems }),
    );
  }
  const paint = createPaint(world.stdout, world.env);
  const width = Math.max(...servers.map(([alias]) => alias.length));
  const rows = values.map(({ key, value, from }) => [key, { text: from, paint: paint.faint }, toText(value)]);
  await printLines(world.stdout, [
    file === undefined
      ? 'There is no drey.json; these are the defaults.'
      : `${paint.strong('File')}  ${toSafeText(file)}`,
    ...toTable([{ title: 'SETTING' }, { title: 'FROM' }, { title: 'VALUE' }], rows, toColumns(world.stdout)),
    ...(servers.length === 0 ? [] : [paint.strong('Servers')]),
    ...servers.map(
      ([alias, entry]) => `  ${paint.name(alias.padEnd(width))}  ${toSafeText(toShownLine(entry))}`,
    ),
    ...problems.map((problem) => paint.warn(toSafeText(problem))),
  ]);
}

/** Says that all is well, or throws `config_invalid` with what is not. */
export async function checkConfig(world: World, options: ShowOptions): Promise<void> {
  const { file, mcpServers, problems } = explain(world, options);
  const missing = await Promise.all(
    Object.entries(mcpServers).map(async ([alias, server]) => {
      if (!('command' in server) || server.disabled === true || server.command.includes('${')) return [];
      const isThere = await isRunnable(world, server.command);
      return isThere ? [] : [`the upstream "${alias}" runs "${server.command}", which is not on the PATH`];
    }),
  );
  const all = [...problems, ...missing.flat()];
  if (options.json) await printJson(world.stdout, JSON.stringify({ file: file ?? null, problems: all }));
  if (all.length > 0) throw new DreyError('config_invalid', `${toSentence(all)}.`);
  if (options.json) return;
  const where = file ?? 'There is no drey.json, which';
  await printLine(world.stdout, `${where} is fine: ${toPlural(Object.keys(mcpServers).length, 'server')}.`);
}

function explain({ env, cwd, uid }: World, { config, data }: ShowOptions): ExplainedConfig {
  return explainConfig({ env, cwd, uid, flags: { config, data } });
}

async function isRunnable({ env }: World, command: string): Promise<boolean> {
  const places =
    isAbsolute(command) || command.includes('/')
      ? [command]
      : (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, command));
  for (const place of places) {
    const found = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

function toShown(explained: ExplainedValue): ExplainedValue {
  const { value } = explained;
  return typeof value === 'string' && value.includes('://')
    ? { ...explained, value: toShownUrl(value) }
    : explained;
}

function toEntry({ ...entry }: ExplainedConfig['mcpServers'][string]): ServerEntry {
  return entry as ServerEntry;
}

function toText(value: unknown): string {
  if (value === null) return 'embedded';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function toSentence(problems: readonly string[]): string {
  const [first = '', ...others] = problems;
  return [first.charAt(0).toUpperCase() + first.slice(1), ...others].join('; ');
}
