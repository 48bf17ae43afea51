/**
 * Variables in clients' configurations, said in Drey's words: `${VAR}`, `${env:VAR}` and `${VAR:-default}` mean the same
 * there. What has no words is told, never dropped: the server then stays where it is.
 */

/** How a client writes variables: like a shell, like VS Code, in braces, or not at all. */
export type VariableStyle = 'shell' | 'editor' | 'braces' | 'none';

export interface Translation {
  readonly notes: Set<string>;
  /** What Drey has no words for. */
  readonly impossible: Set<string>;
}

export interface VariablePlace {
  readonly style: VariableStyle;
  readonly project: string | undefined;
}

/** The text in Drey's words; what it means for the person goes into the translation. */
export function translate(text: string, { style, project }: VariablePlace, told: Translation): string {
  switch (style) {
    case 'shell':
      return text;
    case 'editor':
      return text.replaceAll(/\$\{([^}]*)\}/g, (whole, name: string) => toWord(whole, name, project, told));
    case 'braces':
      warnOfExpansion(text, told);
      return text.replaceAll(/\{(env|file):([^}]+)\}/g, (whole, kind: string, name: string) => {
        if (kind === 'env' && isVariable(name)) return `\${${name}}`;
        told.impossible.add(whole);
        return whole;
      });
    default:
      warnOfExpansion(text, told);
      return text;
  }
}

/** An editor's variable: of the environment, a place, or something that only the editor knows. */
function toWord(whole: string, name: string, project: string | undefined, told: Translation): string {
  if (name.startsWith('env:')) return isVariable(name.slice(4)) ? whole : refuse(whole, told);
  if (name.startsWith('input:')) {
    const variable = toVariableName(name.slice(6));
    told.notes.add(
      `the input "${name.slice(6)}" becomes the environment variable ${variable}: set it where the node starts`,
    );
    return `\${${variable}}`;
  }
  const places: Readonly<Record<string, string | undefined>> = {
    userHome: '${HOME}',
    '/': '/',
    pathSeparator: '/',
    workspaceFolder: project,
    cwd: project,
    workspaceFolderBasename: project?.split(/[/\\]/).findLast((part) => part !== ''),
  };
  if (Object.hasOwn(places, name)) return places[name] ?? refuse(whole, told);
  // A shell's variable in an argument: the editor hands it on as it is, and so would Drey if it were not its own word.
  return name.includes(':') || !isVariable(name) ? refuse(whole, told) : whole;
}

function refuse(whole: string, told: Translation): string {
  told.impossible.add(whole);
  return whole;
}

function warnOfExpansion(text: string, told: Translation): void {
  for (const [found] of text.matchAll(/\$\{(?:env:)?[A-Za-z_][A-Za-z0-9_]*(?::-[^}]*)?\}/g)) {
    told.notes.add(`${found} is now filled in from the environment; the client took it as it stands`);
  }
}

function isVariable(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

/** `github-token` as the name of an environment variable. */
function toVariableName(id: string): string {
  const name = id.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_');
  return /^[A-Z_]/.test(name) ? name : `_${name}`;
}
