/**
 * The demo's work: three kinds of task in different words, carried out by a real MCP client on real MCP servers.
 * Steps are optional here and there, and one call fails and is tried again, as in real life.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Calls a tool through Drey and returns its text; throws nothing for a tool's own error. */
export type CallTool = (
  name: string,
  args: Record<string, unknown>,
) => Promise<{ text: string; isError: boolean }>;

export interface DemoTask {
  readonly kind: 'summarise' | 'remember' | 'add';
  readonly wording: string;
  run(call: CallTool): Promise<void>;
}

const rooms = ['garden', 'kitchen', 'garage', 'attic', 'cellar'] as const;

/** Fills the folder that the filesystem server may see. */
export async function prepareWorkshop(folder: string): Promise<void> {
  for (const room of rooms) {
    await mkdir(join(folder, room), { recursive: true });
    await writeFile(
      join(folder, room, 'notes.txt'),
      `Notes on the ${room}.\nThe lamp is broken.\nBuy a new one.\n`,
    );
  }
}

/** Fifteen runs of three kinds, in an order in which the kinds alternate. */
export function createTasks(workshop: string): DemoTask[] {
  const summaries = [
    (path: string) => `Write a summary of the notes in ${path}`,
    (path: string) => `Please summarise the notes kept in ${path}`,
    (path: string) => `Summary of all notes under ${path}, as a file`,
    (path: string) => `I need a short summary of the notes in ${path}`,
    (path: string) => `Sum up the notes in ${path} into a summary file`,
  ].map((wording, index) =>
    summarise(
      wording(join(workshop, rooms[index] ?? 'garden')),
      join(workshop, rooms[index] ?? 'garden'),
      index,
    ),
  );
  const people = [
    ['Ada Lovelace', 'Analytical Engines', 'Remember that Ada Lovelace works at Analytical Engines'],
    ['Grace Hopper', 'Navy', 'Please remember: Grace Hopper works at Navy'],
    ['Alan Turing', 'Bletchley', 'Remember for later that Alan Turing works at Bletchley'],
    ['Mary Shelley', 'Geneva', 'Keep in mind and remember that Mary Shelley works at Geneva'],
    ['Emmy Noether', 'Erlangen', 'Remember where Emmy Noether works: at Erlangen'],
  ].map(([person = '', place = '', wording = ''], index) => remember(wording, person, place, index));
  const sums = [
    [3, 4, 'Add 3 and 4 and announce the sum'],
    [20, 22, 'What is the sum of 20 and 22? Announce it'],
    [7, 8, 'Announce the sum of 7 and 8'],
    [100, 11, 'Please add the numbers 100 and 11, then announce the sum'],
    [5, 6, 'Compute the sum of 5 and 6 and announce it'],
  ].map(([a, b, wording]) => add(String(wording), Number(a), Number(b)));
  return rooms.flatMap((_, index) =>
    [summaries[index], people[index], sums[index]].filter((task) => task !== undefined),
  );
}

function summarise(wording: string, folder: string, index: number): DemoTask {
  return {
    kind: 'summarise',
    wording,
    async run(call) {
      await call('fs__list_directory', { path: folder });
      if (index === 1) await call('fs__read_text_file', { path: join(folder, 'notes.md') });
      const notes = await call('fs__read_text_file', { path: join(folder, 'notes.txt') });
      if (index % 2 === 0) await call('fs__get_file_info', { path: join(folder, 'notes.txt') });
      const first = notes.text.split('\n')[0] ?? '';
      await call('fs__write_file', { path: join(folder, 'summary.md'), content: `# Summary\n${first}\n` });
    },
  };
}

function remember(wording: string, person: string, place: string, index: number): DemoTask {
  return {
    kind: 'remember',
    wording,
    async run(call) {
      await call('memory__search_nodes', { query: person });
      await call('memory__create_entities', {
        entities: [{ name: person, entityType: 'person', observations: [`works at ${place}`] }],
      });
      if (index % 2 === 1)
        await call('memory__add_observations', {
          observations: [{ entityName: person, contents: ['told by the user'] }],
        });
      await call('memory__open_nodes', { names: [person] });
    },
  };
}

function add(wording: string, a: number, b: number): DemoTask {
  return {
    kind: 'add',
    wording,
    async run(call) {
      const sum = await call('every__get-sum', { a, b });
      await call('every__echo', { message: sum.text });
    },
  };
}
