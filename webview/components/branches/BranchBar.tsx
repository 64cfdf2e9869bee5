import type { VNode } from 'preact';
import { AGENT_NAMES, SEATS } from '../../../src/domain/seat';
import { lineText } from '../../../src/domain/tokens/visibleText';
import type { BranchView, NegotiationView } from '../../../src/protocol/webview';
import { addColumn, choose, command, saveComparing } from '../../state';
import { Dropdown } from '../controls';
import { points } from '../numbers';

/** Where a negotiation has branches: which of them is shown, and what can be done with it. */
export function BranchBar({ view }: { readonly view: NegotiationView }): VNode | null {
  const { branches = [], branch } = view;
  if (branches.length === 0 && branch === undefined) return null;
  const show = (value: string): void => {
    const to = branches.find((each) => String(each.branch) === value);
    const { branch: _, ...original } = view.place;
    void choose(to === undefined ? original : { ...original, round: to.round, turn: to.turn, branch: to.branch });
  };
  return (
    <nav class="branch-bar" aria-label="Branches">
      <ForkIcon />
      <Dropdown
        label="Original or branch"
        value={branch === undefined ? '' : String(branch.branch)}
        options={[
          { value: '', label: `Original, ${branches.length} ${branches.length === 1 ? 'branch' : 'branches'}` },
          ...branches.map((each) => ({ value: String(each.branch), label: branchLabel(each) })),
        ]}
        onChange={show}
      />
      {branch !== undefined && (
        <>
          <span class="dim">
            {branch.after === undefined ? '' : `from branch ${branch.after.at(-1)?.branch}, `}
            from round {branch.round + 1}, turn {branch.turn + 1} · seed {branch.seed}, sample {branch.sample + 1}
          </span>
          <button
            type="button"
            class="link"
            onClick={() => {
              addColumn({ run: view.place.run });
              saveComparing(true);
            }}
          >
            original beside
          </button>
          <button type="button" class="link" onClick={() => command('compareBranch', view.place)}>
            diff
          </button>
          <button type="button" class="link" onClick={() => command('deleteBranch', view.place)}>
            delete
          </button>
        </>
      )}
    </nav>
  );
}

/** A branch in a line: who went on, and what came of it. */
export function branchLabel(branch: BranchView): string {
  return `branch ${branch.branch} · turn ${branch.turn + 1} · ${wentOn(branch)} · ${branch.reward.map(points).join(' / ')}`;
}

/** Who goes on in place of who did in the original. */
export function wentOn({ players }: Pick<BranchView, 'players'>): string {
  const others = SEATS.filter((seat) => !players[seat].asBefore).map((seat) => `${AGENT_NAMES[seat]}: ${lineText(players[seat].name)}`);
  return others.length === 0 ? 'both as before' : others.join(', ');
}

/** Two ways from one. */
export function ForkIcon(): VNode {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.2">
      <circle cx="5" cy="3.5" r="1.6" />
      <circle cx="5" cy="12.5" r="1.6" />
      <circle cx="11.5" cy="6" r="1.6" />
      <path d="M5 5.1v5.8M11.5 7.6c0 2.2-3.5 1.6-6 3" />
    </svg>
  );
}
