/** The catalogue for people, put together from the board and the pins. It decides nothing and keeps nothing. */
import type { HeldTool, ListedTool } from '../../machines/catalogue.store.ts';
import type { Boards, ToolTrust } from '../actors/actors.ts';
import type { ReviewedTool, ToolsNeed, ToolsView } from '../gateway/gateway.ts';
import { diffDefinitions, flagHidden, showHidden } from '../upstream/upstream.ts';
import type { Pin } from '../upstream/upstream.ts';

/** Characters of a description in the list. */
const descriptionMax = 300;

/** Builds that part of the gateway's needs. */
export function createToolServing(boards: Pick<Boards, 'catalogue'>, trust: ToolTrust): ToolsNeed {
  return {
    list() {
      const { version, tools, held } = boards.catalogue.read();
      return { version, tools: tools.map((tool) => toShown(tool, trust)), held: held.map(toShownHeld) };
    },
    review() {
      const { tools, held } = boards.catalogue.read();
      const flagged = tools.filter(({ flags = [] }) => flags.length > 0);
      return [
        ...held.map((one) => toReviewed(one, trust.pin(one.server, one.tool))),
        ...flagged.map((one) => toFlagged(one, trust.pin(one.server, one.tool))),
      ];
    },
    approve: (server, approvals, by) => trust.approve(server, approvals, by.id),
  };
}

function toShown(
  { name, server, tool, definition, stale, flags = [] }: ListedTool,
  trust: ToolTrust,
): ToolsView['tools'][number] {
  const { title, description } = definition;
  const pin = trust.pin(server, tool);
  return {
    name,
    server,
    tool: showHidden(tool),
    title: typeof title === 'string' ? showHidden(title) : null,
    description: typeof description === 'string' ? showHidden(description).slice(0, descriptionMax) : '',
    stale,
    flags,
    pin:
      pin === undefined
        ? null
        : {
            hash: pin.hash,
            status: pin.status,
            since: new Date(pin.since).toISOString(),
            approvedBy: pin.approvedBy,
          },
  };
}

function toShownHeld(held: HeldTool): HeldTool {
  return { ...held, tool: showHidden(held.tool) };
}

/** The tool's own name stays as it is here: it is what an approval has to say. */
function toReviewed(held: HeldTool, pin: Pin | undefined): ReviewedTool {
  const { name, server, tool, why, sentence } = held;
  const offered = pin === undefined ? noOffer : (pin.offered ?? pin);
  const seen = { name, server, tool, why, sentence, definition: offered.definition };
  const hidden = flagHidden({ name: tool, ...offered.definition });
  const nothing = { ...seen, hash: null, was: null, differences: [], hidden };
  if (pin === undefined) return nothing;
  if (why === 'fresh') return { ...nothing, hash: offered.hash };
  if (why !== 'changed') return nothing;
  const differences = diffDefinitions(pin.definition, offered.definition);
  return { ...nothing, hash: offered.hash, was: pin.hash, differences };
}

const noOffer = { hash: null, definition: null };

function toFlagged({ name, server, tool, definition }: ListedTool, pin: Pin | undefined): ReviewedTool {
  const offered = pin?.definition ?? definition;
  return {
    name,
    server,
    tool,
    why: 'flagged',
    sentence: `"${showHidden(tool)}" of "${server}" holds characters that people do not see; clients get its texts with them written out`,
    hash: null,
    was: pin?.hash ?? null,
    definition: offered,
    differences: [],
    hidden: flagHidden(offered),
  };
}
