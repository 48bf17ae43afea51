/**
 * Looks for planted values wherever something is kept: rows of every table, messages of every stream, files byte by
 * byte. It reads past all of the program's own code.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Client } from 'pg';

/** Something that may be found nowhere, and under which name it is told when it is. */
export interface Trace {
  readonly kind: string;
  readonly text: string;
}

/** A text as it was planted, as it reads without look-alikes and invisible characters, and in small letters. */
export function toTraces(kind: string, texts: readonly string[]): Trace[] {
  const all = texts.flatMap((text) => {
    const plain = text.normalize('NFKC').replaceAll(/\p{Cf}/gu, '');
    return [text, plain, text.toLowerCase(), plain.toLowerCase()];
  });
  return [...new Set(all)].map((text) => ({ kind, text }));
}

/** Where a text has any of them, with what stands around it. */
export function findLeaks(where: string, text: string, traces: readonly Trace[]): string[] {
  return traces.flatMap((trace) => {
    const at = text.indexOf(trace.text);
    if (at === -1) return [];
    const around = text.slice(Math.max(0, at - 300), at + trace.text.length + 60);
    return [`${where} has the ${trace.kind}: ${around}`];
  });
}

/** Every table of the schema, its rows as text. */
export async function readTables(databaseUrl: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const database = new Client({ connectionString: databaseUrl });
  await database.connect();
  try {
    const { rows: tables } = await database.query<{ name: string }>(
      `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') order by 1`,
    );
    const found = new Map<string, readonly string[]>();
    for (const { name } of tables) {
      const { rows } = await database.query<{ row: string }>(`select t::text as row from ${name} t`);
      found.set(
        name,
        rows.map(({ row }) => row),
      );
    }
    return found;
  } finally {
    await database.end();
  }
}

/** Every message of every stream: subject, headers and payload. */
export async function readStreams(natsUrl: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const { host, username } = new URL(natsUrl);
  const bus = await connect({ servers: host, token: username });
  try {
    const manager = await jetstreamManager(bus);
    const found = new Map<string, readonly string[]>();
    for await (const { config, state } of manager.streams.list()) {
      const messages: string[] = [];
      for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq += 1) {
        const message = await manager.streams.getMessage(config.name, { seq });
        if (message !== null)
          messages.push(`${message.subject} ${JSON.stringify(message.header)} ${message.string()}`);
      }
      found.set(config.name, messages);
    }
    return found;
  } finally {
    await bus.close();
  }
}

/** Every file below a folder that has any of them, byte by byte. Answers how many bytes were looked at as well. */
export async function searchFiles(
  folder: string,
  traces: readonly Trace[],
): Promise<{ readonly bytes: number; readonly files: number; readonly leaks: readonly string[] }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const needles = traces.map((trace) => ({ ...trace, bytes: Buffer.from(trace.text) }));
  const leaks: string[] = [];
  let bytes = 0;
  for (const file of files) {
    const content = await readFile(file);
    bytes += content.length;
    for (const { kind, bytes: needle } of needles) {
      const at = content.indexOf(needle);
      if (at === -1) continue;
      const around = content.subarray(Math.max(0, at - 200), at + needle.length + 60).toString('latin1');
      leaks.push(`${relative(folder, file)} has the ${kind}: ${around.replaceAll(/[^\x20-\x7e]+/g, '·')}`);
    }
  }
  return { bytes, files: files.length, leaks };
}
