/** A picture as SVG. Whatever its words say, they stay words. */
import { ink } from './picture.ts';
import type { Picture, Point, Shape } from './picture.ts';

export function toSvg({ title, width, height, shapes }: Picture): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
      `font-family="system-ui, sans-serif" fill="${ink}">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...shapes.map(toElement),
    '</svg>',
    '',
  ].join('\n');
}

function toElement(shape: Shape): string {
  if (shape.kind === 'line') {
    const { points, colour, width, dashed = false } = shape;
    const dashes = dashed ? ' stroke-dasharray="4 4"' : '';
    return `<polyline points="${points.map(toPair).join(' ')}" fill="none" stroke="${colour}" stroke-width="${width}"${dashes}/>`;
  }
  const [x, y] = shape.at;
  if (shape.kind === 'disk') {
    const { radius, colour, opacity, note } = shape;
    const disk = `<circle cx="${round(x)}" cy="${round(y)}" r="${round(radius)}" fill="${colour}" fill-opacity="${opacity}"`;
    return note === undefined ? `${disk}/>` : `${disk}><title>${escape(note)}</title></circle>`;
  }
  const { text, size, anchor, bold = false, upwards = false } = shape;
  const place = upwards
    ? `transform="translate(${round(x)} ${round(y)}) rotate(-90)"`
    : `x="${round(x)}" y="${round(y)}"`;
  const weight = bold ? ' font-weight="600"' : '';
  return `<text ${place} font-size="${size}"${weight} text-anchor="${anchor}">${escape(text)}</text>`;
}

const round = (value: number): string => String(Math.round(value * 10) / 10);
const toPair = ([x, y]: Point): string => `${round(x)},${round(y)}`;

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
