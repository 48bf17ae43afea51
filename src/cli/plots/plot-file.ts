/** The file of `--plot`: its ending says what it becomes. What cannot be is refused before anything is measured. */
import { extname, resolve } from 'node:path';
import { DreyError } from '../../../machines/words/errors.ts';
import type { World } from '../world.ts';
import { writeNew } from '../write-new.ts';
import type { Picture } from './picture.ts';

const endings = ['.svg', '.png'] as const;
type Ending = (typeof endings)[number];

/** Where a picture goes, and as what. */
export interface PlotFile {
  readonly path: string;
  readonly ending: Ending;
}

/** Throws `argument_invalid` for a name that ends otherwise. */
export function toPlotFile(world: Pick<World, 'cwd'>, file: string): PlotFile {
  const found = extname(file).toLowerCase();
  const ending = endings.find((one) => one === found);
  if (ending === undefined)
    throw new DreyError(
      'argument_invalid',
      `A picture is drawn as SVG or PNG: give --plot a file that ends in .svg or .png, not ${JSON.stringify(file.slice(0, 200))}.`,
    );
  return { path: resolve(world.cwd, file), ending };
}

/** Draws the picture into a new file. */
export async function writePlot({ path, ending }: PlotFile, picture: Picture): Promise<void> {
  if (ending === '.svg') return writeNew(path, (await import('./picture-svg.ts')).toSvg(picture));
  await writeNew(path, (await import('./picture-png.ts')).toPng(picture));
}
