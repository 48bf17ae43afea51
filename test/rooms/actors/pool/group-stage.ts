/** A group of resources that say what happens to them, on a clock that is moved by hand. */
import { createAnnouncer } from '../../../../src/actors/announcer.ts';
import { createResourceGroup } from '../../../../src/actors/upstreams/resource-group.ts';
import type { Handle, ResourceGroup } from '../../../../src/actors/upstreams/resource-group.ts';
import type { MemberOptions } from '../../../../src/actors/upstreams/resource-member.ts';
import { quietLog } from '../../../support/quiet-log.ts';
import { SimulatedTime } from '../guards/simulated-time.ts';

/** A thing that can break by itself. */
export interface Part {
  readonly name: string;
  breaks(error: unknown): void;
}

export interface GroupStage {
  readonly time: SimulatedTime;
  readonly group: ResourceGroup;
  /** What happened, in order: `+a` begun, `a` up, `-a` begun to take down, `!a` gave up. */
  readonly said: string[];
  /** Types of the events that were announced. */
  readonly events: string[];
  add(name: string, options?: Partial<MemberOptions<Part>>): Handle<Part>;
}

/** Opens it. */
export function openGroup(): GroupStage {
  const time = new SimulatedTime();
  const said: string[] = [];
  const events: string[] = [];
  const append = (event: { readonly type: string }): void => void events.push(event.type);
  const announcer = createAnnouncer({ append, clock: time, log: quietLog });
  const onGaveUp = (name: string): void => void said.push(`!${name}`);
  const group = createResourceGroup({ clock: time, log: quietLog, announcer, onGaveUp });
  const add = (name: string, options: Partial<MemberOptions<Part>> = {}): Handle<Part> => {
    const { start, stop, ...others } = options;
    return group.register<Part>({
      name,
      what: `part ${name}`,
      async start(broke) {
        said.push(`+${name}`);
        const part = start === undefined ? { name, breaks: broke } : await start(broke);
        said.push(name);
        return part;
      },
      async stop(part) {
        said.push(`-${name}`);
        await stop?.(part);
      },
      ...others,
    });
  };
  return { time, group, said, events, add };
}
