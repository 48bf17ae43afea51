/**
 * The frame of a drawing: as high as the drawing needs, never drawn smaller than it can be read, and scrolled sideways where
 * the page is narrower, beginning at what is lit. It draws nothing itself.
 */
import { useLayoutEffect, useRef } from 'react';
import type { CSSProperties, ReactNode } from 'react';

/** Around the drawing, on both sides together. */
const marginPx = 60;
const leastPx = 240;

interface FrameProps {
  readonly width: number;
  readonly height: number;
  /** What comes into sight first, as a share of the width. */
  readonly middle: number;
  readonly children: ReactNode;
}

/** With a mouse a drawing is drawn about; a finger scrolls the page. */
export const hasMouse = (): boolean => matchMedia('(pointer: fine)').matches;

export function Frame({ width, height, middle, children }: FrameProps) {
  const frame = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const shown = frame.current;
    if (shown !== null) shown.scrollLeft = middle * shown.scrollWidth - shown.clientWidth / 2;
  }, [middle, width]);
  const [wide, tall] = [width + marginPx, Math.max(leastPx, height + marginPx)];
  return (
    <div className="frame" ref={frame}>
      <div
        className="graph"
        // How far it is scaled down at most, the style sheet says: on a phone less than beside a wide page.
        style={{ aspectRatio: `${wide} / ${tall}`, '--wide': `${wide}px`, maxHeight: tall } as CSSProperties}
      >
        {children}
      </div>
    </div>
  );
}
