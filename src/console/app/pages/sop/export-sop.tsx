/** A procedure as a file: as a skill, a prompt, a machine, a diagram or a document that another Drey takes in. */
import { useState } from 'react';
import { part, toQuery } from '../../node/ask.ts';
import type { Sop } from '../../node/told.ts';
import { useAnswer } from '../../node/use-answer.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Waiting } from '../../parts/parts.tsx';
import { toShown } from '../../parts/shown-text.ts';

const formats = ['skill', 'prompt', 'xstate', 'mermaid', 'json'] as const;
const endings: Readonly<Record<string, string>> = {
  skill: 'md',
  mermaid: 'mmd',
  xstate: 'json',
  prompt: 'json',
  json: 'json',
};
const shownMax = 20_000;

interface Exported {
  readonly text: string;
  readonly content_type: string;
}

export function ExportSop({ sop, close }: { readonly sop: Sop; readonly close: () => void }) {
  const [format, setFormat] = useState<(typeof formats)[number]>('skill');
  const { data, error } = useAnswer<Exported>(`/sops/${part(sop.sop_id)}/export${toQuery({ format })}`);
  const save = (): Promise<void> => {
    if (data === undefined) return Promise.reject(new Error('The file is not there yet.'));
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([data.text], { type: data.content_type }));
    link.download = `${sop.sop_id}.${endings[format] ?? 'txt'}`;
    link.click();
    URL.revokeObjectURL(link.href);
    return Promise.resolve();
  };
  return (
    <Confirm title="Export this procedure" yes="Save the file" act={save} close={close}>
      <label>
        As
        <select value={format} onChange={(event) => setFormat(event.target.value as typeof format)}>
          {formats.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      {data === undefined ? (
        <Waiting error={error} />
      ) : (
        <pre className="value" tabIndex={0}>
          {toShown(data.text, shownMax)}
        </pre>
      )}
    </Confirm>
  );
}
